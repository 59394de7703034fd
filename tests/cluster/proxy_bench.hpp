#pragma once

#include <memory>
#include <string>

#include "agent/demo/http_wire.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/kube_proxy.hpp"

namespace gitopsctl::tests {

/// What came back for one request.
struct Answer {
  int status = 0;  ///< 0: the connection ended without one
  bool whole = false;
  std::string body;
  std::string retry_after;
  std::string content_type;
};

/// One namespace behind one proxy, and a client without retries.
class ProxyBench {
 public:
  explicit ProxyBench(support::ControlPlane& of, support::KubeProxy::OnMutating on_mutating = {})
      : plane(of), proxy(of, std::move(on_mutating)), dialer(of.ca_pem()), space(of.fresh_namespace("proxy")) {}

  /// The path of the namespace's config maps and what follows it.
  [[nodiscard]] std::string config_maps(const std::string& rest = {}) const {
    return "/api/v1/namespaces/" + space + "/configmaps" + rest;
  }
  /// Sends a request and leaves the answer to be read.
  [[nodiscard]] std::unique_ptr<agent::demo::Wire> open(const std::string& method, const std::string& path,
                                                        const std::string& body) const;
  [[nodiscard]] Answer ask(const std::string& method, const std::string& path, const std::string& body = {}) const;
  /// Creates a config map whose data say hello.
  [[nodiscard]] Answer create(const std::string& name) const;
  /// The names of the config maps, asked of the API server itself.
  [[nodiscard]] std::string names() const;
  /// `kubectl ARGUMENTS…` through the proxy, in the namespace.
  std::string kubectl(std::vector<std::string> arguments) const;

  support::ControlPlane& plane;
  support::KubeProxy proxy;
  support::TlsDialer dialer;
  std::string space;
};

}  // namespace gitopsctl::tests
