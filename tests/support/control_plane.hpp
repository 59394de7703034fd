#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/certificates.hpp"
#include "tests/support/peer_group.hpp"
#include "tests/support/ram_dir.hpp"
#include "tests/support/tls_dialer.hpp"

namespace gitopsctl::support {

/// How an API server is started.
struct ControlPlaneOptions {
  std::vector<std::string> api_server_flags;  ///< more flags of kube-apiserver
  std::string api_server_gogc;                ///< GOGC of kube-apiserver; benchmarks use 400
};

/// What a kubeconfig says.
struct KubeconfigOptions {
  std::string server = {};      ///< empty: the API server itself
  std::string token = {};       ///< empty and no client: the administrator's
  CertifiedKey client = {};     ///< a client certificate instead of a token
  std::string name_space = {};  ///< of the context; empty: none
  std::string other_ca = {};    ///< PEM; empty: the control plane's own authority, where `server` is https
};

/// A real Kubernetes control plane on 127.0.0.1: etcd and kube-apiserver, and where they are asked for
/// kube-controller-manager, kube-scheduler and kwok, which plays the kubelet of one node. Its data is in memory where there
/// is room. Everything is ended by the destructor, and by the kernel when this process is killed; processes are bound to the
/// thread that started them, so make it in one that lives as long. Functions throw std::runtime_error with the end of the
/// log of the program that failed. Not thread-safe, but kubectl() may be called from several threads.
class ControlPlane {
 public:
  explicit ControlPlane(ControlPlaneOptions options = {});
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  /// The programs of tests/peers/peers.txt that are not here and that it would need.
  [[nodiscard]] static std::vector<std::string> missing_peers(bool controllers, bool pods);
  /// The one of this process, started when it is asked for first and ended with the process. Tests get it from
  /// tests::need_control_plane().
  [[nodiscard]] static ControlPlane& shared();

  /// Lets kube-controller-manager run these controllers (`deployment-controller`) as well as those asked for before. Starts
  /// it anew when one of them is new.
  void run_controllers(const std::set<std::string>& names);
  /// Starts the scheduler and kwok, with a node `fake` that pods run on. What becomes of them: pod_fates.hpp.
  void run_pods();
  /// Adds a Stage (YAML of kwok.x-k8s.io/v1alpha1) to those that kwok plays, in the place of one of the same name, and
  /// starts kwok anew. A `weight` decides between stages that fit the same pod; those of kwok's own have none.
  void play_stage(const std::string& name, const std::string& yaml);
  /// Takes stages of play_stage() back.
  void forget_stage(const std::string& name);

  /// `https://127.0.0.1:PORT`; stays the same over a restart.
  [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const std::string& ca_pem() const noexcept { return authority_.pem(); }
  /// A bearer token of the group system:masters.
  [[nodiscard]] const std::string& admin_token() const noexcept { return admin_token_; }
  /// Made by the API server itself, good for an hour.
  [[nodiscard]] std::string service_account_token(const std::string& name_space, const std::string& name) const;
  /// A client certificate that the API server trusts.
  [[nodiscard]] CertifiedKey client(const std::string& user, const std::string& group = {});
  /// A server certificate for 127.0.0.1 by the same authority, for who stands in front of the API server.
  [[nodiscard]] const CertifiedKey& server_certificate() const noexcept { return server_; }

  [[nodiscard]] std::string kubeconfig(const KubeconfigOptions& options) const;
  [[nodiscard]] std::string kubeconfig() const { return kubeconfig(KubeconfigOptions{}); }
  /// The path of the administrator's kubeconfig.
  [[nodiscard]] const std::string& kubeconfig_file() const noexcept { return kubeconfig_file_; }

  /// `kubectl ARGUMENTS…` as the administrator; returns its standard output, throws with its error output when it fails.
  std::string kubectl(const std::vector<std::string>& arguments, const std::string& input = {}) const;
  /// `kubectl apply` of YAML, server-side, by the field manager `test`.
  void apply(const std::string& yaml, const std::string& name_space = {}) const;
  /// A namespace that no other case has: `PREFIX-N`. With the service account controller running it waits for the default
  /// service account, so that pods can be made in it at once.
  [[nodiscard]] std::string fresh_namespace(const std::string& prefix = "case");

  /// Ends the API server: by SIGTERM, or at once with `kill`. etcd goes on.
  void stop_api_server(bool kill = false);
  /// Starts it again on the same port and data and waits until it is ready.
  void start_api_server();
  /// Throws when a part of it has ended by itself.
  void check() { peers_.check(); }
  /// The directory of data and logs (`PROGRAM.log`).
  [[nodiscard]] const std::string& path() const noexcept { return directory_.path(); }

 private:
  void start_etcd();
  void start_kwok();
  void start_serving(const std::string& program, std::vector<std::string> arguments);
  [[nodiscard]] std::vector<std::string> api_server_arguments() const;
  [[noreturn]] void fail(const std::string& program, const std::string& what) const;

  RamDir directory_;
  PeerGroup peers_;
  ControlPlaneOptions options_;
  CertificateAuthority authority_;
  TlsDialer dialer_;
  CertifiedKey server_;
  std::string admin_token_;
  std::string kubeconfig_file_;
  std::set<std::string> controllers_;
  std::map<std::string, std::string> stages_;
  std::uint16_t etcd_port_ = 0;
  std::uint16_t port_ = 0;
  int namespaces_ = 0;
};

}  // namespace gitopsctl::support
