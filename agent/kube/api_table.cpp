#include "agent/kube/api_table.hpp"

#include <algorithm>

namespace gitopsctl::agent {
namespace {

Error foreign(const std::string& what) {
  return Error(ErrorCode::unavailable, "the server's list of its resources " + what)
      .with_hint("check that the address is that of a Kubernetes API server");
}

std::vector<std::string> texts(const Value* list) {
  std::vector<std::string> out;
  if (list == nullptr) return out;
  for (const Value& item : list->as_list()) {
    if (item.is_string()) out.emplace_back(item.as_string());
  }
  return out;
}

/// Part of a URL: what is not plain would lead elsewhere.
bool plain_segment(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  };
  return !text.empty() && text.size() <= 253 && text != "." && text != ".." && std::ranges::all_of(text, plain);
}

std::string or_else(std::string_view text, std::string_view fallback) { return std::string(text.empty() ? fallback : text); }

}  // namespace

bool ApiResource::can(std::string_view verb) const noexcept { return std::ranges::find(verbs, verb) != verbs.end(); }

Result<void> ApiTable::add(ApiResource resource) {
  if (resources_.size() >= max_resources) return Error(ErrorCode::too_large, "the server lists more than 100000 resources");
  if (!plain_segment(resource.plural) || !plain_segment(resource.version) ||
      (!resource.group.empty() && !plain_segment(resource.group))) {
    return foreign("has names that are none");
  }
  by_kind_[{resource.group, resource.kind}].push_back(resources_.size());
  resources_.push_back(std::move(resource));
  return {};
}

Result<void> ApiTable::add_aggregated(const Value& list) {
  const Value* items = list.find("items");
  if (list.string_at({"kind"}) != "APIGroupDiscoveryList" || items == nullptr || !items->is_list()) {
    return foreign("is not an APIGroupDiscoveryList");
  }
  for (const Value& group : items->as_list()) {
    const auto name = group.string_at({"metadata", "name"});
    const Value* versions = group.find("versions");
    if (versions == nullptr || versions->size() == 0) {
      add_stale(name);
      continue;
    }
    for (const Value& version : versions->as_list()) {
      if (version.string_at({"freshness"}) == "Stale") add_stale(name);
      const Value* resources = version.find("resources");
      if (resources == nullptr) continue;
      for (const Value& entry : resources->as_list()) {
        ApiResource resource;
        // Some resources answer with a kind of another group; only those whose own kind it is can be written.
        resource.group = name;
        resource.version = version.string_at({"version"});
        resource.kind = entry.string_at({"responseKind", "kind"});
        resource.plural = entry.string_at({"resource"});
        resource.namespaced = entry.string_at({"scope"}) != "Cluster";
        resource.verbs = texts(entry.find("verbs"));
        resource.short_names = texts(entry.find("shortNames"));
        if (const Value* below = entry.find("subresources"); below != nullptr) {
          for (const Value& one : below->as_list()) resource.subresources.emplace_back(one.string_at({"subresource"}));
        }
        const bool own = or_else(entry.string_at({"responseKind", "group"}), name) == name;
        if (!resource.kind.empty() && own) GITOPSCTL_CHECK(add(std::move(resource)));
      }
    }
  }
  return {};
}

Result<void> ApiTable::add_legacy(std::string_view group, std::string_view version, const Value& list) {
  const Value* resources = list.find("resources");
  if (list.string_at({"kind"}) != "APIResourceList" || resources == nullptr || !resources->is_list()) {
    return foreign("is not an APIResourceList");
  }
  const std::size_t first = resources_.size();
  for (const Value& entry : resources->as_list()) {
    const auto name = entry.string_at({"name"});
    if (const auto slash = name.find('/'); slash != std::string_view::npos) {
      const auto owner = std::find_if(resources_.begin() + static_cast<std::ptrdiff_t>(first), resources_.end(),
                                      [&](const auto& r) { return r.plural == name.substr(0, slash); });
      if (owner != resources_.end()) owner->subresources.emplace_back(name.substr(slash + 1));
      continue;
    }
    const auto own = entry.string_at({"group"});
    const Value* namespaced = entry.find("namespaced");
    ApiResource resource;
    resource.group = group;
    resource.version = version;
    resource.kind = entry.string_at({"kind"});
    resource.plural = name;
    resource.namespaced = namespaced != nullptr && namespaced->as_bool();
    resource.verbs = texts(entry.find("verbs"));
    resource.short_names = texts(entry.find("shortNames"));
    if (!resource.kind.empty() && (own.empty() || own == group)) GITOPSCTL_CHECK(add(std::move(resource)));
  }
  return {};
}

const ApiResource* ApiTable::find(std::string_view group, std::string_view version, std::string_view kind) const noexcept {
  const auto found = by_kind_.find(std::pair(std::string(group), std::string(kind)));
  if (found == by_kind_.end()) return nullptr;
  for (const std::size_t at : found->second) {
    if (version.empty() || resources_[at].version == version) return &resources_[at];
  }
  return nullptr;
}

}  // namespace gitopsctl::agent
