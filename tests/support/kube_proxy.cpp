#include "tests/support/kube_proxy.hpp"

#include <algorithm>
#include <array>

namespace gitopsctl::support {
namespace {

// Resources that are made to get an answer and are not kept (authentication.k8s.io, authorization.k8s.io, and the token of a
// service account).
constexpr std::array<std::string_view, 7> asking{"selfsubjectaccessreviews",
                                                 "selfsubjectrulesreviews",
                                                 "selfsubjectreviews",
                                                 "localsubjectaccessreviews",
                                                 "subjectaccessreviews",
                                                 "tokenreviews",
                                                 "token"};

bool has_parameter(std::string_view query, std::string_view wanted) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    if (query.substr(0, end) == wanted) return true;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return false;
}

FaultProxyOptions proxy_options(const ControlPlane& plane, KubeProxy::OnMutating on_mutating) {
  FaultProxyOptions out;
  out.dial = [dialer = std::make_shared<TlsDialer>(plane.ca_pem()), port = plane.port()](int timeout_seconds) {
    return dialer->dial(port, timeout_seconds);
  };
  out.certificate_pem = plane.server_certificate().certificate_pem;
  out.key_pem = plane.server_certificate().key_pem;
  out.classify = [](const std::string& method, const std::string& target) {
    return std::string(kube_class_of(method, target));
  };
  out.streams = [](const std::string& request_class) { return request_class == kube_class::watch; };
  if (on_mutating) {
    out.observe = [call = std::move(on_mutating)](const SeenRequest& request, std::string_view body, Moment moment) {
      return request.request_class != kube_class::mutating || call(request, body, moment);
    };
  }
  return out;
}

}  // namespace

std::string_view kube_class_of(std::string_view method, std::string_view target) {
  const auto question = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, question);
  const std::string_view query = target.substr(std::min(question + 1, target.size()));
  if (method == "GET" || method == "HEAD") {
    const bool watches = has_parameter(query, "watch=true") || has_parameter(query, "watch=1");
    return watches ? kube_class::watch : kube_class::read;
  }
  if (has_parameter(query, "dryRun=All")) return kube_class::dry_run;
  const std::string_view resource = path.substr(path.rfind('/') + 1);
  const bool asks = method == "POST" && std::find(asking.begin(), asking.end(), resource) != asking.end();
  return asks ? kube_class::review : kube_class::mutating;
}

KubeProxy::KubeProxy(const ControlPlane& plane, OnMutating on_mutating)
    : plane_(&plane), proxy_(proxy_options(plane, std::move(on_mutating))) {}

std::size_t KubeProxy::count(std::string_view request_class, std::string_view path) const {
  const auto all = seen();
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const SeenRequest& request) {
    return request.request_class == request_class && request.target.find(path) != std::string::npos;
  }));
}

}  // namespace gitopsctl::support
