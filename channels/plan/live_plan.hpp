#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "channels/model/channel.hpp"
#include "channels/plan/change_set.hpp"
#include "channels/plan/prune_rules.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::channels {

/// An object as the environment has it.
struct LiveItem {
  std::string uid;
  std::string owner;      ///< value of the label applyset.kubernetes.io/part-of; empty: nobody's
  Value body;             ///< as stored: where the environment keeps hashes of secret values, these
  bool deleting = false;  ///< a delete was accepted and finalizers remain
  /// What we applied last, as stored, when the environment remembers it; null otherwise. Only with it can a plan show that
  /// a field which left the manifest is taken away.
  Value applied;
  /// What the environment itself says that an apply would make of it; nullopt where the desired body says that.
  std::optional<Value> predicted = {};
  /// Nothing of what we applied was changed since: it need not be compared, as long as the desired hash is the applied one.
  bool as_applied = false;
  std::optional<Error> refused = {};       ///< why an apply would be refused
  std::string immutable = {};              ///< the fields, when it is because they cannot be changed in place
  std::vector<std::string> warnings = {};  ///< of the environment about an apply
  /// Where what `predicted` would change comes from, field by field; may hold secrets. nullopt: nobody can tell.
  std::optional<std::vector<FieldCause>> causes = {};
};

/// What is known about the environment. An object that is known not to exist has an empty value; one that is missing here
/// was not looked up, and plans that would need it are errors: not knowing is never the same as not being there.
using LiveState = std::map<render::ObjectId, std::optional<LiveItem>>;

/// One object of the rendered set.
struct DesiredObject {
  render::ObjectId id;
  Value body;        ///< as the environment would store it
  std::string hash;  ///< of the canonical body, computed as RecordedEntry::hash
  std::string source;
  std::string unchecked = {};  ///< it is not there, and this is why the environment could not say whether it takes it
};

/// How far an earlier run got with an object (agent/inventory has the same words).
enum class RecordedState : std::uint8_t { intended, applied, pruning, recreating, kept };

/// One entry of the release's inventory.
struct RecordedEntry {
  render::ObjectId id;
  std::string uid;   ///< empty: our write was never answered
  std::string hash;  ///< of what was applied; empty: nothing yet
  RecordedState state = RecordedState::applied;
  std::string live_hash = {};  ///< keyed, of what we owned in the live object after that; empty: not known
};

/// Everything that the plan of one release is made of, besides the live objects.
struct LiveReleaseInput {
  std::string release;
  std::string namespace_;
  std::string driver;
  std::string helm_name;                   ///< Helm's name of the release; empty for other drivers
  std::string owner;                       ///< the release's ApplySet id
  std::vector<std::string> former_owners;  ///< ids that count as ours: of the release's name before `renamedFrom`
  /// Not empty: the release's inventory cannot be read (`errors` says why), and these are the ids its objects may carry.
  std::vector<std::string> unreadable_owners;
  bool listed = true;  ///< false: left the channel file, nothing is desired
  std::string from_digest;
  std::string to_digest;
  std::vector<DesiredObject> desired;
  std::vector<RecordedEntry> entries;
  /// What is hidden in both sides of every change: of the release as it is to be and as it was deployed.
  std::vector<render::SensitivePath> sensitive;
  std::vector<ForcedField> force;  ///< what an apply may take over from others
  PruneSettings settings;          ///< whole_release is set by the plan
  std::vector<Error> errors;       ///< not empty: the release cannot be rendered, and nothing of it is changed
  std::vector<std::string> warnings;
};

/// How objects go from one release of a channel to another in one run.
struct Handover {
  /// ApplySet id → release, of all releases of the channel.
  std::map<std::string, std::string> owners;
  /// Release → what is sensitive in the objects that it owns: hidden still when another one takes them over.
  std::map<std::string, std::vector<render::SensitivePath>> sensitive;
  /// Object → the release that renders it now, also one that fails: what it is to get is not pruned where it comes from.
  std::map<render::ObjectId, std::string> claimed_by;
  /// Releases of `owners` that cannot be planned: nothing is taken from them.
  std::set<std::string> failing;
  /// Those of them whose inventory cannot be read: what they own is not known, so also an object without an owner may be
  /// theirs, and no annotation takes anything from them.
  std::set<std::string> unreadable;
};

/// A release as the others of its channel see it.
struct HandoverParty {
  std::string release;
  std::vector<std::string> owners;       ///< ApplySet ids that its objects carry
  std::vector<render::ObjectId> wanted;  ///< what it renders
  bool failing = false;
  bool unreadable = false;
  std::vector<render::SensitivePath> sensitive;  ///< in the objects that it owns
};
/// Who owns, who wants and who fails. Pure.
[[nodiscard]] Handover make_handover(const std::vector<HandoverParty>& parties);

/// How planning one release came out, as far as others depend on it.
struct PlanOutcome {
  std::string release;
  bool failed = false;
  std::set<std::string> takes_from;  ///< see takes_from()
};
/// The other releases of the channel that own objects which `input` desires. Pure.
[[nodiscard]] std::set<std::string> takes_from(const LiveReleaseInput& input, const LiveState& live,
                                               const Handover& handover);
/// Plans `count` releases by `plan(i)`, and again those that would take something from a release that turned out to fail,
/// until none does: so nothing is taken from a release that fails only while it is planned. Each failure enters
/// `handover.failing`. Ends with the first Error of `plan`.
[[nodiscard]] Result<void> plan_until_settled(Handover& handover, std::size_t count,
                                              const std::function<Result<PlanOutcome>(std::size_t)>& plan);

/// The plan of one release: what makes the environment equal to its rendered set. Pure.
///
/// For each desired object: missing → create; ours and equal → unchanged; ours and different → update; without owner →
/// adopt; of another release of the channel that gives it up in the same run, or that the annotation
/// `gitopsctl.dev/adopt-from: RELEASE` of the desired object names → update; anybody else's, or one that gitopsctl itself is
/// steered by (reserved.hpp) → an error of the release.
/// *Equal* means that every field of the desired object is equal in the live one (lists as a whole) or, where the
/// environment predicts an apply, that it would change nothing, or nothing but what the server itself or another manager
/// decides (is_reason_to_write); that what was applied last is known to have the desired hash
/// (a field that leaves the manifest is an update although the live object still has all desired fields; so is whatever a
/// run that was killed may have written), and that the object is the one that was written. The cause is drift when what was
/// applied last has the desired hash, else commit.
/// What cannot be changed in place is made anew where recreate_rules.hpp allows it, else it is an error.
///
/// For each entry that is not desired: gone → nothing; removed, unless its uid or owner changed, a controller or another
/// tool owns it, it is being deleted already, or a rule of kept_by_rule() holds → keep. A release that renders to nothing
/// while it owns objects is an error unless it says allowEmpty or does not prune.
[[nodiscard]] ReleaseChanges plan_release_live(const LiveReleaseInput& input, const LiveState& live,
                                               const Handover& handover = {});

/// The plan of a channel: plan_release_live for every release, with objects claimed twice as errors of both claimants. When
/// any release fails, nothing is removed anywhere: what would be is kept, and says so. `releases` are those of the channel
/// file and those that only have an inventory (listed = false). Pure.
[[nodiscard]] ChangeSet plan_channel_live(const std::string& channel, const std::string& from_revision,
                                          const std::string& to_revision, const std::vector<LiveReleaseInput>& releases,
                                          const LiveState& live);

/// True when every field of `desired` is equal in `live`; nulls in `desired` and further fields of `live` do not count.
[[nodiscard]] bool live_covers(const Value& desired, const Value& live);

}  // namespace gitopsctl::channels
