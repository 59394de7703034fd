#include "agent/cluster/immutable.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace gitopsctl::agent::detail {
namespace {

struct Phrase {
  std::string_view kind;
  std::string_view words;
};
// Of those that do not say "immutable" (specs: cluster-apply §1.5).
constexpr std::array<Phrase, 6> phrases{{
    {"StatefulSet", "updates to statefulset spec for fields other than"},
    {"Pod", "pod updates may not change fields other than"},
    {"Service", "may not change once set"},
    {"RoleBinding", "cannot change roleRef"},
    {"ClusterRoleBinding", "cannot change roleRef"},
    {"PriorityClass", "may not be changed in an update"},
}};

constexpr std::size_t max_named = 5;

bool says_immutable(const render::ObjectId& id, const StatusCause& cause) {
  if (cause.message.find("immutable") != std::string::npos) return true;
  // Of a secret object the words are left out; these fields are refused for nothing else.
  if (cause.message.empty() && id.group.empty() && (id.kind == "Secret" || id.kind == "ConfigMap")) {
    if (id.kind == "Secret" && cause.field == "type") return true;
    return cause.reason == "FieldValueForbidden" && (cause.field == "data" || cause.field == "immutable");
  }
  return std::ranges::any_of(phrases, [&](const Phrase& phrase) {
    return phrase.kind == id.kind && cause.message.find(phrase.words) != std::string::npos;
  });
}

}  // namespace

std::string immutable_fields(const render::ObjectId& id, const KubeError& refused) {
  if (!refused.is(KubeErrorClass::invalid)) return {};
  const auto& causes = refused.status().causes;
  if (causes.empty() || refused.status().causes_dropped > 0) return {};
  std::string out;
  std::size_t named = 0;
  for (const auto& cause : causes) {
    if (!says_immutable(id, cause)) return {};
    if (named++ < max_named) out += (out.empty() ? "" : ", ") + (cause.field.empty() ? "the object" : cause.field);
  }
  if (named > max_named) out += " and " + std::to_string(named - max_named) + " more";
  return out;
}

}  // namespace gitopsctl::agent::detail
