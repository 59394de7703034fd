#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text/regex.hpp"
#include "base/value/value.hpp"
#include "render/schema/exact_number.hpp"
#include "render/schema/formats.hpp"
#include "render/schema/schema.hpp"

namespace gitopsctl::render::schema {

/// The kinds of JSON, as bits, in the order in which messages name them.
enum class Type : std::uint8_t { null = 1, boolean = 2, number = 4, integer = 8, string = 16, array = 32, object = 64 };

struct Node;

/// `additionalProperties`, `additionalItems`: a plain yes or no, or a schema.
struct Additional {
  std::optional<bool> allowed;
  const Node* node = nullptr;
  [[nodiscard]] bool given() const noexcept { return allowed.has_value() || node != nullptr; }
};

/// Schemas by name, in bytewise order of the names.
class NodeMap {
 public:
  using Entry = std::pair<std::string_view, const Node*>;
  /// `name` comes behind all names that were added before, and outlives the map.
  void add(std::string_view name, const Node* node) { entries_.emplace_back(name, node); }
  void reserve(std::size_t count) { entries_.reserve(count); }
  /// The schema with that name, or nullptr.
  [[nodiscard]] const Node* find(std::string_view name) const {
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), name,
                                     [](const Entry& entry, std::string_view wanted) { return entry.first < wanted; });
    return at != entries_.end() && at->first == name ? at->second : nullptr;
  }
  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
};

/// One schema: an object of keywords at a place in a document. Names as in the specification.
struct Node {
  std::string_view url;           ///< of its document; the program keeps it
  std::string pointer;            ///< its place there (RFC 6901)
  const Value* source = nullptr;  ///< what is there, when that was known from the start; the program keeps it
  /// Both, as messages name it.
  [[nodiscard]] std::string location() const;
  int draft = 0;
  std::optional<bool> boolean;                                      ///< `true`, `false`; an empty object is true
  const Node* resource = nullptr;                                   ///< the schema with the `$id` above it, or the root
  std::map<std::string, const Node*, std::less<>> dynamic_anchors;  ///< of a resource

  const Node* ref = nullptr;
  const Node* recursive_ref = nullptr;
  bool recursive_anchor = false;
  const Node* dynamic_ref = nullptr;
  std::string dynamic_ref_anchor;
  std::string dynamic_anchor;

  unsigned types = 0;  ///< bits of Type
  std::optional<Value> constant;
  std::optional<Value::List> enumeration;
  std::string format_name;
  FormatCheck format = nullptr;
  const Node* not_ = nullptr;
  std::vector<const Node*> all_of, any_of, one_of;
  const Node* if_ = nullptr;
  const Node* then_ = nullptr;
  const Node* else_ = nullptr;

  std::optional<std::int64_t> min_properties, max_properties;
  std::vector<std::string> required;
  const Node* property_names = nullptr;
  NodeMap properties;
  struct Pattern {
    std::shared_ptr<const Regex> regex;
    const Node* node;
  };
  std::vector<Pattern> pattern_properties;
  Additional additional_properties;
  struct Dependency {
    std::vector<std::string> names;
    const Node* node = nullptr;
  };
  std::vector<std::pair<std::string, Dependency>> dependencies;  ///< by name, in bytewise order
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;
  NodeMap dependent_schemas;
  const Node* unevaluated_properties = nullptr;

  std::optional<std::int64_t> min_items, max_items;
  bool unique_items = false;
  const Node* contains = nullptr;
  std::optional<std::int64_t> min_contains, max_contains;
  const Node* items = nullptr;
  std::vector<const Node*> prefix_items;  ///< `items` with a list before 2020-12
  Additional additional_items;
  const Node* unevaluated_items = nullptr;

  std::optional<std::int64_t> min_length, max_length;
  std::shared_ptr<const Regex> pattern;
  std::string pattern_text;

  std::unique_ptr<const ExactNumber> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;

  /// What its own keywords say of all properties and items, for `unevaluated…`.
  bool all_properties_evaluated = false;
  bool all_items_evaluated = false;
  std::size_t items_evaluated = 0;
};

/// Compiled schemas that refer to each other.
struct Program {
  std::deque<std::string> urls;  ///< of the documents
  std::deque<Value> roots;       ///< what they hold
  std::deque<Node> nodes;
  const Node* root = nullptr;
  std::vector<std::string> unresolved;
};

/// Which metaschema holds for parts of a schema document that is validated itself: the places that have an `$id`.
using Resources = std::map<std::string, const Node*, std::less<>>;

/// As Schema::problems() for any schema of a program. With `resources`, `value` is a schema document and `root` its
/// metaschema.
[[nodiscard]] Result<std::string> find_problems(const Node& root, const Value& value, bool quote_values,
                                                const Habits& habits, const Resources* resources = nullptr);

}  // namespace gitopsctl::render::schema
