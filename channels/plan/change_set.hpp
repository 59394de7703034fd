#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "channels/model/channel.hpp"
#include "channels/model/policy.hpp"
#include "channels/plan/field_cause.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::channels {

enum class Action : std::uint8_t {
  unchanged,
  create,
  update,
  remove,    ///< pruned because it left the rendered set or the channel file
  keep,      ///< left the set but stays; `why` says for which reason
  adopt,     ///< exists without an owner and becomes ours
  recreate,  ///< deleted and made anew, because it cannot be changed in place
};
[[nodiscard]] std::string_view action_name(Action action) noexcept;

/// Why a line of a live plan differs.
enum class Cause : std::uint8_t { commit, drift };
[[nodiscard]] std::string_view cause_name(Cause cause) noexcept;

/// One object of a plan. `before` and `after` are already redacted: nothing in a ChangeSet can show a secret.
struct Change {
  render::ObjectId id;
  Action action = Action::unchanged;
  Cause cause = Cause::commit;
  std::string why;     ///< for keep: the rule that decided; for others what a reader could not guess, or empty
  Value before;        ///< null for create
  Value after;         ///< null for remove and keep
  std::string source;  ///< template or file
  // The live object that a live plan saw, and whose it was: whoever writes checks that it still is. Empty: there was none.
  std::string seen_uid;
  std::string seen_owner;
  /// Where each difference comes from, placed (no step is left): of a live plan whose environment can tell, else empty. May
  /// also say of fields that do not differ who keeps them as they are.
  std::vector<FieldCause> causes = {};
};

/// What happens to one release.
struct ReleaseChanges {
  std::string release;
  std::string namespace_;
  std::string driver;
  std::string from_digest;      ///< render digest before; empty: not deployed
  std::string to_digest;        ///< empty: leaves the channel, or cannot be rendered
  std::vector<Change> changes;  ///< in order of identity; unchanged ones are counted, not listed
  std::size_t unchanged = 0;
  std::vector<Error> errors;  ///< the release cannot be rendered or planned; nothing of it is changed or pruned
  std::vector<std::string> warnings;
  bool no_longer_listed = false;  ///< left the channel file
  /// Objects that a run which did not come to its end removed already, with their uids: still part of what was approved.
  std::vector<std::pair<render::ObjectId, std::string>> removed_before;
};

struct Counts {
  std::size_t created = 0, updated = 0, removed = 0, kept = 0, adopted = 0, recreated = 0, unchanged = 0,
              failed_releases = 0;
  [[nodiscard]] bool any_change() const noexcept { return created + updated + removed + adopted + recreated > 0; }
  /// What is deleted, for good or to be made anew.
  [[nodiscard]] std::size_t deleted() const noexcept { return removed + recreated; }
  /// Adds what one release changes.
  Counts& add(const ReleaseChanges& release) noexcept;
};

/// What moving a channel from one state to another changes. Pure data; made by diff_rendered and diff_live, read by
/// guards, the report, the apply stage and the command line.
struct ChangeSet {
  std::string channel;
  std::string from;  ///< revision or `live`
  std::string to;    ///< revision
  bool live = false;
  std::vector<ReleaseChanges> releases;  ///< in order of name
  std::string render_digest;             ///< over the render digests of all releases of `to`
  /// What an approval names: render_digest, the whole policy of `to`, and what it says about deleting and suspending each
  /// release, so that consent to a content is none to another policy. Empty until set_policy().
  std::string approval_digest;
  std::string plan_digest;  ///< approval_digest plus what the environment says would change; empty when rendered only
  std::vector<PolicyChange> policy_changes;  ///< between the policies of both sides, those of releases last
  std::vector<std::string> warnings;

  [[nodiscard]] Counts counts() const noexcept;
  [[nodiscard]] bool has_errors() const noexcept;
  /// True when the policy changes in a way that wants consent: a mere tightening does not.
  [[nodiscard]] bool changes_policy() const noexcept;
  /// Digest over the channel and the objects that would be removed or made anew, with their uids: what `gitopsctl approve
  /// --deletes` confirms. It is good for these objects and not for others of the same names that come after them, and stays
  /// the same until the last of them is gone. `sha256:` and 64 digits; empty when nothing would be removed, and when
  /// rendered manifests are compared, which have no uids.
  [[nodiscard]] std::string delete_digest() const;
};

/// Puts the policies of both sides into a change set: policy_changes, approval_digest, and plan_digest where it has one.
/// `before` is null when there was no side before: then nothing of the policy is called a change. `to` is the channel as it
/// is to be, for its releases; `after` is its policy, where a rollback does not leave another one in force. Changes of the
/// removal settings of releases (compare_removal) are the caller's to add: what they were, each side keeps elsewhere.
void set_policy(ChangeSet& changes, const Policy* before, const Policy& after, const Channel& to);

/// One side of a rendered comparison: a release that rendered, or the error that it gave.
struct RenderedRelease {
  std::string name;
  std::string namespace_;
  std::string driver;
  std::optional<render::RenderedSet> set;
  std::vector<Error> errors;
  std::vector<std::string> warnings;
  std::vector<render::SensitivePath> sensitive;
  bool prune = true;
  bool allow_empty = false;
  std::vector<std::string> allow_delete;  ///< kinds that may be pruned although they hold data
  std::string renamed_from;               ///< name of the release in `from` whose objects these are
};

/// What changes between two renderings of a channel. Secret values are compared and shown as added, removed or changed
/// only. An object that goes from one release to another is one change of the release that gets it. What leaves a release
/// is judged by the prune rules of the side that has it (prune_rules.hpp); a release that cannot be rendered in `to`, or
/// that renders to nothing without allow_empty, has an error and no changes. One that could not be rendered in `from` is
/// shown as new, with a warning. Texts of errors are freed of the secret values of both sides. Pure.
[[nodiscard]] ChangeSet diff_rendered(const std::string& channel, const std::string& from_revision,
                                      const std::vector<RenderedRelease>& from, const std::string& to_revision,
                                      const std::vector<RenderedRelease>& to);

/// Digest over (release name, render digest) pairs in order of name: `sha256:` and 64 digits. A release that cannot be
/// rendered takes part with an empty digest, so that a digest approved without it does not cover it.
[[nodiscard]] std::string combine_digests(const std::map<std::string, std::string>& by_release);

/// Objects that two releases claim: an error for each of them, by release. `claims` holds the identities that each release
/// renders. The one place that decides this, for comparisons, previews and runs.
[[nodiscard]] std::map<std::string, std::vector<Error>> claim_conflicts(
    const std::map<std::string, std::vector<render::ObjectId>>& claims);

}  // namespace gitopsctl::channels
