#include "invoke-compat/config/task_file_search.hpp"

#include <utility>
#include <vector>

namespace gitopsctl::invoke {

namespace {

// PATH_MAX of Linux. It bounds the number of directories, too.
constexpr std::size_t max_path_bytes = 4096;

std::string below(const std::string& directory, std::string_view name) {
  return directory + (directory.ends_with('/') ? "" : "/") + std::string(name);
}

Result<std::optional<std::string>> file_at(const HostFiles& files, std::string path) {
  GITOPSCTL_TRY(const PathKind kind, files.look(path));
  if (kind != PathKind::file) return std::optional<std::string>();
  return std::optional<std::string>(std::move(path));
}

Result<FoundTaskFiles> look_in(const HostFiles& files, const std::string& directory, const TaskFileSearch& search) {
  FoundTaskFiles out;
  out.project_directory = directory;
  const std::string stem = below(directory, search.name);
  if (search.native) {
    GITOPSCTL_TRY(out.native, file_at(files, stem + ".yaml"));
    if (!out.native) {
      GITOPSCTL_TRY(out.native, file_at(files, stem + ".yml"));
    }
  }
  if (search.python) {
    GITOPSCTL_TRY(out.python, file_at(files, stem + ".py"));
    if (!out.python) {
      GITOPSCTL_TRY(out.python, file_at(files, stem + "/__init__.py"));
      out.python_package = out.python.has_value();
    }
  }
  return out;
}

bool possible_name(std::string_view name) {
  return !name.empty() && name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

}  // namespace

std::string absolute_path(std::string_view directory, std::string_view path) {
  std::string joined(path.starts_with('/') ? "" : directory);
  joined += '/';
  joined += path;
  std::vector<std::string_view> parts;
  std::string_view rest = joined;
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    const auto part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  std::string out;
  for (const auto part : parts) {
    out += '/';
    out += part;
  }
  return out.empty() ? "/" : out;
}

Result<std::optional<FoundTaskFiles>> find_task_files(const HostFiles& files, const TaskFileSearch& search) {
  const std::optional<FoundTaskFiles> none;
  if (!possible_name(search.name) || search.start.find('\0') != std::string::npos) return none;
  std::string directory = absolute_path(search.working_directory, search.start);
  if (directory.size() + search.name.size() > max_path_bytes) {
    return Error(ErrorCode::too_large,
                 "the path where the search for tasks begins is longer than " + std::to_string(max_path_bytes) + " bytes");
  }
  GITOPSCTL_TRY(const PathKind start, files.look(directory));
  if (start != PathKind::directory) return none;
  while (true) {
    GITOPSCTL_TRY(auto found, look_in(files, directory, search));
    if (found.native || found.python) return std::optional<FoundTaskFiles>(std::move(found));
    if (directory == "/") return none;
    const auto slash = directory.rfind('/');
    directory.resize(slash == 0 ? 1 : slash);
  }
}

}  // namespace gitopsctl::invoke
