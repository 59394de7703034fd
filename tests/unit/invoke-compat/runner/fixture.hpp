#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "invoke-compat/runner/guard.hpp"
#include "invoke-compat/runner/interrupts.hpp"
#include "invoke-compat/runner/run.hpp"

namespace gitopsctl::invoke::tests {

/// A directory of its own, and a context whose output is kept.
class Fixture {
 public:
  Fixture() {
    char name[] = "/tmp/gitopsctl-runner-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    directory = name;
    context.out = &out;
    context.err = &err;
    context.directory = directory;
    context.environment = {
        {"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}, {"HOME", directory}, {"LC_ALL", "C.UTF-8"}};
    context.grace = Millis{300};
  }
  ~Fixture() { std::filesystem::remove_all(directory); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  RunOutcome run(const RunOptions& options) const {
    auto outcome = run_command_line(options, context);
    REQUIRE_MESSAGE(outcome.ok(), (outcome.ok() ? "" : outcome.error().to_string()));
    return *outcome;
  }
  RunOutcome run(const std::string& command) const {
    RunOptions options;
    options.command = command;
    return run(options);
  }
  [[nodiscard]] Error refused(const RunOptions& options) const {
    const auto outcome = run_command_line(options, context);
    REQUIRE(!outcome.ok());
    return outcome.error();
  }
  [[nodiscard]] std::string file(const std::string& name) const { return directory + "/" + name; }
  /// The text of a file, once it has a whole line; empty after ten seconds.
  [[nodiscard]] std::string wait_for_line(const std::string& name) const {
    for (int i = 0; i < 1000; ++i) {
      std::ifstream in(file(name));
      std::stringstream text;
      text << in.rdbuf();
      if (text.str().ends_with('\n')) return text.str();
      std::this_thread::sleep_for(Millis{10});
    }
    return {};
  }
  [[nodiscard]] pid_t wait_for_pid(const std::string& name) const {
    const std::string text = wait_for_line(name);
    return text.empty() ? -1 : static_cast<pid_t>(std::strtol(text.c_str(), nullptr, 10));
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(file(name), std::ios::binary) << text; }
  void write_program(const std::string& name, const std::string& text) const {
    write(name, text);
    std::filesystem::permissions(file(name), std::filesystem::perms::owner_all);
  }

  std::string directory;
  MemorySink out;
  MemorySink err;
  RunContext context;
};

/// True while a process runs; what waits to be reaped runs no more.
inline bool runs(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  return static_cast<bool>(std::getline(stat, line)) && line.find(") Z ") == std::string::npos;
}

/// True when it ends within `limit`.
inline bool ends(pid_t pid, Millis limit = Millis{10'000}) {
  for (const Millis end = system_clock().monotonic() + limit; system_clock().monotonic() < end;) {
    if (!runs(pid)) return true;
    std::this_thread::sleep_for(Millis{5});
  }
  return false;
}

inline Millis since(Millis start) { return system_clock().monotonic() - start; }

inline RunOptions shell(const std::string& command) {
  RunOptions options;
  options.command = command;
  return options;
}

}  // namespace gitopsctl::invoke::tests
