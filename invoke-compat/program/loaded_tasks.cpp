#include "invoke-compat/program/loaded_tasks.hpp"

#include <filesystem>
#include <utility>

#include "base/files/file_tree.hpp"
#include "invoke-compat/declarative/task_file.hpp"
#include "invoke-compat/declared/task_set.hpp"
#include "invoke-compat/python/python_listing.hpp"

namespace gitopsctl::invoke {
namespace {

Result<void> load_native(LoadedTasks& out, const std::string& path, const std::string& name) {
  const std::filesystem::path whole(path);
  GITOPSCTL_TRY(const auto tree, open_disk_tree(whole.parent_path().string()));
  GITOPSCTL_TRY(const auto file, TreePath::parse(whole.filename().string()));
  GITOPSCTL_TRY(auto loaded, declarative::load_task_file(*tree, file));
  out.file = std::make_unique<declarative::TaskFile>(std::move(loaded));
  for (const auto& warning : out.file->warnings) {
    out.warnings.push_back(out.file->file + ':' + std::to_string(warning.where.line) + ": " + warning.message);
  }
  out.collection = make_collection(*out.file, name);
  return {};
}

Result<Collection> load_python(LoadedTasks& out, const TaskFileRequest& request, const ProgramWorld& world) {
  const PythonSetting setting{.configured = request.python_command,
                              .project_directory = out.found.project_directory,
                              .own_program = world.own_program,
                              .environment = world.environment};
  GITOPSCTL_TRY(out.python, find_invoke(setting, *world.files, world.run_program));
  const PythonTaskFile file{
      .file = *out.found.python, .name = request.search.name, .directory = out.found.project_directory};
  return list_python_tasks(out.python, file, world.run_program, world.state_directory);
}

void note_python_tasks(const Collection& collection, std::set<const void*>& out) {
  for (const auto& task : collection.tasks) out.insert(task.implementation.get());
  for (const auto& inner : collection.collections) note_python_tasks(inner, out);
}

}  // namespace

Result<Engine> parse_engine(std::string_view word) {
  if (word == "auto") return Engine::automatic;
  if (word == "native") return Engine::native;
  if (word == "python") return Engine::python;
  return Error(ErrorCode::invalid_input, "there is no engine '" + std::string(word) + "'")
      .with_hint("auto, native or python");
}

Result<std::unique_ptr<LoadedTasks>> load_tasks(const TaskFileRequest& request, const ProgramWorld& world) {
  auto search = request.search;
  search.native = request.engine != Engine::python;
  search.python = request.engine != Engine::native;
  GITOPSCTL_TRY(auto found, find_task_files(*world.files, search));
  if (!found) return Error(ErrorCode::not_found, "Can't find any collection named '" + search.name + "'!");
  auto out = std::make_unique<LoadedTasks>();
  out->found = *std::move(found);
  if (out->found.native) GITOPSCTL_CHECK(load_native(*out, *out->found.native, search.name));
  if (!out->found.python) return out;
  auto python = load_python(*out, request, world);
  if (!out->found.native) {
    if (!python.ok()) return python.error();
    out->collection = *std::move(python);
    return out;
  }
  // What is native runs without Python.
  if (!python.ok()) {
    out->warnings.push_back("the tasks of " + *out->found.python + " are left out: " + python.error().message());
    out->python.clear();
    return out;
  }
  note_python_tasks(*python, out->python_tasks);
  for (const auto& name : add_python_tasks(out->collection, *python)) {
    out->warnings.push_back("task '" + name + "' is in both files; that of " + *out->found.native + " counts");
  }
  return out;
}

}  // namespace gitopsctl::invoke
