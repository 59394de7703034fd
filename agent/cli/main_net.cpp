// gitopsctl-net: the same command line with every library in it. People start gitopsctl, which starts this one when it is
// needed.

#include <csignal>
#include <string>
#include <vector>

#include "agent/cli/exit_code.hpp"
#include "agent/cli/handover.hpp"
#include "agent/cli/program.hpp"
#include "agent/isolate/isolate.hpp"

int main(int argc, char** argv) {
  namespace cli = gitopsctl::agent::cli;
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (words.size() == 1 && words[0] == gitopsctl::agent::isolated_word) return gitopsctl::agent::run_isolated_render();
  cli::StandardTerminal terminal;
  if (auto accepted = cli::accept_handover(); !accepted.ok()) {
    terminal.err(cli::describe_error(accepted.error(), terminal.colour_err()));
    return cli::exit_code(accepted.error().code());
  }
  return cli::run_program({{cli::net_runs(), cli::local_runs()}, nullptr}, words, terminal);
}
