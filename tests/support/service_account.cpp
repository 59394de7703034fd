#include "tests/support/service_account.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace gitopsctl::support {
namespace {

std::string role(const std::string& kind, const std::string& meta, const std::vector<std::string>& rules) {
  std::string out = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: " + kind + "\nmetadata: " + meta + "\nrules:\n";
  for (const auto& rule : rules) out += "- " + rule + "\n";
  return out;
}

void replace_file(const std::string& path, const std::string& text) {
  std::ofstream(path + ".new") << text;
  std::filesystem::rename(path + ".new", path);
}

}  // namespace

ServiceAccount::ServiceAccount(const ControlPlane& plane, std::string name_space, std::string name,
                               const ServiceAccountRights& rights)
    : plane_(&plane), name_space_(std::move(name_space)), name_(std::move(name)) {
  const std::string subject = "subjects:\n- {kind: ServiceAccount, name: " + name_ + ", namespace: " + name_space_ + "}\n";
  const auto binding = [&](const std::string& kind, const std::string& meta) {
    return "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: " + kind + "Binding\nmetadata: " + meta +
           "\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: " + kind + ", name: " + name_ + "}\n" + subject;
  };
  std::string yaml =
      "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: " + name_ + ", namespace: " + name_space_ + "}\n";
  if (!rights.rules.empty()) {
    const auto& namespaces = rights.namespaces.empty() ? std::vector<std::string>{name_space_} : rights.namespaces;
    for (const auto& where : namespaces) {
      const std::string meta = "{name: " + name_ + ", namespace: " + where + "}";
      yaml += role("Role", meta, rights.rules) + binding("Role", meta);
    }
  }
  if (!rights.cluster_rules.empty()) {
    const std::string meta = "{name: " + name_ + "}";
    yaml += role("ClusterRole", meta, rights.cluster_rules) + binding("ClusterRole", meta);
  }
  plane_->apply(yaml);
}

std::string ServiceAccount::token() const { return plane_->service_account_token(name_space_, name_); }

std::string ServiceAccount::kubeconfig(const std::string& server) const {
  return plane_->kubeconfig({.server = server, .token = token(), .name_space = name_space_});
}

void ServiceAccount::mount(const std::string& directory) const {
  std::filesystem::create_directories(directory);
  replace_file(directory + "/ca.crt", plane_->ca_pem());
  replace_file(directory + "/namespace", name_space_);
  replace_file(directory + "/token", token());
}

}  // namespace gitopsctl::support
