#include "channels/plan/field_cause.hpp"

#include <algorithm>
#include <optional>

#include "base/json/json.hpp"
#include "render/diff/diff.hpp"

namespace gitopsctl::channels {

namespace {

bool is_container(const Value* value) { return value != nullptr && (value->is_map() || value->is_list()); }

/// The item that has all fields of `keys`. One that says nothing of a protocol has the default one.
const Value* item_with(const Value* list, const Value& keys) {
  if (list == nullptr) return nullptr;
  for (const auto& item : list->as_list()) {
    const bool fits = std::ranges::all_of(keys.as_map(), [&](const Value::Member& key) {
      const Value* value = item.find(key.key.view());
      if (value == nullptr) return key.key.view() == "protocol" && key.value.as_string() == "TCP";
      return json_equal(*value, key.value);
    });
    if (fits) return &item;
  }
  return nullptr;
}

const Value* item_equal(const Value* list, const Value& wanted) {
  if (list == nullptr) return nullptr;
  const auto& items = list->as_list();
  const auto at = std::ranges::find_if(items, [&](const Value& item) { return json_equal(item, wanted); });
  return at == items.end() ? nullptr : &*at;
}

const Value* follow(const Value* node, const FieldStep& step) {
  if (node == nullptr) return nullptr;
  switch (step.kind) {
    case FieldStep::Kind::key: return node->find(step.key);
    case FieldStep::Kind::item: return item_with(node, step.item);
    case FieldStep::Kind::value: return item_equal(node, step.item);
  }
  return nullptr;
}

/// As diff_values() labels an item: by the first field that tells it apart, and a protocol that is not the default.
std::string label(const FieldStep& step) {
  std::string out;
  for (const auto& key : step.item_key) {
    const Value* value = step.item.find(key);
    if (value == nullptr || (key == "protocol" && value->as_string() == "TCP")) continue;
    if (!out.empty() && key != "protocol") continue;
    out += (out.empty() ? "" : ",") + key + '=' + render::path_value(*value);
  }
  return '[' + out + ']';
}

std::string shown_path(const FieldSteps& steps, const Value& before, const Value& after) {
  const Value* a = &before;
  const Value* b = &after;
  std::string out;
  for (const auto& step : steps) {
    // Where neither side may be looked into, the field ends here, or something is hidden.
    if (!is_container(a) && !is_container(b)) return out;
    const Value* next_a = follow(a, step);
    const Value* next_b = follow(b, step);
    if (step.kind == FieldStep::Kind::key) {
      out = render::join_path(out, step.key);
    } else {
      // What stands in neither side may be a value that is hidden there.
      if (next_a == nullptr && next_b == nullptr) return out;
      out += step.kind == FieldStep::Kind::item ? label(step) : '[' + canonical_json(step.item) + ']';
    }
    a = next_a;
    b = next_b;
  }
  return out;
}

bool begins_with(std::string_view path, std::string_view head) {
  if (!path.starts_with(head)) return false;
  return head.empty() || path.size() == head.size() || path[head.size()] == '.' || path[head.size()] == '[';
}

bool related(std::string_view a, std::string_view b) { return begins_with(a, b) || begins_with(b, a); }

/// `path` without what is in brackets: the fields only.
std::string fields_only(std::string_view path) {
  std::string out;
  bool quoted = false;
  bool inside = false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (!inside && c != '[') {
      out += c;
    } else if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted) {
      inside = c != ']';
    }
  }
  return out;
}

std::string who(const FieldCause& cause) {
  if (cause.manager.empty()) return "somebody (deletions leave no name)";
  std::string how = cause.operation;
  if (!cause.subresource.empty()) how += (how.empty() ? "of " : " of ") + cause.subresource;
  std::string out = cause.manager + (how.empty() ? "" : " (" + how + ")");
  if (!cause.time.empty()) out += ", at " + cause.time + " or before";
  return out;
}

std::string perhaps(const FieldCause& cause) {
  if (cause.candidates.empty()) return {};
  std::string out;
  for (const auto& name : cause.candidates) out += (out.empty() ? "" : ", ") + name;
  return ": perhaps " + out;
}

}  // namespace

std::string_view origin_name(Origin origin) noexcept {
  switch (origin) {
    case Origin::commit: return "commit";
    case Origin::removal: return "removal";
    case Origin::drift: return "drift";
    case Origin::commit_over_drift: return "commitOverDrift";
    case Origin::defaulted: return "default";
    case Origin::admission: return "admission";
    case Origin::filled_in: return "defaultOrAdmission";
    case Origin::overridden: return "overridden";
    case Origin::left_to_owner: return "leftToOwner";
    case Origin::kept: return "kept";
    case Origin::converged: return "converged";
  }
  return "commit";
}

bool is_reason_to_write(Origin origin) noexcept {
  switch (origin) {
    case Origin::commit:
    case Origin::removal:
    case Origin::drift:
    case Origin::commit_over_drift: return true;
    default: return false;
  }
}

std::string FieldCause::text() const {
  switch (origin) {
    case Origin::commit: return "this commit";
    case Origin::removal: return "this commit takes it away";
    case Origin::drift: return "drift: changed by " + who(*this);
    case Origin::commit_over_drift: return "this commit, over a change by " + who(*this);
    case Origin::defaulted: return "default of the server";
    case Origin::admission: return "a policy or webhook of the server" + perhaps(*this);
    case Origin::filled_in: return "the server: a default, a policy or a webhook" + perhaps(*this);
    case Origin::overridden: return "overridden by the server" + perhaps(*this);
    case Origin::left_to_owner: return "left to " + who(*this);
    case Origin::kept: return "left the manifest; kept by " + who(*this);
    case Origin::converged: return "this commit asks for what is there";
  }
  return {};
}

std::vector<FieldCause> place_causes(const std::vector<FieldCause>& causes, const Value& before, const Value& after) {
  std::vector<FieldCause> out;
  out.reserve(causes.size());
  for (const auto& cause : causes) {
    FieldCause placed = cause;
    placed.path = shown_path(cause.steps, before, after);
    placed.steps.clear();
    out.push_back(std::move(placed));
  }
  const auto key = [](const FieldCause& cause) { return std::pair(cause.path, cause.text()); };
  std::ranges::stable_sort(out, {}, key);
  const auto rest = std::ranges::unique(out, {}, key);
  out.erase(rest.begin(), rest.end());
  return out;
}

std::vector<const FieldCause*> causes_at(const std::vector<FieldCause>& causes, std::string_view path, std::size_t max) {
  std::vector<const FieldCause*> out;
  const auto collect = [&](const auto& fits) {
    for (const auto& cause : causes) {
      if (out.size() < max && fits(cause.path)) out.push_back(&cause);
    }
  };
  collect([&](const std::string& one) { return related(one, path); });
  if (!out.empty() || path.find('[') == std::string_view::npos) return out;
  // Items that have no key are told apart by their places there, and not here.
  const std::string fields = fields_only(path);
  collect([&](const std::string& one) { return related(fields_only(one), fields); });
  return out;
}

std::string drift_text(const std::vector<FieldCause>& causes, std::size_t max) {
  std::string out;
  std::size_t count = 0;
  for (const auto& cause : causes) {
    if (cause.origin != Origin::drift && cause.origin != Origin::commit_over_drift) continue;
    if (++count > max) continue;
    out += (out.empty() ? "" : "; ") + cause.path + " by " + who(cause);
  }
  if (count > max) out += "; and " + std::to_string(count - max) + " more";
  return out;
}

}  // namespace gitopsctl::channels
