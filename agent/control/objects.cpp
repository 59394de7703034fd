#include <algorithm>

#include "agent/control/control.hpp"
#include "base/crypto/digest.hpp"

namespace gitopsctl::agent {

namespace {

// Somebody who writes in a loop must not keep us for ever.
constexpr int max_tries = 10;

Value minimal_body(const render::ObjectId& id, std::string_view api_version) {
  Value metadata = make_map({{"name", Value::string(id.name)}});
  if (!id.namespace_.empty()) metadata.set("namespace", Value::string(id.namespace_));
  return make_map({{"apiVersion", Value::string(api_version)}, {"kind", Value::string(id.kind)}, {"metadata", metadata}});
}

std::string api_version_of(const render::ObjectId& id) { return id.group.empty() ? std::string("v1") : id.group + "/v1"; }

constexpr std::string_view identity_annotation = "gitopsctl.dev/identity";

std::string identity_of(const ChannelKey& key, std::string_view release) {
  return key.installation + '/' + key.repository + '/' + key.channel + (release.empty() ? "" : '/' + std::string(release));
}

bool is_absent(const Value* value) { return value == nullptr || value->is_nothing(); }

/// Equal but for fields without a value, which an environment may keep or leave out.
bool same_content(const Value& a, const Value& b) {
  if (!a.is_map() || !b.is_map()) {
    if (!a.is_list() || !b.is_list()) return json_equal(a, b);
    return std::ranges::equal(a.as_list(), b.as_list(), same_content);
  }
  const auto covered = [](const Value& one, const Value& other) {
    return std::ranges::all_of(one.as_map(), [&](const Value::Member& member) {
      const Value* there = other.find(member.key.view());
      if (is_absent(&member.value) || is_absent(there)) return is_absent(&member.value) && is_absent(there);
      return same_content(member.value, *there);
    });
  };
  return covered(a, b) && covered(b, a);
}

std::optional<LiveObject> look_up(const SeenObjects* seen, const render::ObjectId& id) {
  if (seen == nullptr) return std::nullopt;
  const auto found = seen->find(id);
  return found == seen->end() ? std::nullopt : std::optional<LiveObject>(found->second);
}

/// The names that the object of one identity may have: the plain one, and one that is made of the identity.
struct Names {
  render::ObjectId plain;
  render::ObjectId hashed;
  std::string identity;
};

Names names_of(const ChannelKey& key, std::string_view release, const std::string& namespace_) {
  Names out;
  out.identity = identity_of(key, release);
  out.plain = {std::string(channels::api_group), release.empty() ? "Channel" : "Release",
               namespace_.empty() ? std::string(home_namespace) : namespace_,
               release.empty() ? key.channel : std::string(release)};
  out.hashed = out.plain;
  out.hashed.name = out.plain.name.substr(0, 200) + '-' + sha256_hex(out.identity).substr(0, 8);
  return out;
}

/// All there is of these names.
Result<SeenObjects> read_named(Environment& environment, const Names& names) {
  SeenObjects out;
  GITOPSCTL_TRY(const auto found, environment.get_many({names.hashed, names.plain}));
  for (const auto& object : found) {
    if (object) out.emplace(object->id, *object);
  }
  return out;
}

/// `name`, or `name-<hash8>` when an object of that name carries another identity. Whoever has the longer name keeps it,
/// also when the short one is free again: else what people said there would be forgotten at that moment.
Result<render::ObjectId> free_id(const Names& names, const SeenObjects& seen) {
  const auto hashed = seen.find(names.hashed);
  const auto plain = seen.find(names.plain);
  // The longer name is made of our identity: what somebody took the annotation from is ours still.
  const auto announced = hashed != seen.end() ? hashed->second.annotation(identity_annotation) : std::string_view();
  if (hashed != seen.end() && (announced.empty() || announced == names.identity)) return names.hashed;
  if (plain == seen.end() || plain->second.annotation(identity_annotation) == names.identity) return names.plain;
  if (hashed == seen.end()) return names.hashed;
  return Error(ErrorCode::conflict, names.plain.to_string() + " and " + names.hashed.to_string() +
                                        " belong to others than '" + names.identity + "'")
      .with_hint("move one of them away; nothing is written until then");
}

Result<render::ObjectId> read_id(Environment& environment, const Names& names) {
  GITOPSCTL_TRY(const auto seen, read_named(environment, names));
  return free_id(names, seen);
}

}  // namespace

void set_conditions(Value& body, const std::vector<Condition>& conditions, TimePoint now) {
  Value& status = body.child_map("status");
  Value::List list;
  for (const auto& condition : conditions) {
    const Value* before = find_condition(body, condition.type);
    const bool same = before != nullptr && before->string_at({"status"}) == condition.status;
    list.push_back(make_map({
        {"type", Value::string(condition.type)},
        {"status", Value::string(condition.status)},
        {"reason", Value::string(condition.reason)},
        {"message", Value::string(condition.message)},
        {"lastTransitionTime", same ? *before->find("lastTransitionTime") : Value::string(format_time(now))},
    }));
  }
  status.set("conditions", Value::list(std::move(list)));
}

const Value* find_condition(const Value& body, std::string_view type) {
  const Value* conditions = body.find_path({"status", "conditions"});
  if (conditions == nullptr) return nullptr;
  for (const auto& condition : conditions->as_list()) {
    if (condition.string_at({"type"}) == type && condition.find("lastTransitionTime") != nullptr) return &condition;
  }
  return nullptr;
}

Result<LiveObject> update_object(Environment& environment, const render::ObjectId& id,
                                 const std::function<void(Value&)>& change, const SeenObjects* seen) {
  for (int i = 0; i < max_tries; ++i) {
    std::optional<LiveObject> live;
    if (i == 0 && seen != nullptr) {
      live = look_up(seen, id);
    } else {
      GITOPSCTL_TRY(live, environment.get(id));
    }
    Value body = live ? live->body.deep_copy() : minimal_body(id, api_version_of(id));
    change(body);
    if (live && id.group == channels::api_group) {
      // Two channels may choose one free name at the same moment.
      const auto before = live->annotation(identity_annotation);
      const auto after = body.string_at({"metadata", "annotations", identity_annotation});
      if (!before.empty() && before != after) {
        return Error(ErrorCode::conflict, id.to_string() + " belongs to '" + std::string(before) + "' now")
            .with_hint("try again: another name is used then");
      }
    }
    if (live && same_content(body, live->body)) return *std::move(live);
    render::Object object{id, std::string(body.string_at({"apiVersion"})), body, "", 0};
    auto written = environment.put(object, live ? live->resource_version : std::string(), {});
    if (written.ok() || written.error().code() != ErrorCode::conflict) return written;
  }
  return Error(ErrorCode::conflict, id.to_string() + " is changed by somebody else all the time")
      .with_hint("try again in a moment");
}

Result<render::ObjectId> channel_object_id(Environment& environment, const ChannelKey& key) {
  return read_id(environment, names_of(key, {}, {}));
}

Result<render::ObjectId> release_object_id(Environment& environment, const ChannelKey& key, std::string_view release,
                                           const std::string& namespace_) {
  return read_id(environment, names_of(key, release, namespace_));
}

Result<std::optional<LiveObject>> find_channel(Environment& environment, const ChannelKey& key) {
  const Names names = names_of(key, {}, {});
  GITOPSCTL_TRY(const auto seen, read_named(environment, names));
  GITOPSCTL_TRY(const auto id, free_id(names, seen));
  return look_up(&seen, id);
}

Result<LiveObject> update_channel(Environment& environment, const ChannelKey& key, const std::function<void(Value&)>& change,
                                  const SeenObjects* seen) {
  return update_release(environment, key, {}, {}, change, seen);
}

Result<LiveObject> update_release(Environment& environment, const ChannelKey& key, std::string_view release,
                                  const std::string& namespace_, const std::function<void(Value&)>& change,
                                  const SeenObjects* seen) {
  const Names names = names_of(key, release, namespace_);
  const auto with_owner = [&](Value& body) {
    describe_owner(body, key, release);
    change(body);
  };
  if (seen != nullptr) {
    GITOPSCTL_TRY(const auto id, free_id(names, *seen));
    auto done = update_object(environment, id, with_owner, seen);
    // A name that was free then may be somebody else's by now.
    if (done.ok() || done.error().code() != ErrorCode::conflict) return done;
  }
  GITOPSCTL_TRY(const auto read, read_named(environment, names));
  GITOPSCTL_TRY(const auto id, free_id(names, read));
  return update_object(environment, id, with_owner, &read);
}

void describe_owner(Value& body, const ChannelKey& key, std::string_view release) {
  Value& metadata = body.child_map("metadata");
  Value& labels = metadata.child_map("labels");
  labels.set("app.kubernetes.io/managed-by", Value::string("gitopsctl"));
  labels.set("gitopsctl.dev/channel-id", Value::string(sha256_hex(identity_of(key, {})).substr(0, 16)));
  metadata.child_map("annotations").set(identity_annotation, Value::string(identity_of(key, release)));
  Value& spec = body.child_map("spec");
  spec.set("repository", Value::string(key.repository));
  spec.set("channel", Value::string(key.channel));
  if (!release.empty()) spec.set("release", Value::string(release));
}

std::string channel_label(const ChannelKey& key) {
  return "gitopsctl.dev/channel-id=" + sha256_hex(identity_of(key, {})).substr(0, 16);
}

bool Switches::forbid_more_than(const Switches& before) const {
  if (suspend && !before.suspend) return true;
  if (held_digest != before.held_digest || pinned_revision != before.pinned_revision) return true;
  return std::any_of(suspended_releases.begin(), suspended_releases.end(),
                     [&](const auto& release) { return !before.suspended_releases.contains(release.first); });
}

namespace {

std::string text_at(const Value& body, std::initializer_list<std::string_view> path) {
  return std::string(body.string_at(path));
}

}  // namespace

bool is_suspended(const Value& body) {
  const Value* suspend = body.find_path({"spec", "suspend"});
  if (suspend == nullptr || suspend->is_nothing()) return false;
  return !suspend->is_bool() || suspend->as_bool();
}

namespace {

ReleaseSwitch read_release_switch(const LiveObject& object) {
  ReleaseSwitch out;
  out.resource_version = object.resource_version;
  out.release = text_at(object.body, {"spec", "release"});
  out.suspend = is_suspended(object.body);
  if (out.suspend) out.reason = text_at(object.body, {"spec", "suspendReason"});
  return out;
}

/// Brings `memory` up to date: one object for every Release of the channel that is there now.
Result<void> refresh(Environment& environment, const ChannelKey& key, SwitchMemory& memory) {
  const ListQuery releases{std::string(channels::api_group), "Release", "", channel_label(key)};
  if (memory.empty()) {
    GITOPSCTL_TRY(const auto objects, environment.list(releases));
    for (const auto& object : objects) memory.emplace(object.id, read_release_switch(object));
    return {};
  }
  GITOPSCTL_TRY(const auto versions, environment.list_versions(releases));
  SwitchMemory next;
  std::vector<render::ObjectId> changed;
  for (const auto& version : versions) {
    const auto known = memory.find(version.id);
    if (known != memory.end() && known->second.resource_version == version.resource_version) {
      next.insert(*known);
    } else {
      changed.push_back(version.id);
    }
  }
  GITOPSCTL_TRY(const auto objects, environment.get_many(changed));
  for (const auto& object : objects) {
    if (object) next.emplace(object->id, read_release_switch(*object));
  }
  memory = std::move(next);
  return {};
}

}  // namespace

Result<Switches> read_switches(Environment& environment, const ChannelKey& key) {
  SwitchMemory memory;
  return read_switches(environment, key, memory);
}

Result<Switches> read_switches(Environment& environment, const ChannelKey& key, SwitchMemory& memory) {
  Switches out;
  const Names names = names_of(key, {}, {});
  GITOPSCTL_TRY(out.channel_objects, read_named(environment, names));
  GITOPSCTL_TRY(const auto id, free_id(names, *out.channel_objects));
  if (const auto live = look_up(&*out.channel_objects, id)) {
    out.suspend = is_suspended(live->body);
    out.suspended_by = text_at(live->body, {"spec", "suspendedBy"});
    out.suspend_reason = text_at(live->body, {"spec", "suspendReason"});
    out.pinned_revision = text_at(live->body, {"spec", "rollback", "revision"});
    out.held_digest = text_at(live->body, {"spec", "rollback", "heldDigest"});
    out.held_revision = text_at(live->body, {"spec", "rollback", "heldRevision"});
    out.pin_reason = text_at(live->body, {"spec", "rollback", "reason"});
    out.reported_revision = text_at(live->body, {"status", "revision"});
  }
  GITOPSCTL_CHECK(refresh(environment, key, memory));
  for (const auto& [place, release] : memory) {
    out.release_places.emplace(release.release, place.namespace_);
    if (release.suspend) out.suspended_releases[release.release] = release.reason;
  }
  return out;
}

Result<std::vector<Approval>> list_approvals(Environment& environment, const ChannelKey& key) {
  GITOPSCTL_TRY(const auto objects, environment.list({std::string(channels::api_group), "Approval",
                                                      std::string(home_namespace), channel_label(key)}));
  std::vector<Approval> out;
  for (const auto& object : objects) {
    Approval approval;
    approval.digest = text_at(object.body, {"spec", "digest"});
    approval.seal = text_at(object.body, {"spec", "seal"});
    const Value* deletes = object.body.find_path({"spec", "deletes"});
    approval.deletes = deletes != nullptr && deletes->as_bool();
    approval.by = text_at(object.body, {"spec", "by"});
    if (const auto at = parse_time(object.body.string_at({"spec", "at"})); at.ok()) approval.at = *at;
    // An approval without a name or a digest approves nothing.
    if (!approval.digest.empty() && !approval.by.empty()) out.push_back(std::move(approval));
  }
  return out;
}

Result<void> write_approval(Environment& environment, const ChannelKey& key, const Approval& approval) {
  const std::string name =
      key.channel + '-' + sha256_hex(key.to_string() + '\n' + approval.digest + '\n' + approval.by).substr(0, 16);
  const render::ObjectId id{std::string(channels::api_group), "Approval", std::string(home_namespace), name};
  GITOPSCTL_CHECK(update_object(environment, id, [&](Value& body) {
    describe_owner(body, key);
    Value& spec = body.child_map("spec");
    spec.set("digest", Value::string(approval.digest));
    if (!approval.seal.empty()) spec.set("seal", Value::string(approval.seal));
    spec.set("deletes", Value::boolean(approval.deletes));
    spec.set("by", Value::string(approval.by));
    spec.set("at", Value::string(format_time(approval.at)));
  }));
  return {};
}

}  // namespace gitopsctl::agent
