#pragma once

#include <functional>
#include <optional>
#include <string>

namespace gitopsctl::agent {

/// Where to look for a namespace.
struct KubeNamespaceOptions {
  std::string kubeconfig;  ///< this file alone; empty: those in KUBECONFIG, else ~/.kube/config
  std::string context;     ///< empty: current-context
  /// Where environment variables come from; empty: this process's.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  std::string service_account_directory = "/var/run/secrets/kubernetes.io/serviceaccount";
};

/// The namespace that a context of the kubeconfig names; of equal names, and of `current-context`, the first file wins. In a
/// pod without a kubeconfig it is the pod's own. `default` where nothing names one, also because files cannot be read or
/// there is no such context: as helm does, which looks at no cluster either when it renders. Thread-safe; apart from
/// kubeconfig.hpp because it needs no network library.
[[nodiscard]] std::string kubeconfig_namespace(const KubeNamespaceOptions& options = {});

}  // namespace gitopsctl::agent
