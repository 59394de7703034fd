#pragma once

#include <string>
#include <vector>

#include "agent/environment/environment.hpp"
#include "agent/install/install.hpp"
#include "base/result/result.hpp"

namespace gitopsctl::agent::install::detail {

/// One object that an installation made, or is about to make.
struct RecordEntry {
  render::ObjectId id;
  std::string uid;  ///< empty until the write was answered
};

/// What `gitopsctl install` put into a cluster: ConfigMap `gitopsctl-install-RELEASE` in the installation's namespace. What
/// it does not name is never removed.
struct Record {
  static constexpr int schema = 1;

  std::string release;
  std::string namespace_;
  std::string installation;
  std::vector<RecordEntry> entries;  ///< in the order in which they were applied
  std::string uid;                   ///< of the stored object; empty: not stored yet
  std::string resource_version;

  [[nodiscard]] render::ObjectId id() const;
  [[nodiscard]] RecordEntry* find(const render::ObjectId& which) noexcept;
  /// Adds or finds.
  RecordEntry& add(const render::ObjectId& which);
};

/// The record of that installation, an empty one when there is none. `newer_schema` for one of a newer version, `conflict`
/// for an object of that name that is no record.
[[nodiscard]] Result<Record> read_record(Environment& environment, const std::string& release,
                                         const std::string& namespace_);
/// Writes it if it is still as it was read.
Result<void> write_record(Environment& environment, Record& record);
/// Deletes what an entry names, if it is still that object; one whose write was never answered must have the labels of the
/// installation. Told to `progress` as removed, or as kept when it is somebody else's by now.
Result<void> remove_entry(Environment& environment, const Record& record, const RecordEntry& entry,
                          const InstallProgress& progress);
/// How many installations there are, in all namespaces.
[[nodiscard]] Result<std::size_t> count_records(Environment& environment);

}  // namespace gitopsctl::agent::install::detail
