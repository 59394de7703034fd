#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/environment/environment.hpp"
#include "agent/inventory/inventory.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/plan/change_set.hpp"
#include "channels/plan/live_plan.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent {

/// What every write of a run needs.
struct WriteContext {
  Environment& environment;
  Clock& clock;
  std::string lease;             ///< name of the channel's lease
  std::int64_t fence = 0;        ///< of that lease
  std::string installation_key;  ///< hashes of Secrets are keyed with it
  std::string run_id;
  /// Asked before every write: an error (stop, newer commit, lease lost, suspended meanwhile) ends the run there.
  std::function<Result<void>()> may_continue;
  std::stop_token stop;  ///< ends waiting
  /// Told again and again what is waited for, and why; may be empty.
  std::function<void(const std::string& what)> on_wait = {};
};

/// What a release is to become.
struct ReleaseGoal {
  const render::RenderedSet* set = nullptr;
  /// The objects of `set`, in its order, as they were planned: what was hashed for the plan is not hashed again. May be
  /// null.
  const std::vector<channels::DesiredObject>* planned = nullptr;
  std::string commit;
  std::string render_key;
  std::string profile;
  std::vector<channels::ChartRecord> charts;    ///< that were fetched for the render
  std::vector<channels::SourceRecord> sources;  ///< what it read of the environment
  bool prune = true;
  std::vector<std::string> allow_delete;
  std::vector<render::SensitivePath> sensitive;  ///< values that are kept and shown nowhere
  std::vector<channels::ForcedField> force;      ///< fields that may be taken from whoever owns them
  Millis timeout{300'000};                       ///< for everything that was written to become ready
  /// settle_release() comes right after apply_release(): where nothing has to be waited for, the one writes down what the
  /// other would have.
  bool settles_next = false;
};

/// What writing did. `errors` empty: everything that was asked for holds.
struct WriteReport {
  std::size_t created = 0;
  std::size_t updated = 0;
  std::size_t removed = 0;
  std::size_t kept = 0;
  std::vector<Error> errors;
  std::vector<std::string> warnings;
  bool interrupted = false;  ///< may_continue said no; nothing is wrong with the release itself
  /// Resource versions after our writes, to tell later whether anybody else wrote.
  std::map<render::ObjectId, std::string> observed;
};

// The protocol (docs/consistency.md): union, apply, wait, prune, shrink. Each step reads nothing but the inventory and the
// environment, so a run that was killed anywhere is taken up by the next one.

/// Steps 1 to 3 for one release: writes the union of what is owned and what will be owned to the inventory, applies the
/// changed objects in order, waits until they are ready, and notes the uids. `inventory` is updated in place and stays
/// valid after an error (it is what the environment has).
WriteReport apply_release(const WriteContext& context, Inventory& inventory, const ReleaseGoal& goal,
                          const channels::ReleaseChanges& changes);

/// Step 4: deletes what `changes` removes, each object looked at again right before and judged by the same plan (`rules` is
/// what the plan was made from). Entries of objects that are gone or became somebody else's leave the inventory in memory;
/// those that a rule keeps are marked kept.
WriteReport prune_release(const WriteContext& context, Inventory& inventory, const channels::LiveReleaseInput& rules,
                          const channels::ReleaseChanges& changes);

/// Step 5: shrinks the inventory to what is still owned and records the goal as reached. Nothing is written when nothing
/// changed.
Result<void> settle_release(const WriteContext& context, Inventory& inventory, const ReleaseGoal& goal);
/// Step 5 for a release that left the channel: deletes its inventory when nothing is owned any more.
Result<void> settle_removed(const WriteContext& context, Inventory& inventory);

/// `paths` with those of `more` that it lacks.
void add_sensitive(std::vector<render::SensitivePath>& paths, const std::vector<render::SensitivePath>& more);
/// A live object as plans see it.
[[nodiscard]] channels::LiveItem to_live_item(const LiveObject& object);
/// What an inventory remembers of a live object, to tell later whether anybody changed what we own in it.
[[nodiscard]] std::string live_hash(const Environment& environment, const LiveObject& object,
                                    const std::string& installation_key);
/// The options of a write for the owner of `inventory`.
[[nodiscard]] ApplyOptions write_options(const WriteContext& context, const Inventory& inventory);
/// The ApplySet id of an inventory: what its objects carry as owner.
[[nodiscard]] std::string owner_id(const Inventory& inventory);
/// Hash of an object as it was applied; keyed for Secrets and what has sensitive values.
[[nodiscard]] std::string applied_hash(const render::Object& object, const std::string& installation_key,
                                       const std::vector<render::SensitivePath>& sensitive = {});

}  // namespace gitopsctl::agent
