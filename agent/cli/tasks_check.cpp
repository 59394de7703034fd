#include <filesystem>
#include <string>
#include <vector>

#include "agent/cli/exit_code.hpp"
#include "agent/cli/mistakes.hpp"
#include "agent/cli/print_value.hpp"
#include "agent/cli/runs.hpp"
#include "base/files/file_tree.hpp"
#include "base/text/escape.hpp"
#include "invoke-compat/config/host_files.hpp"
#include "invoke-compat/config/task_file_search.hpp"
#include "invoke-compat/declarative/task_file.hpp"

namespace gitopsctl::agent::cli {

namespace {

namespace fs = std::filesystem;
namespace declarative = invoke::declarative;

/// The task files that are meant: those that are named, else the nearest one.
Result<std::vector<std::string>> files_to_check(const Invocation& invocation) {
  std::vector<std::string> out;
  for (const auto& argument : invocation.arguments()) out.emplace_back(argument);
  if (!out.empty()) return out;
  std::error_code unknown;
  const auto here = fs::current_path(unknown);
  if (unknown) return Error(ErrorCode::unavailable, "cannot tell the working directory: " + unknown.message());
  invoke::TaskFileSearch search;
  search.working_directory = here.string();
  search.python = false;
  GITOPSCTL_TRY(const auto found, invoke::find_task_files(invoke::machine_files(), search));
  if (!found) {
    return Error(ErrorCode::not_found, "there is no tasks.yaml here or in a directory above")
        .with_hint("name a file; docs/formats/tasks.md says what it holds");
  }
  return std::vector<std::string>{*found->native};
}

Result<declarative::TaskFile> load(const std::string& path) {
  std::error_code unknown;
  const auto whole = fs::absolute(path, unknown);
  if (unknown) return Error(ErrorCode::unavailable, "cannot tell where " + path + " is: " + unknown.message());
  GITOPSCTL_TRY(const auto folder, open_disk_tree(whole.parent_path().string()));
  GITOPSCTL_TRY(const auto file, TreePath::parse(whole.filename().string()));
  return declarative::load_task_file(*folder, file);
}

/// One mistake alone, by the path that was typed: the loader names files from the folder of the first one on.
Error named_from(const std::string& path, const Error& error) {
  Location where = error.where();
  if (!where.file.empty()) where.file = (fs::path(path).parent_path() / where.file).string();
  return Error(error.code(), error.message()).at(where).with_hint(error.hint());
}

}  // namespace

Result<int> run_tasks_check(const Invocation& invocation) {
  Terminal& terminal = invocation.terminal();
  const bool json = invocation.output() == OutputFormat::json;
  GITOPSCTL_TRY(const auto files, files_to_check(invocation));
  Value::List mistakes;
  Value::List warnings;
  bool right = true;
  for (const auto& path : files) {
    const auto file = load(path);
    if (!file.ok()) {
      right = false;
      for (const auto& one : file.error().flatten()) {
        const auto error = named_from(path, one);
        if (json) mistakes.push_back(mistake_value(error));
        if (!json) terminal.err(describe_error(error, terminal.colour_err()));
      }
      continue;
    }
    for (const auto& warning : file->warnings) {
      const auto error = named_from(path, Error(ErrorCode::invalid_input, warning.message).at(warning.where));
      if (json) warnings.push_back(mistake_value(error));
      if (!json) terminal.err("warning: " + terminal_safe(error.to_string()) + '\n');
    }
    if (!json) terminal.out(terminal_safe(path) + ": no mistakes\n");
  }
  if (json) {
    GITOPSCTL_CHECK(print_value(
        terminal, make_map({{"mistakes", Value::list(std::move(mistakes))}, {"warnings", Value::list(std::move(warnings))}}),
        OutputFormat::json));
  }
  return right ? 0 : 2;
}

}  // namespace gitopsctl::agent::cli
