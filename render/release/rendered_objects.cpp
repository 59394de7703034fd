#include "render/release/rendered_objects.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace gitopsctl::render {

namespace {

void drop_namespace(Object& object) {
  object.id.namespace_.clear();
  const auto* metadata = object.body.find("metadata");
  if (metadata == nullptr || !metadata->is_map()) return;
  Value own = metadata->shallow_copy();
  if (!own.erase("namespace")) return;
  object.body = object.body.shallow_copy();
  object.body.set("metadata", own);
}

}  // namespace

std::set<RenderedObjects::GroupKind> RenderedObjects::cluster_scoped_kinds(const std::vector<Read>& objects) {
  std::set<GroupKind> kinds;
  for (const auto& [object, origin, line] : objects) {
    if (object.id.kind != "CustomResourceDefinition" || object.body.string_at({"spec", "scope"}) != "Cluster") continue;
    kinds.emplace(object.body.string_at({"spec", "group"}), object.body.string_at({"spec", "names", "kind"}));
  }
  return kinds;
}

void RenderedObjects::add_file(std::string_view text, const std::string& path) {
  auto read = read_objects(text, path, namespace_, options_);
  if (!read.ok()) {
    for (const auto& error : read.error().flatten()) errors_.push_back(Error(error).at({.file = path}));
    return;
  }
  for (auto& object : *read) {
    const int line = object.line;
    objects_.push_back({std::move(object), path, line});
  }
}

void RenderedObjects::add_rendered(const helm::Document& document) {
  const auto& origin = document.origin;
  const int line = document.line;
  auto read = document.content ? read_objects(*document.content, document.path, namespace_)
                               : read_objects(document.text, document.path, namespace_, options_);
  if (!read.ok()) {
    for (const auto& error : read.error().flatten()) {
      const int at = std::max(error.where().line, 1) + line - 1;
      auto hint = "look at line " + std::to_string(at) + " of what the template renders to";
      if (!error.hint().empty()) hint += "; " + error.hint();
      errors_.push_back(Error(error.code(), error.message()).at({.file = origin}).with_hint(std::move(hint)));
    }
    return;
  }
  for (auto& object : *read) {
    if (object.line > 0) object.line += line - 1;
    objects_.push_back({std::move(object), origin, 0});
  }
}

Result<std::vector<Object>> RenderedObjects::take() {
  const auto cluster_scoped = cluster_scoped_kinds(objects_);
  std::map<ObjectId, const Read*> seen;
  for (auto& read : objects_) {
    const auto& id = read.object.id;
    if (cluster_scoped.contains({id.group, id.kind})) drop_namespace(read.object);
    const auto [first, added] = seen.try_emplace(id, &read);
    if (added) continue;
    const auto before = Location{.file = first->second->origin, .line = first->second->line}.to_string();
    errors_.push_back(Error(ErrorCode::conflict, id.to_string() + " is rendered twice, first by " + before)
                          .at({.file = read.origin, .line = read.line})
                          .with_hint("one object has one manifest; remove or rename one of them"));
  }
  if (!errors_.empty()) return combine(std::move(errors_));
  std::vector<Object> out;
  out.reserve(objects_.size());
  for (auto& read : objects_) out.push_back(std::move(read.object));
  objects_.clear();
  return out;
}

}  // namespace gitopsctl::render
