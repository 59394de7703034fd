#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent::demo {

/// Where the demo lands when it is not on this machine alone: one cluster for both channels.
struct ClusterOptions {
  std::string kubeconfig;
  std::string context;
};

/// A file of the demo as it is for a cluster: each channel has namespaces of its own, pods run an image that every cluster
/// can fetch and that does nothing, and nobody asks it whether it is ready. `path` is changed too where there is one file
/// for each channel. Pure.
struct DemoFile {
  std::string path;
  std::string content;
};
[[nodiscard]] std::vector<DemoFile> file_for_cluster(std::string_view path, std::string_view content);

/// Namespace of a release of the demo there: `gitopsctl-demo-greeter-prod`.
[[nodiscard]] std::string namespace_in_cluster(std::string_view release, std::string_view channel);

/// Values of charts/gitopsctl for the demo: the agent's rights, without its pod, which is this machine's process.
[[nodiscard]] std::string install_values();

/// How the installation's objects are called there, so that the agent's chart can be installed beside it.
inline constexpr std::string_view install_name = "gitopsctl-demo";

/// `conflict` when a namespace of the demo is there already.
Result<void> check_free(const ClusterOptions& options, const Interrupt& interrupt);

/// Writes a kubeconfig that logs in as the agent's own service account, with a token of a day. The account is there already.
Result<void> write_agent_kubeconfig(const ClusterOptions& options, const std::string& path, const Interrupt& interrupt);

/// Deletes the namespaces that the demo made, and waits until they are gone.
Result<void> remove_namespaces(const ClusterOptions& options, const Interrupt& interrupt);

}  // namespace gitopsctl::agent::demo
