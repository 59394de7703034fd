#pragma once

#include <map>
#include <string>
#include <vector>

namespace gitopsctl::support {

/// A directory that goes away with the object. `$GITOPSCTL_KEEP_SCRATCH` keeps it.
class ScratchDir {
 public:
  ScratchDir();
  ~ScratchDir();
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// Runs a program of PATH with these arguments, our environment plus `environment`, and `input` on its standard input;
/// returns its standard output. Throws std::runtime_error with its error output when it fails.
std::string run_program(const std::vector<std::string>& command, const std::vector<std::string>& environment = {},
                        const std::string& input = {});

/// A repository made by the real git, with nobody's configuration and times that are the same in every run.
class ScratchRepo {
 public:
  /// Makes a repository in `directory`, bare or with a working tree; the first branch is `main`.
  explicit ScratchRepo(std::string directory, bool bare = true, const std::vector<std::string>& init_arguments = {});
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// `git ARGUMENTS…` in the repository; returns the output without the last line end.
  std::string git(const std::vector<std::string>& arguments, const std::string& input = {}) const;
  /// Commits on a branch (made when it is not there, without parents): the files of its tip, changed by `files` and without
  /// `removed`. Names ending in `!` are executable, in `@` links. Returns the commit.
  std::string commit(const std::string& branch, const std::map<std::string, std::string>& files,
                     const std::vector<std::string>& removed = {}, const std::string& message = "change") const;
  /// The commit of a ref.
  [[nodiscard]] std::string tip(const std::string& ref) const { return git({"rev-parse", ref + "^{commit}"}); }

 private:
  std::string path_;
  mutable int clock_ = 0;
};

}  // namespace gitopsctl::support
