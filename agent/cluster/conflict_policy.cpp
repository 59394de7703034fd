#include "agent/cluster/conflict_policy.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/json/json.hpp"

namespace gitopsctl::agent::detail {
namespace {

// Names that people's programs write under. Without a name of its own a program writes under the first word of its
// User-Agent: `Mozilla` for dashboards in a browser, `node-fetch` for those that are programs.
constexpr std::array<std::string_view, 10> editors{"Headlamp",           "Lens",      "Mozilla",  "OpenLens",
                                                   "ancient-changes",    "dashboard", "freelens", "k9s",
                                                   "before-first-apply", "node-fetch"};
// Controllers that decide a field of objects which others declare.
constexpr std::array<std::string_view, 7> controllers{"kube-controller-manager",  "kube-scheduler",          "kubelet",
                                                      "cloud-controller-manager", "cert-manager-cainjector", "vpa-updater",
                                                      "endpointslice-controller"};

bool contains(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

/// True when `step` is what `wanted` chooses: the same, or an item that has its keys among others.
bool is_step(std::string_view step, std::string_view wanted) {
  if (step == wanted) return true;
  if (!step.starts_with("k:") || !wanted.starts_with("k:")) return false;
  const auto keys = parse_json(step.substr(2), {}, true, 1U << 16U);
  const auto chosen = parse_json(wanted.substr(2), {}, true, 1U << 16U);
  return keys.ok() && chosen.ok() && std::ranges::all_of(chosen->as_map(), [&](const Value::Member& key) {
           const Value* value = keys->find(key.key.view());
           return value != nullptr && json_equal(*value, key.value);
         });
}

}  // namespace

ConflictVerdict judge(const FieldConflict& conflict, std::string_view own) {
  const std::string_view name = conflict.manager;
  if (name == own || name.starts_with("kubectl") || contains(editors, name)) return ConflictVerdict::take;
  if (contains(controllers, name) || name.ends_with("-autoscaler") || name.starts_with("keda-") || name == "keda") {
    return ConflictVerdict::yield;
  }
  return ConflictVerdict::stop;
}

bool is_forced(const std::vector<channels::ForcedField>& force, const render::ObjectId& id, const FieldPath& path) {
  return std::ranges::any_of(force, [&](const channels::ForcedField& field) {
    if (!field.kind.empty() && field.kind != id.kind) return false;
    if (!field.name.empty() && field.name != id.name) return false;
    if (field.steps.empty() || field.steps.size() > path.size()) return false;
    return std::equal(field.steps.begin(), field.steps.end(), path.begin(),
                      [](const std::string& wanted, const std::string& step) { return is_step(step, wanted); });
  });
}

bool erase_field(Value& body, std::string_view path) {
  const auto found = resolve(body, path);
  return found && erase_at(body, *found);
}

}  // namespace gitopsctl::agent::detail
