#include <algorithm>
#include <array>
#include <utility>

#include "render/manifest/object.hpp"

namespace gitopsctl::render {

namespace {

// Helm 4's install order (specs: helm-rendering §6.3).
constexpr std::array<std::string_view, 38> order = {
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
};

}  // namespace

int install_order(std::string_view kind) noexcept {
  return static_cast<int>(std::find(order.begin(), order.end(), kind) - order.begin());
}

void sort_for_apply(std::vector<Object>& objects) {
  std::stable_sort(objects.begin(), objects.end(),
                   [](const Object& a, const Object& b) { return install_order(a.id.kind) < install_order(b.id.kind); });
}

}  // namespace gitopsctl::render
