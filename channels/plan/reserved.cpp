#include "channels/plan/reserved.hpp"

#include <array>

#include "channels/model/channel.hpp"

namespace gitopsctl::channels {

namespace {

// By these the agent finds inventories and control objects, wherever they are.
constexpr std::array<std::string_view, 3> reserved_labels = {"applyset.kubernetes.io/id", "gitopsctl.dev/channel-key",
                                                             "gitopsctl.dev/channel-id"};
constexpr std::string_view identity_annotation = "gitopsctl.dev/identity";

}  // namespace

std::optional<std::string> reserved_object(const render::ObjectId& id, const Value& body) {
  if (id.group == api_group) return "is of the group " + std::string(api_group);
  if (id.namespace_ == home_namespace) return "is in the namespace " + std::string(home_namespace);
  if (id.group.empty() && id.kind == "Namespace" && id.name == home_namespace) return "is gitopsctl's own namespace";
  for (const auto label : reserved_labels) {
    if (body.find_path({"metadata", "labels", label}) != nullptr) return "has the label " + std::string(label);
  }
  if (body.find_path({"metadata", "annotations", identity_annotation}) != nullptr) {
    return "has the annotation " + std::string(identity_annotation);
  }
  return std::nullopt;
}

Error reserved_error(const render::ObjectId& id, const std::string& why, const std::string& source) {
  return Error(ErrorCode::forbidden, id.to_string() + ' ' + why + ": no release may write what gitopsctl is steered by")
      .at({source, 0, 0})
      .with_hint("take it out of the manifests; suspend, approve and roll back with `gitopsctl`, or install by other means");
}

}  // namespace gitopsctl::channels
