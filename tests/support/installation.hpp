#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/process/child.hpp"
#include "base/process/spawn.hpp"
#include "base/value/value.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::support {

struct InstallationOptions {
  std::string url;                            ///< of the one repository, named `shop`
  std::vector<std::string> channels{"prod"};  ///< each with an embedded environment of its own
  std::string repository_lines;               ///< more lines of the repository in the agent's file, four blanks deep
};

/// The agent as a process that goes on, with its HTTP server on a free port. Its log is in the installation's directory.
class RunningAgent {
 public:
  RunningAgent(ChildProcess process, std::uint16_t port) : process_(std::move(process)), port_(port) {}
  /// Status and body of one GET.
  [[nodiscard]] std::pair<int, std::string> get(const std::string& path) const;
  /// Asks until `path` answers `status`; false after a minute.
  [[nodiscard]] bool comes_to(const std::string& path, int status) const;
  /// SIGTERM; the exit code, or 128 and the signal that it needed.
  int stop() { return process_.terminate(Millis{20'000}).exit_code; }

 private:
  ChildProcess process_;
  std::uint16_t port_;
};

/// An agent's file, its state and its environments in a scratch directory, and the real program run on them. Every
/// environment counts the deletes of objects that are not the agent's own, from the moment it exists.
class Installation {
 public:
  explicit Installation(InstallationOptions options);

  /// `gitopsctl ARGUMENTS… --config …`; fails the process only when it cannot be started or hangs for two minutes.
  CapturedOutput run(const std::vector<std::string>& arguments);
  /// The same by `sh -c`, behind `prelude` (`ulimit -f 1; exec`); the words must not need quotes.
  CapturedOutput run_behind(const std::string& prelude, const std::vector<std::string>& arguments);
  /// `gitopsctl agent --once`, and the watch over deletes on environments that are new.
  CapturedOutput once();
  /// `gitopsctl agent --listen` on a free port of this machine. Throws std::runtime_error when it does not come to listen.
  RunningAgent start();
  /// What it wrote into its log so far.
  [[nodiscard]] std::string agent_log() const;
  /// What `gitopsctl ARGUMENTS… -o json` printed, as data; null when it is no JSON.
  Value json(const std::vector<std::string>& arguments);

  /// Objects of users that were ever deleted, in words, over all environments.
  [[nodiscard]] std::vector<std::string> deletes() const;
  /// Runs SQL on a database; returns the first column of every row. Throws std::runtime_error with SQLite's message.
  static std::vector<std::string> sql(const std::string& file, const std::string& text);

  [[nodiscard]] std::string environment_file(const std::string& channel) const { return path() + "/" + channel + "/env.db"; }
  [[nodiscard]] std::string store_file() const { return path() + "/state/store.db"; }
  [[nodiscard]] std::string config_file() const { return path() + "/agent.yaml"; }
  [[nodiscard]] const std::string& path() const { return directory_.path(); }
  /// Everything that the program printed so far.
  [[nodiscard]] const std::string& said() const noexcept { return said_; }

 private:
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> process_environment() const;
  CapturedOutput finish(CapturedCommand command);
  void watch_deletes();

  ScratchDir directory_;
  InstallationOptions options_;
  std::vector<std::string> watched_;
  std::string said_;
};

}  // namespace gitopsctl::support
