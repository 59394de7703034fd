#pragma once

#include <string>

#include "agent/control/control.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent {

/// The lease of a channel: who has it may write what the channel deploys.
[[nodiscard]] std::string channel_lease_name(const ChannelKey& key);
/// The lease of an installation: of several agents of it, the one that has it works. No channel's lease has a dot in its
/// name.
[[nodiscard]] std::string leader_lease_name(const std::string& installation);
/// The object that a lease is in a cluster.
[[nodiscard]] render::ObjectId lease_object_id(const std::string& name);

}  // namespace gitopsctl::agent
