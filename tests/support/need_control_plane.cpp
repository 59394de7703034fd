#include "tests/support/need_control_plane.hpp"

#include "tests/support/not_run.hpp"

namespace gitopsctl::tests {

support::ControlPlane* need_control_plane(std::string_view check, const ControlPlaneParts& parts) {
  std::string missing;
  for (const auto& name : support::ControlPlane::missing_peers(!parts.controllers.empty(), parts.pods))
    missing += " " + name;
  if (!missing.empty()) {
    not_run(check, "no control plane without" + missing + ": ./dev setup --peers=kube builds it");
    return nullptr;
  }
  auto& plane = support::ControlPlane::shared();
  if (!parts.controllers.empty()) plane.run_controllers(parts.controllers);
  if (parts.pods) plane.run_pods();
  return &plane;
}

}  // namespace gitopsctl::tests
