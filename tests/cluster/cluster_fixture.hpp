#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/cluster/cluster_environment.hpp"
#include "agent/environment/environment.hpp"
#include "agent/reconcile/channel_runner.hpp"
#include "base/files/file_tree.hpp"
#include "tests/support/control_plane.hpp"

namespace gitopsctl::tests {

/// Settings that log in as the administrator of `plane`.
[[nodiscard]] agent::ClusterSettings admin_settings(const support::ControlPlane& plane);
/// A cluster environment with the rights of the administrator; fails the case when it cannot be made.
[[nodiscard]] std::unique_ptr<agent::Environment> open_cluster(const support::ControlPlane& plane);
[[nodiscard]] std::unique_ptr<agent::Environment> open_cluster(agent::ClusterSettings settings);

/// The value of a Result, or the end of the case with its error.
template <class T>
T must(Result<T> result);

/// Makes sure that the cluster has the kinds of gitopsctl.dev and the home namespace.
void install_kinds(support::ControlPlane& plane);

/// One object of a YAML text.
[[nodiscard]] render::Object object_of(const std::string& yaml, const std::string& namespace_ = "");
/// A ConfigMap with `data.value`.
[[nodiscard]] render::Object config_map_object(const std::string& namespace_, const std::string& name,
                                               const std::string& value);
[[nodiscard]] std::string config_map_yaml(const std::string& namespace_, const std::string& name, const std::string& value);

using Files = std::map<std::string, std::string>;

/// One channel of one repository that lands in a cluster, and the namespaces of its releases, which no other case uses.
class ClusterChannel {
 public:
  ClusterChannel(agent::Environment& environment, std::string channel, std::string holder = "agent-1");

  /// A tree with this channel file (releases as `name: namespace`, each of driver manifests with path NAME) and files.
  channels::CommitId commit(const std::vector<std::pair<std::string, std::string>>& releases, Files files,
                            const std::string& more = "", const std::string& per_release = "");
  agent::RunResult run(const channels::CommitId& commit, const std::string& trigger = "poll");
  /// What a new process sees.
  void restart();

  agent::Environment& environment;
  agent::ChannelKey key;
  agent::ChannelRunner::Setup setup;
  std::map<channels::CommitId, FileTreePtr> trees;
  std::unique_ptr<agent::ChannelRunner> runner;
};

/// State, message and errors of a run, for messages of checks.
[[nodiscard]] std::string shown(const agent::RunResult& result);

}  // namespace gitopsctl::tests

#include <doctest/doctest.h>

template <class T>
T gitopsctl::tests::must(Result<T> result) {
  if (!result.ok()) FAIL(result.error().to_string());
  return std::move(result).value();
}
