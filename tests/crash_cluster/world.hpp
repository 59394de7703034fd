#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agent/kube/client.hpp"
#include "base/value/value.hpp"
#include "tests/crash_cluster/scenario.hpp"
#include "tests/support/control_plane.hpp"

namespace gitopsctl::crash {

/// An object as the API server has it.
struct Found {
  Value body;
  std::string uid;
  std::string version;
  std::string owner;     ///< the owner label
  std::string identity;  ///< gitopsctl's annotation on inventories and records
  bool deleting = false;
};

/// What there is of a case: in its namespaces, and outside of them under names that hold its prefix.
struct World {
  std::map<std::string, Found> objects;  ///< by `Kind/namespace/name`, with `@` for the prefix; without pods and events
  std::vector<std::string> events;       ///< as JSON

  [[nodiscard]] bool has_deleting() const;
};

/// A delete that the API server carried out or began.
struct Deletion {
  std::string resource;
  std::string key;  ///< `resource/namespace/name`, with `@`
  std::string who;  ///< the first word of the User-Agent
  bool by_agent = false;
  bool by_kubernetes = false;  ///< garbage collection, the content of a namespace that goes
};

/// A control plane whose API server notes every delete, and a look at it past the environment of the agent. Thread-safe but
/// for the constructor, which belongs into the main thread.
class Cluster {
 public:
  Cluster();

  [[nodiscard]] support::ControlPlane& plane() noexcept { return plane_; }
  [[nodiscard]] World look(const Names& names) const;
  /// The deletes of a case since the control plane was started, in their order; not those of a case's end.
  [[nodiscard]] std::vector<Deletion> deletions(const Names& names);
  /// Takes away what a case left, and does not wait for it.
  void sweep(const Names& names) const;

 private:
  std::string directory_;
  support::ControlPlane plane_;
  agent::KubeClient client_;
  std::mutex mutex_;
  std::size_t read_to_ = 0;
  std::map<std::string, std::vector<Deletion>> noted_;  ///< by prefix
};

}  // namespace gitopsctl::crash
