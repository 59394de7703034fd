#include "render/helm/deprecated_apis.hpp"

#include <array>
#include <charconv>
#include <optional>

namespace gitopsctl::render::helm {
namespace {

/// Kinds of one API version with one fate: from which minor version of Kubernetes on they are deprecated and gone (0:
/// never), what takes their place, and which minor versions of the client library say so.
struct Row {
  std::string_view api_version;
  std::string_view kinds;  ///< with `|` between them
  int deprecated;
  int removed;
  std::string_view instead;       ///< API version
  std::string_view instead_kind;  ///< empty: the same
  int from;
  int to;
};

// k8s.io/api 0.35.1, 0.36.3 and 0.37.1: what the types themselves say of their life.
constexpr std::array rows{
    Row{"admission.k8s.io/v1beta1", "AdmissionReview", 19, 22, "admission.k8s.io/v1", "", 0, 99},
    Row{"admissionregistration.k8s.io/v1alpha1",
        "ValidatingAdmissionPolicy|ValidatingAdmissionPolicyBinding|ValidatingAdmissionPolicyBindingList|"
        "ValidatingAdmissionPolicyList",
        29, 32, "", "", 0, 99},
    Row{"admissionregistration.k8s.io/v1alpha1",
        "MutatingAdmissionPolicy|MutatingAdmissionPolicyBinding|MutatingAdmissionPolicyBindingList|"
        "MutatingAdmissionPolicyList",
        35, 38, "", "", 0, 99},
    Row{"admissionregistration.k8s.io/v1beta1",
        "MutatingWebhookConfiguration|MutatingWebhookConfigurationList|ValidatingWebhookConfiguration|"
        "ValidatingWebhookConfigurationList",
        16, 22, "admissionregistration.k8s.io/v1", "", 0, 99},
    Row{"admissionregistration.k8s.io/v1beta1",
        "ValidatingAdmissionPolicy|ValidatingAdmissionPolicyBinding|ValidatingAdmissionPolicyBindingList|"
        "ValidatingAdmissionPolicyList",
        31, 34, "", "", 0, 99},
    Row{"admissionregistration.k8s.io/v1beta1",
        "MutatingAdmissionPolicy|MutatingAdmissionPolicyBinding|MutatingAdmissionPolicyBindingList|"
        "MutatingAdmissionPolicyList",
        37, 40, "", "", 0, 35},
    Row{"admissionregistration.k8s.io/v1beta1",
        "MutatingAdmissionPolicy|MutatingAdmissionPolicyBinding|MutatingAdmissionPolicyBindingList|"
        "MutatingAdmissionPolicyList",
        37, 40, "admissionregistration.k8s.io/v1", "", 36, 99},
    Row{"apidiscovery.k8s.io/v2beta1", "APIGroupDiscovery|APIGroupDiscoveryList", 32, 35, "", "", 0, 99},
    Row{"apps/v1beta1",
        "ControllerRevision|ControllerRevisionList|Deployment|DeploymentList|DeploymentRollback|StatefulSet|StatefulSetList",
        8, 16, "apps/v1", "", 0, 99},
    Row{"apps/v1beta1", "Scale", 8, 16, "autoscaling/v1", "", 0, 99},
    Row{"apps/v1beta2",
        "ControllerRevision|ControllerRevisionList|DaemonSet|DaemonSetList|Deployment|DeploymentList|ReplicaSet|"
        "ReplicaSetList|StatefulSet|StatefulSetList",
        9, 16, "apps/v1", "", 0, 99},
    Row{"apps/v1beta2", "Scale", 9, 16, "autoscaling/v1", "", 0, 99},
    Row{"authentication.k8s.io/v1alpha1", "SelfSubjectReview", 29, 32, "", "", 0, 99},
    Row{"authentication.k8s.io/v1beta1", "TokenReview", 19, 22, "authentication.k8s.io/v1", "", 0, 99},
    Row{"authentication.k8s.io/v1beta1", "SelfSubjectReview", 30, 33, "", "", 0, 99},
    Row{"authorization.k8s.io/v1beta1",
        "LocalSubjectAccessReview|SelfSubjectAccessReview|SelfSubjectRulesReview|SubjectAccessReview", 19, 22,
        "authorization.k8s.io/v1", "", 0, 99},
    Row{"autoscaling/v2beta1", "HorizontalPodAutoscaler", 22, 25, "autoscaling/v2", "", 0, 35},
    Row{"autoscaling/v2beta1", "HorizontalPodAutoscalerList", 22, 25, "autoscaling/v2beta2", "", 0, 35},
    Row{"autoscaling/v2beta2", "HorizontalPodAutoscalerList", 22, 25, "", "", 0, 35},
    Row{"autoscaling/v2beta2", "HorizontalPodAutoscaler", 23, 26, "autoscaling/v2", "", 0, 35},
    Row{"batch/v1beta1", "CronJob|CronJobList", 21, 25, "batch/v1", "", 0, 99},
    Row{"certificates.k8s.io/v1alpha1", "ClusterTrustBundle|ClusterTrustBundleList", 34, 37, "", "", 0, 99},
    Row{"certificates.k8s.io/v1beta1", "CertificateSigningRequest|CertificateSigningRequestList", 19, 22,
        "certificates.k8s.io/v1", "", 0, 99},
    Row{"certificates.k8s.io/v1beta1", "ClusterTrustBundle|ClusterTrustBundleList", 36, 39, "", "", 0, 35},
    Row{"certificates.k8s.io/v1beta1", "ClusterTrustBundle|ClusterTrustBundleList", 37, 40, "", "", 36, 36},
    Row{"certificates.k8s.io/v1beta1",
        "ClusterTrustBundle|ClusterTrustBundleList|PodCertificateRequest|PodCertificateRequestList", 37, 40,
        "certificates.k8s.io/v1", "", 37, 99},
    Row{"certificates.k8s.io/v1beta1", "PodCertificateRequest|PodCertificateRequestList", 38, 41, "", "", 0, 36},
    Row{"coordination.k8s.io/v1alpha2", "LeaseCandidate|LeaseCandidateList", 35, 38, "", "", 0, 99},
    Row{"coordination.k8s.io/v1beta1", "Lease|LeaseList", 19, 22, "coordination.k8s.io/v1", "", 0, 99},
    Row{"coordination.k8s.io/v1beta1", "LeaseCandidate|LeaseCandidateList", 36, 39, "", "", 0, 99},
    Row{"discovery.k8s.io/v1beta1", "EndpointSlice", 21, 25, "discovery.k8s.io/v1", "", 0, 99},
    Row{"discovery.k8s.io/v1beta1", "EndpointSliceList", 21, 25, "discovery.k8s.io/v1", "EndpointSlice", 0, 99},
    Row{"events.k8s.io/v1beta1", "Event|EventList", 22, 25, "", "", 0, 99},
    Row{"extensions/v1beta1", "Scale", 2, 16, "", "", 0, 99},
    Row{"extensions/v1beta1", "DeploymentRollback", 8, 16, "", "", 0, 99},
    Row{"extensions/v1beta1", "DaemonSet|DaemonSetList|Deployment|DeploymentList|ReplicaSet|ReplicaSetList", 8, 16,
        "apps/v1", "", 0, 99},
    Row{"extensions/v1beta1", "NetworkPolicy|NetworkPolicyList", 9, 16, "networking.k8s.io/v1", "", 0, 99},
    Row{"extensions/v1beta1", "Ingress|IngressList", 14, 22, "networking.k8s.io/v1", "", 0, 99},
    Row{"flowcontrol.apiserver.k8s.io/v1beta1",
        "FlowSchema|FlowSchemaList|PriorityLevelConfiguration|PriorityLevelConfigurationList", 23, 26,
        "flowcontrol.apiserver.k8s.io/v1beta3", "", 0, 99},
    Row{"flowcontrol.apiserver.k8s.io/v1beta2",
        "FlowSchema|FlowSchemaList|PriorityLevelConfiguration|PriorityLevelConfigurationList", 26, 29,
        "flowcontrol.apiserver.k8s.io/v1beta3", "", 0, 99},
    Row{"flowcontrol.apiserver.k8s.io/v1beta3",
        "FlowSchema|FlowSchemaList|PriorityLevelConfiguration|PriorityLevelConfigurationList", 29, 32,
        "flowcontrol.apiserver.k8s.io/v1", "", 0, 99},
    Row{"lifecycle.k8s.io/v1alpha1", "Eviction|EvictionList|EvictionRequest|EvictionRequestList", 40, 43, "", "", 37, 99},
    Row{"networking.k8s.io/v1beta1", "Ingress|IngressClassList|IngressList", 19, 22, "networking.k8s.io/v1", "", 0, 99},
    Row{"networking.k8s.io/v1beta1", "IngressClass", 19, 22, "networking.k8s.io/v1", "IngressClassList", 0, 99},
    Row{"networking.k8s.io/v1beta1", "IPAddress|IPAddressList|ServiceCIDR|ServiceCIDRList", 34, 37, "", "", 0, 99},
    Row{"node.k8s.io/v1beta1", "RuntimeClass|RuntimeClassList", 22, 25, "", "", 0, 99},
    Row{"policy/v1beta1", "PodDisruptionBudget|PodDisruptionBudgetList", 21, 25, "policy/v1", "", 0, 99},
    Row{"policy/v1beta1", "Eviction", 22, 25, "", "", 0, 99},
    Row{"rbac.authorization.k8s.io/v1beta1",
        "ClusterRole|ClusterRoleBinding|ClusterRoleBindingList|ClusterRoleList|Role|RoleBinding|RoleBindingList|RoleList",
        17, 22, "rbac.authorization.k8s.io/v1", "", 0, 99},
    Row{"resource.k8s.io/v1alpha3", "DeviceTaintRule|DeviceTaintRuleList", 36, 39, "", "", 0, 99},
    Row{"resource.k8s.io/v1alpha3", "ResourcePoolStatusRequest|ResourcePoolStatusRequestList", 39, 42, "", "", 36, 99},
    Row{"resource.k8s.io/v1beta1",
        "DeviceClass|DeviceClassList|ResourceClaim|ResourceClaimList|ResourceClaimTemplate|ResourceClaimTemplateList|"
        "ResourceSlice|ResourceSliceList",
        35, 38, "", "", 0, 99},
    Row{"resource.k8s.io/v1beta2",
        "DeviceClass|DeviceClassList|ResourceClaim|ResourceClaimList|ResourceClaimTemplate|ResourceClaimTemplateList|"
        "ResourceSlice|ResourceSliceList",
        36, 39, "", "", 0, 99},
    Row{"resource.k8s.io/v1beta2", "DeviceTaintRule|DeviceTaintRuleList", 39, 42, "", "", 36, 99},
    Row{"scheduling.k8s.io/v1beta1", "PriorityClass|PriorityClassList", 14, 22, "scheduling.k8s.io/v1", "", 0, 99},
    Row{"scheduling.k8s.io/v1beta1", "PodGroup|PodGroupList|Workload|WorkloadList", 40, 43, "", "", 37, 99},
    Row{"storage.k8s.io/v1alpha1", "VolumeAttachment|VolumeAttachmentList", 21, 24, "storage.k8s.io/v1", "", 0, 99},
    Row{"storage.k8s.io/v1alpha1", "CSIStorageCapacity|CSIStorageCapacityList", 21, 24, "storage.k8s.io/v1beta1", "", 0, 99},
    Row{"storage.k8s.io/v1alpha1", "VolumeAttributesClass|VolumeAttributesClassList", 32, 35, "storage.k8s.io/v1", "", 0,
        99},
    Row{"storage.k8s.io/v1beta1", "CSINode", 17, 22, "storage.k8s.io/v1", "", 0, 99},
    Row{"storage.k8s.io/v1beta1", "CSINodeList", 17, 22, "storage.k8s.io/v1", "CSINode", 0, 99},
    Row{"storage.k8s.io/v1beta1",
        "CSIDriver|CSIDriverList|StorageClass|StorageClassList|VolumeAttachment|VolumeAttachmentList", 19, 22,
        "storage.k8s.io/v1", "", 0, 99},
    Row{"storage.k8s.io/v1beta1", "CSIStorageCapacity|CSIStorageCapacityList", 24, 27, "storage.k8s.io/v1", "", 0, 99},
    Row{"storage.k8s.io/v1beta1", "VolumeAttributesClass|VolumeAttributesClassList", 34, 37, "storage.k8s.io/v1", "", 0, 99},
    Row{"storagemigration.k8s.io/v1beta1", "StorageVersionMigration|StorageVersionMigrationList", 37, 40,
        "storagemigration.k8s.io/v1", "", 37, 99},
    Row{"storagemigration.k8s.io/v1beta1", "StorageVersionMigration|StorageVersionMigrationList", 38, 41, "", "", 0, 36},
};

bool lists(std::string_view kinds, std::string_view kind) {
  while (!kinds.empty()) {
    const auto end = kinds.find('|');
    if (kinds.substr(0, end) == kind) return true;
    if (end == std::string_view::npos) return false;
    kinds.remove_prefix(end + 1);
  }
  return false;
}

const Row* find_row(std::string_view api_version, std::string_view kind, int client) {
  for (const auto& row : rows) {
    if (row.api_version == api_version && lists(row.kinds, kind) && row.from <= client && client <= row.to) return &row;
  }
  return nullptr;
}

std::optional<int> number(std::string_view text) {
  int out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

std::string api_deprecation(std::string_view api_version, std::string_view kind, const KubeVersion& version,
                            const HelmProfile& profile) {
  const Row* row = find_row(api_version, kind, profile.kube_minor);
  const auto major = number(version.major);
  const auto minor = number(version.minor);
  if (row == nullptr || !major || !minor || *major < 1 || (*major == 1 && *minor < row->deprecated)) return {};
  const std::string name(kind);
  std::string out = std::string(api_version) + ' ' + name + " is deprecated in v1." + std::to_string(row->deprecated) + '+';
  if (row->removed != 0) out += ", unavailable in v1." + std::to_string(row->removed) + '+';
  if (!row->instead.empty()) {
    out += "; use " + std::string(row->instead) + ' ' + (row->instead_kind.empty() ? name : std::string(row->instead_kind));
  }
  return out;
}

}  // namespace gitopsctl::render::helm
