#pragma once

#include <string>
#include <string_view>

#include "agent/kube/kubeconfig.hpp"
#include "base/config/reader.hpp"

namespace gitopsctl::agent::detail {

/// Fills a target from the entries of a kubeconfig, noting every mistake where it stands. Only for this room.
class TargetReader {
 public:
  explicit TargetReader(KubeTarget& target) : target_(target) {}
  /// Paths in `node` are relative to `directory`, which may be empty.
  void read_cluster(const ConfigNode& node, const std::string& directory);
  /// After read_cluster(): what may be sent depends on the server.
  void read_user(const ConfigNode& node, const std::string& directory, std::string_view name);

 private:
  void read_server(const ConfigNode& node);
  void read_proxy(const ConfigNode& node);
  void read_certificate(const ConfigNode& node, const std::string& directory);
  void read_exec(const ConfigNode& node, const std::string& directory, std::string_view user);
  void read_impersonation(const ConfigNode& node);
  void check_methods(const ConfigNode& node);

  KubeTarget& target_;
};

/// True for an address that can be a server: http or https, without credentials, query and fragment.
[[nodiscard]] bool check_server(const std::string& url);

/// The host is this machine, so that what is sent to it cannot be read on the way: localhost, 127.0.0.0/8, ::1.
[[nodiscard]] bool on_loopback(std::string_view url);

}  // namespace gitopsctl::agent::detail
