#include <string>

#include "base/json/json.hpp"
#include "base/text/go_format.hpp"
#include "base/yaml/yaml.hpp"
#include "base/yaml/yaml_v3.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/functions.hpp"
#include "render/functions/go_json.hpp"
#include "render/functions/toml_writer.hpp"
#include "render/template/evaluator.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

/// Helm's readers never fail: they hand the error's text to the template.
Value error_map(std::string_view message) { return make_map({{"Error", Value::string(message)}}); }
Value error_list(std::string_view message) { return list_value({Value::string(message)}); }

std::string_view json_kind(const Value& value) noexcept {
  if (value.is_map()) return "object";
  if (value.is_list()) return "array";
  if (value.is_string()) return "string";
  return value.is_bool() ? "bool" : "number";
}

std::string cannot_unmarshal(const Value& value, std::string_view type) {
  return "json: cannot unmarshal " + std::string(json_kind(value)) + " into Go value of type " + std::string(type);
}

constexpr std::string_view map_type = "map[string]interface {}";
constexpr std::string_view list_type = "[]interface {}";

// ---- YAML

Result<std::string> yaml_text(std::string_view function, const Value& value) {
  GITOPSCTL_CHECK(check_tree(function, value));
  GITOPSCTL_TRY(auto text, to_yaml(value));
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

Result<Value> must_to_yaml(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(auto text, yaml_text("mustToYaml", arguments[0]));
  return text_value("mustToYaml", text);
}

/// YAML v3 writes the value itself, without the way through JSON.
Result<Value> to_yaml_pretty(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_CHECK(check_tree("toYamlPretty", arguments[0]));
  auto text = to_yaml_v3(arguments[0]);
  if (!text.ok()) return Value::string("");
  if (text->ends_with('\n')) text->pop_back();
  return text_value("toYamlPretty", *text);
}

/// What cannot be written is "": charts test for that.
Result<Value> to_yaml_or_empty(CallContext& /*context*/, Arguments arguments) {
  auto text = yaml_text("toYaml", arguments[0]);
  if (text.ok()) return text_value("toYaml", *text);
  if (text.error().code() == ErrorCode::too_large) return text.error();
  return Value::string("");
}

/// One document as Helm's YAML reader takes it; the error is the text that stands in `Error`.
Result<Value> read_yaml(std::string_view text) {
  // An empty view may have no address, which the YAML library does not take.
  if (text.empty()) return Value::null();
  auto value = parse_yaml(text, {.numbers = YamlNumbers::float64, .profile = YamlProfile::go_v2_json});
  if (value.ok()) return value;
  return failure("error converting YAML to JSON: " + value.error().message());
}

Result<Value> from_yaml(CallContext& /*context*/, Arguments arguments) {
  const auto value = read_yaml(arguments[0].as_string());
  if (!value.ok()) return error_map(value.error().message());
  if (value->is_null()) return Value::map();
  if (value->is_map()) return *value;
  return error_map("error unmarshaling JSON: while decoding JSON: " + cannot_unmarshal(*value, map_type));
}

Result<Value> from_yaml_array(CallContext& /*context*/, Arguments arguments) {
  const auto value = read_yaml(arguments[0].as_string());
  if (!value.ok()) return error_list(value.error().message());
  if (value->is_null()) return list_value({});
  if (value->is_list()) return *value;
  return error_list("error unmarshaling JSON: while decoding JSON: " + cannot_unmarshal(*value, list_type));
}

// ---- JSON

GoRelease go_release(CallContext& context) { return context.evaluator.options().go; }

Result<std::string> json_text(CallContext& context, std::string_view function, const Value& value, JsonOptions options) {
  GITOPSCTL_CHECK(check_tree(function, value));
  options.go_127 = go_release(context) >= GoRelease::go_1_27;
  return to_json(value, options);
}

struct JsonForm {
  std::string_view name;
  bool pretty = false;
  bool raw = false;
  bool must = false;  ///< fail instead of ""
};

template <const JsonForm& form>
Result<Value> json_in_form(CallContext& context, Arguments arguments) {
  auto text = json_text(context, form.name, arguments[0], {.escape_html = !form.raw, .pretty = form.pretty});
  if (text.ok()) return text_value(form.name, *text);
  if (form.must || text.error().code() == ErrorCode::too_large) return text.error();
  return Value::string("");
}

constexpr JsonForm to_json_form{"toJson", false, false, false};
constexpr JsonForm must_to_json_form{"mustToJson", false, false, true};
constexpr JsonForm to_pretty_json_form{"toPrettyJson", true, false, false};
constexpr JsonForm must_to_pretty_json_form{"mustToPrettyJson", true, false, true};
// The plain form panics where its sisters give "".
constexpr JsonForm to_raw_json_form{"toRawJson", false, true, true};
constexpr JsonForm must_to_raw_json_form{"mustToRawJson", false, true, true};

Result<Value> must_from_json(CallContext& context, Arguments arguments) {
  return parse_go_json(arguments[0].as_string(), go_release(context));
}

Result<Value> from_json(CallContext& context, Arguments arguments) {
  Value read;
  const auto value = parse_go_json(arguments[0].as_string(), go_release(context), &read);
  if (!value.ok()) {
    if (read.is_nothing()) return error_map(value.error().message());
    if (!read.is_map()) return error_map(cannot_unmarshal(read, map_type));
    read.set("Error", Value::string(value.error().message()));
    return read;
  }
  if (value->is_null()) return Value::nil_map();
  return value->is_map() ? *value : error_map(cannot_unmarshal(*value, map_type));
}

Result<Value> from_json_array(CallContext& context, Arguments arguments) {
  Value read;
  const auto value = parse_go_json(arguments[0].as_string(), go_release(context), &read);
  if (!value.ok()) {
    if (read.is_nothing() || read.is_list()) return error_list(value.error().message());
    return error_list(cannot_unmarshal(read, list_type));
  }
  if (value->is_null()) return Value::nil_list();
  return value->is_list() ? *value : error_list(cannot_unmarshal(*value, list_type));
}

// ---- TOML

TomlFloats toml_floats(CallContext& context) {
  return context.evaluator.options().short_floats_in_toml ? TomlFloats::shortest : TomlFloats::plain;
}

Result<Value> must_to_toml(CallContext& context, Arguments arguments) {
  GITOPSCTL_CHECK(check_tree("mustToToml", arguments[0]));
  GITOPSCTL_TRY(auto text, to_toml(arguments[0], toml_floats(context)));
  return text_value("mustToToml", text);
}

Result<Value> to_toml_or_error_text(CallContext& context, Arguments arguments) {
  GITOPSCTL_CHECK(check_tree("toToml", arguments[0]));
  auto text = to_toml(arguments[0], toml_floats(context));
  // A missing value panics in reflection before the encoder can catch it.
  if (!text.ok() && arguments[0].is_nothing()) return text.error();
  return text_value("toToml", text.ok() ? *text : text.error().message());
}

Result<Value> from_toml(CallContext& /*context*/, Arguments arguments) {
  auto value = parse_toml(arguments[0].as_string());
  return value.ok() ? std::move(*value) : error_map(value.error().message());
}

// Readers are not folded: what they return is shared by reference.
constexpr Function table[] = {
    {"toYaml", to_yaml_or_empty, params<any>},
    {"toYamlPretty", to_yaml_pretty, params<any>},
    {"fromYaml", from_yaml, params<string>, false, false},
    {"fromYamlArray", from_yaml_array, params<string>, false, false},
    {"toJson", json_in_form<to_json_form>, params<any>},
    {"mustToJson", json_in_form<must_to_json_form>, params<any>},
    {"toPrettyJson", json_in_form<to_pretty_json_form>, params<any>},
    {"mustToPrettyJson", json_in_form<must_to_pretty_json_form>, params<any>},
    {"toRawJson", json_in_form<to_raw_json_form>, params<any>},
    {"mustToRawJson", json_in_form<must_to_raw_json_form>, params<any>},
    {"fromJson", from_json, params<string>, false, false},
    {"mustFromJson", must_from_json, params<string>, false, false},
    {"fromJsonArray", from_json_array, params<string>, false, false},
    {"toToml", to_toml_or_error_text, params<any>},
    {"fromToml", from_toml, params<string>, false, false},
};

constexpr Function strict_yaml_table[] = {{"mustToYaml", must_to_yaml, params<any>}};
constexpr Function strict_toml_table[] = {{"mustToToml", must_to_toml, params<any>}};

}  // namespace

std::span<const Function> encoding_functions() { return table; }
std::span<const Function> strict_yaml_functions() { return strict_yaml_table; }
std::span<const Function> strict_toml_functions() { return strict_toml_table; }

}  // namespace gitopsctl::render
