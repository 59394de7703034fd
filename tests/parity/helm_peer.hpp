#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "render/inputs/inputs.hpp"
#include "tests/parity_charts/comparison.hpp"

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

/// A real helm, run in `directory` with nothing of the user's configuration.
class HelmPeer {
 public:
  /// `profile` is what our engine calls this version.
  explicit HelmPeer(std::string program, std::string profile = "helm-4.3")
      : program_(std::move(program)), profile_(std::move(profile)) {}
  /// All helms that our renders are compared with, newest first. Those that are not there are told as `check` not run.
  [[nodiscard]] static std::vector<HelmPeer> all(const std::string& check);

  [[nodiscard]] const std::string& profile() const noexcept { return profile_; }
  [[nodiscard]] bool is_newest() const noexcept { return profile_ == "helm-4.3"; }
  /// Any command of it.
  [[nodiscard]] ProgramRun run(const WorkDirectory& directory, std::vector<std::string> arguments) const;
  /// `helm template` of the case.
  [[nodiscard]] RenderResult render(const WorkDirectory& directory, const RenderCase& one) const;
  /// `helm create NAME` in the directory.
  void create(const WorkDirectory& directory, const std::string& name) const;
  /// `helm package CHART` into the directory `to`.
  void package(const WorkDirectory& directory, const std::string& chart, const std::string& to) const;

 private:
  std::string program_;
  std::string profile_;
};

/// The same render by our engine, with the same error form.
[[nodiscard]] RenderResult render_with_ours(const WorkDirectory& directory, const RenderCase& one,
                                            const std::string& profile = "helm-4.3");

/// What came of one command line given to helm and to us.
struct CommandComparison {
  int exit_code = 0;                     ///< of helm
  std::vector<std::string> differences;  ///< in exit code, output, error text and written files
};

/// Runs `helm template ARGUMENTS` and our command that stands in for it, in directories of the same content, and says where
/// what they print, say, write (to a directory `out`) and return is not the same. For several threads at once.
[[nodiscard]] CommandComparison run_both_commands(const HelmPeer& helm, const WorkDirectory& theirs,
                                                  const WorkDirectory& ours, const std::vector<std::string>& arguments);

/// How much of standard error is compared.
enum class Said : std::uint8_t {
  error,  ///< what stands behind `Error: `
  all,    ///< all lines, in any order
};

/// The same for any command, whose words `arguments` begin with: `{"show", "chart", "web"}`.
[[nodiscard]] CommandComparison run_both(const HelmPeer& helm, const WorkDirectory& theirs, const WorkDirectory& ours,
                                         const std::vector<std::string>& arguments, Said said);

/// The same, and checks that there is no difference. What helm returned.
int compare_any(const HelmPeer& helm, const WorkDirectory& theirs, const WorkDirectory& ours,
                const std::vector<std::string>& arguments, Said said);

/// `helm template` and ours, as run_both_commands(), checked. What helm returned.
int compare_commands(const HelmPeer& helm, const WorkDirectory& theirs, const WorkDirectory& ours,
                     const std::vector<std::string>& arguments);

/// What schemas refused, for a comparison: the order of properties is random in helm, so lines, and names in a line, are
/// sorted.
[[nodiscard]] std::string sorted_schema_errors(std::string_view text);

/// What stands in the comment lines `# NUMBER RESULT` of a rendered text, by number.
[[nodiscard]] std::map<std::size_t, std::string> numbered_results(const std::string& output);

}  // namespace gitopsctl::tests
