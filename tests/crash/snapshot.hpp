#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gitopsctl::crash {

/// One row of an environment's file.
struct StoredObject {
  std::string uid;
  std::int64_t revision = 0;
  std::string body;   ///< canonical JSON, without uid, version and time
  std::string owner;  ///< the owner label
  std::string value;  ///< `data.value`, with a + when there is `data.more`; or `spec.replicas`
  std::map<std::string, std::string> labels;
  bool control = false;  ///< ours to tell people something: statuses, events, inventories, the channel record
};

/// Everything that an environment's file holds, read past the program that wrote it.
struct Snapshot {
  std::map<std::string, StoredObject> objects;  ///< by `Kind/namespace/name`
  std::vector<std::string> deletions;           ///< sorted, each time an object was deleted; events are not among them
  std::int64_t version = 0;
  std::vector<std::string> damage;  ///< where the file contradicts itself: an object that no list would find, for example
};

/// Makes the file note every delete by anybody from now on, also across kills: a trigger that is part of the deleting
/// transaction.
void note_deletions(const std::string& environment_file);
/// Forgets those noted so far.
void forget_deletions(const std::string& environment_file);
[[nodiscard]] Snapshot read_snapshot(const std::string& environment_file);

}  // namespace gitopsctl::crash
