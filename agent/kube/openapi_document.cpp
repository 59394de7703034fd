#include <algorithm>
#include <map>
#include <optional>

#include "agent/kube/openapi.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::agent {
namespace {

constexpr std::size_t max_nodes = 200'000;
constexpr std::uint64_t max_bytes = 32ULL << 20U;
constexpr std::string_view reference_prefix = "#/components/schemas/";

SchemaNode::List list_kind(const Value& schema) {
  const auto type = schema.string_at({"x-kubernetes-list-type"});
  if (type == "map") return SchemaNode::List::keyed;
  if (type == "set") return SchemaNode::List::set;
  return schema.string_at({"type"}) == "array" ? SchemaNode::List::atomic : SchemaNode::List::none;
}

}  // namespace

class SchemaDocument::Reader {
 public:
  Reader(const Value& schemas, SchemaDocument& out) : schemas_(schemas), out_(out) {}

  bool read() {
    for (const auto& schema : schemas_.as_map()) {
      const Value* kinds = schema.value.find("x-kubernetes-group-version-kind");
      if (kinds == nullptr) continue;
      for (const auto& kind : kinds->as_list()) {
        const std::uint32_t node = component(schema.key.view());
        out_.kinds_.emplace_back(std::string(kind.string_at({"group"})) + '/' + std::string(kind.string_at({"version"})) +
                                     '/' + std::string(kind.string_at({"kind"})),
                                 node);
      }
      // What is reached from here; a loop instead of recursion from one component into the next.
      while (!waiting_.empty()) {
        const auto [name, node] = waiting_.back();
        waiting_.pop_back();
        const Value* found = schemas_.find(name);
        if (found != nullptr && !fill(node, *found, 0)) return false;
      }
    }
    std::ranges::sort(out_.kinds_);
    return true;
  }

 private:
  std::uint32_t make() {
    out_.nodes_.emplace_back();
    return static_cast<std::uint32_t>(out_.nodes_.size() - 1);
  }

  std::uint32_t component(std::string_view name) {
    const auto known = components_.find(name);
    if (known != components_.end()) return known->second;
    const std::uint32_t node = make();
    components_.emplace(name, node);
    waiting_.emplace_back(name, node);
    return node;
  }

  std::uint32_t referenced(const Value& schema) {
    auto reference = schema.string_at({"$ref"});
    if (const Value* all = schema.find("allOf"); reference.empty() && all != nullptr && all->size() == 1) {
      reference = all->as_list()[0].string_at({"$ref"});
    }
    if (!reference.starts_with(reference_prefix)) return SchemaNode::nowhere;
    return component(reference.substr(reference_prefix.size()));
  }

  /// False when it is too large or too deep.
  bool fill(std::uint32_t at, const Value& schema, int depth) {
    constexpr int max_depth = 100;
    if (depth > max_depth || out_.nodes_.size() > max_nodes) return false;
    SchemaNode node;
    node.same_as = referenced(schema);
    node.list = list_kind(schema);
    if (const Value* keys = schema.find("x-kubernetes-list-map-keys"); keys != nullptr) {
      for (const auto& key : keys->as_list()) node.keys.emplace_back(key.as_string());
    }
    if (const Value* value = schema.find("default"); value != nullptr) node.default_json = canonical_json(*value);
    const auto child = [&](const Value& of) -> std::optional<std::uint32_t> {
      const std::uint32_t made = make();
      return fill(made, of, depth + 1) ? std::optional(made) : std::nullopt;
    };
    if (const Value* items = schema.find("items"); items != nullptr) {
      const auto made = child(*items);
      if (!made) return false;
      node.items = *made;
    } else if (const Value* others = schema.find("additionalProperties"); others != nullptr && others->is_map()) {
      const auto made = child(*others);
      if (!made) return false;
      node.items = *made;
    }
    if (const Value* properties = schema.find("properties"); properties != nullptr) {
      for (const auto& property : properties->as_map()) {  // sorted by name
        const auto made = child(property.value);
        if (!made) return false;
        node.fields.emplace_back(property.key.view(), *made);
        out_.bytes_ += property.key.view().size() + sizeof(node.fields.back());
      }
    }
    out_.bytes_ += sizeof(SchemaNode) + node.default_json.size();
    out_.nodes_[at] = std::move(node);
    return true;
  }

  const Value& schemas_;
  SchemaDocument& out_;
  std::map<std::string, std::uint32_t, std::less<>> components_;
  std::vector<std::pair<std::string, std::uint32_t>> waiting_;
};

Result<std::shared_ptr<const SchemaDocument>> SchemaDocument::parse(std::string_view json) {
  GITOPSCTL_TRY(const Value document, parse_json(json, {}, true, max_bytes));
  const Value* schemas = document.find_path({"components", "schemas"});
  if (schemas == nullptr) return Error(ErrorCode::invalid_input, "the document describes no kinds");
  auto out = std::make_shared<SchemaDocument>();
  if (!Reader(*schemas, *out).read()) return Error(ErrorCode::too_large, "the document describes too many fields");
  out->nodes_.shrink_to_fit();
  return std::shared_ptr<const SchemaDocument>(std::move(out));
}

const SchemaNode* SchemaDocument::kind(std::string_view group, std::string_view version, std::string_view kind) const {
  const std::string name = std::string(group) + '/' + std::string(version) + '/' + std::string(kind);
  const auto found = std::ranges::lower_bound(kinds_, name, {}, &std::pair<std::string, std::uint32_t>::first);
  return found == kinds_.end() || found->first != name ? nullptr : &nodes_[found->second];
}

const SchemaNode* SchemaDocument::resolved(const SchemaNode* node) const {
  for (int i = 0; i < 20 && node != nullptr && node->same_as != SchemaNode::nowhere; ++i) node = &nodes_[node->same_as];
  return node;
}

const SchemaNode* SchemaDocument::field(const SchemaNode* node, std::string_view key) const {
  node = resolved(node);
  if (node == nullptr) return nullptr;
  const auto found =
      std::ranges::lower_bound(node->fields, key, {}, [](const auto& field) { return std::string_view(field.first); });
  if (found != node->fields.end() && found->first == key) return &nodes_[found->second];
  return node->list == SchemaNode::List::none ? items(node) : nullptr;
}

const SchemaNode* SchemaDocument::items(const SchemaNode* node) const {
  node = resolved(node);
  return node == nullptr || node->items == SchemaNode::nowhere ? nullptr : &nodes_[node->items];
}

}  // namespace gitopsctl::agent
