#include "agent/cluster/field_owners.hpp"

#include <algorithm>
#include <array>

#include "base/json/json.hpp"

namespace gitopsctl::agent::detail {
namespace {

// As kubectl names itself by what it is told to do; what it only adds to (`kubectl-annotate`, `kubectl-label`) stays.
constexpr std::array<std::string_view, 6> legacy_updates{
    "before-first-apply", "kubectl-client-side-apply", "kubectl-create", "kubectl-edit", "kubectl-patch", "kubectl-replace"};

bool contains(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

const Value* entries_of(const Value& body) {
  const Value* entries = body.find_path({"metadata", "managedFields"});
  return entries != nullptr && entries->is_list() ? entries : nullptr;
}

Result<FieldSet> fields_of(const Value& entry) {
  const Value* fields = entry.find("fieldsV1");
  if (fields == nullptr) return FieldSet();
  auto set = FieldSet::parse(*fields);
  if (!set.ok()) return set.error().in("metadata.managedFields of '" + std::string(entry.string_at({"manager"})) + "'");
  return set;
}

/// Applies of the whole object never own its status.
FieldSet without_status(const FieldSet& set) {
  FieldSet status;
  status.insert({"f:status"});
  return set.without_whole(status);
}

/// What an apply of ours can take away.
bool is_ours_to_remove(const FieldPath& path) {
  if (path.front() != "f:metadata") return path.front() != "f:status";
  return path.size() > 1 && (path[1] == "f:labels" || path[1] == "f:annotations" || path[1] == "f:finalizers" ||
                             path[1] == "f:ownerReferences");
}

/// Servers keep what they once allocated when it is left out.
bool is_allocated(const FieldPath& path) {
  const auto& last = path.back();
  return last == "f:clusterIP" || last == "f:clusterIPs" || last == "f:nodePort" || last == "f:healthCheckNodePort";
}

bool is_item(const FieldPath& path) { return !path.back().starts_with("f:"); }

}  // namespace

bool is_legacy(const Value& entry) {
  if (!entry.string_at({"subresource"}).empty()) return false;
  const auto manager = entry.string_at({"manager"});
  const auto operation = entry.string_at({"operation"});
  if (operation == "Apply") return manager == "kubectl";
  return operation == "Update" && contains(legacy_updates, manager);
}

bool is_own(const Value& entry, std::string_view manager) {
  return entry.string_at({"manager"}) == manager && entry.string_at({"operation"}) == "Apply" &&
         entry.string_at({"subresource"}).empty();
}

Result<std::optional<OwnerChange>> settle_owners(const Value& live, std::string_view manager, const FieldSet& give_up) {
  const Value* entries = entries_of(live);
  if (entries == nullptr) return std::optional<OwnerChange>();
  const auto& list = entries->as_list();
  auto target = std::ranges::find_if(list, [&](const Value& entry) { return is_own(entry, manager); });
  const bool known = target != list.end();
  if (!known) target = std::ranges::find_if(list, is_legacy);
  if (target == list.end()) return std::optional<OwnerChange>();

  OwnerChange out;
  const auto version = target->string_at({"apiVersion"});
  FieldSet ours;
  FieldSet others;
  Value::List kept;
  for (const auto& entry : list) {
    const bool legacy = is_legacy(entry);
    if (legacy && entry.string_at({"apiVersion"}) == version) {
      GITOPSCTL_TRY(const FieldSet fields, fields_of(entry));
      ours = ours.united(without_status(fields));
      out.from.emplace_back(entry.string_at({"manager"}));
    } else if (is_own(entry, manager)) {
      GITOPSCTL_TRY(const FieldSet fields, fields_of(entry));
      ours = ours.united(fields);
    } else {
      if (legacy) out.other_versions.emplace_back(entry.string_at({"manager"}));
      kept.push_back(entry);
      if (give_up.empty()) continue;
      // Who cannot be understood may own it: then it is taken out of ours all the same, which harms nobody.
      if (const auto fields = fields_of(entry); fields.ok()) others = others.united(*fields);
    }
  }
  const FieldSet alone = give_up.intersected(ours).without(others);
  if (out.from.empty() && alone.empty()) return std::optional<OwnerChange>();
  ours = ours.without_whole(alone);
  if (!ours.empty()) {
    Value entry = target->shallow_copy();
    entry.set("manager", Value::string(manager));
    entry.set("operation", Value::string("Apply"));
    entry.set("fieldsV1", ours.print());
    kept.insert(kept.begin(), std::move(entry));
  }
  // An empty list would be taken for "leave it as it is".
  if (kept.empty()) kept.push_back(Value::map());
  out.entries = Value::list(std::move(kept));
  return std::optional<OwnerChange>(std::move(out));
}

Value owner_patch(const Value& entries, std::string_view resource_version) {
  const auto replace = [](std::string_view path, Value value) {
    return make_map({{"op", Value::string("replace")}, {"path", Value::string(path)}, {"value", std::move(value)}});
  };
  return Value::list(
      {replace("/metadata/managedFields", entries), replace("/metadata/resourceVersion", Value::string(resource_version))});
}

Result<FieldSet> stale_fields(const Value& applied, std::string_view manager) {
  const Value* entries = entries_of(applied);
  if (entries == nullptr || std::ranges::none_of(entries->as_list(), is_legacy)) return FieldSet();
  FieldSet legacy;
  FieldSet kept;
  std::string_view version;
  for (const auto& entry : entries->as_list()) {
    if (is_own(entry, manager)) version = entry.string_at({"apiVersion"});
  }
  for (const auto& entry : entries->as_list()) {
    GITOPSCTL_TRY(const FieldSet fields, fields_of(entry));
    FieldSet& side = is_legacy(entry) && entry.string_at({"apiVersion"}) == version ? legacy : kept;
    side = side.united(fields);
  }
  return legacy.without(kept);
}

std::vector<FieldPath> foresee(Value& body, const FieldSet& stale, const Value& fresh) {
  std::vector<FieldPath> changed;
  const auto paths = stale.paths();
  // Whole items first: their keys would be taken out of them below, and they could not be found any more.
  for (const auto& path : paths) {
    if (!is_item(path) || !is_ours_to_remove(path) || value_at(fresh, path) != nullptr) continue;
    if (erase_at(body, path)) changed.push_back(path);
  }
  // Then what is below before what holds it.
  const FieldSet leaves = stale.leaves();
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) {
    if (is_item(*path) || !is_ours_to_remove(*path) || is_allocated(*path)) continue;
    const Value* here = value_at(body, *path);
    const Value* filled = value_at(fresh, *path);
    if (here == nullptr) continue;
    if (!leaves.contains(*path)) {
      // A map of which something is left stays.
      if (here->size() == 0 && filled == nullptr) erase_at(body, *path);
      continue;
    }
    if (filled != nullptr && json_equal(*here, *filled)) continue;
    changed.push_back(*path);
    if (filled == nullptr) {
      erase_at(body, *path);
    } else {
      Value holder = *value_at(body, FieldPath(path->begin(), path->end() - 1));  // the same container
      holder.set(path->back().substr(2), filled->deep_copy());
    }
  }
  return changed;
}

}  // namespace gitopsctl::agent::detail
