#include "render/helm/files_object.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/crypto/digest.hpp"
#include "base/text/go_format.hpp"
#include "base/text/regex.hpp"
#include "base/yaml/yaml.hpp"
#include "render/helm/glob.hpp"

namespace gitopsctl::render::helm {

namespace {

struct Method {
  std::string_view name;
  std::size_t arguments;
  Result<Value> (*call)(const Value& receiver, std::span<const Value> arguments);
  std::string_view parameter = "string";  ///< the Go type of all its parameters
};

std::string_view content(const Value& files, const Value& name) {
  const auto* found = files.find(name.as_string());
  return found == nullptr ? std::string_view{} : found->as_string();
}

Result<Value> get(const Value& files, std::span<const Value> arguments) {
  return Value::string(content(files, arguments[0]));
}

Result<Value> get_bytes(const Value& files, std::span<const Value> arguments) {
  Value::List bytes;
  for (const char c : content(files, arguments[0])) bytes.push_back(Value::uint8(static_cast<std::uint8_t>(c)));
  return Value::list(std::move(bytes), ListType::uint8);
}

Result<Value> glob(const Value& files, std::span<const Value> arguments) {
  const auto pattern = glob_regex(arguments[0].as_string());
  // What is no pattern matches everything.
  const auto regex = Regex::compile(pattern.value_or(".*"));
  Value out = Value::map(MapType::files);
  for (const auto& member : files.as_map()) {
    if (!regex.ok() || (*regex)->matches(member.key.view())) out.set(member.key, member.value);
  }
  return out;
}

Result<Value> lines(const Value& files, std::span<const Value> arguments) {
  auto text = content(files, arguments[0]);
  Value::List out;
  if (text.empty()) return Value::list({}, ListType::string);
  if (text.ends_with('\n')) text.remove_suffix(1);
  while (true) {
    const auto end = text.find('\n');
    out.push_back(Value::string(text.substr(0, end)));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return Value::list(std::move(out), ListType::string);
}

// Base names to what `convert` makes of the contents, as YAML without its last newline; "" when that fails.
template <class Convert>
Result<Value> as_yaml(const Value& files, const Convert& convert) {
  Value map = Value::map();
  for (const auto& member : files.as_map()) {
    const auto name = member.key.view();
    map.set(name.substr(name.rfind('/') + 1), Value::string(convert(member.value.as_string())));
  }
  const auto text = to_yaml(map);
  if (!text.ok()) return Value::string("");
  return Value::string(std::string_view(*text).substr(0, text->size() - (text->ends_with('\n') ? 1 : 0)));
}

Result<Value> as_config(const Value& files, std::span<const Value> /*arguments*/) {
  return as_yaml(files, [](std::string_view text) { return std::string(text); });
}

Result<Value> as_secrets(const Value& files, std::span<const Value> /*arguments*/) {
  return as_yaml(files, [](std::string_view text) { return base64_encode(text); });
}

constexpr std::array<Method, 6> files_methods = {{
    {"AsConfig", 0, as_config},
    {"AsSecrets", 0, as_secrets},
    {"Get", 1, get},
    {"GetBytes", 1, get_bytes},
    {"Glob", 1, glob},
    {"Lines", 1, lines},
}};

Value plain(const Value& values) { return values.with_map_type(MapType::any); }

Result<Value> as_map(const Value& values, std::span<const Value> /*arguments*/) {
  return values.size() == 0 ? Value::map() : plain(values);
}

Result<Value> yaml(const Value& values, std::span<const Value> /*arguments*/) {
  GITOPSCTL_TRY(const auto text, to_yaml(plain(values)));
  return Value::string(text);
}

// Walks to the table at a dotted path; on a failure `missing` is the part that is no table.
bool walk(Value& table, std::string_view path, std::string_view& missing) {
  while (true) {
    const auto dot = path.find('.');
    missing = path.substr(0, dot);
    const auto* next = table.find(missing);
    if (next == nullptr || !next->is_map()) return false;
    table = *next;
    if (dot == std::string_view::npos) return true;
    path.remove_prefix(dot + 1);
  }
}

Result<Value> table(const Value& values, std::span<const Value> arguments) {
  Value at = values;
  std::string_view missing;
  if (!walk(at, arguments[0].as_string(), missing)) {
    return Error(ErrorCode::invalid_input, go_quote(missing) + " is not a table");
  }
  return at.with_map_type(values.map_type());
}

Result<Value> path_value(const Value& values, std::span<const Value> arguments) {
  auto path = arguments[0].as_string();
  if (path.empty()) return Error(ErrorCode::invalid_input, "YAML path cannot be empty");
  const auto dot = path.rfind('.');
  const auto key = path.substr(dot + 1);
  Value at = values;
  std::string_view missing;
  const bool found = dot == std::string_view::npos || walk(at, path.substr(0, dot), missing);
  const auto* value = found ? at.find(key) : nullptr;
  if (value == nullptr || value->is_map()) return Error(ErrorCode::invalid_input, go_quote(key) + " is not a value");
  return *value;
}

constexpr std::array<Method, 5> values_methods = {{
    {"AsMap", 0, as_map},
    {"Encode", 1, nullptr, "io.Writer"},  // no template has one
    {"PathValue", 1, path_value},
    {"Table", 1, table},
    {"YAML", 0, yaml},
}};

const Method* find_method(std::span<const Method> methods, std::string_view name) {
  const auto found = std::find_if(methods.begin(), methods.end(), [&](const Method& m) { return m.name == name; });
  return found == methods.end() ? nullptr : &*found;
}

Result<Value> call(const Method& method, const Value& receiver, std::span<const Value> arguments) {
  if (arguments.size() != method.arguments) {
    return Error(ErrorCode::invalid_input, "wrong number of args for " + std::string(method.name) + ": want " +
                                               std::to_string(method.arguments) + " got " +
                                               std::to_string(arguments.size()));
  }
  for (const auto& argument : arguments) {
    if (argument.is_string() && method.parameter == "string") continue;
    const std::string wanted(method.parameter);
    return Error(ErrorCode::invalid_input, argument.is_nothing() ? "invalid value; expected " + wanted
                                                                 : "wrong type for value; expected " + wanted + "; got " +
                                                                       std::string(go_type_name(argument)));
  }
  return method.call(receiver, arguments);
}

}  // namespace

Value files_object(const std::vector<ChartFile>& files) {
  Value out = Value::map(MapType::files);
  for (const auto& file : files) out.set(file.name, Value::string(file.data));
  return out;
}

bool has_files_method(std::string_view name) noexcept { return find_method(files_methods, name) != nullptr; }

Result<Value> call_files_method(const Value& files, std::string_view name, std::span<const Value> arguments,
                                const HelmProfile& profile) {
  const auto& method = *find_method(files_methods, name);
  if (method.call == lines && !profile.lines_of_empty_file && arguments.size() == 1 && arguments[0].is_string()) {
    // Older versions look at the last byte of a file that has none.
    const auto* found = files.find(arguments[0].as_string());
    if (found != nullptr && found->as_string().empty()) {
      return Error(ErrorCode::invalid_input, "runtime error: index out of range [-1]");
    }
  }
  return call(method, files, arguments);
}

bool has_values_method(std::string_view name) noexcept { return find_method(values_methods, name) != nullptr; }

Result<Value> call_values_method(const Value& values, std::string_view name, std::span<const Value> arguments) {
  return call(*find_method(values_methods, name), values, arguments);
}

}  // namespace gitopsctl::render::helm
