#include "agent/kube/secret_reader.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace gitopsctl::agent {

namespace {

/// Clients by context. KubeClient is cheap to copy, so nobody waits for somebody else's answer here.
class ClientsByContext {
 public:
  explicit ClientsByContext(KubeClientMaker make) : make_(std::move(make)) {}

  Result<KubeClient> client(const std::string& context) {
    const std::lock_guard lock(mutex_);
    if (const auto known = clients_.find(context); known != clients_.end()) return known->second;
    GITOPSCTL_TRY(auto made, make_(context));
    return clients_.emplace(context, std::move(made)).first->second;
  }

 private:
  KubeClientMaker make_;
  std::mutex mutex_;
  std::map<std::string, KubeClient> clients_;
};

}  // namespace

channels::secrets::KubeSecretReader make_kube_secret_reader(KubeClientMaker make_client) {
  auto clients = std::make_shared<ClientsByContext>(std::move(make_client));
  return [clients](const std::string& context, const std::string& namespace_, const std::string& name,
                   const Interrupt& interrupt) -> Result<Value> {
    GITOPSCTL_TRY(const auto client, clients->client(context));
    const KubeCall call{.interrupt = interrupt, .sensitive = true, .on_repeat = {}, .last_word = false};
    auto found = client.get({"", "Secret", namespace_, name}, {.version = "v1", .metadata_only = false}, call);
    if (!found.ok()) return found.error();
    return *std::move(found);
  };
}

channels::secrets::KubeSecretReader make_kube_secret_reader(const std::string& kubeconfig,
                                                            const std::string& default_context,
                                                            const KubeClientOptions& options) {
  return make_kube_secret_reader([=](const std::string& context) -> Result<KubeClient> {
    KubeTargetOptions wanted;
    wanted.kubeconfig = kubeconfig;
    wanted.context = context.empty() ? default_context : context;
    GITOPSCTL_TRY(auto target, load_kube_target(wanted));
    return KubeClient(std::move(target), options);
  });
}

}  // namespace gitopsctl::agent
