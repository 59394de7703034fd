#include "tests/parity/schema_generator.hpp"

#include <array>

namespace gitopsctl::tests {
namespace {

constexpr std::array<std::string_view, 7> types{"null", "boolean", "number", "integer", "string", "array", "object"};
constexpr std::array<std::string_view, 5> letters{"a", "b", "c", "d", "x"};
constexpr std::array<double, 14> numbers{0, 1, 2, 3, 5, 7, 10, -1, 1.5, 2.5, 1'000'000, 0.1, 1'234'567, -3.25};
constexpr std::array<std::string_view, 11> texts{
    "", "a", "b", "ab", "abc", "x1", "2020-01-01", "a@b.c", "\xC3\xA4\xC3\xB6", "it's", "10"};

Value text(std::string_view words) { return Value::string(words); }
Value whole(std::uint64_t number) { return Value::int64(static_cast<std::int64_t>(number)); }

}  // namespace

std::string draft_url(int draft) {
  switch (draft) {
    case 4: return "http://json-schema.org/draft-04/schema#";
    case 6: return "http://json-schema.org/draft-06/schema#";
    case 7: return "http://json-schema.org/draft-07/schema#";
    case 2019: return "https://json-schema.org/draft/2019-09/schema";
    case 2020: return "https://json-schema.org/draft/2020-12/schema";
    default: return "";
  }
}

std::string SchemaGenerator::name() { return std::string(random_.pick(letters)) + (random_.chance(50) ? "1" : ""); }

Value SchemaGenerator::value(int depth) {
  const auto what = random_.below(depth < 3 ? 12 : 8);
  if (what == 0) return Value::null();
  if (what == 1) return Value::boolean(random_.chance(50));
  if (what < 5) return Value::float64(numbers.at(random_.below(numbers.size())));
  if (what < 8) return text(random_.pick(texts));
  const auto count = random_.below(4);
  if (what < 10) {
    Value::List items;
    for (std::uint64_t i = 0; i < count; ++i) items.push_back(value(depth + 1));
    return Value::list(std::move(items));
  }
  Value out = Value::map();
  for (std::uint64_t i = 0; i < count; ++i) out.set(name(), value(depth + 1));
  return out;
}

Value SchemaGenerator::list_of_schemas(int depth) {
  Value::List out;
  for (auto count = 1 + random_.below(3); count > 0; --count) out.push_back(schema(depth + 1));
  return Value::list(std::move(out));
}

void SchemaGenerator::add_scalar_keyword(Value& out) {
  switch (random_.below(14)) {
    case 0: out.set("type", text(random_.pick(types))); return;
    case 1: {
      const auto first = random_.below(types.size());
      out.set("type", Value::list({text(types.at(first)), text(types.at((first + 1 + random_.below(6)) % types.size()))}));
      return;
    }
    case 2: {
      Value::List values{value(3)};
      if (random_.chance(60)) values.push_back(Value::list({whole(random_.below(3))}));
      out.set("enum", Value::list(std::move(values)));
      return;
    }
    case 3: {
      const auto keyword = random_.pick({"minimum", "maximum", draft_ == 4 ? "minimum" : "exclusiveMinimum",
                                         draft_ == 4 ? "maximum" : "exclusiveMaximum"});
      constexpr std::array<double, 5> bounds{0, 2, 5, 1.5, 1'000'000};
      out.set(keyword, Value::float64(bounds.at(random_.below(bounds.size()))));
      return;
    }
    case 4: {
      constexpr std::array<double, 4> units{2, 0.5, 3, 0.1};
      out.set("multipleOf", Value::float64(units.at(random_.below(units.size()))));
      return;
    }
    case 5: out.set(random_.pick({"minLength", "maxLength"}), whole(random_.below(4))); return;
    case 6: out.set("pattern", text(random_.pick({"^a", "b$", "[0-9]", "^x.$"}))); return;
    case 7: out.set("format", text(random_.pick({"date", "email", "ipv4", "hostname", "uri", "uuid", "regex"}))); return;
    case 8: out.set(random_.pick({"minProperties", "maxProperties"}), whole(random_.below(3))); return;
    case 9: out.set(random_.pick({"minItems", "maxItems"}), whole(random_.below(3))); return;
    case 10: out.set("uniqueItems", Value::boolean(true)); return;
    case 11: {
      const std::string where = draft_ < 2019 ? "#/definitions/" : "#/$defs/";
      out.set("$ref", text(where + std::string(random_.pick({"p", "q", "r"}))));
      return;
    }
    case 12:
      if (draft_ > 4) out.set("const", value(2));
      return;
    default: {
      const auto first = random_.below(letters.size());
      out.set("required", Value::list({text(letters.at(first)), text(letters.at((first + 1) % letters.size()))}));
      return;
    }
  }
}

void SchemaGenerator::add_nested_keyword(Value& out, int depth) {
  const auto map_of = [&](std::string key) {
    Value map = Value::map();
    map.set(key, schema(depth + 1));
    return map;
  };
  switch (random_.below(7)) {
    case 0: {
      Value properties = Value::map();
      for (auto count = 1 + random_.below(3); count > 0; --count) properties.set(name(), schema(depth + 1));
      out.set("properties", properties);
      return;
    }
    case 1: out.set("patternProperties", map_of(std::string(random_.pick({"^a", "1$", "x"})))); return;
    case 2: out.set("additionalProperties", random_.chance(40) ? Value::boolean(false) : schema(depth + 1)); return;
    case 3:
      if (draft_ < 2020 && random_.chance(40)) {
        out.set("items", list_of_schemas(depth));
        if (random_.chance(50)) {
          out.set("additionalItems", random_.chance(50) ? Value::boolean(random_.chance(50)) : schema(depth + 1));
        }
      } else {
        out.set("items", schema(depth + 1));
      }
      return;
    case 4: out.set(random_.pick({"allOf", "anyOf", "oneOf"}), list_of_schemas(depth)); return;
    case 5: out.set("not", schema(depth + 1)); return;
    default:
      if (random_.chance(50)) {
        out.set("dependencies", map_of(std::string(random_.pick(letters))));
      } else {
        Value names = Value::map();
        names.set(random_.pick(letters), Value::list({text("d"), text("x")}));
        out.set("dependencies", names);
      }
  }
}

void SchemaGenerator::add_later_keyword(Value& out, int depth) {
  const auto what = random_.below(8);
  if (draft_ > 4 && what == 0) out.set("contains", schema(depth + 1));
  if (draft_ > 4 && what == 1) out.set("propertyNames", schema(depth + 1));
  if (draft_ >= 7 && what == 2) {
    out.set("if", schema(depth + 1));
    out.set(random_.pick({"then", "else"}), schema(depth + 1));
  }
  if (draft_ < 2019) return;
  if (what == 3) {
    out.set("contains", schema(depth + 1));
    out.set(random_.pick({"minContains", "maxContains"}), whole(random_.below(3)));
  }
  if (what == 4) {
    out.set(random_.pick({"unevaluatedProperties", "unevaluatedItems"}),
            random_.chance(50) ? Value::boolean(false) : schema(depth + 1));
  }
  if (what == 5) {
    Value names = Value::map();
    names.set(random_.pick(letters), Value::list({text("d"), text("x")}));
    out.set("dependentRequired", names);
  }
  if (what == 6) {
    Value schemas = Value::map();
    schemas.set(random_.pick(letters), schema(depth + 1));
    out.set("dependentSchemas", schemas);
  }
  if (what == 7 && draft_ >= 2020) out.set("prefixItems", list_of_schemas(depth));
}

Value SchemaGenerator::schema(int depth) {
  if (draft_ != 4 && random_.chance(5)) return Value::boolean(random_.chance(50));
  Value out = Value::map();
  for (auto count = 1 + random_.below(4); count > 0; --count) {
    const auto what = random_.below(5);
    if (what < 2 || depth >= 3) {
      add_scalar_keyword(out);
    } else if (what < 4) {
      add_nested_keyword(out, depth);
    } else {
      add_later_keyword(out, depth);
    }
  }
  return out;
}

std::pair<Value, Value> SchemaGenerator::next() {
  constexpr std::array<int, 5> drafts{4, 6, 7, 2019, 2020};
  draft_ = drafts.at(random_.below(drafts.size()));
  Value one = schema(0);
  if (one.is_bool() || random_.chance(80)) {
    Value outer = Value::map();
    Value properties = Value::map();
    properties.set("v", one);
    outer.set("properties", properties);
    one = outer;
  }
  Value definitions = Value::map();
  for (const auto* key : {"p", "q", "r"}) definitions.set(key, schema(1));
  one.set(draft_ < 2019 ? "definitions" : "$defs", definitions);
  // The newest draft needs no name.
  if (draft_ != 2020 || random_.chance(50)) one.set("$schema", text(draft_url(draft_)));
  Value values = Value::map();
  if (random_.chance(80)) {
    values.set("v", value(0));
  } else {
    for (const auto* key : {"a", "b", "x"}) values.set(key, value(1));
  }
  return {one, values};
}

}  // namespace gitopsctl::tests
