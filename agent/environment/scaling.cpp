#include "agent/environment/scaling.hpp"

#include <string_view>

#include "base/text/escape.hpp"

namespace gitopsctl::agent {
namespace {

std::string_view group_of(std::string_view api_version) {
  const auto slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

}  // namespace

bool is_scalable(const render::ObjectId& id) noexcept {
  return id.group == "apps" && (id.kind == "Deployment" || id.kind == "StatefulSet" || id.kind == "ReplicaSet");
}

void add_scaled(const Value& object, ScaledWorkloads& out) {
  const auto kind = object.string_at({"kind"});
  const auto group = group_of(object.string_at({"apiVersion"}));
  const bool keda = group == "keda.sh" && kind == "ScaledObject";
  if (!keda && !(group == "autoscaling" && kind == "HorizontalPodAutoscaler")) return;
  render::ObjectId target;
  target.kind = object.string_at({"spec", "scaleTargetRef", "kind"});
  if (keda && target.kind.empty()) target.kind = "Deployment";
  const auto version = object.string_at({"spec", "scaleTargetRef", "apiVersion"});
  target.group = version.empty() ? "apps" : std::string(group_of(version));
  target.namespace_ = object.string_at({"metadata", "namespace"});
  target.name = object.string_at({"spec", "scaleTargetRef", "name"});
  if (target.name.empty() || !is_scalable(target)) return;
  out.emplace(std::move(target),
              std::string(kind) + ' ' + terminal_safe(object.string_at({"metadata", "name"}).substr(0, 253)));
}

}  // namespace gitopsctl::agent
