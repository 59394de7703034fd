#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/environment/environment.hpp"
#include "base/result/result.hpp"
#include "channels/model/channel.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent {

enum class EntryState : std::uint8_t { intended, applied, pruning, recreating, kept };

/// One object that a release owns or may own.
struct InventoryEntry {
  render::ObjectId id;
  std::string version;    ///< API version part, for display and requests
  std::string uid;        ///< of the live object; empty until our write was answered
  std::string hash;       ///< of the applied canonical body (Secrets keyed with the installation's key)
  std::string live_hash;  ///< of the live object projected on the fields we own, from the answer to our write
  EntryState state = EntryState::intended;
};

/// What one release of one channel owns in an environment: the only thing that a delete is ever decided from.
/// Stored as ConfigMap `gitopsctl-<channel>-<release>-<hash8>` (docs/formats/inventory.md), written by compare-and-swap.
struct Inventory {
  static constexpr int schema = 1;

  channels::ReleaseIdentity identity;
  std::string namespace_;  ///< of the inventory object
  std::string release_namespace;
  std::string phase;  ///< applying, applied, failed
  std::string commit;
  std::string attempt;  ///< commit that is being applied, until it is the deployed one; empty: none
  std::string render_digest;
  std::string seal_digest;
  std::string render_key;  ///< hash of the recorded inputs: equal key, equal render
  std::string profile;
  std::vector<channels::ChartRecord> charts;    ///< that were fetched for the render
  std::vector<channels::SourceRecord> sources;  ///< what it read of the environment
  TimePoint rendered_at{};
  std::int64_t fence = 0;
  std::string run_id;
  std::vector<InventoryEntry> entries;  ///< in order of identity
  std::string previous_digest;
  bool prune = true;                      ///< as the deployed revision says: what happens when the release leaves the file
  std::vector<std::string> allow_delete;  ///< of the deployed revision: kinds that may be deleted although they hold data
  /// What the release calls sensitive, of the deployed revision and while that changes of both: these values are hidden in
  /// comparisons also when the release has left the file, or the commit to come no longer names them.
  std::vector<render::SensitivePath> sensitive;

  std::string uid;               ///< of the stored object
  std::string resource_version;  ///< empty: not stored yet
  /// Digest of the stored form when it was read or written last, to tell whether a write would change anything; transient.
  std::string stored_digest;

  [[nodiscard]] const InventoryEntry* find(const render::ObjectId& id) const noexcept;
  [[nodiscard]] InventoryEntry* find(const render::ObjectId& id) noexcept;
  /// Adds or finds.
  InventoryEntry& add(const render::ObjectId& id);
  /// Adds many of which there is none yet; of two with one id the first.
  void add_all(std::vector<InventoryEntry> fresh);
};

/// Reads the inventory of a release. nullopt: there is none. Errors: `newer_schema`; `conflict` when the object carries
/// another identity; `invalid_input` when it was edited into something unreadable (nothing may be deleted then).
[[nodiscard]] Result<std::optional<Inventory>> read_inventory(Environment& environment,
                                                              const channels::ReleaseIdentity& identity,
                                                              const std::string& namespace_);
/// The inventory of one release that is there and cannot be used: of a newer schema, damaged, copied, or without its label.
/// What the release owns is not known then: nothing of it may be written or deleted, nobody may take over what may be its,
/// and nothing of the channel may be deleted.
struct UnreadableInventory {
  std::string release;
  std::string namespace_;           ///< of the inventory object
  std::vector<std::string> owners;  ///< ApplySet ids that objects of the release may carry
  std::vector<Error> errors;        ///< why, and what to do
};

/// The inventories of a channel; each release is in one of the lists.
struct InventoryList {
  std::vector<Inventory> readable;              ///< in order of release
  std::vector<UnreadableInventory> unreadable;  ///< in order of release
};

/// All inventories of a channel (by label), also of releases that left its file. Two of one release make it unreadable. An
/// object with the channel's label of which neither name nor annotation tells the release is an error of the whole call: a
/// set that is not known completely is not a set.
[[nodiscard]] Result<InventoryList> list_inventories(Environment& environment, const std::string& installation,
                                                     const std::string& repository, const std::string& channel);

/// Where the inventory of a release would stand.
struct InventoryPlace {
  channels::ReleaseIdentity identity;
  std::string namespace_;
};
/// The inventories at those places of releases that list_inventories() did not find: such an object is there, but lost the
/// label by which it is listed, or is something else that has its name.
[[nodiscard]] Result<std::vector<UnreadableInventory>> find_unlisted(Environment& environment,
                                                                     const std::vector<InventoryPlace>& places);
/// Creates or replaces it by compare-and-swap on resource_version, which is updated together with uid.
[[nodiscard]] Result<void> write_inventory(Environment& environment, Inventory& inventory, const ApplyOptions& options);
/// Deletes the stored object (of a release without entries).
[[nodiscard]] Result<void> delete_inventory(Environment& environment, const Inventory& inventory,
                                            const ApplyOptions& options);

/// The JSON of `data.inventory` and back; fuzzed.
[[nodiscard]] std::string encode_inventory(const Inventory& inventory);
[[nodiscard]] Result<Inventory> decode_inventory(std::string_view json);

}  // namespace gitopsctl::agent
