#include "render/schema/plain_schema.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text/regex.hpp"
#include "render/schema/program.hpp"
#include "render/schema/words.hpp"

namespace gitopsctl::render::schema {
namespace {

/// What a keyword must hold to be valid in every draft that knows it; where a draft allows more, nothing is said.
enum class Holds : std::uint8_t {
  anything,
  text,
  flag,
  number,
  positive,       ///< a number above 0
  count,          ///< an integer from 0 on
  schema,         ///< also true and false, but for draft 4
  schema_or_yes,  ///< also true and false, in all drafts
  schemas,        ///< a list of at least one
  items,          ///< a schema, or before 2020-12 a list of them
  members,        ///< schemas by name
  patterns,       ///< schemas by pattern
  pattern,
  types,
  names,    ///< texts, none of them twice
  choices,  ///< a list of at least one scalar, none of them twice
  list,
  bound,      ///< a number, but in draft 4
  reference,  ///< a pointer into the same document
  identity,
  unknown,  ///< what is rare or subtle
};

struct Keyword {
  std::string_view name;
  Holds holds;
};

// In bytewise order.
constexpr std::array<Keyword, 62> keywords{{
    {"$anchor", Holds::unknown},
    {"$comment", Holds::text},
    {"$defs", Holds::members},
    {"$dynamicAnchor", Holds::unknown},
    {"$dynamicRef", Holds::unknown},
    {"$id", Holds::identity},
    {"$recursiveAnchor", Holds::unknown},
    {"$recursiveRef", Holds::unknown},
    {"$ref", Holds::reference},
    {"$vocabulary", Holds::unknown},
    {"additionalItems", Holds::schema_or_yes},
    {"additionalProperties", Holds::schema_or_yes},
    {"allOf", Holds::schemas},
    {"anyOf", Holds::schemas},
    {"const", Holds::anything},
    {"contains", Holds::schema},
    {"contentEncoding", Holds::text},
    {"contentMediaType", Holds::text},
    {"contentSchema", Holds::schema},
    {"default", Holds::anything},
    {"definitions", Holds::members},
    {"dependencies", Holds::unknown},
    {"dependentRequired", Holds::unknown},
    {"dependentSchemas", Holds::members},
    {"deprecated", Holds::flag},
    {"description", Holds::text},
    {"else", Holds::schema},
    {"enum", Holds::choices},
    {"examples", Holds::list},
    {"exclusiveMaximum", Holds::bound},
    {"exclusiveMinimum", Holds::bound},
    {"format", Holds::text},
    {"id", Holds::identity},
    {"if", Holds::schema},
    {"items", Holds::items},
    {"maxContains", Holds::count},
    {"maxItems", Holds::count},
    {"maxLength", Holds::count},
    {"maxProperties", Holds::count},
    {"maximum", Holds::number},
    {"minContains", Holds::count},
    {"minItems", Holds::count},
    {"minLength", Holds::count},
    {"minProperties", Holds::count},
    {"minimum", Holds::number},
    {"multipleOf", Holds::positive},
    {"not", Holds::schema},
    {"oneOf", Holds::schemas},
    {"pattern", Holds::pattern},
    {"patternProperties", Holds::patterns},
    {"prefixItems", Holds::schemas},
    {"properties", Holds::members},
    {"propertyNames", Holds::schema},
    {"readOnly", Holds::flag},
    {"required", Holds::names},
    {"then", Holds::schema},
    {"title", Holds::text},
    {"type", Holds::types},
    {"unevaluatedItems", Holds::schema},
    {"unevaluatedProperties", Holds::schema},
    {"uniqueItems", Holds::flag},
    {"writeOnly", Holds::flag},
}};
static_assert(std::is_sorted(keywords.begin(), keywords.end(),
                             [](const Keyword& a, const Keyword& b) { return a.name < b.name; }));

bool all_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [others](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
  });
}

/// A pattern that is one whatever the rules, or that compiles.
bool is_pattern(std::string_view text) { return all_of(text, "_-/:=@#,; ") || Regex::compile(text).ok(); }

bool is_number(const Value& value) { return type_of(value) == static_cast<unsigned>(Type::number); }

bool is_count(const Value& value) {
  if (!is_number(value)) return false;
  const auto text = number_text(value);
  return text.size() <= 15 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Texts, none of them twice.
bool are_names(const Value& value) {
  if (!value.is_list()) return false;
  std::vector<std::string_view> names;
  names.reserve(value.as_list().size());
  for (const auto& item : value.as_list()) {
    if (!item.is_string()) return false;
    names.push_back(item.as_string());
  }
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) == names.end();
}

/// Scalars that differ as texts: in every comparison, then.
bool are_choices(const Value& value) {
  if (!value.is_list() || value.size() == 0) return false;
  std::vector<std::string> texts;
  texts.reserve(value.as_list().size());
  for (const auto& item : value.as_list()) {
    if (item.is_string()) {
      texts.emplace_back(item.as_string());
    } else if (item.is_null()) {
      texts.emplace_back("null");
    } else if (item.is_bool()) {
      texts.emplace_back(item.as_bool() ? "true" : "false");
    } else if (is_count(item)) {
      texts.push_back(number_text(item));
    } else {
      return false;
    }
  }
  std::sort(texts.begin(), texts.end());
  return std::adjacent_find(texts.begin(), texts.end()) == texts.end();
}

bool is_type_name(const Value& value) {
  if (!value.is_string()) return false;
  constexpr std::array<std::string_view, 7> names{"array", "boolean", "integer", "null", "number", "object", "string"};
  return std::find(names.begin(), names.end(), value.as_string()) != names.end();
}

class Look {
 public:
  explicit Look(int draft) : draft_(draft) {}

  Plainness at(const Value& document) {
    if (!document.is_map() || !schema(document, true)) return Plainness::unknown;
    return has_identity_ ? Plainness::valid : Plainness::plain;
  }

 private:
  bool schema(const Value& value, bool is_root = false) {
    if (value.is_bool()) return draft_ > 4;
    if (!value.is_map()) return false;
    for (const auto& member : value.as_map()) {
      const auto name = member.key.view();
      if (is_root && (name == "$id" || name == "id")) {
        if (!is_plain_url(member.value)) return false;
        continue;
      }
      if (name == "$schema") {
        // Of the whole document, by whose draft it is being looked at.
        const auto url = member.value.as_string();
        if (!is_root || !(url.starts_with("http://") || url.starts_with("https://"))) return false;
        continue;
      }
      const auto keyword = std::lower_bound(keywords.begin(), keywords.end(), name,
                                            [](const Keyword& one, std::string_view wanted) { return one.name < wanted; });
      if (keyword == keywords.end() || keyword->name != name) continue;
      if (!holds(keyword->holds, member.value)) return false;
    }
    return true;
  }

  bool holds(Holds what, const Value& value) {
    switch (what) {
      case Holds::anything: return true;
      case Holds::text: return value.is_string();
      case Holds::flag: return value.is_bool();
      case Holds::number: return is_number(value);
      case Holds::positive: return is_count(value) && number_text(value).find_first_not_of('0') != std::string::npos;
      case Holds::count: return is_count(value);
      case Holds::schema: return schema(value);
      case Holds::schema_or_yes: return value.is_bool() || schema(value);
      case Holds::schemas: return schemas(value);
      case Holds::items: return value.is_list() ? draft_ < 2020 && schemas(value) : schema(value);
      case Holds::members: return members(value, false);
      case Holds::patterns: return members(value, true);
      case Holds::pattern: return value.is_string() && is_pattern(value.as_string());
      case Holds::types:
        if (!value.is_list()) return is_type_name(value);
        return value.size() > 0 && std::all_of(value.as_list().begin(), value.as_list().end(), is_type_name) &&
               are_names(value);
      case Holds::names: return are_names(value) && (draft_ > 4 || value.size() > 0);
      case Holds::choices: return are_choices(value);
      case Holds::list: return value.is_list();
      case Holds::bound: return draft_ > 4 && is_number(value);
      case Holds::reference: return value.is_string() && is_pointer(value.as_string());
      case Holds::identity: return identity(value);
      case Holds::unknown: return false;
    }
    return false;
  }

  bool schemas(const Value& value) {
    if (!value.is_list() || value.size() == 0) return false;
    return std::all_of(value.as_list().begin(), value.as_list().end(), [this](const Value& one) { return schema(one); });
  }

  bool members(const Value& value, bool are_patterns) {
    if (!value.is_map()) return false;
    return std::all_of(value.as_map().begin(), value.as_map().end(), [&](const Value::Member& one) {
      return (!are_patterns || is_pattern(one.key.view())) && schema(one.value);
    });
  }

  static bool is_pointer(std::string_view text) {
    return text == "#" || (text.starts_with("#/") && all_of(text.substr(1), "/_-.$"));
  }

  bool identity(const Value& value) {
    has_identity_ = true;
    return is_plain_url(value);
  }

  static bool is_plain_url(const Value& value) {
    if (!value.is_string()) return false;
    auto text = value.as_string();
    // Metaschemas are known by names that begin so.
    if (text.starts_with("http://json-schema.org/") || text.starts_with("https://json-schema.org/")) return false;
    if (!text.starts_with("http://") && !text.starts_with("https://")) return false;
    text.remove_prefix(text.find(':') + 3);
    return all_of(text, "/_-.");
  }

  int draft_;
  bool has_identity_ = false;
};

}  // namespace

Plainness look_at_schema(const Value& document, int draft) { return Look(draft).at(document); }

}  // namespace gitopsctl::render::schema
