#include "agent/inventory/inventory.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "agent/inventory/compression.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::agent {

namespace {

constexpr std::string_view tooling = "gitopsctl/v1";
constexpr std::string_view identity_annotation = "gitopsctl.dev/identity";
constexpr std::string_view channel_key_label = "gitopsctl.dev/channel-key";
constexpr std::string_view release_label = "gitopsctl.dev/release";
constexpr std::string_view data_key = "inventory";
constexpr std::string_view compressed_key = "inventory.gz";
// Above this the JSON is compressed: far below what a ConfigMap may hold, and readable by people as long as it is small.
constexpr std::size_t max_plain_bytes = 256 << 10;
// A ConfigMap may hold 1 MiB; the rest is for its metadata.
constexpr std::size_t max_compressed_bytes = 1'000'000;
// What a compressed inventory may unfold to: about 400,000 entries.
constexpr std::size_t max_json_bytes = 64 << 20;

Value text(std::string_view value) { return Value::string(value); }

/// What stands in a label: at most 63 of the characters that labels may have, or nothing.
std::string label_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (out.size() < 63) out += plain || c == '-' || c == '_' || c == '.' ? c : '-';
  }
  const auto plain_end = [](char c) { return c != '-' && c != '_' && c != '.'; };
  while (!out.empty() && !plain_end(out.back())) out.pop_back();
  while (!out.empty() && !plain_end(out.front())) out.erase(out.begin());
  return out;
}

/// All inventories of a channel have the same one, and no other has.
std::string channel_key(std::string_view installation, std::string_view repository, std::string_view channel) {
  Sha256 sum;
  for (const auto part : {installation, repository, channel}) sum.add_field(part);
  return sum.hex().substr(0, 32);
}

render::ObjectId object_id(const channels::ReleaseIdentity& identity, const std::string& namespace_) {
  return {"", "ConfigMap", namespace_, identity.object_name()};
}

std::string join(const std::set<std::string>& texts) {
  std::string out;
  for (const auto& part : texts) out += (out.empty() ? "" : ",") + part;
  return out;
}

/// The vocabulary of ApplySets (KEP-3659), so that other tools see what belongs together.
Value metadata_of(const Inventory& inventory) {
  std::set<std::string> kinds;
  std::set<std::string> namespaces;
  for (const auto& entry : inventory.entries) {
    kinds.insert(entry.id.group.empty() ? entry.id.kind : entry.id.kind + "." + entry.id.group);
    if (!entry.id.namespace_.empty() && entry.id.namespace_ != inventory.namespace_) namespaces.insert(entry.id.namespace_);
  }
  const auto& identity = inventory.identity;
  return make_map({
      {"name", text(identity.object_name())},
      {"namespace", text(inventory.namespace_)},
      {"labels", make_map({
                     {"app.kubernetes.io/managed-by", text("gitopsctl")},
                     {"applyset.kubernetes.io/id", text(identity.apply_set_id(inventory.namespace_))},
                     {channel_key_label, text(channel_key(identity.installation, identity.repository, identity.channel))},
                     {"gitopsctl.dev/channel", text(label_value(identity.channel))},
                     {release_label, text(label_value(identity.release))},
                 })},
      {"annotations", make_map({
                          {"applyset.kubernetes.io/additional-namespaces", text(join(namespaces))},
                          {"applyset.kubernetes.io/contains-group-kinds", text(join(kinds))},
                          {"applyset.kubernetes.io/tooling", text(tooling)},
                          {identity_annotation, text(identity.to_string())},
                      })},
  });
}

Error unreadable(const LiveObject& object, const Error& cause) {
  return Error(cause.code(), object.id.to_string() + " is no readable inventory: " + cause.message())
      .with_hint(
          cause.code() == ErrorCode::newer_schema
              ? "run the newer version of gitopsctl again; until then nothing of the release is changed, and nothing of "
                "its channel is deleted"
              : "restore it, or delete it to take the release's objects over anew; until then nothing of the release "
                "is changed, and nothing of its channel is deleted");
}

/// Something stands where a release's inventory would.
Error not_ours(const LiveObject& object, std::string_view announced) {
  return Error(ErrorCode::conflict,
               object.id.to_string() + (announced.empty() ? " is there, but is no inventory of ours"
                                                          : " is the inventory of '" + std::string(announced) + "'"))
      .with_hint("two installations must not have the same name; otherwise move the object away");
}

Result<std::string> stored_json(const LiveObject& object) {
  if (const Value* plain = object.body.find_path({"data", data_key}); plain != nullptr && plain->is_string()) {
    if (plain->as_string().size() > max_json_bytes) return Error(ErrorCode::too_large, "the inventory is too large");
    return std::string(plain->as_string());
  }
  if (const Value* packed = object.body.find_path({"binaryData", compressed_key});
      packed != nullptr && packed->is_string()) {
    GITOPSCTL_TRY(const auto bytes, base64_decode(packed->as_string()));
    return gunzip(bytes, max_json_bytes);
  }
  return Error(ErrorCode::invalid_input, "it has neither data.inventory nor binaryData.inventory.gz");
}

Result<Inventory> from_object(const LiveObject& object) {
  auto json = stored_json(object);
  if (!json.ok()) return unreadable(object, json.error());
  auto inventory = decode_inventory(*json);
  if (!inventory.ok()) return unreadable(object, inventory.error());
  inventory->namespace_ = object.id.namespace_;
  inventory->uid = object.uid;
  inventory->resource_version = object.resource_version;
  inventory->stored_digest = sha256_hex(*json);
  const std::string_view announced = object.annotation(identity_annotation);
  if (announced != inventory->identity.to_string() || inventory->identity.object_name() != object.id.name) {
    return Error(ErrorCode::conflict, object.id.to_string() + " is the inventory of '" + inventory->identity.to_string() +
                                          "' by its content, but not by its name and annotation")
        .with_hint("it was copied or edited by hand; restore it, or delete it to take the objects over anew");
  }
  return inventory;
}

auto position(const std::vector<InventoryEntry>& entries, const render::ObjectId& id) {
  return std::lower_bound(entries.begin(), entries.end(), id,
                          [](const InventoryEntry& entry, const render::ObjectId& wanted) { return entry.id < wanted; });
}

}  // namespace

const InventoryEntry* Inventory::find(const render::ObjectId& id) const noexcept {
  const auto found = position(entries, id);
  return found != entries.end() && found->id == id ? &*found : nullptr;
}

InventoryEntry* Inventory::find(const render::ObjectId& id) noexcept {
  return const_cast<InventoryEntry*>(std::as_const(*this).find(id));
}

InventoryEntry& Inventory::add(const render::ObjectId& id) {
  const auto found = position(entries, id);
  if (found != entries.end() && found->id == id) return entries[static_cast<std::size_t>(found - entries.begin())];
  InventoryEntry entry;
  entry.id = id;
  return *entries.insert(found, std::move(entry));
}

void Inventory::add_all(std::vector<InventoryEntry> fresh) {
  const auto by_id = [](const InventoryEntry& a, const InventoryEntry& b) { return a.id < b.id; };
  std::ranges::stable_sort(fresh, by_id);
  const auto twice = std::ranges::unique(fresh, {}, &InventoryEntry::id);
  fresh.erase(twice.begin(), twice.end());
  const auto before = static_cast<std::ptrdiff_t>(entries.size());
  std::ranges::move(fresh, std::back_inserter(entries));
  std::inplace_merge(entries.begin(), entries.begin() + before, entries.end(), by_id);
}

Result<std::optional<Inventory>> read_inventory(Environment& environment, const channels::ReleaseIdentity& identity,
                                                const std::string& namespace_) {
  GITOPSCTL_TRY(const auto object, environment.get(object_id(identity, namespace_)));
  if (!object) return std::optional<Inventory>{};
  const std::string_view announced = object->annotation(identity_annotation);
  if (announced != identity.to_string()) return not_ours(*object, announced);
  GITOPSCTL_TRY(auto inventory, from_object(*object));
  if (inventory.identity != identity) {
    return Error(ErrorCode::conflict,
                 object->id.to_string() + " is the inventory of '" + inventory.identity.to_string() + "'");
  }
  return std::optional<Inventory>(std::move(inventory));
}

namespace {

/// The release whose inventory `object` claims to be, by its annotation or by the name that goes with its label; empty when
/// neither tells.
std::string claimed_release(const LiveObject& object, const channels::ReleaseIdentity& channel) {
  std::string prefix = channel.to_string();  // ends with the slash before the release
  const std::string_view announced = object.annotation(identity_annotation);
  if (announced.starts_with(prefix) && announced.size() > prefix.size()) {
    return std::string(announced.substr(prefix.size()));
  }
  channels::ReleaseIdentity labelled = channel;
  labelled.release = object.label(release_label);
  return !labelled.release.empty() && labelled.object_name() == object.id.name ? labelled.release : std::string();
}

/// Inventories of one channel on their way into the two lists.
class Sorting {
 public:
  explicit Sorting(channels::ReleaseIdentity channel) : channel_(std::move(channel)) {}

  void add(const LiveObject& object) {
    const std::string release = claimed_release(object, channel_);
    auto inventory = from_object(object);
    if (release.empty()) {
      lost_.push_back(inventory.ok()
                          ? Error(ErrorCode::conflict, object.id.to_string() + " has the label of channel '" +
                                                           channel_.channel + "', but is the inventory of '" +
                                                           inventory->identity.to_string() + "'")
                                .with_hint("it was copied by hand: delete the copy; nothing is written until then")
                          : inventory.error());
      return;
    }
    if (!inventory.ok()) {
      refuse(release, object.id.namespace_, inventory.error());
      return;
    }
    if (const auto known = readable_.find(release); known != readable_.end()) {
      const std::string first = known->second.namespace_;
      refuse(release, first,
             Error(ErrorCode::conflict, "release '" + release + "' has two inventories, in namespaces '" + first +
                                            "' and '" + object.id.namespace_ + "'")
                 .with_hint("delete the one that was copied by hand; until then nothing of the release is changed"));
    }
    readable_.insert_or_assign(release, *std::move(inventory));
  }

  Result<InventoryList> end() {
    if (!lost_.empty()) return combine(std::move(lost_));
    InventoryList out;
    for (auto& [release, unreadable] : unreadable_) {
      if (const auto other = readable_.find(release); other != readable_.end()) {
        unreadable.owners.push_back(owner_of(release, other->second.namespace_));
        readable_.erase(other);
      }
      out.unreadable.push_back(std::move(unreadable));
    }
    for (auto& [release, inventory] : readable_) out.readable.push_back(std::move(inventory));
    return out;
  }

 private:
  [[nodiscard]] std::string owner_of(const std::string& release, const std::string& namespace_) const {
    channels::ReleaseIdentity identity = channel_;
    identity.release = release;
    return identity.apply_set_id(namespace_);
  }

  void refuse(const std::string& release, const std::string& namespace_, Error error) {
    UnreadableInventory& entry = unreadable_[release];
    if (entry.release.empty()) {
      entry.release = release;
      entry.namespace_ = namespace_;
    }
    entry.owners.push_back(owner_of(release, namespace_));
    entry.errors.push_back(std::move(error));
  }

  channels::ReleaseIdentity channel_;
  std::map<std::string, Inventory> readable_;
  std::map<std::string, UnreadableInventory> unreadable_;
  std::vector<Error> lost_;
};

}  // namespace

Result<InventoryList> list_inventories(Environment& environment, const std::string& installation,
                                       const std::string& repository, const std::string& channel) {
  ListQuery query;
  query.kind = "ConfigMap";
  query.label = std::string(channel_key_label) + "=" + channel_key(installation, repository, channel);
  GITOPSCTL_TRY(const auto objects, environment.list(query));
  Sorting sorting({installation, repository, channel, {}});
  for (const auto& object : objects) sorting.add(object);
  return sorting.end();
}

Result<std::vector<UnreadableInventory>> find_unlisted(Environment& environment, const std::vector<InventoryPlace>& places) {
  std::vector<UnreadableInventory> out;
  std::vector<render::ObjectId> ids;
  ids.reserve(places.size());
  for (const auto& place : places) ids.push_back(object_id(place.identity, place.namespace_));
  if (ids.empty()) return out;
  // Nearly always none of them is there.
  GITOPSCTL_TRY(const auto known, environment.known_versions(ids));
  std::vector<InventoryPlace> left;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto found = known.find(ids[i]);
    if (found == known.end() || found->second) left.push_back(places[i]);
  }
  if (left.empty()) return out;
  ids.clear();
  for (const auto& place : left) ids.push_back(object_id(place.identity, place.namespace_));
  GITOPSCTL_TRY(const auto objects, environment.get_many(ids));
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!objects[i]) continue;
    const auto& identity = left[i].identity;
    const std::string label =
        std::string(channel_key_label) + "=" + channel_key(identity.installation, identity.repository, identity.channel);
    const std::string_view announced = objects[i]->annotation(identity_annotation);
    Error error =
        announced == identity.to_string()
            ? Error(ErrorCode::conflict, ids[i].to_string() + " is the release's inventory, but has lost the label " +
                                             std::string(channel_key_label) + " by which inventories are found")
                  .with_hint("put the label " + label +
                             " back, or delete the object to take the release's objects over anew; until then "
                             "nothing of the release is changed, and nothing of its channel is deleted")
            : not_ours(*objects[i], announced);
    out.push_back({identity.release, left[i].namespace_, {identity.apply_set_id(left[i].namespace_)}, {std::move(error)}});
  }
  return out;
}

Result<void> write_inventory(Environment& environment, Inventory& inventory, const ApplyOptions& options) {
  render::Object object;
  object.id = object_id(inventory.identity, inventory.namespace_);
  object.api_version = "v1";
  object.source = "inventory";
  object.body = make_map({{"apiVersion", text("v1")}, {"kind", text("ConfigMap")}, {"metadata", metadata_of(inventory)}});
  std::string json = encode_inventory(inventory);
  if (json.size() <= max_plain_bytes) {
    object.body.set("data", make_map({{data_key, text(json)}}));
  } else {
    if (json.size() > max_json_bytes) {
      return Error(ErrorCode::too_large, "release '" + inventory.identity.to_string() + "' owns too many objects");
    }
    GITOPSCTL_TRY(const std::string quick, gzip(json, Packing::quick));
    std::string encoded = base64_encode(quick);
    if (encoded.size() > max_compressed_bytes) {
      GITOPSCTL_TRY(const std::string small, gzip(json, Packing::small));
      encoded = base64_encode(small);
    }
    if (encoded.size() > max_compressed_bytes) {
      return Error(ErrorCode::too_large, "release '" + inventory.identity.to_string() + "' owns too many objects (" +
                                             std::to_string(inventory.entries.size()) + ") for one inventory")
          .with_hint("split it into several releases");
    }
    object.body.set("binaryData", make_map({{compressed_key, text(encoded)}}));
  }
  ApplyOptions own = options;
  own.owner.clear();  // the inventory is the parent of the set, not a member
  GITOPSCTL_TRY(const auto written, environment.put(object, inventory.resource_version, own));
  inventory.stored_digest = sha256_hex(json);
  inventory.uid = written.uid;
  inventory.resource_version = written.resource_version;
  return {};
}

Result<void> delete_inventory(Environment& environment, const Inventory& inventory, const ApplyOptions& options) {
  if (!inventory.entries.empty()) {
    return Error(ErrorCode::internal, "the inventory of '" + inventory.identity.to_string() + "' still has entries");
  }
  return environment.remove(object_id(inventory.identity, inventory.namespace_), {inventory.uid, inventory.resource_version},
                            options);
}

}  // namespace gitopsctl::agent
