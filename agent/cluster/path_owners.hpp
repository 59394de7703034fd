#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cluster/attribution.hpp"
#include "base/value/value.hpp"
#include "channels/plan/field_cause.hpp"

namespace gitopsctl::agent::detail {

/// One entry of metadata.managedFields.
struct PathOwner {
  std::string_view manager;
  std::string_view operation;
  std::string_view subresource;
  std::string_view time;
  const Value* fields = nullptr;  ///< FieldsV1
};

/// Who owns which field of one object, by its metadata.managedFields. The object must outlive this. Only for this room.
class PathOwners {
 public:
  PathOwners(const Value& object, std::string_view us);

  /// We applied it, and nobody changed it since.
  [[nodiscard]] bool ours(const channels::FieldSteps& path) const;
  /// Of the others who own the field the one that wrote last; nullptr when there is none.
  [[nodiscard]] const PathOwner* other(const channels::FieldSteps& path) const;
  /// How the items of the list at `path` are told apart, when any manager's entry shows it.
  [[nodiscard]] std::optional<ListShape> list_shape(const channels::FieldSteps& path) const;

 private:
  std::string us_;
  std::vector<PathOwner> entries_;
};

}  // namespace gitopsctl::agent::detail
