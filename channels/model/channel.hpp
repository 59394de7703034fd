#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "base/value/value.hpp"
#include "channels/model/remote_chart.hpp"
#include "channels/model/values_source.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::channels {

/// The API group of files, labels, annotations, custom resources and markers.
inline constexpr std::string_view api_group = "gitopsctl.dev";
inline constexpr std::string_view api_version = "gitopsctl.dev/v1";

enum class Driver : std::uint8_t { helm, kustomize, manifests, unsupported };

/// Where a channel file comes from, which decides defaults (prune) and strictness (unknown keys).
enum class FileForm : std::uint8_t {
  own,     ///< apiVersion: gitopsctl.dev/v1, kind: Channel (and the draft spelling gitopsctl/v1)
  calitp,  ///< the historic `calitp:` file, and the `.env` files before it: read as they are, never extended
};

/// A field that a release takes over from whoever owns it.
struct ForcedField {
  std::string kind;                ///< empty: of objects of every kind
  std::string name;                ///< empty: of every name
  std::vector<std::string> steps;  ///< with all that is below; see parse_field_path()
};

/// One release of a channel file.
struct Release {
  std::string name;
  Driver driver = Driver::helm;
  std::string driver_name;  ///< as written
  std::string namespace_;
  // driver helm
  std::string chart;                      ///< path from the root; empty with `remote`
  std::optional<RemoteChart> remote;      ///< the chart is not in the tree; exactly one version of it
  std::string helm_name;                  ///< Helm's release name; the release's name by default
  std::vector<std::string> value_files;   ///< paths from the root, in order
  std::vector<ValuesSource> values_from;  ///< objects of the environment, merged after the files, in order
  Value values;                           ///< inline, merged after all of these; null for none
  std::string profile;                    ///< empty: the default
  bool skip_schema = false;               ///< values are not checked against the chart's schema
  bool lookup = false;                    ///< `lookup` is answered by the environment; else it finds nothing
  // drivers kustomize and manifests
  std::string path;
  // secrets that live outside of Git
  std::vector<std::string> secrets;        ///< each payload is a manifest
  std::vector<std::string> secret_values;  ///< each payload is a values file
  // policy of the release
  std::optional<bool> prune;  ///< unset: the channel's
  bool allow_empty = false;
  std::vector<std::string> allow_delete;  ///< kinds that may be pruned although they hold data
  std::string renamed_from;
  bool suspend = false;
  std::vector<std::string> depends_on;  ///< names of releases of the same file that must be ready first
  std::vector<render::SensitivePath> sensitive;
  std::vector<ForcedField> force;
  std::optional<Millis> timeout;

  Location where;  ///< of the release in the file
  /// What makes this release undeployable although the file is whole: an unsupported driver or key, a path that leaves
  /// the tree. Such a release is reported, never skipped in silence and never pruned.
  std::vector<Error> problems;
  std::vector<std::string> warnings;
};

/// A span in which nothing is deployed.
struct FreezeWindow {
  std::optional<TimePoint> from;  ///< absolute window
  std::optional<TimePoint> to;
  std::vector<int> days;   ///< weekly window: 0 Sunday … 6; empty with an absolute one
  int from_minute = 0;     ///< of the day, UTC plus offset_minutes
  int to_minute = 0;       ///< exclusive; 0..1440; smaller than from_minute: until the next day
  int offset_minutes = 0;  ///< east of UTC
  std::string reason;
  Location where;
};

/// What must hold before a channel is written to, and what a run may do to it of its own accord: everything in a channel
/// file that a commit could loosen for the commits after it (channels/model/policy.hpp has its canonical form). The guards
/// read theirs from the deployed revision, never from the one to be deployed.
struct Policy {
  double delete_percent = 30;          ///< deletes above this share of the channel's objects wait …
  std::uint32_t delete_at_least = 10;  ///< … when there are at least this many
  std::uint32_t approvals = 0;         ///< approvals of the digest that are needed
  std::vector<FreezeWindow> freeze;
  bool prune = true;      ///< what left the rendered set is deleted, where its release does not say otherwise
  bool self_heal = true;  ///< what was changed by hand is put back
};

/// How `candidates/<branch>` are built for this channel.
struct CandidateSpec {
  std::vector<std::string> paths;  ///< files, directories (with or without `/**`) that a candidate holds
  std::string parent;              ///< channel whose tip is the first parent; empty: the last of the agent's bindings
};

struct Channel {
  std::string name;
  FileForm form = FileForm::own;
  TreePath file;
  bool suspend = false;
  Policy policy;
  std::optional<CandidateSpec> candidate;
  std::vector<Release> releases;  ///< in file order
  std::vector<std::string> warnings;

  [[nodiscard]] const Release* find(std::string_view release) const noexcept;
  [[nodiscard]] bool prunes(const Release& release) const noexcept { return release.prune.value_or(policy.prune); }
};

/// Reads the text of a channel file of any form. Mistakes that make the file as a whole unsafe to follow (not YAML, an
/// unknown top-level key of our form, no releases list, two releases of one name in our form) are the error, all of them
/// at once with file:line:column; mistakes inside one release are its `problems`.
/// `expected_name` is the channel that the branch names; a file that says otherwise is an error. Empty: not checked.
[[nodiscard]] Result<Channel> parse_channel(std::string_view text, const TreePath& file, std::string_view expected_name);

/// The place of a channel's file: `override_path` when not empty, else `.gitopsctl/channels/<channel>.yaml`, else
/// `ci/channels/<channel>.yaml` – whichever is there –, else the directory `ci/vars/releases` when it has files of the
/// oldest form (`<channel>-<release>.env`). not_found names the places that were tried. Read it with load_channel: the path
/// may be that directory.
[[nodiscard]] Result<TreePath> find_channel_file(const FileTree& tree, std::string_view channel,
                                                 std::string_view override_path = {});
/// find_channel_file, read, parse.
[[nodiscard]] Result<Channel> load_channel(const FileTree& tree, std::string_view channel,
                                           std::string_view override_path = {});
/// The channels that have a file in `tree`, sorted.
[[nodiscard]] std::vector<std::string> list_channels(const FileTree& tree);

/// Every mistake of a channel file as `gitopsctl channel check` prints them: those of the file and of each release, and
/// paths that the tree does not have.
[[nodiscard]] std::vector<Error> check_channel(const FileTree& tree, std::string_view text, const TreePath& file,
                                               std::string_view expected_name);

/// A channel's name: DNS label, at most 63 characters. A branch name: what git check-ref-format allows, without control
/// characters, not starting with a dash.
[[nodiscard]] bool valid_channel_name(std::string_view name) noexcept;
[[nodiscard]] bool valid_branch_name(std::string_view name) noexcept;

/// installation / repository / channel / release (decisions §1).
struct ReleaseIdentity {
  std::string installation;
  std::string repository;
  std::string channel;
  std::string release;

  [[nodiscard]] std::string to_string() const;
  /// `gitopsctl-<channel>-<release>-<hash8>`, at most 253 characters: the name of the inventory.
  [[nodiscard]] std::string object_name() const;
  /// The ApplySet id: `applyset-<base64url of SHA-256 of NAME.NAMESPACE.KIND.GROUP>-v1`.
  [[nodiscard]] std::string apply_set_id(std::string_view namespace_) const;
  friend bool operator==(const ReleaseIdentity&, const ReleaseIdentity&) = default;
};

/// The JSON Schema that `gitopsctl schema channel` prints.
[[nodiscard]] std::string channel_schema();

}  // namespace gitopsctl::channels
