#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/kube/exec_plugin.hpp"
#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::agent {

/// Whom to act as. Needs the right `impersonate` on each of these.
struct Impersonation {
  std::string user;
  std::string uid;
  std::vector<std::string> groups;
  std::vector<std::pair<std::string, std::vector<std::string>>> extra;

  [[nodiscard]] bool empty() const noexcept { return user.empty(); }
  /// A service account, in the groups that the server gives it: `serviceAccount: NAMESPACE/NAME` of a binding. The right to
  /// impersonate just that account is enough.
  [[nodiscard]] static Impersonation service_account(std::string_view namespace_, std::string_view name);
  /// The request headers; none when empty().
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> headers() const;
  friend bool operator==(const Impersonation&, const Impersonation&) = default;
};

/// How to log in. Of a pair of text and file at most one is set; files are read by the CredentialSource.
struct KubeLogin {
  std::string token;
  std::string token_file;
  std::string username;
  std::string password;
  std::string client_certificate_pem;
  std::string client_certificate_file;
  std::string client_key_pem;
  std::string client_key_file;
  std::optional<ExecPlugin> exec;
};

/// One API server and how to reach it: what a context of a kubeconfig, or the pod we run in, comes down to. Paths are
/// absolute, or relative to the working directory where the kubeconfig's own path was.
struct KubeTarget {
  std::string name;    ///< for people: `context prod`, `in cluster`
  std::string server;  ///< http(s)://host[:port][/prefix] without a slash at the end and without credentials
  std::string ca_pem;
  std::string ca_file;  ///< instead of ca_pem; neither: the system's authorities
  bool insecure_skip_tls_verify = false;
  std::string tls_server_name;
  std::string proxy_url;  ///< may hold a password; empty: from the environment
  bool disable_compression = false;
  std::string default_namespace = "default";
  Value exec_config;  ///< the cluster's extension `client.authentication.k8s.io/exec`
  KubeLogin login;
  Impersonation impersonation;
};

struct KubeTargetOptions {
  std::string kubeconfig;  ///< `--kubeconfig`: this file alone
  std::string context;     ///< `--context`; empty: current-context
  /// Where environment variables come from; empty: this process's.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  std::string service_account_directory = "/var/run/secrets/kubernetes.io/serviceaccount";
};

/// The API server to use: of `kubeconfig`; else of the files in KUBECONFIG; else of ~/.kube/config; else, in a pod, that
/// of its cluster.
///
/// KUBECONFIG is a list: of equal names the first file wins, `current-context` comes from the first that sets it, files that
/// are not there are passed over. Relative paths are relative to the file that names them; `…-data` beats a path, tokenFile
/// beats token. Keys that are not known are passed over, as kubectl does; known ones must have their type, in every file.
/// All mistakes come at once, each with file, line and column, and without any content. Refused (`unsupported`):
/// auth-provider, plugins that need a terminal. Refused (`invalid_input`): contradictions, and credentials that would go
/// over an unencrypted connection to another machine.
[[nodiscard]] Result<KubeTarget> load_kube_target(const KubeTargetOptions& options = {});

/// The cluster of the pod that we run in, from KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT and the mounted service
/// account.
[[nodiscard]] Result<KubeTarget> in_cluster_target(const KubeTargetOptions& options = {});

}  // namespace gitopsctl::agent
