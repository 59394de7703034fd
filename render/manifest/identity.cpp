#include <algorithm>
#include <array>
#include <utility>

#include "render/manifest/object.hpp"

namespace gitopsctl::render {

namespace {

struct GroupKind {
  std::string_view group;
  std::string_view kind;
  friend constexpr auto operator<=>(const GroupKind&, const GroupKind&) = default;
};

// What discovery of Kubernetes 1.37 lists with namespaced=false, and what older servers had.
constexpr std::array cluster_scoped_kinds = {
    GroupKind{"", "ComponentStatus"},
    GroupKind{"", "Namespace"},
    GroupKind{"", "Node"},
    GroupKind{"", "PersistentVolume"},
    GroupKind{"admissionregistration.k8s.io", "MutatingAdmissionPolicy"},
    GroupKind{"admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"},
    GroupKind{"admissionregistration.k8s.io", "MutatingWebhookConfiguration"},
    GroupKind{"admissionregistration.k8s.io", "ValidatingAdmissionPolicy"},
    GroupKind{"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"},
    GroupKind{"admissionregistration.k8s.io", "ValidatingWebhookConfiguration"},
    GroupKind{"apiextensions.k8s.io", "CustomResourceDefinition"},
    GroupKind{"apiregistration.k8s.io", "APIService"},
    GroupKind{"authentication.k8s.io", "SelfSubjectReview"},
    GroupKind{"authentication.k8s.io", "TokenReview"},
    GroupKind{"authorization.k8s.io", "SelfSubjectAccessReview"},
    GroupKind{"authorization.k8s.io", "SelfSubjectRulesReview"},
    GroupKind{"authorization.k8s.io", "SubjectAccessReview"},
    GroupKind{"certificates.k8s.io", "CertificateSigningRequest"},
    GroupKind{"certificates.k8s.io", "ClusterTrustBundle"},
    GroupKind{"extensions", "PodSecurityPolicy"},
    GroupKind{"flowcontrol.apiserver.k8s.io", "FlowSchema"},
    GroupKind{"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"},
    GroupKind{"internal.apiserver.k8s.io", "StorageVersion"},
    GroupKind{"networking.k8s.io", "IPAddress"},
    GroupKind{"networking.k8s.io", "IngressClass"},
    GroupKind{"networking.k8s.io", "ServiceCIDR"},
    GroupKind{"node.k8s.io", "RuntimeClass"},
    GroupKind{"policy", "PodSecurityPolicy"},
    GroupKind{"rbac.authorization.k8s.io", "ClusterRole"},
    GroupKind{"rbac.authorization.k8s.io", "ClusterRoleBinding"},
    GroupKind{"resource.k8s.io", "DeviceClass"},
    GroupKind{"resource.k8s.io", "DeviceTaintRule"},
    GroupKind{"resource.k8s.io", "ResourceSlice"},
    GroupKind{"scheduling.k8s.io", "PriorityClass"},
    GroupKind{"storage.k8s.io", "CSIDriver"},
    GroupKind{"storage.k8s.io", "CSINode"},
    GroupKind{"storage.k8s.io", "StorageClass"},
    GroupKind{"storage.k8s.io", "VolumeAttachment"},
    GroupKind{"storage.k8s.io", "VolumeAttributesClass"},
    GroupKind{"storagemigration.k8s.io", "StorageVersionMigration"},
};
static_assert(std::is_sorted(cluster_scoped_kinds.begin(), cluster_scoped_kinds.end()), "searched by halves");

}  // namespace

std::string ObjectId::to_string() const {
  std::string out;
  if (!group.empty()) out += group + '/';
  out += kind + ' ';
  if (!namespace_.empty()) out += namespace_ + '/';
  return out + name;
}

bool is_cluster_scoped(std::string_view group, std::string_view kind) noexcept {
  return std::binary_search(cluster_scoped_kinds.begin(), cluster_scoped_kinds.end(), GroupKind{group, kind});
}

}  // namespace gitopsctl::render
