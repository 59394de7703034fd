#pragma once

#include <string>
#include <vector>

#include "tests/support/control_plane.hpp"

namespace gitopsctl::support {

/// What an account may do. Rules are YAML in one line, as RBAC has them: `{apiGroups: [""], resources: [configmaps], verbs:
/// [get, patch]}`.
struct ServiceAccountRights {
  std::vector<std::string> rules = {};          ///< in each of `namespaces`
  std::vector<std::string> namespaces = {};     ///< empty: in its own
  std::vector<std::string> cluster_rules = {};  ///< everywhere, and for what has no namespace
};

/// A ServiceAccount with the rights that RBAC gives it and no others. Functions throw std::runtime_error with what kubectl
/// said.
class ServiceAccount {
 public:
  /// Makes the account, its Roles and their bindings, all of its name. The namespaces are there already. Another one of the
  /// same name and namespace gets these rights in the place of its own.
  ServiceAccount(const ControlPlane& plane, std::string name_space, std::string name, const ServiceAccountRights& rights);

  [[nodiscard]] const std::string& name_space() const noexcept { return name_space_; }
  /// As the API server calls it: `system:serviceaccount:NAMESPACE:NAME`.
  [[nodiscard]] std::string user() const { return "system:serviceaccount:" + name_space_ + ":" + name_; }
  /// A new token, good for an hour.
  [[nodiscard]] std::string token() const;
  /// With a new token and the account's namespace; `server` as in KubeconfigOptions.
  [[nodiscard]] std::string kubeconfig(const std::string& server = {}) const;
  /// Writes `token`, `ca.crt` and `namespace` into a directory, as they are mounted into a pod. Again: a new token, put into
  /// its place by a rename, as the kubelet rotates it.
  void mount(const std::string& directory) const;

 private:
  const ControlPlane* plane_;
  std::string name_space_;
  std::string name_;
};

}  // namespace gitopsctl::support
