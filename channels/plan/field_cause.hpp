#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/value/value.hpp"

namespace gitopsctl::channels {

/// One step of the way to a field: the key of a map, or the item of a list that has these fields, or that is this value.
struct FieldStep {
  enum class Kind : std::uint8_t { key, item, value };
  Kind kind = Kind::key;
  std::string key;                    ///< of Kind::key
  Value item;                         ///< Kind::item: a map of the fields that tell it apart; Kind::value: the item itself
  std::vector<std::string> item_key;  ///< Kind::item: those fields in the order in which people read them
};
using FieldSteps = std::vector<FieldStep>;

/// Where the difference of one field comes from (specs: cluster-apply §2.5).
enum class Origin : std::uint8_t {
  commit,             ///< this commit changes or adds it
  removal,            ///< this commit takes it away
  drift,              ///< somebody changed what was applied
  commit_over_drift,  ///< this commit changes it, and somebody else had changed it as well
  defaulted,          ///< the server fills it in by itself: a default
  admission,          ///< a policy or webhook of the server adds or changes it
  filled_in,          ///< the server fills it in; nobody knows whether by a default or by a policy
  overridden,         ///< the server keeps another value than the one that is asked for
  left_to_owner,      ///< left as another manager has it
  kept,               ///< left the manifest, and stays because another manager has it as well
  converged,          ///< this commit asks for what is there already
};
[[nodiscard]] std::string_view origin_name(Origin origin) noexcept;

/// True for what a run writes because of the commit or of somebody's hand; the rest is the server's or another manager's,
/// and no reason to write.
[[nodiscard]] bool is_reason_to_write(Origin origin) noexcept;

/// The cause of one field's difference. Who it names is who they say they are: a manager's name is its own word.
struct FieldCause {
  /// The way to the field; empty once placed. It may hold values that are secret.
  FieldSteps steps;
  /// As render::diff_values() writes paths, no deeper than what may be shown; set by place_causes().
  std::string path;
  Origin origin = Origin::commit;
  /// drift, commit_over_drift, left_to_owner, kept: whose value it is. Empty: nobody knows, as after a deletion.
  std::string manager;
  std::string operation;    ///< Apply or Update
  std::string subresource;  ///< `scale`, `status`
  std::string time;         ///< RFC 3339: when that manager wrote this object last, so the field was changed then or before
  std::vector<std::string> candidates = {};  ///< admission, overridden: policies and webhooks that see such objects

  /// `drift: changed by kubectl-edit (Update), at 2026-11-22T02:00:00Z or before`.
  [[nodiscard]] std::string text() const;
};

/// What may be shown of `causes`, given what may be shown of both sides: each way is followed in them and ends where a value
/// is hidden. Of causes of one path and one text one is left. In order of path.
[[nodiscard]] std::vector<FieldCause> place_causes(const std::vector<FieldCause>& causes, const Value& before,
                                                   const Value& after);

/// Those of placed `causes` that say where the difference at `path` (of diff_values) comes from: of that field, of what it
/// is in, or of what is in it. At most `max`, in their order.
[[nodiscard]] std::vector<const FieldCause*> causes_at(const std::vector<FieldCause>& causes, std::string_view path,
                                                       std::size_t max = 1000);

/// Who changed what, for one line of a status or event: `spec.replicas by kubectl-scale (…)`; empty when there is no drift.
/// At most `max` fields are named.
[[nodiscard]] std::string drift_text(const std::vector<FieldCause>& causes, std::size_t max);

}  // namespace gitopsctl::channels
