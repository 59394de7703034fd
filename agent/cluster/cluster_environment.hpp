#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/environment/environment.hpp"
#include "agent/kube/client.hpp"
#include "agent/kube/kubeconfig.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent {

/// Which cluster, with whose rights, and how much of it.
struct ClusterSettings {
  KubeTarget target;
  /// `namespace/name` of the service account that the releases' objects are looked at and written as; empty: whoever the
  /// target logs in as. Channels, Releases, approvals, leases, records and inventories are ours in any case.
  std::string impersonate;
  /// Nothing is listed or watched outside of these and the home namespace, so no right for the whole cluster is needed;
  /// empty: no limit.
  std::vector<std::string> namespaces;
  /// False: nothing is watched, which costs a list and a connection for each kind, and version() says once a second that
  /// somebody else may have written. For who does one run and ends.
  bool watches = true;
  /// Who writes, as managedFields will say.
  std::string field_manager = "gitopsctl";
  KubeClientOptions client;
  std::string cache_directory;  ///< where the server's schemas are kept; empty: in memory only
};

/// A Kubernetes cluster as the environment of a channel. Nothing is asked of the server before the first call. `clock` must
/// outlive it. Writes are server-side applies of our field manager (docs/cluster.md).
[[nodiscard]] Result<std::unique_ptr<Environment>> open_cluster_environment(ClusterSettings settings, Clock& clock);

}  // namespace gitopsctl::agent
