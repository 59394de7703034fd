#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/value/value.hpp"

namespace gitopsctl::render {

enum class FieldAction : std::uint8_t {
  added,
  removed,
  changed,
  reordered,  ///< the items of a list are the same but stand in another order; before and after list their keys
};
[[nodiscard]] std::string_view field_action_name(FieldAction action) noexcept;

/// One difference between two values.
struct FieldChange {
  FieldAction action = FieldAction::changed;
  /// `spec.template.spec.containers[name=web].image`, `metadata.annotations["example.com/a"]`, `spec.args[2]`; empty for
  /// the value itself.
  std::string path;
  Value before;  ///< null when added
  Value after;   ///< null when removed
};

/// What differs between two values, in order of key and then of list position. Pure and deterministic. Equality is
/// json_equal, so null and a missing key differ. Shares containers with its inputs.
///
/// The items of a list are matched by what tells them apart for a reader – `name`, else `containerPort` or `port` (with the
/// protocol), `mountPath`, `devicePath`, `topologyKey`, `key`, `path`, `host`, `type`, `ip` – when every item on both sides
/// has it and no two share it; other lists are compared by position after their equal ends.
/// Objects go in redacted: nothing is hidden here.
[[nodiscard]] std::vector<FieldChange> diff_values(const Value& before, const Value& after);

/// `path` and then `key`, as paths of diff_values() are written.
[[nodiscard]] std::string join_path(const std::string& path, std::string_view key);
/// A value as it stands in such a path: `web`, `53`, `"a b"`.
[[nodiscard]] std::string path_value(const Value& value);

struct TextDiffOptions {
  std::string from_name = {};  ///< header lines as unified_diff has them; none when both are empty
  std::string to_name = {};
  std::uint32_t context = 3;
};
/// The unified diff of the YAML of both values; null is the empty text. Values that YAML cannot say (invalid UTF-8) are
/// compared as JSON. Empty when they are written alike.
[[nodiscard]] std::string diff_text(const Value& before, const Value& after, const TextDiffOptions& options = {});

}  // namespace gitopsctl::render
