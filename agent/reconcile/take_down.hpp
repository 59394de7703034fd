#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/control/control.hpp"
#include "agent/environment/environment.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent {

/// Which channel is taken down, and by whom.
struct TakeDownRequest {
  ChannelKey key;
  std::string installation_key;
  std::string holder;  ///< who takes the channel's lease
  std::string by;      ///< the person, for the status
};

/// One object that a take-down looks at.
struct TakenObject {
  std::string release;
  render::ObjectId id;
  bool stays = false;  ///< a rule keeps it
  std::string reason;  ///< why
};

/// Everything that the channel's releases own, and what would become of it; nothing is written. `conflict` when an inventory
/// cannot be read: what it owns is not known then.
[[nodiscard]] Result<std::vector<TakenObject>> plan_take_down(Environment& environment, const TakeDownRequest& request);

/// Suspends the channel, so that no agent puts anything back; waits for the run that is under way, until the deadline of
/// `interrupt`; then removes every object
/// of its releases, the inventories, and the Release objects. As with any removal, an object goes only when it is ours by
/// label and uid, and kinds that hold data (namespaces, definitions, volumes) stay unless their release allowed it; what
/// stays remains in the inventory. `prune: false` does not count: somebody wants it to go. Told to `done` one by one. Killed
/// anywhere, a second call goes on.
Result<void> take_down(Environment& environment, const TakeDownRequest& request, Clock& clock, const Interrupt& interrupt,
                       const std::function<void(const TakenObject&)>& done);

}  // namespace gitopsctl::agent
