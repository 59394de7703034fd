#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "render/inputs/inputs.hpp"

namespace gitopsctl::tests {

/// A directory of its own for one check, removed at the end.
class WorkDirectory {
 public:
  WorkDirectory();
  ~WorkDirectory();
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Writes a file and the directories above it.
  void write(const std::string& name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

/// One render to compare: paths are relative to the work directory.
struct RenderCase {
  std::string chart = "chart";
  std::string release = "rel";
  std::string name_space = "apps";
  std::vector<std::string> value_files;
  std::vector<std::string> sets;  ///< `--set`
  bool is_upgrade = false;
};

/// What a render gave: text, or the error as Helm prints it behind `Error: `.
struct RenderResult {
  bool ok = false;
  std::string text;
};

/// What a program did.
struct ProgramRun {
  int exit_code = 0;
  std::string out;
  std::string err;
};

/// Runs a program in `directory` with nothing of the user's: no plugins, repositories or cluster.
[[nodiscard]] ProgramRun run_program_in(const std::filesystem::path& directory, const std::string& program,
                                        std::vector<std::string> arguments);

/// The real helm, run in `directory` with nothing of the user's configuration.
class HelmPeer {
 public:
  explicit HelmPeer(std::string program) : program_(std::move(program)) {}
  /// `helm template` of the case.
  [[nodiscard]] RenderResult render(const WorkDirectory& directory, const RenderCase& one) const;
  /// `helm create NAME` in the directory.
  void create(const WorkDirectory& directory, const std::string& name) const;
  /// `helm package CHART` into the directory `to`.
  void package(const WorkDirectory& directory, const std::string& chart, const std::string& to) const;

 private:
  [[nodiscard]] ProgramRun run(const WorkDirectory& directory, std::vector<std::string> arguments) const;
  std::string program_;
};

/// The same render by our engine, with the same error form.
[[nodiscard]] RenderResult render_with_ours(const WorkDirectory& directory, const RenderCase& one);

/// The first line where two texts differ, for a message.
[[nodiscard]] std::string first_difference(std::string_view ours, std::string_view theirs);

}  // namespace gitopsctl::tests
