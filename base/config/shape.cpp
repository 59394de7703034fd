#include "base/config/shape.hpp"

#include <utility>

#include "base/json/json.hpp"

namespace gitopsctl {

namespace shape {

namespace {

ConfigShape make(ConfigShape::Kind kind, std::string about) {
  ConfigShape out;
  out.kind = kind;
  out.about = std::move(about);
  return out;
}

ConfigShape ranged(ConfigShape::Kind kind, std::string about, double minimum, double maximum) {
  ConfigShape out = make(kind, std::move(about));
  out.minimum = minimum;
  out.maximum = maximum;
  return out;
}

}  // namespace

ConfigShape any(std::string about) { return make(ConfigShape::Kind::any, std::move(about)); }

ConfigShape text(std::string about, bool filled) {
  ConfigShape out = make(ConfigShape::Kind::text, std::move(about));
  out.filled = filled;
  return out;
}

ConfigShape boolean(std::string about) { return make(ConfigShape::Kind::boolean, std::move(about)); }

ConfigShape integer(std::string about, double minimum, double maximum) {
  return ranged(ConfigShape::Kind::integer, std::move(about), minimum, maximum);
}

ConfigShape number(std::string about, double minimum, double maximum) {
  return ranged(ConfigShape::Kind::number, std::move(about), minimum, maximum);
}

ConfigShape duration(std::string about) { return make(ConfigShape::Kind::duration, std::move(about)); }

ConfigShape choice(std::string about, std::vector<std::string> choices) {
  ConfigShape out = make(ConfigShape::Kind::choice, std::move(about));
  out.choices = std::move(choices);
  return out;
}

ConfigShape list(std::string about, ConfigShape item, bool filled) {
  ConfigShape out = make(ConfigShape::Kind::list, std::move(about));
  out.items.push_back(std::move(item));
  out.filled = filled;
  return out;
}

ConfigShape map(std::string about, ConfigShape item) {
  ConfigShape out = make(ConfigShape::Kind::map, std::move(about));
  out.items.push_back(std::move(item));
  return out;
}

ConfigShape object(std::string about, std::vector<ConfigField> fields) {
  ConfigShape out = make(ConfigShape::Kind::object, std::move(about));
  out.fields = std::move(fields);
  return out;
}

ConfigShape either(std::string about, ConfigShape as_text, ConfigShape as_object) {
  ConfigShape out = make(ConfigShape::Kind::either, std::move(about));
  out.items.push_back(std::move(as_text));
  out.items.push_back(std::move(as_object));
  return out;
}

ConfigField required(std::string name, ConfigShape shape) {
  ConfigField out;
  out.name = std::move(name);
  out.shape = std::move(shape);
  out.required = true;
  return out;
}

ConfigField optional(std::string name, ConfigShape shape, Value fallback) {
  ConfigField out;
  out.name = std::move(name);
  out.shape = std::move(shape);
  out.fallback = std::move(fallback);
  return out;
}

}  // namespace shape

namespace {

// Go's duration syntax as base/time reads it.
constexpr std::string_view duration_pattern = R"(^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$)";

void describe_object(const ConfigShape& shape, Value& out);

Value describe(const ConfigShape& shape) {
  Value out = Value::map();
  if (!shape.about.empty()) out.set("description", Value::string(shape.about));
  const auto type = [&out](std::string_view name) { out.set("type", Value::string(name)); };
  switch (shape.kind) {
    case ConfigShape::Kind::any: break;
    case ConfigShape::Kind::text:
      type("string");
      if (shape.filled) out.set("minLength", Value::int64(1));
      break;
    case ConfigShape::Kind::boolean: type("boolean"); break;
    case ConfigShape::Kind::integer: type("integer"); break;
    case ConfigShape::Kind::number: type("number"); break;
    case ConfigShape::Kind::duration:
      type("string");
      out.set("pattern", Value::string(duration_pattern));
      break;
    case ConfigShape::Kind::choice: {
      Value choices = Value::list();
      for (const auto& choice : shape.choices) choices.push_back(Value::string(choice));
      out.set("enum", std::move(choices));
      break;
    }
    case ConfigShape::Kind::list:
      type("array");
      out.set("items", describe(shape.items.front()));
      if (shape.filled) out.set("minItems", Value::int64(1));
      break;
    case ConfigShape::Kind::map:
      type("object");
      out.set("additionalProperties", describe(shape.items.front()));
      break;
    case ConfigShape::Kind::object: describe_object(shape, out); break;
    case ConfigShape::Kind::either:
      out.set("anyOf", Value::list({describe(shape.items[0]), describe(shape.items[1])}));
      break;
  }
  if (shape.minimum) out.set("minimum", Value::float64(*shape.minimum));
  if (shape.maximum) out.set("maximum", Value::float64(*shape.maximum));
  return out;
}

void describe_object(const ConfigShape& shape, Value& out) {
  Value properties = Value::map();
  Value required = Value::list();
  for (const auto& field : shape.fields) {
    Value property = describe(field.shape);
    if (!field.fallback.is_nothing()) property.set("default", field.fallback);
    properties.set(field.name, std::move(property));
    if (field.required) required.push_back(Value::string(field.name));
  }
  out.set("type", Value::string("object"));
  out.set("properties", std::move(properties));
  out.set("additionalProperties", Value::boolean(false));
  if (required.size() > 0) out.set("required", std::move(required));
}

}  // namespace

std::string json_schema(const ConfigShape& shape, const std::string& id, const std::string& title) {
  Value schema = describe(shape);
  schema.set("$schema", Value::string("https://json-schema.org/draft/2020-12/schema"));
  schema.set("$id", Value::string(id));
  schema.set("title", Value::string(title));
  JsonOptions options;
  options.escape_html = false;
  options.pretty = true;
  // A schema holds no number that JSON cannot hold, so this does not fail.
  return to_json(schema, options).value_or("{}") + "\n";
}

}  // namespace gitopsctl
