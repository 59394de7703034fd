#pragma once

#include <string>
#include <vector>

#include "agent/control/control.hpp"
#include "agent/environment/environment.hpp"
#include "base/result/result.hpp"
#include "channels/model/channel.hpp"

namespace gitopsctl::agent {

/// What a channel was last deployed as: kept in the environment beside the inventories (ConfigMap
/// `gitopsctl-<channel>-<hash8>`), because the policy of the deployed revision decides about the next one even when that
/// revision cannot be read from Git any more.
struct ChannelRecord {
  static constexpr int schema = 1;

  std::string commit;  ///< of the last complete deployment
  /// What that commit renders to, releases included that were suspended then and were not written: for people, and no proof
  /// that any of it was deployed. What each release is at, its inventory says.
  std::string render_digest;
  channels::Policy policy;  ///< of that deployment; defaults when there was none
  bool known = false;       ///< there was a deployment

  std::string resource_version;
};

/// Reads the record; `known` is false when there is none. Errors: `newer_schema`, `conflict` (another identity),
/// `invalid_input` (edited by hand into something unreadable: then nothing is written until somebody looks).
[[nodiscard]] Result<ChannelRecord> read_channel_record(Environment& environment, const ChannelKey& key);
/// Writes it by compare-and-swap.
[[nodiscard]] Result<void> write_channel_record(Environment& environment, const ChannelKey& key, ChannelRecord& record,
                                                const ApplyOptions& options);

}  // namespace gitopsctl::agent
