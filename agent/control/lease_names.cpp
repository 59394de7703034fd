#include "agent/control/lease_names.hpp"

#include "base/crypto/digest.hpp"

namespace gitopsctl::agent {

std::string channel_lease_name(const ChannelKey& key) {
  return "gitopsctl-" + key.channel + '-' + sha256_hex(key.installation + '/' + key.to_string()).substr(0, 8);
}

std::string leader_lease_name(const std::string& installation) { return "gitopsctl-leader." + installation; }

render::ObjectId lease_object_id(const std::string& name) {
  return {"coordination.k8s.io", "Lease", std::string(home_namespace), name};
}

}  // namespace gitopsctl::agent
