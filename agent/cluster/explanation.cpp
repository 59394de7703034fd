#include "agent/cluster/explanation.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "agent/cluster/attribution.hpp"
#include "agent/cluster/normal_form.hpp"
#include "agent/cluster/owned_fields.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::agent::detail {

namespace {

using channels::FieldCause;
using channels::FieldStep;
using channels::FieldSteps;
using channels::Origin;

constexpr std::string_view admission_group = "admissionregistration.k8s.io";
/// How long what the server has of policies and webhooks is believed.
constexpr Millis mutators_kept{30'000};
/// For what is only a help to people nobody waits long: a lease is held meanwhile.
constexpr Millis patience{5'000};
constexpr std::size_t max_named = 5;
constexpr std::size_t max_overridden = 5;

std::pair<std::string, std::string> group_version(const Value& object) {
  const std::string text(object.string_at({"apiVersion"}));
  const auto slash = text.find('/');
  if (slash == std::string::npos) return {"", text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

/// The schema of one kind, in the terms of ways to fields.
class KindSchema final : public FieldSchema {
 public:
  KindSchema(std::shared_ptr<const SchemaDocument> document, const SchemaNode* root)
      : document_(std::move(document)), root_(root) {}

  [[nodiscard]] std::optional<ListShape> list_shape(const FieldSteps& path) const override {
    const SchemaNode* node = find(path);
    if (node == nullptr) return std::nullopt;
    switch (node->list) {
      case SchemaNode::List::none: return std::nullopt;
      case SchemaNode::List::atomic: return ListShape{};
      case SchemaNode::List::set: return ListShape{ListShape::Kind::set};
      case SchemaNode::List::keyed: return ListShape{ListShape::Kind::keyed, node->keys};
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Value> default_of(const FieldSteps& path) const override {
    const SchemaNode* node = find(path);
    if (node == nullptr || node->default_json.empty()) return std::nullopt;
    auto value = parse_json(node->default_json);
    return value.ok() ? std::optional(*std::move(value)) : std::nullopt;
  }

 private:
  [[nodiscard]] const SchemaNode* find(const FieldSteps& path) const {
    const SchemaNode* node = root_;
    for (const auto& step : path) {
      node = step.kind == FieldStep::Kind::key ? document_->field(node, step.key) : document_->items(node);
      if (node == nullptr) return nullptr;
    }
    return node;
  }

  std::shared_ptr<const SchemaDocument> document_;
  const SchemaNode* root_;
};

bool names(const Value& rule, std::string_view field, std::string_view wanted) {
  const Value* list = rule.find(field);
  if (list == nullptr) return false;
  return std::ranges::any_of(list->as_list(), [&](const Value& one) {
    const auto text = one.as_string();
    return text == "*" || text == "*/*" || text == wanted;
  });
}

bool sees(const Value& rules, std::string_view group, std::string_view version, std::string_view resource) {
  return std::ranges::any_of(rules.as_list(), [&](const Value& rule) {
    return names(rule, "apiGroups", group) && names(rule, "apiVersions", version) && names(rule, "resources", resource);
  });
}

}  // namespace

Explanation::Explanation(KubeClient client, std::string manager, const std::string& cache_directory, Clock& clock)
    : client_(std::move(client)),
      manager_(std::move(manager)),
      clock_(clock),
      schemas_([reader = client_](const std::string& path,
                                  const Interrupt& interrupt) { return reader.document(path, {interrupt, false, {}}); },
               client_.transport().target().server, cache_directory) {}

std::vector<FieldCause> Explanation::of(const Difference& difference) {
  Attribution input;
  input.desired = &difference.object->body;
  input.live = &difference.live->body;
  input.predicted = difference.predicted;
  input.manager = manager_;
  std::optional<Value> part;
  Value applied;
  if (difference.as_before) {
    input.before = Attribution::Before::same;
  } else if (difference.new_to_us) {
    input.before = Attribution::Before::nothing;
  } else if (difference.applied != nullptr) {
    applied = normal_form(*difference.applied);
    input.before = Attribution::Before::known;
    input.applied = &applied;
  } else if (difference.untouched) {
    // What we own of it is what we applied.
    part = owned_part(difference.live->body, manager_);
    if (part) {
      input.before = Attribution::Before::known;
      input.applied = &*part;
    }
  }
  auto causes = attribute(input);
  const auto unexplained = [](const FieldCause& cause) { return cause.origin == Origin::filled_in; };
  if (std::ranges::any_of(causes, unexplained)) {
    const auto [group, version] = group_version(difference.live->body);
    const auto document = schemas_.find(group, version, clock_, {{}, Deadline(clock_, patience)});
    const SchemaNode* root = document == nullptr ? nullptr : document->kind(group, version, difference.object->id.kind);
    if (root != nullptr) {
      const KindSchema schema(document, root);
      input.schema = &schema;
      causes = attribute(input);
    }
  }
  for (auto& cause : causes) {
    cause.manager = scrub(cause.manager, 128);
    cause.operation = scrub(cause.operation, 32);
    cause.subresource = scrub(cause.subresource, 64);
    cause.time = scrub(cause.time, 64);
    const bool by_server =
        cause.origin == Origin::admission || cause.origin == Origin::overridden || cause.origin == Origin::filled_in;
    if (by_server) cause.candidates = mutators_of(difference.live->body);
  }
  return causes;
}

std::vector<std::string> Explanation::overridden(const Value& wish, const Value& result, bool secret) {
  const auto fields = overridden_fields(wish, result, manager_);
  if (fields.empty()) return {};
  std::set<std::string> paths;
  for (const auto& steps : fields) paths.insert(steps_text(steps, secret));
  std::string text;
  std::size_t count = 0;
  for (const auto& path : paths) {
    if (++count <= max_overridden) text += (text.empty() ? "" : ", ") + path;
  }
  if (count > max_overridden) text += " and " + std::to_string(count - max_overridden) + " more";
  std::string by;
  for (const auto& name : mutators_of(result)) by += (by.empty() ? ": perhaps " : ", ") + name;
  LiveObject object = live_object(result);
  return {object.id.to_string() + ": " + scrub(text) + (count == 1 ? " is" : " are") + " overridden by the server" + by};
}

void Explanation::read_mutators() {
  mutators_.clear();
  KubeCall call;
  call.interrupt.deadline = Deadline(clock_, patience);
  const auto list = [&](std::string_view kind) -> std::vector<Value> {
    auto found = client_.list({std::string(admission_group), "", std::string(kind)}, {}, call);
    return found.ok() ? std::move(found->items) : std::vector<Value>();  // without the right to see them they have no names
  };
  for (const auto& one : list("MutatingWebhookConfiguration")) {
    const Value* hooks = one.find("webhooks");
    if (hooks == nullptr) continue;
    for (const auto& hook : hooks->as_list()) {
      if (const Value* rules = hook.find("rules"); rules != nullptr) {
        mutators_.push_back({"MutatingWebhookConfiguration " + scrub(one.string_at({"metadata", "name"}), 253) + " (" +
                                 scrub(hook.string_at({"name"}), 253) + ")",
                             *rules});
      }
    }
  }
  std::set<std::string, std::less<>> bound;
  for (const auto& binding : list("MutatingAdmissionPolicyBinding"))
    bound.emplace(binding.string_at({"spec", "policyName"}));
  for (const auto& one : list("MutatingAdmissionPolicy")) {
    const auto name = one.string_at({"metadata", "name"});
    const Value* rules = one.find_path({"spec", "matchConstraints", "resourceRules"});
    if (rules != nullptr && bound.contains(name)) {
      mutators_.push_back({"MutatingAdmissionPolicy " + scrub(name, 253), *rules});
    }
  }
  mutators_until_ = clock_.monotonic() + mutators_kept;
}

/// Those that see such objects, as far as their rules tell: what their selectors and conditions say is not looked at.
std::vector<std::string> Explanation::mutators_of(const Value& object) {
  const auto [group, version] = group_version(object);
  const auto resource = client_.discovery().map(group, version, object.string_at({"kind"}), {});
  if (!resource.ok()) return {};
  const std::lock_guard lock(mutex_);
  if (clock_.monotonic() >= mutators_until_) read_mutators();
  std::vector<std::string> out;
  for (const auto& mutator : mutators_) {
    if (out.size() < max_named && sees(mutator.rules, group, version, resource->plural)) out.push_back(mutator.name);
  }
  return out;
}

}  // namespace gitopsctl::agent::detail
