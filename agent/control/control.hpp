#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/environment/environment.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/model/channel.hpp"
#include "channels/plan/reserved.hpp"

namespace gitopsctl::agent {

// The objects through which people and a running agent talk: Channel, Release and Approval of gitopsctl.dev/v1, and Events.
// They live in the environment, outlive the agent, and are guarded by the environment's own access rules. They are reports
// and switches: what may be deleted is never decided from them (docs/formats/control-objects.md).

/// Namespace of Channel and Approval objects, of Events, and of inventories of releases without a namespace.
inline constexpr std::string_view home_namespace = channels::home_namespace;

/// Which channel of which repository, under which installation.
struct ChannelKey {
  std::string installation;
  std::string repository;
  std::string channel;

  [[nodiscard]] std::string to_string() const { return repository + '/' + channel; }
  [[nodiscard]] channels::ReleaseIdentity release(std::string_view name) const {
    return {installation, repository, channel, std::string(name)};
  }
  friend auto operator<=>(const ChannelKey&, const ChannelKey&) = default;
};

/// A condition as kstatus reads them: Ready, Reconciling, Stalled, Healthy.
struct Condition {
  std::string type;
  std::string status;  ///< True, False, Unknown
  std::string reason;  ///< CamelCase
  std::string message;
};

/// Puts `conditions` into `status.conditions` of `body`; lastTransitionTime of a condition changes only with its status.
void set_conditions(Value& body, const std::vector<Condition>& conditions, TimePoint now);
/// The condition of that type, or nullptr.
[[nodiscard]] const Value* find_condition(const Value& body, std::string_view type);

/// Objects as a list told of them a moment ago; what is not among them was not there.
using SeenObjects = std::map<render::ObjectId, LiveObject>;

/// Reads an object, lets `change` alter its body, and writes it by compare-and-swap; starts anew when somebody else wrote in
/// between (at most 10 times, then `conflict`). Not written when nothing changed. `change` gets a fresh minimal body
/// (apiVersion, kind, metadata) when the object does not exist. With `seen` the first try takes what is there from it; when
/// that is out of date the write fails, and the next try reads.
Result<LiveObject> update_object(Environment& environment, const render::ObjectId& id,
                                 const std::function<void(Value&)>& change, const SeenObjects* seen = nullptr);

/// The id of a channel's object: the channel's name, or with a hash when that name is taken by another installation or
/// repository of the same environment.
Result<render::ObjectId> channel_object_id(Environment& environment, const ChannelKey& key);
/// The same for a release, in the release's namespace.
Result<render::ObjectId> release_object_id(Environment& environment, const ChannelKey& key, std::string_view release,
                                           const std::string& namespace_);
/// A channel's object; nullopt: there is none. What tells its name is not read again.
[[nodiscard]] Result<std::optional<LiveObject>> find_channel(Environment& environment, const ChannelKey& key);
/// update_object() of a channel's object; the body that `change` gets says whose it is. What tells its name is not read
/// again. `seen`: what was read to tell it before (Switches::channel_objects); then nothing is read first.
Result<LiveObject> update_channel(Environment& environment, const ChannelKey& key, const std::function<void(Value&)>& change,
                                  const SeenObjects* seen = nullptr);
/// The same for a release, in the release's namespace. `seen`: every Release there is, if that is known.
Result<LiveObject> update_release(Environment& environment, const ChannelKey& key, std::string_view release,
                                  const std::string& namespace_, const std::function<void(Value&)>& change,
                                  const SeenObjects* seen = nullptr);
/// The label query that finds what belongs to a channel: its Channel, Releases, Approvals and Events.
[[nodiscard]] std::string channel_label(const ChannelKey& key);
/// Labels and spec that say whose object it is.
void describe_owner(Value& body, const ChannelKey& key, std::string_view release = {});

/// What people have said about a channel: the spec of its Channel object.
struct Switches {
  bool suspend = false;
  std::string suspended_by;
  std::string suspend_reason;
  // rollback: while the branch renders to `held_digest`, `pinned_revision` is deployed instead
  std::string pinned_revision;
  std::string held_digest;
  std::string held_revision;  ///< the tip when it was held, which stays held however it renders; may be empty
  std::string pin_reason;
  std::map<std::string, std::string> suspended_releases;  ///< release → reason, from Release objects

  /// status.revision: what the last run that came to its end said. A later deployed commit means that a run was killed
  /// after it had done its work and before it told anybody.
  std::string reported_revision;

  /// All that there was of the names that the Channel object may have; nullopt before it was read.
  std::optional<SeenObjects> channel_objects = {};

  /// Release and namespace of every Release object: where an inventory that is not listed may stand.
  std::set<std::pair<std::string, std::string>> release_places = {};

  /// True when a run that began under `before` may not go on: something was suspended, or rolled back, since.
  [[nodiscard]] bool forbid_more_than(const Switches& before) const;
};

/// True when somebody suspended what the Channel or Release object `body` stands for. Anything but a clear `false` in
/// `spec.suspend` does: a value that somebody mistyped must not start writes.
[[nodiscard]] bool is_suspended(const Value& body);

/// What somebody said on one Release object, and in which version of it.
struct ReleaseSwitch {
  std::string resource_version;
  std::string release;
  bool suspend = false;
  std::string reason;
};
/// What read_switches() remembers from call to call, so that it reads only Release objects that changed.
using SwitchMemory = std::map<render::ObjectId, ReleaseSwitch>;

[[nodiscard]] Result<Switches> read_switches(Environment& environment, const ChannelKey& key);
/// The same at less cost; `memory` is of this channel alone, and empty at first. An error leaves it usable.
[[nodiscard]] Result<Switches> read_switches(Environment& environment, const ChannelKey& key, SwitchMemory& memory);

/// An approval of a digest (approval digest, or delete digest).
struct Approval {
  std::string digest;
  bool deletes = false;
  std::string by;
  TimePoint at{};
  /// The seal of what was approved (`status.approvalSeal`): digests say nothing about the values of secrets. Empty: whatever
  /// they are.
  std::string seal = {};

  /// True when it was given for these values of secrets. Which objects may go does not depend on them.
  [[nodiscard]] bool covers(std::string_view other_seal) const { return deletes || seal.empty() || seal == other_seal; }
};

[[nodiscard]] Result<std::vector<Approval>> list_approvals(Environment& environment, const ChannelKey& key);
Result<void> write_approval(Environment& environment, const ChannelKey& key, const Approval& approval);

/// One line of `gitopsctl events`.
struct Event {
  TimePoint at{};
  std::string type;     ///< Normal or Warning
  std::string reason;   ///< CamelCase
  std::string message;  ///< redacted
  std::string release;  ///< empty: about the channel
  /// The Channel or Release object that it is about, in whose namespace the event is written so that `kubectl describe`
  /// finds it. Not filled in by list_events(); without a name the event is about the channel's plain name, at home.
  render::ObjectId about = {};
  std::string about_uid = {};
};

/// Records an event. Writers call trim_events() once in a while.
Result<void> record_event(Environment& environment, const ChannelKey& key, const Event& event);
/// Deletes all but the newest 200 events of a channel. Reads every one of them.
Result<void> trim_events(Environment& environment, const ChannelKey& key);
/// The newest 200 of a channel, oldest first.
[[nodiscard]] Result<std::vector<Event>> list_events(Environment& environment, const ChannelKey& key);

}  // namespace gitopsctl::agent
