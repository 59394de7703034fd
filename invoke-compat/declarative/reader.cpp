#include "invoke-compat/declarative/reader.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text/escape.hpp"
#include "base/text/regex.hpp"
#include "invoke-compat/declarative/shapes.hpp"
#include "invoke-compat/declarative/step_reader.hpp"
#include "invoke-compat/declarative/task_file.hpp"

namespace gitopsctl::invoke::declarative::detail {

namespace {

Error invalid(const std::string& message) { return {ErrorCode::invalid_input, message}; }

/// The members of a map in the order of the file: a Value has them by name.
std::vector<std::pair<std::string, ConfigNode>> members_in_order(const ConfigNode& map) {
  std::vector<std::pair<std::string, ConfigNode>> out;
  out.reserve(map.value().size());
  for (const auto& member : map.value().as_map()) out.emplace_back(member.key.str(), map.at(member.key.view()));
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    const Location x = a.second.key_where();
    const Location y = b.second.key_where();
    return std::pair(x.line, x.column) < std::pair(y.line, y.column);
  });
  return out;
}

void check_name(const ConfigNode& node, std::string_view name, bool is_key) {
  if (matches(task_name_pattern, name)) return;
  const Error error = invalid("'" + terminal_safe(truncate_utf8(name, 80)) + "' cannot be a name")
                          .with_hint("a name has letters, digits, - and _, and does not begin with -");
  if (is_key) {
    node.fail_key(error);
  } else {
    node.fail(error);
  }
}

std::optional<ArgKind> kind_of_default(const Value& value) {
  if (value.is_bool()) return ArgKind::boolean;
  if (value.is_int()) return ArgKind::integer;
  if (value.is_float()) return ArgKind::floating;
  if (value.is_list()) return ArgKind::list;
  if (value.is_string() || value.is_nothing()) return ArgKind::text;
  return std::nullopt;
}

void read_kind(const ConfigNode& node, Arg& arg) {
  const auto& words = arg_kinds();
  const auto found = std::find(words.begin(), words.end(), node.text("kind"));
  if (found != words.end()) {
    arg.kind = static_cast<ArgKind>(found - words.begin());
    return;
  }
  // A flag whose value can be left out takes texts; a bool as its default is what it is without it.
  if (arg.optional_value && arg.fallback.is_bool()) return;
  arg.kind = kind_of_default(arg.fallback).value_or(ArgKind::text);
}

void check_default(const ConfigNode& node, const Arg& arg) {
  const bool has = !arg.fallback.is_nothing();
  const bool of_optional = arg.optional_value && arg.fallback.is_bool();
  if (has && !of_optional && !fits(arg.kind, arg.fallback)) {
    node.at("default").fail(invalid("the default of '" + arg.name + "' must be " + std::string(kind_words(arg.kind)) +
                                    ", not " + std::string(type_words(arg.fallback))));
  } else if (has && !of_optional && !among(arg.choices, arg.fallback)) {
    node.at("default").fail(invalid("the default of '" + arg.name + "' is none of its choices"));
  }
}

void read_short(const ConfigNode& node, Arg& arg) {
  const Value& value = node.value();
  if (!node.present()) return;
  if (value.is_bool() && !value.as_bool()) {
    arg.short_off = true;
  } else if (value.is_string() && matches(short_pattern, value.as_string())) {
    arg.short_letter = value.as_string().front();
  } else {
    node.fail(invalid("'short' must be one letter or digit, or false")
                  .with_hint(value.is_int() ? "put the digit in quotes" : "write it like short: j"));
  }
}

Arg read_arg(const ConfigNode& node) {
  check_config(node, arg_shape());
  Arg arg;
  arg.where = node.where();
  arg.name = node.text("name");
  arg.attribute = attribute_name(arg.name);
  if (!arg.name.empty() && !matches(arg_name_pattern, arg.name)) {
    node.at("name").fail(invalid("'" + terminal_safe(truncate_utf8(arg.name, 80)) + "' cannot be the name of an argument")
                             .with_hint("it has letters, digits, _ and -, and begins with a letter or _"));
  }
  arg.help = node.text("help");
  arg.optional_value = node.boolean("optionalValue", false);
  arg.positional = node.boolean("positional");
  const Value* fallback = node.value().find("default");
  arg.has_default = fallback != nullptr;
  if (arg.has_default) arg.fallback = *fallback;
  read_kind(node, arg);
  read_short(node.at("short"), arg);
  for (const auto& item : node.at("choices").items()) {
    if (!fits(arg.kind == ArgKind::list ? ArgKind::text : arg.kind, item.value())) {
      item.fail(invalid("a choice of '" + arg.name + "' must be " +
                        std::string(kind_words(arg.kind == ArgKind::list ? ArgKind::text : arg.kind)) + ", not " +
                        std::string(type_words(item.value()))));
    }
    arg.choices.push_back(item.value());
  }
  check_default(node, arg);
  const bool toggle = arg.kind == ArgKind::boolean || arg.kind == ArgKind::count;
  if (arg.optional_value && (toggle || arg.kind == ArgKind::list)) {
    node.at("optionalValue").fail(invalid("an argument of this kind has no value to leave out"));
  }
  if (toggle && arg.positional.value_or(false)) {
    node.at("positional").fail(invalid("an argument of this kind takes no value, so it cannot be positional"));
  }
  if (arg.fallback.is_nothing() && arg.kind == ArgKind::boolean) arg.fallback = Value::boolean(false);
  if (arg.fallback.is_nothing() && arg.kind == ArgKind::count) arg.fallback = Value::int64(0);
  if (arg.fallback.is_nothing() && arg.kind == ArgKind::list) arg.fallback = Value::list();
  return arg;
}

void read_args(const ConfigNode& list, Task& task) {
  std::set<std::string> names;
  std::set<char> letters;
  for (const auto& item : list.items()) {
    Arg arg = read_arg(item);
    if (!arg.name.empty() && !names.insert(arg.attribute).second) {
      item.at("name").fail(invalid("there are two arguments '" + terminal_safe(arg.attribute) + "'"));
    }
    if (arg.short_letter != '\0' && !letters.insert(arg.short_letter).second) {
      item.at("short").fail(invalid("there are two arguments with the short flag -" + std::string(1, arg.short_letter)));
    }
    task.args.push_back(std::move(arg));
  }
}

Task read_task(const std::string& name, const ConfigNode& node) {
  Task task;
  task.name = name;
  task.where = node.key_where();
  check_name(node, name, true);
  // A name alone is a task that does nothing.
  if (!node.present()) return task;
  check_config(node, task_shape());
  task.help = node.text("help");
  for (const auto& item : node.at("aliases").items()) {
    if (!item.value().is_string()) continue;
    task.aliases.emplace_back(item.value().as_string());
    if (!task.aliases.back().empty()) check_name(item, task.aliases.back(), false);
  }
  task.pre = read_references(node.at("pre"));
  task.post = read_references(node.at("post"));
  read_args(node.at("args"), task);
  task.auto_short = node.boolean("autoShort");
  task.cd = read_template(node.at("cd"), Template::Use::literal);
  std::set<std::string> ids;
  task.steps = read_steps(node.at("steps"), ids);
  task.finally = read_steps(node.at("finally"), ids);
  return task;
}

void read_namespace(const ConfigNode& node, Namespace& out, std::size_t depth) {
  out.help = node.text("help");
  out.default_name = node.text("default");
  out.default_where = node.at("default").where();
  if (const ConfigNode config = node.at("config"); config.value().is_map()) {
    out.config = config.value().deep_copy();
    out.config_where = config.where();
  }
  for (const auto& [name, child] : members_in_order(node.at("tasks"))) out.tasks.push_back(read_task(name, child));
  for (const auto& [name, child] : members_in_order(node.at("namespaces"))) {
    Namespace inner;
    inner.name = name;
    inner.where = child.key_where();
    check_name(child, name, true);
    if (depth >= max_namespace_depth) {
      child.fail_key(invalid("namespaces are nested deeper than " + std::to_string(max_namespace_depth) + " levels"));
    } else if (child.present()) {
      check_config(child, namespace_shape());
      read_namespace(child, inner, depth + 1);
    }
    out.namespaces.push_back(std::move(inner));
  }
}

}  // namespace

FileContent read_file(const ConfigNode& root) {
  FileContent out;
  check_config(root, file_shape());
  out.root.where = root.where();
  read_namespace(root, out.root, 1);
  const ConfigNode settings = root.at("settings");
  out.has_settings = settings.present();
  out.settings_where = settings.key_where();
  out.settings.auto_short = settings.boolean("autoShort", true);
  out.settings.dedupe = settings.boolean("dedupe");
  out.settings.shell = settings.text("shell");
  for (const auto& item : root.at("include").items()) {
    Include include{item.text("file"), item.text("as"), item.at("file").where(), item.at("as").where()};
    if (include.file.empty() || include.as.empty()) continue;  // told already
    check_name(item.at("as"), include.as, false);
    out.includes.push_back(std::move(include));
  }
  return out;
}

bool fits(ArgKind kind, const Value& value) {
  switch (kind) {
    case ArgKind::text: return value.is_string();
    case ArgKind::integer: return value.is_int();
    case ArgKind::floating: return value.is_number();
    case ArgKind::boolean: return value.is_bool();
    case ArgKind::count: return value.is_int() && value.as_int() >= 0;
    case ArgKind::list: break;
  }
  const auto& items = value.as_list();
  return value.is_list() && std::all_of(items.begin(), items.end(), [](const Value& item) { return item.is_string(); });
}

std::string_view kind_words(ArgKind kind) noexcept {
  switch (kind) {
    case ArgKind::text: return "a text";
    case ArgKind::integer: return "a whole number";
    case ArgKind::floating: return "a number";
    case ArgKind::boolean: return "true or false";
    case ArgKind::count: return "a whole number from 0 on";
    case ArgKind::list: break;
  }
  return "a list of texts";
}

bool among(const std::vector<Value>& choices, const Value& value) {
  if (choices.empty()) return true;
  if (value.is_list()) {
    const auto& items = value.as_list();
    return std::all_of(items.begin(), items.end(), [&](const Value& item) { return among(choices, item); });
  }
  return std::any_of(choices.begin(), choices.end(), [&](const Value& choice) { return json_equal(choice, value); });
}

std::string attribute_name(std::string_view name) {
  std::string out(name);
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

bool matches(std::string_view pattern, std::string_view text) {
  const auto regex = Regex::compile(pattern);
  return regex.ok() && (*regex)->matches(text);
}

}  // namespace gitopsctl::invoke::declarative::detail
