#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::agent {

/// A program of a kubeconfig that hands out credentials (`users[].user.exec`).
struct ExecPlugin {
  std::string user;         ///< of the kubeconfig, for messages
  std::string api_version;  ///< `client.authentication.k8s.io/v1` or `…/v1beta1`
  /// A path that is complete, or a name that is looked up in PATH.
  std::string command;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  ///< besides ours
  std::string install_hint;                                      ///< for people who do not have the program
  bool provide_cluster_info = false;
};

/// What the plugin is told about the cluster when it asks for it.
struct ExecClusterInfo {
  std::string server;
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  std::string ca_pem;
  std::string proxy_url;
  bool disable_compression = false;
  Value config;  ///< of the cluster's extension `client.authentication.k8s.io/exec`
};

/// A token, or a certificate with its key, or all three.
struct ExecCredential {
  std::string token;
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::optional<TimePoint> expires;
};

/// Runs the plugin and reads its answer, without a terminal. Everything secret in it is registered with the log's redaction;
/// nothing that the plugin prints stands in an error. Errors: `not_found` with the install hint when there is no such
/// program, `forbidden` when it fails, `invalid_input` when its answer is none, `timeout` after `limit`, `cancelled`.
/// Blocks; thread-safe.
[[nodiscard]] Result<ExecCredential> run_exec_plugin(const ExecPlugin& plugin, const ExecClusterInfo& cluster,
                                                     const Interrupt& interrupt, Millis limit = Millis{60'000});

/// The text of KUBERNETES_EXEC_INFO.
[[nodiscard]] Result<std::string> exec_info(const ExecPlugin& plugin, const ExecClusterInfo& cluster);
/// Reads what a plugin printed.
[[nodiscard]] Result<ExecCredential> parse_exec_credential(const std::string& printed, const ExecPlugin& plugin);

}  // namespace gitopsctl::agent
