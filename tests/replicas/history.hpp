#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/kube/client.hpp"
#include "tests/support/control_plane.hpp"

namespace gitopsctl::replicas {

/// One version of an object, as the API server told it.
struct Version {
  std::uint64_t at = 0;  ///< its resourceVersion: one count for everything in one etcd
  bool deleted = false;
  Value body;
};

/// Every version of the inventories of some namespaces and of all leases, from its making on. Thread-safe.
class History {
 public:
  History(const support::ControlPlane& plane, const std::vector<std::string>& namespaces);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  /// By `namespace/name`, in order.
  [[nodiscard]] std::map<std::string, std::vector<Version>> inventories() const;
  /// By name, in order.
  [[nodiscard]] std::map<std::string, std::vector<Version>> leases() const;
  /// Who holds a lease now; empty: nobody.
  [[nodiscard]] std::string holder(const std::string& lease) const;
  /// How often a watch had to begin anew, so that versions may be missing.
  [[nodiscard]] int gaps() const;

 private:
  class Sink;
  void watch(agent::KubeKind kind, const std::string& name_space, const std::string& selector,
             std::map<std::string, std::vector<Version>>& into);

  agent::KubeClient client_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Version>> inventories_;
  std::map<std::string, std::vector<Version>> leases_;
  int begun_ = 0;
  int listed_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace gitopsctl::replicas
