#include "invoke-compat/python/python_listing.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "base/crypto/digest.hpp"
#include "base/files/private_directory.hpp"
#include "base/json/json.hpp"
#include "base/text/go_format.hpp"

namespace gitopsctl::invoke {
namespace {

constexpr Millis patience{10'000};
constexpr std::uint64_t max_listing_bytes = 8ULL << 20U;
constexpr std::size_t max_shown_bytes = 2000;

Error not_a_listing(const std::string& what) {
  return {ErrorCode::invalid_input, "Python's invoke answered with something that is no list of tasks: " + what};
}

class Reader {
 public:
  Result<Collection> collection(const Value& value, const std::string& prefix, std::size_t depth) {
    if (depth > max_collection_depth) return Error(ErrorCode::too_large, "namespaces of Python tasks are nested too deep");
    if (!value.is_map()) return not_a_listing("a namespace is no map");
    Collection out;
    GITOPSCTL_TRY(out.name, text(value, "name"));
    GITOPSCTL_TRY(out.docstring, text(value, "help"));
    GITOPSCTL_TRY(out.default_name, text(value, "default"));
    const Value* tasks = value.find("tasks");
    const Value* collections = value.find("collections");
    if (tasks == nullptr || !tasks->is_list()) return not_a_listing("a namespace has no list 'tasks'");
    if (collections == nullptr || !collections->is_list()) return not_a_listing("a namespace has no list 'collections'");
    for (const auto& one : tasks->as_list()) {
      if (++count_ > max_tasks)
        return Error(ErrorCode::too_large, "there are more than " + std::to_string(max_tasks) + " Python tasks");
      GITOPSCTL_TRY(auto read, task(one, prefix));
      out.tasks.push_back(std::move(read));
    }
    for (const auto& one : collections->as_list()) {
      GITOPSCTL_TRY(const auto name, text(one, "name"));
      GITOPSCTL_TRY(auto inner, collection(one, prefix + name + '.', depth + 1));
      if (inner.name.empty()) return not_a_listing("a namespace has no name");
      out.collections.push_back(std::move(inner));
    }
    return out;
  }

 private:
  static Result<Task> task(const Value& value, const std::string& prefix) {
    if (!value.is_map()) return not_a_listing("a task is no map");
    Task out;
    GITOPSCTL_TRY(out.name, text(value, "name"));
    GITOPSCTL_TRY(out.docstring, text(value, "help"));
    if (out.name.empty()) return not_a_listing("a task has no name");
    if (const Value* aliases = value.find("aliases"); aliases != nullptr && aliases->is_list()) {
      for (const auto& alias : aliases->as_list()) {
        if (!alias.is_string()) return not_a_listing("an alias is no text");
        out.aliases.emplace_back(alias.as_string());
      }
    }
    out.implementation = std::make_shared<const PythonTask>(PythonTask{prefix + out.name});
    return out;
  }

  /// A text or null; what is not there is empty.
  static Result<std::string> text(const Value& value, std::string_view key) {
    const Value* found = value.is_map() ? value.find(key) : nullptr;
    if (found == nullptr || found->is_null()) return std::string();
    if (!found->is_string()) return not_a_listing("'" + std::string(key) + "' is no text");
    return std::string(found->as_string());
  }

  std::size_t count_ = 0;
};

/// The file in which the listing of this file and command is kept; nothing when the file cannot be looked at.
std::optional<std::string> cache_file(const std::vector<std::string>& command, const PythonTaskFile& file,
                                      const std::string& directory) {
  struct stat found{};
  if (directory.empty() || ::stat(file.file.c_str(), &found) != 0) return std::nullopt;
  Value key = Value::list();
  const auto add = [&key](std::string_view text) { key.push_back(Value::string(text)); };
  add(file.file);
  add(file.name);
  add(std::to_string(found.st_size));
  add(std::to_string(found.st_mtim.tv_sec) + '.' + std::to_string(found.st_mtim.tv_nsec));
  for (const auto& word : command) add(word);
  return directory + '/' + sha256_hex(canonical_json(key)) + ".json";
}

std::optional<std::string> read_cache(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string out(std::istreambuf_iterator<char>(in), {});
  if (out.size() > max_listing_bytes) return std::nullopt;
  return out;
}

/// Whole or not at all.
void write_cache(const std::string& path, const std::string& text) {
  if (make_private_directory(path.substr(0, path.rfind('/')))) return;
  const auto part = path + '.' + std::to_string(::getpid());
  {
    std::ofstream out(part, std::ios::binary);
    out << text;
    if (!out.flush()) return;
  }
  std::error_code ignored;
  std::filesystem::rename(part, path, ignored);
  if (ignored) std::filesystem::remove(part, ignored);
}

std::string end_of(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.size() > max_shown_bytes ? "…" + text.substr(text.size() - max_shown_bytes) : text;
}

bool has_name(const std::vector<Task>& tasks, const Collection& of, const std::string& typed) {
  return of.find_task(typed) != nullptr ||
         std::any_of(tasks.begin(), tasks.end(), [&](const Task& task) { return of.typed(task.name) == typed; });
}

void add_below(Collection& native, const Collection& python, const std::string& prefix, std::vector<std::string>& both) {
  for (const auto& task : python.tasks) {
    if (has_name(native.tasks, native, task.name) || native.find_collection(task.name) != nullptr) {
      both.push_back(prefix + task.name);
      continue;
    }
    auto added = task;
    std::erase_if(added.aliases, [&](const std::string& alias) {
      return native.find_task(alias) != nullptr || native.find_collection(alias) != nullptr;
    });
    native.tasks.push_back(std::move(added));
  }
  for (const auto& inner : python.collections) {
    const auto same = std::find_if(native.collections.begin(), native.collections.end(),
                                   [&](const Collection& one) { return native.typed(one.name) == inner.name; });
    if (same != native.collections.end()) {
      add_below(*same, inner, prefix + inner.name + '.', both);
    } else if (native.find_task(inner.name) != nullptr) {
      both.push_back(prefix + inner.name);
    } else {
      native.collections.push_back(inner);
    }
  }
  if (native.default_name.empty()) native.default_name = python.default_name;
}

}  // namespace

Result<Collection> read_python_listing(std::string_view json) {
  const auto value = parse_json(json, {}, true, max_listing_bytes);
  if (!value.ok()) return not_a_listing(value.error().message());
  return Reader().collection(*value, "", 1);
}

Result<Collection> list_python_tasks(const std::vector<std::string>& command, const PythonTaskFile& file,
                                     const RunProgram& run, const std::string& cache_directory) {
  const auto cache = cache_file(command, file, cache_directory);
  if (cache) {
    if (const auto kept = read_cache(*cache)) {
      if (auto known = read_python_listing(*kept); known.ok()) return known;
    }
  }
  auto argv = command;
  for (const auto* word : {"-c", file.name.c_str(), "-r", file.directory.c_str(), "--list", "--list-format=json"})
    argv.emplace_back(word);
  GITOPSCTL_TRY(const auto said, run(argv, file.directory, patience));
  if (said.status.exit_code != 0) {
    return Error(ErrorCode::unavailable, "Python's invoke cannot list the tasks of " + file.file + " (exit code " +
                                             std::to_string(said.status.exit_code) + "):\n" + end_of(said.err));
  }
  GITOPSCTL_TRY(auto out, read_python_listing(said.out));
  if (cache) write_cache(*cache, said.out);
  return out;
}

std::vector<std::string> add_python_tasks(Collection& native, const Collection& python) {
  std::vector<std::string> both;
  add_below(native, python, "", both);
  return both;
}

}  // namespace gitopsctl::invoke
