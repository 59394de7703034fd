#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <set>
#include <unordered_map>

#include "base/text/go_format.hpp"
#include "base/text/json_pointer.hpp"
#include "base/text/utf8.hpp"
#include "render/functions/go_json.hpp"
#include "render/schema/program.hpp"
#include "render/schema/schema.hpp"
#include "render/schema/words.hpp"
#include "render/template/engine.hpp"
#include "render/template/stack.hpp"

namespace gitopsctl::render::schema {
namespace {

/// One thing that is wrong, and what made it so.
struct Failure {
  enum class Kind : std::uint8_t { plain, group, reference };
  Kind kind = Kind::plain;
  std::string pointer;
  std::string text;
  std::vector<std::unique_ptr<Failure>> causes;
};
using FailurePtr = std::unique_ptr<Failure>;
using Failures = std::vector<FailurePtr>;

/// The properties and items of a value that no keyword has looked at yet.
struct Unevaluated {
  std::set<std::string, std::less<>> properties;
  std::set<std::size_t> items;

  [[nodiscard]] bool empty() const noexcept { return properties.empty() && items.empty(); }
  void keep_only(const Unevaluated& other) {
    std::erase_if(properties, [&](const auto& name) { return !other.properties.contains(name); });
    std::erase_if(items, [&](std::size_t i) { return !other.items.contains(i); });
  }
};

Unevaluated unevaluated_of(const Value& value, const Node& node, bool caller_asks) {
  Unevaluated out;
  if (value.is_map() && !node.all_properties_evaluated && (caller_asks || node.unevaluated_properties != nullptr)) {
    for (const auto& member : value.as_map()) out.properties.emplace(member.key.view());
  } else if (value.is_list() && !node.all_items_evaluated && (caller_asks || node.unevaluated_items != nullptr)) {
    for (std::size_t i = node.items_evaluated; i < value.as_list().size(); ++i) out.items.insert(i);
  }
  return out;
}

/// A schema being applied, and how it was come to.
struct Scope {
  const Node* node;
  std::string_view keyword;  ///< of the reference that led here; empty below a keyword of the parent
  std::size_t value;         ///< which value: equal numbers on one way mean one value
  const Scope* parent;

  /// The keywords from the root to here.
  [[nodiscard]] std::string path() const {
    std::string out;
    for (const auto* scope = this; scope->parent != nullptr; scope = scope->parent) {
      const auto above = scope->parent->node->location();
      const auto here = scope->node->location();
      out.insert(
          0, scope->keyword.empty() ? here.substr(std::min(above.size(), here.size())) : '/' + pointer_step(scope->keyword));
    }
    return out;
  }
};

/// A schema and the value that it is applied to.
struct Frame {
  const Node* node;
  const Value& value;
  std::vector<std::string>& place;
  Scope scope;
  Unevaluated unevaluated;
  bool only_whether;  ///< nobody will read why
  const Node* meta;   ///< when a schema document is checked: its metaschema here
  Failures failures = {};
};

class Check {
 public:
  Check(const Resources* resources, const Habits& habits, bool quote_values)
      : resources_(resources), habits_(habits), quote_values_(quote_values) {}

  /// What is wrong with a value, seen for itself.
  Failures run(const Node& node, const Value& value, const Node* meta) {
    std::vector<std::string> place;
    Frame frame{&node, value, place, {&node, {}, 0, nullptr}, unevaluated_of(value, node, false), false, meta};
    Failures out;
    auto failure = apply(frame);
    if (failure == nullptr) return out;
    if (failure->kind == Failure::Kind::group) return std::move(failure->causes);
    out.push_back(std::move(failure));
    return out;
  }

  [[nodiscard]] bool gave_up() const noexcept { return gave_up_; }

 private:
  static FailurePtr say(const Frame& frame, std::string text, Failure::Kind kind = Failure::Kind::plain) {
    auto out = std::make_unique<Failure>();
    out->kind = kind;
    if (frame.only_whether) return out;
    for (const auto& step : frame.place) out->pointer += '/' + pointer_step(step);
    out->text = std::move(text);
    return out;
  }
  static void add(Frame& frame, FailurePtr failure) {
    if (failure != nullptr) frame.failures.push_back(std::move(failure));
  }
  static void add(Frame& frame, std::string text, Failures causes = {}) {
    frame.failures.push_back(say(frame, std::move(text)));
    frame.failures.back()->causes = std::move(causes);
  }
  [[nodiscard]] static bool done(const Frame& frame) noexcept { return frame.only_whether && !frame.failures.empty(); }

  FailurePtr apply(Frame& frame) {
    if (++steps_ > Schema::max_steps || depth_ > Schema::max_depth || detail::stack_exhausted()) gave_up_ = true;
    if (gave_up_) return say(frame, "");
    const Node& node = *frame.node;
    if (node.boolean) return *node.boolean ? nullptr : say(frame, "false schema");
    for (const auto* above = frame.scope.parent; above != nullptr && above->value == frame.scope.value;
         above = above->parent) {
      if (above->node != frame.scope.node) continue;
      return say(frame, "both " + frame.scope.path() + " and " + above->path() + " resolve to " + go_quote(node.location()) +
                            " causing reference cycle");
    }
    if (auto failure = check_kind(frame)) return failure;
    if (node.ref != nullptr) {
      auto failure = follow(frame, *node.ref, "$ref");
      if (node.draft < 2019) return failure;
      add(frame, std::move(failure));
    }
    if (frame.value.is_map()) {
      check_object(frame);
    } else if (frame.value.is_list()) {
      check_array(frame);
    } else if (frame.value.is_string()) {
      check_string(frame);
    } else if (type_of(frame.value) == static_cast<unsigned>(Type::number)) {
      check_number(frame);
    }
    if (!done(frame)) {
      check_references(frame);
      check_conditions(frame);
      check_unevaluated(frame);
    }
    if (frame.failures.empty()) return nullptr;
    if (frame.failures.size() == 1) return std::move(frame.failures.front());
    auto group = say(frame, "validation failed", Failure::Kind::group);
    group->causes = std::move(frame.failures);
    return group;
  }

  /// `type`, `const`, `enum`, `format`: the first that fails ends it.
  FailurePtr check_kind(Frame& frame) const {
    const Node& node = *frame.node;
    const Value& value = frame.value;
    const unsigned type = type_of(value);
    if (type == 0) return say(frame, "invalid jsonType " + std::string(go_type_name(value)));
    constexpr auto integer = static_cast<unsigned>(Type::integer);
    if (node.types != 0 && (node.types & type) == 0) {
      const bool whole = (node.types & integer) != 0 && type == static_cast<unsigned>(Type::number) && is_integer(value);
      if (!whole) return say(frame, "got " + type_names(type) + ", want " + type_names(node.types));
    }
    if (node.constant && !same(value, *node.constant)) {
      const bool plain = !node.constant->is_list() && !node.constant->is_map();
      return say(frame, plain ? "value must be " + shown(*node.constant) : "'const' failed");
    }
    if (node.enumeration) {
      const auto& wanted = *node.enumeration;
      if (std::none_of(wanted.begin(), wanted.end(), [&](const Value& one) { return same(value, one); }) ||
          !has_kind_of(wanted, type)) {
        return say(frame, one_of_text(wanted));
      }
    }
    if (node.format != nullptr && value.is_string()) {
      if (const auto problem = node.format(value.as_string())) {
        if (!quote_values_) return say(frame, "is not valid " + node.format_name);
        return say(frame, quoted(value.as_string()) + " is not valid " + node.format_name + ": " + *problem);
      }
    }
    return nullptr;
  }

  [[nodiscard]] bool same(const Value& value, const Value& wanted) const {
    return habits_.corrected ? equal(value, wanted) : loosely_equal(value, wanted);
  }
  /// Helm's library looks for the type first.
  static bool has_kind_of(const Value::List& wanted, unsigned type) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const Value& one) { return type_of(one) == type; });
  }

  static std::string one_of_text(const Value::List& wanted) {
    if (std::any_of(wanted.begin(), wanted.end(), [](const Value& one) { return one.is_list() || one.is_map(); })) {
      return "'enum' failed";
    }
    std::string list;
    for (const auto& one : wanted) list += (list.empty() ? "" : ", ") + shown(one);
    return (wanted.size() == 1 ? "value must be " : "value must be one of ") + list;
  }

  void check_object(Frame& frame) {
    const Node& node = *frame.node;
    const Value& object = frame.value;
    const auto size = static_cast<std::int64_t>(object.size());
    check_bounds(frame, size, node.min_properties, node.max_properties, "Properties");
    if (const auto names = missing(object, node.required); !names.empty()) {
      add(frame, (names.size() == 1 ? "missing property " : "missing properties ") + quoted_list(names));
    }
    if (done(frame)) return;
    for (const auto& [name, dependency] : node.dependencies) {
      if (object.find(name) == nullptr) continue;
      if (dependency.node != nullptr) {
        add(frame, apply_here(frame, *dependency.node));
      } else {
        require(frame, name, dependency.names);
      }
    }
    check_properties(frame);
    check_property_names(frame);
    for (const auto& [name, dependent] : node.dependent_schemas) {
      if (object.find(name) != nullptr) add(frame, apply_here(frame, *dependent));
    }
    for (const auto& [name, names] : node.dependent_required) {
      if (object.find(name) != nullptr) require(frame, name, names);
    }
  }

  static void require(Frame& frame, const std::string& name, const std::vector<std::string>& names) {
    const auto lacking = missing(frame.value, names);
    if (!lacking.empty()) {
      add(frame, "properties " + quoted_list(lacking) + " required, if " + quoted(name) + " exists");
    }
  }

  static std::vector<std::string> missing(const Value& object, const std::vector<std::string>& names) {
    std::vector<std::string> out;
    for (const auto& name : names) {
      if (object.find(name) == nullptr) out.push_back(name);
    }
    return out;
  }

  void check_properties(Frame& frame) {
    const Node& node = *frame.node;
    std::vector<std::string> additional;
    for (const auto& member : frame.value.as_map()) {
      if (done(frame)) return;
      const auto name = member.key.view();
      bool evaluated = false;
      if (const auto* own = node.properties.find(name); own != nullptr) {
        evaluated = true;
        add(frame, apply_to(frame, *own, member.value, std::string(name)));
      }
      for (const auto& pattern : node.pattern_properties) {
        if (!pattern.regex->matches(name)) continue;
        evaluated = true;
        add(frame, apply_to(frame, *pattern.node, member.value, std::string(name)));
      }
      if (!evaluated && node.additional_properties.given()) {
        evaluated = true;
        if (node.additional_properties.node != nullptr) {
          add(frame, apply_to(frame, *node.additional_properties.node, member.value, std::string(name)));
        } else if (!*node.additional_properties.allowed) {
          additional.emplace_back(name);
        }
      }
      if (!evaluated) continue;
      const auto left = frame.unevaluated.properties.find(name);
      if (left != frame.unevaluated.properties.end()) frame.unevaluated.properties.erase(left);
    }
    if (!additional.empty()) add(frame, "additional properties " + quoted_list(additional) + " not allowed");
  }

  /// A name is a value of its own: what is wrong with it is told without the place of the object.
  void check_property_names(Frame& frame) {
    if (frame.node->property_names == nullptr) return;
    for (const auto& member : frame.value.as_map()) {
      const Node* node = frame.node->property_names;
      const Node* meta = frame.meta;
      if (const auto* own = metaschema_at(frame, node)) node = meta = own;
      auto causes = run(*node, Value::string(member.key), meta);
      if (causes.empty()) continue;
      add(frame, "invalid propertyName " + quoted(member.key.view()), std::move(causes));
      if (!habits_.corrected) frame.failures.back()->pointer.clear();
    }
  }

  void check_array(Frame& frame) {
    const Node& node = *frame.node;
    const auto& items = frame.value.as_list();
    check_bounds(frame, static_cast<std::int64_t>(items.size()), node.min_items, node.max_items, "Items");
    if (node.unique_items) check_unique(frame);
    const auto listed = std::min(node.prefix_items.size(), items.size());
    for (std::size_t i = 0; i < listed; ++i) add(frame, apply_to(frame, *node.prefix_items[i], items[i], std::to_string(i)));
    const auto first = habits_.corrected ? 0 : listed;
    for (std::size_t i = listed; node.items != nullptr && i < items.size(); ++i) {
      add(frame, apply_to(frame, *node.items, items[i], std::to_string(i - first)));
    }
    if (node.additional_items.node != nullptr) {
      for (std::size_t i = listed; i < items.size(); ++i) {
        add(frame, apply_to(frame, *node.additional_items.node, items[i], std::to_string(i - first)));
      }
    } else if (node.additional_items.allowed && !*node.additional_items.allowed && listed < items.size()) {
      add(frame, "last " + grouped(static_cast<std::int64_t>(items.size() - listed)) + " additionalItem(s) not allowed");
    }
    check_contains(frame);
  }

  void check_unique(Frame& frame) const {
    const auto& items = frame.value.as_list();
    // Short lists are compared one by one, by a comparison that is not the same in both directions.
    if (!habits_.corrected && items.size() <= 20) {
      for (std::size_t i = 1; i < items.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          if (loosely_equal(items[i], items[j])) return say_equal(frame, j, i);
        }
      }
      return;
    }
    std::unordered_map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto [first, fresh] = seen.emplace(comparable(items[i]), i);
      if (fresh) continue;
      return say_equal(frame, first->second, i);
    }
  }

  static void say_equal(Frame& frame, std::size_t first, std::size_t second) {
    add(frame, "items at " + grouped(static_cast<std::int64_t>(first)) + " and " +
                   grouped(static_cast<std::int64_t>(second)) + " are equal");
  }

  void check_contains(Frame& frame) {
    const Node& node = *frame.node;
    if (node.contains == nullptr) return;
    const auto& items = frame.value.as_list();
    Failures others;
    std::string places;
    std::int64_t matched = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (auto failure = apply_to(frame, *node.contains, items[i], std::to_string(i))) {
        others.push_back(std::move(failure));
        continue;
      }
      ++matched;
      places += (places.empty() ? "" : " ") + std::to_string(i);
      if (node.draft >= 2020) frame.unevaluated.items.erase(i);
    }
    const std::string counted = ", but matched " + grouped(matched) + " items at " + places;
    if (!node.min_contains) {
      if (matched == 0) add(frame, "no items match contains schema", std::move(others));
    } else if (matched < *node.min_contains) {
      add(frame,
          "min " + grouped(*node.min_contains) + " items required to match contains schema" +
              (matched == 0 ? ", but none matched" : counted),
          std::move(others));
    }
    if (node.max_contains && matched > *node.max_contains) {
      add(frame, "max " + grouped(*node.max_contains) + " items required to match contains schema" + counted);
    }
  }

  void check_string(Frame& frame) const {
    const Node& node = *frame.node;
    const auto text = frame.value.as_string();
    if (node.min_length || node.max_length) {
      check_bounds(frame, static_cast<std::int64_t>(rune_count(text)), node.min_length, node.max_length, "Length");
    }
    if (node.pattern != nullptr && !node.pattern->matches(text)) {
      add(frame, (quote_values_ ? quoted(text) + " does" : "does") + " not match pattern " + quoted(node.pattern_text));
    }
  }

  static std::size_t rune_count(std::string_view text) {
    std::size_t count = 0;
    for (; !text.empty(); ++count) text.remove_prefix(decode_utf8(text).length);
    return count;
  }

  static void check_bounds(Frame& frame, std::int64_t got, const std::optional<std::int64_t>& min,
                           const std::optional<std::int64_t>& max, const char* what) {
    const auto outside = [&](const char* bound, std::int64_t want) {
      add(frame, std::string(bound) + what + ": got " + grouped(got) + ", want " + grouped(want));
    };
    if (min && got < *min) outside("min", *min);
    if (max && got > *max) outside("max", *max);
  }

  void check_number(Frame& frame) const {
    const Node& node = *frame.node;
    const auto number = ExactNumber::parse(number_text(frame.value));
    if (!number) return;
    const auto check = [&](const char* what, const std::unique_ptr<const ExactNumber>& want, auto good) {
      if (!want || good(*want)) return;
      const std::string got = quote_values_ ? "got " + grouped(number->to_double()) + ", " : "";
      add(frame, std::string(what) + ": " + got + "want " + grouped(want->to_double()));
    };
    check("minimum", node.minimum, [&](const auto& want) { return number->compare(want) >= 0; });
    check("maximum", node.maximum, [&](const auto& want) { return number->compare(want) <= 0; });
    check("exclusiveMinimum", node.exclusive_minimum, [&](const auto& want) { return number->compare(want) > 0; });
    check("exclusiveMaximum", node.exclusive_maximum, [&](const auto& want) { return number->compare(want) < 0; });
    check("multipleOf", node.multiple_of, [&](const auto& want) { return number->is_multiple_of(want); });
  }

  void check_conditions(Frame& frame) {
    const Node& node = *frame.node;
    if (node.not_ != nullptr && apply_here(frame, *node.not_, true) == nullptr) add(frame, "'not' failed");
    check_all_of(frame);
    check_any_of(frame);
    check_one_of(frame);
    if (node.if_ == nullptr) return;
    if (apply_here(frame, *node.if_, true) == nullptr) {
      if (node.then_ != nullptr) add(frame, apply_here(frame, *node.then_));
    } else if (node.else_ != nullptr) {
      add(frame, apply_here(frame, *node.else_));
    }
  }

  void check_all_of(Frame& frame) {
    Failures causes;
    for (const auto* one : frame.node->all_of) {
      if (auto failure = apply_here(frame, *one)) causes.push_back(std::move(failure));
      if (frame.only_whether && !causes.empty()) break;
    }
    if (!causes.empty()) add(frame, "'allOf' failed", std::move(causes));
  }

  void check_any_of(Frame& frame) {
    if (frame.node->any_of.empty()) return;
    bool matched = false;
    Failures causes;
    for (const auto* one : frame.node->any_of) {
      if (auto failure = apply_here(frame, *one)) {
        causes.push_back(std::move(failure));
        continue;
      }
      matched = true;
      // What others of them evaluate counts as well.
      if (frame.unevaluated.empty()) break;
    }
    if (!matched) add(frame, "'anyOf' failed", std::move(causes));
  }

  void check_one_of(Frame& frame) {
    const auto& all = frame.node->one_of;
    if (all.empty()) return;
    std::optional<std::size_t> matched;
    Failures causes;
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto failure = apply_here(frame, *all[i], matched.has_value());
      if (failure != nullptr) {
        if (!matched) causes.push_back(std::move(failure));
      } else if (!matched) {
        matched = i;
      } else {
        add(frame, "'oneOf' failed, subschemas " + grouped(static_cast<std::int64_t>(*matched)) + ", " +
                       grouped(static_cast<std::int64_t>(i)) + " matched");
        return;
      }
    }
    if (!matched) add(frame, "'oneOf' failed, none matched", std::move(causes));
  }

  void check_unevaluated(Frame& frame) {
    const Node& node = *frame.node;
    if (frame.value.is_map() && node.unevaluated_properties != nullptr) {
      const auto left = std::exchange(frame.unevaluated.properties, {});
      for (const auto& name : left) {
        add(frame, apply_to(frame, *node.unevaluated_properties, *frame.value.find(name), name));
      }
    }
    if (frame.value.is_list() && node.unevaluated_items != nullptr) {
      const auto left = std::exchange(frame.unevaluated.items, {});
      for (const std::size_t i : left) {
        add(frame, apply_to(frame, *node.unevaluated_items, frame.value.as_list()[i], std::to_string(i)));
      }
    }
  }

  void check_references(Frame& frame) {
    const Node& node = *frame.node;
    if (const auto* target = node.recursive_ref; target != nullptr) {
      if (target->recursive_anchor) {
        for (const auto* scope = &frame.scope; scope != nullptr; scope = scope->parent) {
          if (scope->node->resource->recursive_anchor) target = scope->node;
        }
      }
      add(frame, follow(frame, *target, "$recursiveRef"));
    }
    if (const auto* target = node.dynamic_ref; target != nullptr) {
      if (!node.dynamic_ref_anchor.empty() && target->dynamic_anchor == node.dynamic_ref_anchor) {
        for (const auto* scope = &frame.scope; scope != nullptr; scope = scope->parent) {
          const auto& anchors = scope->node->resource->dynamic_anchors;
          if (const auto found = anchors.find(node.dynamic_ref_anchor); found != anchors.end()) target = found->second;
        }
      }
      add(frame, follow(frame, *target, "$dynamicRef"));
    }
  }

  FailurePtr follow(Frame& frame, const Node& target, std::string_view keyword) {
    auto failure = apply_here(frame, target, false, keyword);
    if (failure == nullptr) return nullptr;
    auto out = say(frame, "validation failed", Failure::Kind::reference);
    if (failure->kind == Failure::Kind::group) {
      out->causes = std::move(failure->causes);
    } else {
      out->causes.push_back(std::move(failure));
    }
    return out;
  }

  /// Another schema for the same value.
  FailurePtr apply_here(Frame& frame, const Node& node, bool only_whether = false, std::string_view keyword = {}) {
    Frame inner{&node,
                frame.value,
                frame.place,
                {&node, keyword, frame.scope.value, &frame.scope},
                unevaluated_of(frame.value, node, !frame.unevaluated.empty()),
                frame.only_whether || only_whether,
                frame.meta};
    auto failure = enter(inner);
    if (failure == nullptr) frame.unevaluated.keep_only(inner.unevaluated);
    return failure;
  }

  /// A schema for a part of the value.
  FailurePtr apply_to(Frame& frame, const Node& node, const Value& part, std::string step) {
    frame.place.push_back(std::move(step));
    Frame inner{&node,
                part,
                frame.place,
                {&node, {}, frame.scope.value + 1, &frame.scope},
                unevaluated_of(part, node, false),
                frame.only_whether,
                frame.meta};
    auto failure = enter(inner);
    frame.place.pop_back();
    return failure;
  }

  FailurePtr enter(Frame& inner) {
    if (const auto* own = metaschema_at(inner, inner.node)) inner.node = inner.meta = own;
    ++depth_;
    auto failure = apply(inner);
    --depth_;
    return failure;
  }

  /// The metaschema of a part of a schema document that has one of its own.
  [[nodiscard]] const Node* metaschema_at(const Frame& frame, const Node* node) const {
    if (resources_ == nullptr || node != frame.meta) return nullptr;
    std::string pointer;
    for (const auto& step : frame.place) pointer += '/' + pointer_step(step);
    const auto found = resources_->find(pointer);
    return found == resources_->end() ? nullptr : found->second;
  }

  const Resources* resources_;
  const Habits& habits_;
  bool quote_values_;
  std::size_t steps_ = 0;
  std::size_t depth_ = 0;
  bool gave_up_ = false;
};

void print(const Failure& failure, std::size_t level, std::string& out) {
  if (out.size() > Schema::max_text) return;
  // A reference with one cause is the cause.
  if (failure.kind != Failure::Kind::reference || failure.causes.size() != 1) {
    if (!out.empty()) out += '\n';
    out.append(2 * level, ' ');
    out += "- at " + quoted(failure.pointer) + ": " + failure.text;
    ++level;
  }
  for (const auto& cause : failure.causes) print(*cause, level, out);
}

}  // namespace

Result<std::string> find_problems(const Node& root, const Value& value, bool quote_values, const Habits& habits,
                                  const Resources* resources) {
  Check check(resources, habits, quote_values);
  std::string out;
  // Values may be nested a thousand levels deep, and every level takes several calls.
  run_with_large_stack([&] {
    const auto failures = check.run(root, value, resources == nullptr ? nullptr : &root);
    for (const auto& failure : failures) print(*failure, 0, out);
  });
  if (check.gave_up()) {
    return Error(ErrorCode::too_large, "checking against " + root.location() + " takes more than " +
                                           std::to_string(Schema::max_steps) + " steps or " +
                                           std::to_string(Schema::max_depth) + " levels");
  }
  if (out.size() > Schema::max_text) {
    // At the end of a line; one problem alone can be longer than that, and is cut between two characters.
    std::size_t end = out.rfind('\n', Schema::max_text);
    if (end == std::string::npos) {
      for (end = Schema::max_text; (static_cast<unsigned char>(out[end]) & 0xC0U) == 0x80U;) --end;
    }
    out.resize(end);
    out += "\n…";
  }
  return out;
}

}  // namespace gitopsctl::render::schema
