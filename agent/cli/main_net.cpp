// gitopsctl-net: the same command line with every library in it. People start gitopsctl, which starts this one when it is
// needed.

#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "agent/cli/exit_code.hpp"
#include "agent/cli/handover.hpp"
#include "agent/cli/program.hpp"
#include "agent/cli/task.hpp"
#include "agent/isolate/isolate.hpp"
#include "agent/kube/secret_reader.hpp"

int main(int argc, char** argv) {
  namespace cli = gitopsctl::agent::cli;
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (words.size() == 1 && words[0] == gitopsctl::agent::isolated_word) return gitopsctl::agent::run_isolated_render();
  cli::StandardTerminal terminal;
  const auto accepted = cli::accept_handover();
  if (!accepted.ok()) {
    terminal.err(cli::describe_error(accepted.error(), terminal.colour_err()));
    return cli::exit_code(accepted.error().code());
  }
  if (const auto task = cli::task_words(argc > 0 ? argv[0] : "", words)) {
    std::_Exit(cli::run_task_words(*task, {.path = accepted->empty() ? cli::own_path() : *accepted,
                                           .make_provider = &gitopsctl::channels::secrets::make_any_provider,
                                           .read_kube_secret = gitopsctl::agent::make_kube_secret_reader("", ""),
                                           .hand_over_argv = nullptr}));
  }
  return cli::run_program({{cli::net_runs(), cli::local_runs()}, nullptr}, words, terminal);
}
