// gitopsctl: the program that people start. It runs what needs no network library and hands the rest over.

#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "agent/cli/handover.hpp"
#include "agent/cli/program.hpp"
#include "agent/cli/task.hpp"
#include "agent/isolate/isolate.hpp"
#include "base/process/memory.hpp"

int main(int argc, char** argv) {
  namespace cli = gitopsctl::agent::cli;
  // A reader that went away is seen at the write, not as a death without a word.
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  gitopsctl::use_one_memory_pool();
  if (words.size() == 1 && words[0] == gitopsctl::agent::isolated_word) return gitopsctl::agent::run_isolated_render();
  if (const auto task = cli::task_words(argc > 0 ? argv[0] : "", words)) {
    std::_Exit(cli::run_task_words(*task, {.path = cli::own_path(),
                                           .make_provider = &gitopsctl::channels::secrets::make_local_provider,
                                           .read_kube_secret = {},
                                           .hand_over_argv = argv}));
  }
  int code = 0;
  {
    cli::StandardTerminal terminal;
    code = cli::run_program({{cli::local_runs()}, argv}, words, terminal);
  }
  // All is written. Taking down what is kept for a next render would only take time.
  std::_Exit(code);
}
