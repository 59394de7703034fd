#pragma once

#include <functional>
#include <string>

#include "agent/kube/client.hpp"
#include "base/result/result.hpp"
#include "channels/secrets/secret.hpp"

namespace gitopsctl::agent {

/// Makes the client for a context of a kubeconfig; of the empty one for the cluster that is worked on. Called once for each
/// context, while nobody else reads.
using KubeClientMaker = std::function<Result<KubeClient>(const std::string& context)>;

/// What secrets of kind `kubernetes` are read with: Secrets as the API server has them, by the rights of who logs in. A
/// client is made when its context is asked for first, and kept for as long as the reader or a copy of it is there; one that
/// could not be made is tried again by the next question. Errors have the code that says whether to try again; a Secret that
/// is not there is `not_found` only when the server itself says so. Nothing is registered or kept of what is read.
/// Thread-safe: copies share clients.
[[nodiscard]] channels::secrets::KubeSecretReader make_kube_secret_reader(KubeClientMaker make_client);

/// The same with the clients of a kubeconfig (empty: the usual ones, see load_kube_target()). A context that is not named by
/// the question is `default_context`, and with an empty one the kubeconfig's current context, or the pod's own cluster.
[[nodiscard]] channels::secrets::KubeSecretReader make_kube_secret_reader(const std::string& kubeconfig,
                                                                          const std::string& default_context,
                                                                          const KubeClientOptions& options = {});

}  // namespace gitopsctl::agent
