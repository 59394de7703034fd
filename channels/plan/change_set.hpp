#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::channels {

enum class Action : std::uint8_t {
  unchanged,
  create,
  update,
  remove,  ///< pruned because it left the rendered set or the channel file
  keep,    ///< left the set but stays; `why` says for which reason
  adopt,   ///< exists without an owner and becomes ours
};
[[nodiscard]] std::string_view action_name(Action action) noexcept;

/// Why a line of a live plan differs.
enum class Cause : std::uint8_t { commit, drift };

/// One object of a plan. `before` and `after` are already redacted: nothing in a ChangeSet can show a secret.
struct Change {
  render::ObjectId id;
  Action action = Action::unchanged;
  Cause cause = Cause::commit;
  std::string why;     ///< for keep and remove: the rule that decided
  Value before;        ///< null for create
  Value after;         ///< null for remove and keep
  std::string source;  ///< template or file
};

/// What happens to one release.
struct ReleaseChanges {
  std::string release;
  std::string namespace_;
  std::string driver;
  std::string from_digest;      ///< render digest before; empty: not deployed
  std::string to_digest;        ///< empty: leaves the channel
  std::vector<Change> changes;  ///< in order of identity; unchanged ones are counted, not listed
  std::size_t unchanged = 0;
  std::vector<Error> errors;  ///< the release cannot be rendered or planned; nothing of it is changed or pruned
  std::vector<std::string> warnings;
  bool no_longer_listed = false;  ///< left the channel file
};

struct Counts {
  std::size_t created = 0, updated = 0, removed = 0, kept = 0, adopted = 0, unchanged = 0, failed_releases = 0;
  [[nodiscard]] bool any_change() const noexcept { return created + updated + removed + adopted > 0; }
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
  std::string plan_digest;  ///< render_digest plus what the environment says would change; empty when rendered only
  std::vector<std::string> warnings;

  [[nodiscard]] Counts counts() const noexcept;
  [[nodiscard]] bool has_errors() const noexcept;
  /// Digest over the identities that would be removed: what `gitopsctl approve --deletes` confirms.
  [[nodiscard]] std::string delete_digest() const;
};

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
};

/// What changes between two renderings of a channel. `key` is used to mark changed secret values; empty: they are compared,
/// and shown as `changed` only.
[[nodiscard]] ChangeSet diff_rendered(const std::string& channel, const std::string& from_revision,
                                      const std::vector<RenderedRelease>& from, const std::string& to_revision,
                                      const std::vector<RenderedRelease>& to);

/// Digest over (release name, render digest) pairs in order of name.
[[nodiscard]] std::string combine_digests(const std::map<std::string, std::string>& by_release);

}  // namespace gitopsctl::channels
