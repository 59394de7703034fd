#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value/value.hpp"
#include "channels/plan/field_cause.hpp"

namespace gitopsctl::agent::detail {

/// How the server sees the items of a list.
struct ListShape {
  enum class Kind : std::uint8_t { atomic, set, keyed };
  Kind kind = Kind::atomic;
  std::vector<std::string> keys = {};  ///< keyed: the fields that tell items apart
};

/// What a schema says of the fields of one kind.
class FieldSchema {
 public:
  virtual ~FieldSchema() = default;
  /// Nothing where the schema does not know the field, or it is no list.
  [[nodiscard]] virtual std::optional<ListShape> list_shape(const channels::FieldSteps& path) const = 0;
  [[nodiscard]] virtual std::optional<Value> default_of(const channels::FieldSteps& path) const = 0;
};

/// Everything that the cause of a difference is found from (specs: cluster-apply §2.5).
struct Attribution {
  /// What is known of the object as it was applied last.
  enum class Before : std::uint8_t {
    same,     ///< it had the hash of `desired`
    known,    ///< `applied` has it
    nothing,  ///< there was none: the object is not ours yet
    unknown,  ///< nobody knows; what our entry of the live object owns stands for it
  };
  const Value* desired = nullptr;    ///< as it is sent
  const Value* live = nullptr;       ///< with its managedFields
  const Value* predicted = nullptr;  ///< what a dry run answers, with its managedFields
  Before before = Before::unknown;
  const Value* applied = nullptr;
  std::string_view manager;             ///< we
  const FieldSchema* schema = nullptr;  ///< null: the built-in tables alone are asked
};

/// Where the differences between the live and the predicted object come from, and which fields of the desired one the
/// server or another manager keeps as they are. Lists are compared item by item where their items are told apart by keys
/// or are a set. Pure; at most 2000 fields. The causes have steps and no path.
[[nodiscard]] std::vector<channels::FieldCause> attribute(const Attribution& input);

/// Fields of `desired` that `result`, the answer to its apply by `manager`, has with another value: steps only. Values that
/// mean the same (quantities, an empty value that is left out), and fields that are left to others, do not count.
[[nodiscard]] std::vector<channels::FieldSteps> overridden_fields(const Value& desired, const Value& result,
                                                                  std::string_view manager);

/// True when both say the same to a server that keeps one form of each value: `1000m` and `1`, `1h` and `60m`, 80 and `80`.
[[nodiscard]] bool same_value(const Value& a, const Value& b);

/// The way to a field in words, for texts that hold nothing secret: `spec.containers[name=web].image`. Items of lists are
/// not named with `fields_only`.
[[nodiscard]] std::string steps_text(const channels::FieldSteps& steps, bool fields_only = false);

}  // namespace gitopsctl::agent::detail
