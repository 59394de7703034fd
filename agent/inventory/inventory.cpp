#include "agent/inventory/inventory.hpp"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "agent/inventory/compression.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::agent {

namespace {

constexpr std::string_view tooling = "gitopsctl/v1";
constexpr std::string_view identity_annotation = "gitopsctl.dev/identity";
constexpr std::string_view channel_key_label = "gitopsctl.dev/channel-key";
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
                     {"gitopsctl.dev/release", text(label_value(identity.release))},
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
      .with_hint(cause.code() == ErrorCode::newer_schema
                     ? "use the newer version of gitopsctl; nothing is changed or deleted meanwhile"
                     : "nothing is deleted while it is so; restore it, or delete it to take the objects over anew");
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

Result<std::optional<Inventory>> read_inventory(Environment& environment, const channels::ReleaseIdentity& identity,
                                                const std::string& namespace_) {
  GITOPSCTL_TRY(const auto object, environment.get(object_id(identity, namespace_)));
  if (!object) return std::optional<Inventory>{};
  const std::string_view announced = object->annotation(identity_annotation);
  if (announced != identity.to_string()) {
    return Error(ErrorCode::conflict,
                 object->id.to_string() + (announced.empty() ? " is there, but is no inventory of ours"
                                                             : " is the inventory of '" + std::string(announced) + "'"))
        .with_hint("two installations must not have the same name; otherwise move the object away");
  }
  GITOPSCTL_TRY(auto inventory, from_object(*object));
  if (inventory.identity != identity) {
    return Error(ErrorCode::conflict,
                 object->id.to_string() + " is the inventory of '" + inventory.identity.to_string() + "'");
  }
  return std::optional<Inventory>(std::move(inventory));
}

Result<std::vector<Inventory>> list_inventories(Environment& environment, const std::string& installation,
                                                const std::string& repository, const std::string& channel) {
  ListQuery query;
  query.kind = "ConfigMap";
  query.label = std::string(channel_key_label) + "=" + channel_key(installation, repository, channel);
  GITOPSCTL_TRY(const auto objects, environment.list(query));
  std::vector<Inventory> out;
  std::vector<Error> errors;
  for (const auto& object : objects) {
    auto inventory = from_object(object);
    if (!inventory.ok()) {
      errors.push_back(inventory.error());
      continue;
    }
    const auto& identity = inventory->identity;
    if (identity.installation != installation || identity.repository != repository || identity.channel != channel) {
      errors.push_back(Error(ErrorCode::conflict, object.id.to_string() + " is labelled for channel '" + channel +
                                                      "', but is the inventory of '" + identity.to_string() + "'"));
      continue;
    }
    out.push_back(std::move(inventory).value());
  }
  if (!errors.empty()) return combine(std::move(errors));
  std::sort(out.begin(), out.end(), [](const Inventory& a, const Inventory& b) {
    return std::tie(a.identity.release, a.namespace_) < std::tie(b.identity.release, b.namespace_);
  });
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
    GITOPSCTL_TRY(const auto packed, gzip(json));
    const std::string encoded = base64_encode(packed);
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
