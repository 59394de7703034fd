#include "channels/plan/recreate_rules.hpp"

#include <algorithm>
#include <string_view>

#include "channels/plan/prune_rules.hpp"

namespace gitopsctl::channels {
namespace {

constexpr std::string_view permission = "gitopsctl.dev/on-immutable";

std::string_view annotation(const Value& body, std::string_view key) {
  return body.string_at({"metadata", "annotations", key});
}

/// Whether a list of words with commas between them has `word`.
bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    auto one = list.substr(0, comma);
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    one = one.substr(0, one.find_last_not_of(' ') + 1);
    if (one == word) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

bool is_allowed(const Value& desired) {
  if (annotation(desired, permission) == "recreate") return true;
  if (annotation(desired, "kustomize.toolkit.fluxcd.io/force") == "enabled") return true;
  const auto options = annotation(desired, "argocd.argoproj.io/sync-options");
  return has_word(options, "Force=true") && has_word(options, "Replace=true");
}

bool holds_others(const render::ObjectId& id) {
  if (id.group == "apiextensions.k8s.io") return id.kind == "CustomResourceDefinition";
  return id.group.empty() && (id.kind == "PersistentVolumeClaim" || id.kind == "PersistentVolume" || id.kind == "Namespace");
}

bool has_ended(const render::ObjectId& id, const Value& live) {
  if (id.group.empty() && id.kind == "Pod") {
    const auto phase = live.string_at({"status", "phase"});
    return phase == "Succeeded" || phase == "Failed";
  }
  if (id.group != "batch" || id.kind != "Job") return false;
  const Value* conditions = live.find_path({"status", "conditions"});
  return conditions != nullptr && std::ranges::any_of(conditions->as_list(), [](const Value& condition) {
           const auto type = condition.string_at({"type"});
           return (type == "Complete" || type == "Failed") && condition.string_at({"status"}) == "True";
         });
}

}  // namespace

std::optional<RecreationRefusal> forbids_recreation(const render::ObjectId& id, const Value& desired, const Value& live,
                                                    bool foreign) {
  if (holds_others(id)) {
    return RecreationRefusal{"a " + id.kind + " is never deleted for that",
                             "change the manifest back, or replace the object by hand"};
  }
  if (foreign) {
    return RecreationRefusal{"it is not ours to delete", "delete it by hand, or change the manifest to what it is"};
  }
  if (is_allowed(desired)) return std::nullopt;
  if (has_ended(id, live) && !kept_by_rule(id, live, PruneSettings{})) return std::nullopt;
  return RecreationRefusal{"its manifest has no annotation " + std::string(permission) + ": recreate",
                           "with that annotation it is deleted and made anew; else change the field back"};
}

}  // namespace gitopsctl::channels
