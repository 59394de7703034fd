#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "invoke-compat/runner/interrupts.hpp"
#include "invoke-compat/runner/run.hpp"
#include "invoke-compat/runner/terminal.hpp"
#include "tests/unit/invoke-compat/runner/victim.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;

namespace {

constexpr const char* variable = "GITOPSCTL_RUNNER_VICTIM";

std::string value_of(const std::string& name) {
  const char* value = std::getenv((std::string(variable) + name).c_str());
  return value == nullptr ? std::string() : value;
}

}  // namespace

std::string gitopsctl::invoke::tests::Victim::line(const std::string& directory) const {
  const std::string name = variable;
  return name + "=" + shell_quote(command) + " " + name + "_PTY=" + (pty ? "1" : "0") + " " + name +
         "_SECOND=" + (second_command ? "1" : "0") + " " + name + "_DIRECTORY=" + shell_quote(directory) + " exec " +
         shell_quote(std::filesystem::read_symlink("/proc/self/exe").string()) +
         " --no-version --no-skip '--test-case=victim of other tests'";
}

TEST_SUITE("invoke: victim") {
  // Started by others as a program of its own; alone it does nothing.
  TEST_CASE("victim of other tests" * doctest::skip()) {
    const std::string command = value_of("");
    if (command.empty()) return;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_DFL);  // doctest has handlers
    static Interrupts interrupts;
    static std::stop_source stop;
    forward_signals(interrupts, stop);
    DescriptorSink out(STDOUT_FILENO);
    DescriptorSink err(STDERR_FILENO);
    RunContext context;
    context.out = &out;
    context.err = &err;
    context.input.descriptor = STDIN_FILENO;
    context.directory = value_of("_DIRECTORY");
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string text = *entry;
      context.environment[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
    }
    context.out_is_terminal = is_terminal(STDOUT_FILENO);
    context.terminal_size = terminal_size_of(STDOUT_FILENO);
    context.share_terminal = true;
    context.interrupt.stop = stop.get_token();
    context.interrupts = &interrupts;
    context.grace = Millis{300};
    RunOptions options;
    options.command = command;
    options.pty = value_of("_PTY") == "1";
    const auto outcome = run_command_line(options, context);
    const int code = !outcome.ok() ? 99 : outcome->failure ? outcome->failure->exit_code : 0;
    out.write("[exit " + std::to_string(code) + "]\n");
    if (value_of("_SECOND") == "1") {
      options.command = "echo second";
      (void)run_command_line(options, context);
    }
    ::_exit(code);
  }
}
