// gitopsctl: the program that people start. It runs what needs no network library and hands the rest over.

#include <csignal>
#include <string>
#include <vector>

#include "agent/cli/program.hpp"

int main(int argc, char** argv) {
  namespace cli = gitopsctl::agent::cli;
  // A reader that went away is seen at the write, not as a death without a word.
  std::signal(SIGPIPE, SIG_IGN);
  cli::StandardTerminal terminal;
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return cli::run_program({{cli::local_runs()}, argv}, words, terminal);
}
