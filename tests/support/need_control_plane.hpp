#pragma once

#include <set>
#include <string>
#include <string_view>

#include "tests/support/control_plane.hpp"

namespace gitopsctl::tests {

/// What a case needs besides the API server.
struct ControlPlaneParts {
  std::set<std::string> controllers = {};  ///< of kube-controller-manager: `deployment-controller`
  bool pods = false;                       ///< the scheduler, and a node on which pods run at once (kwok)
};

/// The control plane of this test program with these parts running. Null, after a loud not_run(), when programs for it are
/// not here: return from the case then. Call it in the main thread.
[[nodiscard]] support::ControlPlane* need_control_plane(std::string_view check, const ControlPlaneParts& parts = {});

}  // namespace gitopsctl::tests
