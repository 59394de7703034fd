#include "invoke-compat/config/configuration.hpp"

#include <utility>

#include "base/config/reader.hpp"
#include "base/text/escape.hpp"
#include "base/text/json_pointer.hpp"
#include "invoke-compat/config/task_file_search.hpp"

namespace gitopsctl::invoke {

namespace {

constexpr std::array<std::string_view, 9> level_names{
    "the defaults",
    "the task file",
    "the system's configuration",
    "the user's configuration",
    "the project's configuration",
    "the environment",
    "the runtime configuration",
    "the command line",
    "a change by a task",
};

using Path = std::vector<std::string>;

/// Merges `updates` into `base`, which shares nothing with others. False where one has a map and the other has none; `path`
/// is then where.
bool merge(Value& base, const Value& updates, Path& path) {
  for (const auto& member : updates.as_map()) {
    path.emplace_back(member.key.view());
    const Value* old = base.find(member.key.view());
    if (old != nullptr && old->is_map() != member.value.is_map()) return false;
    if (old != nullptr && old->is_map()) {
      Value inner = *old;  // the same map
      if (!merge(inner, member.value, path)) return false;
    } else {
      base.set(member.key, member.value.deep_copy());
    }
    path.pop_back();
  }
  return true;
}

const Value* find(const Value& root, const Path& path) {
  const Value* at = &root;
  for (const auto& key : path) {
    at = at->find(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string dotted(const Path& path) {
  std::string out;
  for (const auto& key : path) out += (out.empty() ? "" : ".") + terminal_safe(key);
  return out;
}

std::string pointer(const Path& path) {
  std::string out;
  for (const auto& key : path) out += '/' + pointer_step(key);
  return out;
}

Error merge_error(const Path& path, const Value& lower, std::string_view lower_origin, const Value& upper,
                  std::string_view upper_origin) {
  return Error(ErrorCode::invalid_input, "Can't cleanly merge '" + dotted(path) + "': it is " +
                                             std::string(type_words(lower)) + " in " + std::string(lower_origin) + ", and " +
                                             std::string(type_words(upper)) + " in " + std::string(upper_origin))
      .with_hint("a map can only be merged with a map");
}

Value option(std::initializer_list<std::pair<std::string_view, Value>> members) { return make_map(members); }

}  // namespace

Value default_configuration() {
  const auto no = Value::boolean(false);
  const auto yes = Value::boolean(true);
  return option({
      {"run", option({
                  {"asynchronous", no},
                  {"disown", no},
                  {"dry", no},
                  {"echo", no},
                  {"echo_stdin", Value()},
                  {"encoding", Value()},
                  {"env", Value::map()},
                  {"err_stream", Value()},
                  {"fallback", yes},
                  {"hide", Value()},
                  {"in_stream", Value()},
                  {"out_stream", Value()},
                  {"echo_format", Value::string("\x1B[1;37m{command}\x1B[0m")},
                  {"pty", no},
                  {"replace_env", no},
                  {"shell", Value::string("bash")},
                  {"warn", no},
                  {"watchers", Value::list()},
              })},
      {"runners", option({{"local", Value::string("local")}})},
      {"sudo", option({{"password", Value()}, {"prompt", Value::string("[sudo] password: ")}, {"user", Value()}})},
      {"tasks", option({
                    {"auto_dash_names", yes},
                    {"collection_name", Value::string("tasks")},
                    {"dedupe", yes},
                    {"executor_class", Value()},
                    {"ignore_unknown_help", no},
                    {"search_root", Value()},
                })},
      {"timeouts", option({{"command", Value()}})},
  });
}

Configuration::Configuration() {
  for (std::size_t i = 0; i < level_count; ++i) {
    levels_[i].data = Value::map();
    levels_[i].origin = level_names[i];
  }
  at(ConfigLevel::defaults).data = default_configuration();
}

void Configuration::set(ConfigLevel level, const Value& data, std::string origin, std::shared_ptr<const YamlMarks> marks) {
  Source& source = at(level);
  source.data = data.is_map() ? data.deep_copy() : Value::map();
  source.origin = origin.empty() ? std::string(level_names[static_cast<std::size_t>(level)]) : std::move(origin);
  source.marks = std::move(marks);
}

void Configuration::set(ConfigLevel level, const ConfigFile& file) {
  set(level, file.data, terminal_safe(file.path), file.marks);
}

const Value& Configuration::data(ConfigLevel level) const noexcept { return at(level).data; }

void Configuration::change(std::span<const std::string> path, const Value& value) {
  Value changes = at(ConfigLevel::changes).data.deep_copy();
  Value* map = &changes;
  for (const auto& key : path.first(path.size() - 1)) map = &map->child_map(key);
  map->set(path.back(), value.deep_copy());
  at(ConfigLevel::changes).data = std::move(changes);
}

Error Configuration::conflict(std::size_t level, const std::vector<std::string>& path) const {
  const Source& upper = levels_[level];
  const Value* upper_value = find(upper.data, path);
  // The lower level that has the last word so far.
  for (std::size_t i = level; i-- > 0;) {
    const Value* lower_value = find(levels_[i].data, path);
    if (lower_value == nullptr || upper_value == nullptr) continue;
    Error error = merge_error(path, *lower_value, levels_[i].origin, *upper_value, upper.origin);
    return upper.marks ? error.at(upper.marks->key(pointer(path))) : error;
  }
  return Error(ErrorCode::internal, "no level conflicts at '" + dotted(path) + "'");
}

Result<Value> Configuration::merged() const {
  Value out = Value::map();
  for (std::size_t i = 0; i < level_count; ++i) {
    Path path;
    if (!merge(out, levels_[i].data, path)) return conflict(i, path);
  }
  return out;
}

Result<std::vector<std::string>> Configuration::read_environment(const Environment& environment) {
  set(ConfigLevel::environment, Value::map());
  GITOPSCTL_TRY(const Value others, merged());
  GITOPSCTL_TRY(auto level, environment_level(others, environment));
  set(ConfigLevel::environment, level.data);
  return std::move(level.warnings);
}

Result<Value> collection_data(std::span<const Value> outermost_first) {
  Value out = Value::map();
  for (std::size_t i = outermost_first.size(); i-- > 0;) {
    Path path;
    if (merge(out, outermost_first[i], path)) continue;
    const Value* upper = find(outermost_first[i], path);
    const Value* lower = find(out, path);
    return merge_error(path, lower == nullptr ? Value() : *lower, "an inner namespace", upper == nullptr ? Value() : *upper,
                       "an outer one");
  }
  return out;
}

Value command_line_data(const CommandLineConfig& flags) {
  Value run = Value::map();
  const auto on = [&run](std::string_view key, bool given) {
    if (given) run.set(key, Value::boolean(true));
  };
  on("warn", flags.warn);
  on("pty", flags.pty);
  on("echo", flags.echo);
  on("dry", flags.dry);
  if (!flags.hide.empty()) run.set("hide", Value::string(flags.hide));
  Value out = option({{"run", run}});
  if (flags.no_dedupe) out.set("tasks", option({{"dedupe", Value::boolean(false)}}));
  if (flags.command_timeout != 0) out.set("timeouts", option({{"command", Value::int64(flags.command_timeout)}}));
  if (flags.sudo_password) out.set("sudo", option({{"password", Value::string(*flags.sudo_password)}}));
  return out;
}

Result<void> load_base_files(Configuration& configuration, const HostFiles& files, const ConfigPlaces& places,
                             const PythonConfig& python) {
  GITOPSCTL_TRY(const auto system, find_config_file(files, places.system_prefix, python));
  if (system) configuration.set(ConfigLevel::system, *system);
  if (places.home.empty()) return {};
  GITOPSCTL_TRY(const auto user, find_config_file(files, absolute_path(places.home, ".invoke"), python));
  if (user) configuration.set(ConfigLevel::user, *user);
  return {};
}

Result<void> load_project_file(Configuration& configuration, const HostFiles& files, std::string_view project_directory,
                               const PythonConfig& python) {
  GITOPSCTL_TRY(const auto project, find_config_file(files, absolute_path(project_directory, "invoke"), python));
  if (project) configuration.set(ConfigLevel::project, *project);
  return {};
}

Result<void> load_runtime_file(Configuration& configuration, const HostFiles& files, const ConfigPlaces& places,
                               std::string_view path, const PythonConfig& python) {
  if (path.empty()) return {};
  const bool in_home = path.starts_with("~/") && !places.home.empty();
  const std::string full =
      in_home ? absolute_path(places.home, path.substr(2)) : absolute_path(places.working_directory, path);
  auto file = read_config_file(files, full, python);
  if (!file.ok() && file.error().code() == ErrorCode::not_found) {
    return Error(ErrorCode::not_found, "Config file '" + terminal_safe(path) + "' does not exist")
        .with_hint("-f and INVOKE_RUNTIME_CONFIG name a file that must be there");
  }
  if (!file.ok()) return file.error();
  // Messages name it as it was asked for.
  configuration.set(ConfigLevel::runtime, file->data, terminal_safe(path), file->marks);
  return {};
}

}  // namespace gitopsctl::invoke
