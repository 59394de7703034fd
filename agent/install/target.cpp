#include "agent/cluster/cluster_environment.hpp"
#include "agent/install/install.hpp"
#include "agent/kube/kubeconfig.hpp"
#include "base/process/signals.hpp"

namespace gitopsctl::agent::install {

Result<std::unique_ptr<Environment>> open_install_target(const std::string& kubeconfig, const std::string& context,
                                                         Clock& clock) {
  KubeTargetOptions options;
  options.kubeconfig = kubeconfig;
  options.context = context;
  ClusterSettings settings;
  GITOPSCTL_TRY(settings.target, load_kube_target(options));
  settings.client.stop = stop_of_signals();
  settings.client.reach_for = reach_for_command;
  return open_cluster_environment(std::move(settings), clock);
}

}  // namespace gitopsctl::agent::install
