#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/control_plane.hpp"
#include "tests/support/fault_proxy.hpp"

namespace gitopsctl::support {

/// The classes that a KubeProxy tells requests apart by: Fault::request_class and SeenRequest::request_class.
namespace kube_class {
inline constexpr std::string_view mutating = "mutating";  ///< may change what is stored
inline constexpr std::string_view dry_run = "dry-run";    ///< would, were it not for `dryRun=All`
inline constexpr std::string_view review = "review";      ///< a POST that only asks: access reviews, tokens
inline constexpr std::string_view watch = "watch";        ///< passed on as it comes
inline constexpr std::string_view read = "read";
}  // namespace kube_class

/// The class of a request to an API server.
[[nodiscard]] std::string_view kube_class_of(std::string_view method, std::string_view target);

/// A FaultProxy in front of an API server: TLS on both sides, the one in front by the same authority, so that a client
/// changes nothing but the address. HTTP/1.1 only; client certificates do not get through, tokens and impersonation do.
class KubeProxy {
 public:
  /// Called for each mutating request, `request.ordinal` from 1, before it is forwarded and after its answer came (and
  /// before the client gets that). False closes the connection there: the request is not forwarded, or its answer is lost.
  /// Called from several threads.
  using OnMutating = std::function<bool(const SeenRequest& request, std::string_view body, Moment moment)>;

  explicit KubeProxy(const ControlPlane& plane, OnMutating on_mutating = {});

  [[nodiscard]] std::string url() const { return proxy_.url(); }
  [[nodiscard]] std::uint16_t port() const { return proxy_.port(); }
  /// Of the administrator, through the proxy.
  [[nodiscard]] std::string kubeconfig() const { return plane_->kubeconfig({.server = url()}); }

  /// As FaultProxy.
  void set(std::vector<Fault> faults) { proxy_.set(std::move(faults)); }
  void clear() { proxy_.clear(); }
  [[nodiscard]] std::vector<SeenRequest> seen() const { return proxy_.seen(); }
  void forget_seen() { proxy_.forget_seen(); }
  /// Breaks off all watches.
  void cut_watches() { proxy_.cut_streams(); }
  /// How many requests of a class were seen whose target holds `path`.
  [[nodiscard]] std::size_t count(std::string_view request_class, std::string_view path = {}) const;

 private:
  const ControlPlane* plane_;
  FaultProxy proxy_;
};

}  // namespace gitopsctl::support
