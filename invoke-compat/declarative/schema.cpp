#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/json/json.hpp"
#include "base/value/value.hpp"
#include "invoke-compat/declarative/shapes.hpp"
#include "invoke-compat/declarative/task_file.hpp"

namespace gitopsctl::invoke::declarative {

namespace {

using namespace detail;

Value text(std::string_view t) { return Value::string(t); }
Value object(std::initializer_list<std::pair<std::string_view, Value>> members) { return make_map(members); }
Value reference(std::string_view definition) { return object({{"$ref", text("#/$defs/" + std::string(definition))}}); }
Value pattern(std::string_view regex) { return object({{"type", text("string")}, {"pattern", text(regex)}}); }
Value any_of(Value::List schemas) { return object({{"anyOf", Value::list(std::move(schemas))}}); }
Value texts(std::span<const std::string_view> words) {
  Value out = Value::list();
  for (const auto word : words) out.push_back(text(word));
  return out;
}
Value type(std::string_view name) { return object({{"type", text(name)}}); }

/// `key:` without a value is as good as no key.
void allow_null(Value& schema) {
  if (const Value* one = schema.find("type"); one != nullptr && one->is_string()) {
    schema.set("type", Value::list({*one, text("null")}));
  } else if (const Value* choices = schema.find("enum")) {
    Value more = choices->deep_copy();
    more.push_back(Value());
    schema.set("enum", std::move(more));
  } else if (const Value* alternatives = schema.find("anyOf")) {
    Value more = alternatives->deep_copy();
    more.push_back(type("null"));
    schema.set("anyOf", std::move(more));
  }
}

void allow_nulls(Value& schema) {
  if (schema.is_list()) {
    for (auto& item : schema.mutable_list()) allow_nulls(item);
    return;
  }
  if (!schema.is_map()) return;
  if (const Value* properties = schema.find("properties")) {
    Value fields = *properties;  // the same map
    for (auto& member : fields.mutable_members()) allow_null(member.value);
  }
  for (auto& member : schema.mutable_members()) allow_nulls(member.value);
}

/// A shape as one of the definitions.
Value definition(const ConfigShape& shape) {
  // Its own text is good JSON.
  Value out = parse_json(json_schema(shape, "", "")).value_or(Value::map());
  for (const auto* key : {"$schema", "$id", "title"}) out.erase(key);
  allow_nulls(out);
  return out;
}

/// The schema of the property `name`, for change.
Value property(const Value& schema, std::string_view name) { return *schema.find_path({"properties", name}); }
/// Replaces it, but for its description.
void replace(const Value& schema, std::string_view name, Value by) {
  if (const Value* about = property(schema, name).find("description")) by.set("description", *about);
  Value properties = *schema.find("properties");
  properties.set(name, std::move(by));
}
void items(const Value& schema, std::string_view name, Value item) { property(schema, name).set("items", std::move(item)); }

void names(const Value& schema, std::string_view name, std::string_view regex, Value value) {
  Value map = property(schema, name);
  map.set("propertyNames", pattern(regex));
  map.set("additionalProperties", std::move(value));
}

void refine_namespace(const Value& schema) {
  names(schema, "tasks", task_name_pattern, reference("task"));
  names(schema, "namespaces", task_name_pattern, reference("namespace"));
}

void refine_task(const Value& schema) {
  items(schema, "aliases", pattern(task_name_pattern));
  for (const auto* name : {"pre", "post"}) items(schema, name, reference("reference"));
  items(schema, "args", reference("arg"));
  for (const auto* name : {"steps", "finally"}) items(schema, name, reference("step"));
}

/// What a value of a kind is, as a schema.
Value of_kind(ArgKind kind) {
  switch (kind) {
    case ArgKind::text: return type("string");
    case ArgKind::integer: return type("integer");
    case ArgKind::floating: return type("number");
    case ArgKind::boolean: return type("boolean");
    case ArgKind::count: return object({{"type", text("integer")}, {"minimum", Value::int64(0)}});
    case ArgKind::list: break;
  }
  return object({{"type", text("array")}, {"items", type("string")}});
}

/// `then` where the property `name` is `value`.
Value where(std::string_view name, Value value, Value then) {
  return object({{"if", object({{"properties", object({{name, object({{"const", std::move(value)}})}})},
                                {"required", Value::list({text(name)})}})},
                 {"then", std::move(then)}});
}

/// What the kind of an argument says about its other keys.
Value rule_of_kind(ArgKind kind) {
  const Value no = object({{"enum", Value::list({Value::boolean(false), Value()})}});
  Value fallback = of_kind(kind);
  allow_null(fallback);
  Value properties = object({{"choices", object({{"items", of_kind(kind == ArgKind::list ? ArgKind::text : kind)}})}});
  if (kind == ArgKind::boolean || kind == ArgKind::count) properties.set("positional", no);
  if (kind == ArgKind::boolean || kind == ArgKind::count || kind == ArgKind::list) {
    properties.set("optionalValue", no);
    properties.set("default", fallback);
    return object({{"properties", properties}});
  }
  // A flag that can stand without its value may have a truth as its default.
  Value out = where("optionalValue", Value::boolean(true),
                    object({{"properties", object({{"default", any_of({fallback, type("boolean")})}})}}));
  out.set("else", object({{"properties", object({{"default", fallback}})}}));
  out.set("properties", properties);
  return out;
}

void refine_arg(Value& schema) {
  property(schema, "name").set("pattern", text(arg_name_pattern));
  replace(schema, "short",
          any_of({pattern(short_pattern), object({{"enum", Value::list({Value::boolean(false), Value()})}})}));
  Value rules = Value::list();
  const auto kinds = arg_kinds();
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    rules.push_back(where("kind", text(kinds[i]), rule_of_kind(static_cast<ArgKind>(i))));
  }
  schema.set("allOf", std::move(rules));
}

void refine_step(Value& schema) {
  const Value expression = pattern("[$][{][{]");
  Value words = texts(hide_words());
  words.push_back(Value::boolean(true));
  words.push_back(Value::boolean(false));
  words.push_back(Value());
  replace(schema, "hide", any_of({object({{"enum", words}}), expression}));
  const Value number =
      object({{"type", text("integer")}, {"minimum", Value::int64(0)}, {"maximum", Value::float64(largest_exit_code)}});
  replace(property(schema, "exit"), "code", any_of({number, expression, type("null")}));
  property(schema, "id").set("pattern", text(step_id_pattern));
  property(schema, "use").set("pattern", text(native_name_pattern));
  property(schema, "env").set("propertyNames", pattern(variable_pattern));
  const Value not_inside = object({{"not", any_of({object({{"required", Value::list({text("parallel")})}}),
                                                   object({{"required", Value::list({text("exit")})}})})}});
  items(schema, "parallel", object({{"allOf", Value::list({reference("step"), not_inside})}}));
  Value one = Value::list();
  for (const auto& row : actions()) {
    one.push_back(object({{"required", Value::list({text(row.key)})}}));
  }
  schema.set("oneOf", std::move(one));
  Value dependent = Value::map();
  for (const auto& row : step_options()) {
    Value::List with;
    for (const auto& action : actions()) {
      const bool goes = std::find(row.actions.begin(), row.actions.end(), action.action) != row.actions.end();
      if (goes) with.push_back(object({{"required", Value::list({text(action.key)})}}));
    }
    dependent.set(row.key, any_of(std::move(with)));
  }
  schema.set("dependentSchemas", std::move(dependent));
}

}  // namespace

std::string task_file_schema() {
  Value schema = definition(file_shape());
  refine_namespace(schema);
  Value include = property(schema, "include");
  Value as = *include.find_path({"items", "properties", "as"});
  as.set("pattern", text(task_name_pattern));
  Value definitions = Value::map();
  const auto define = [&](std::string_view name, const ConfigShape& shape, auto refine) {
    Value made = definition(shape);
    refine(made);
    definitions.set(name, std::move(made));
  };
  define("namespace", namespace_shape(), refine_namespace);
  define("task", task_shape(), refine_task);
  define("arg", arg_shape(), refine_arg);
  define("step", step_shape(), refine_step);
  define("reference", reference_shape(), [](const Value&) {});
  // A name alone is a task that does nothing, and a namespace without tasks.
  for (const auto* name : {"task", "namespace"}) {
    Value made = *definitions.find(name);
    allow_null(made);
  }
  schema.set("$defs", std::move(definitions));
  schema.set("$schema", text("https://json-schema.org/draft/2020-12/schema"));
  schema.set("$id", text("https://gitopsctl.dev/schemas/tasks-v1.json"));
  schema.set("title", text("gitopsctl task file"));
  JsonOptions options;
  options.escape_html = false;
  options.pretty = true;
  return to_json(schema, options).value_or("{}") + "\n";
}

}  // namespace gitopsctl::invoke::declarative
