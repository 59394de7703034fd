#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/demo/demo.hpp"
#include "base/process/child.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent::demo {

class CgiServer;

/// What a command said.
struct Said {
  std::string out;
  std::string err;
  int exit_code = 0;
};

/// Everything that the demo's steps play on: the directory, the server, the agent, and a way to type commands. Takes it all
/// down when it goes.
class Stage {
 public:
  static Result<std::unique_ptr<Stage>> set_up(const DemoOptions& options);
  ~Stage();

  /// A heading and what the step is about.
  void heading(const std::string& text);
  void note(const std::string& text);
  /// Prints the command as typed and runs it in the working clone; prints what it said when `show`. An exit code that is not
  /// among `expected` is an error.
  Result<Said> type(const std::string& command, const std::vector<int>& expected = {0}, bool show = true);
  /// Runs a command without a word.
  Result<Said> quietly(const std::string& command, const std::vector<int>& expected = {0});
  /// Repeats a quiet command until its output holds `text`; at most ten seconds.
  Result<std::string> until(const std::string& command, const std::string& text);
  /// Writes a file of the working clone.
  Result<void> write_file(const std::string& path, const std::string& content);
  [[nodiscard]] Result<std::string> read_file(const std::string& path) const;
  /// Replaces text in a file of the working clone; an error when it is not there.
  Result<void> edit(const std::string& path, const std::string& from, const std::string& to);

  Result<void> start_agent();
  /// The namespace of a release of a channel, where the demo lands.
  [[nodiscard]] std::string namespace_of(const std::string& release, const std::string& channel) const;
  /// Removes from a cluster what the demo brought there. Nothing else than a failure is told.
  Result<void> leave_cluster();
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  [[nodiscard]] const DemoOptions& options() const noexcept { return options_; }
  /// Lines to paste into a shell to play along.
  [[nodiscard]] std::string shell_lines() const;
  [[nodiscard]] Millis elapsed() const;

 private:
  explicit Stage(DemoOptions options);
  Result<void> make_repository();
  Result<void> enter_cluster();
  Result<void> write_agent_files();
  Result<Said> run(const std::string& command);
  [[nodiscard]] std::string cluster_flags() const;
  [[nodiscard]] std::string config_file() const;

  DemoOptions options_;
  std::string directory_;
  bool remove_directory_ = false;
  bool in_cluster_ = false;  ///< something of ours is in the cluster
  std::unique_ptr<CgiServer> server_;
  std::optional<ChildProcess> agent_;
  int step_ = 0;
  Millis started_{0};
};

}  // namespace gitopsctl::agent::demo
