#include "invoke-compat/declarative/task_index.hpp"

#include "base/text/escape.hpp"
#include "invoke-compat/collection/names.hpp"
#include "invoke-compat/declarative/checks.hpp"

namespace gitopsctl::invoke::declarative::detail {

std::string dashed_path(std::string_view name) {
  std::string out;
  while (true) {
    const auto point = name.find('.');
    out += dashed_name(name.substr(0, point));
    if (point == std::string_view::npos) return out;
    out += '.';
    name.remove_prefix(point + 1);
  }
}

TaskIndex::TaskIndex(Namespace& root, std::vector<Error>& mistakes) { add(root, "", mistakes); }

void TaskIndex::take(const std::string& prefix, const std::string& name, const Location& where,
                     std::vector<Error>& mistakes) {
  const auto [old, added] = taken_.try_emplace(prefix + name, where);
  if (added || mistakes.size() >= max_mistakes) return;
  mistakes.push_back(Error(ErrorCode::invalid_input, "the name '" + terminal_safe(prefix + name) + "' is taken")
                         .at(where)
                         .with_hint("it is also at " + old->second.to_string()));
}

void TaskIndex::add(Namespace& space, const std::string& prefix, std::vector<Error>& mistakes) {
  const std::string path = prefix.empty() ? "" : prefix.substr(0, prefix.size() - 1);
  namespaces_.try_emplace(path, &space);
  for (auto& task : space.tasks) {
    const std::string name = dashed_name(task.name);
    take(prefix, name, task.where, mistakes);
    by_path_.try_emplace(prefix + name, entries_.size());
    entries_.push_back({&task, prefix + name, prefix});
  }
  const std::size_t first = entries_.size() - space.tasks.size();
  for (std::size_t i = 0; i < space.tasks.size(); ++i) {
    for (const auto& alias : space.tasks[i].aliases) {
      take(prefix, alias, space.tasks[i].where, mistakes);
      by_path_.try_emplace(prefix + alias, first + i);
    }
  }
  for (auto& inner : space.namespaces) {
    const std::string name = dashed_name(inner.name);
    take(prefix, name, inner.where, mistakes);
    add(inner, prefix + name + ".", mistakes);
  }
}

std::optional<std::size_t> TaskIndex::at(const std::string& path) const {
  if (const auto found = by_path_.find(path); found != by_path_.end()) return found->second;
  const auto space = namespaces_.find(path);
  if (space == namespaces_.end() || space->second->default_name.empty()) return std::nullopt;
  return find_below(path.empty() ? "" : path + ".", space->second->default_name);
}

std::optional<std::size_t> TaskIndex::find_below(std::string_view prefix, std::string_view name) const {
  if (name.empty()) return std::nullopt;
  const std::string base(prefix);
  const auto found = at(base + dashed_path(name));
  // Aliases are as they are written.
  return found ? found : at(base + std::string(name));
}

std::optional<std::size_t> TaskIndex::find(std::string_view prefix, std::string_view name) const {
  const auto found = find_below(prefix, name);
  return found || prefix.empty() ? found : find_below("", name);
}

std::vector<std::string> TaskIndex::known(std::string_view prefix) const {
  std::vector<std::string> out;
  out.reserve(by_path_.size());
  for (const auto& [path, entry] : by_path_) {
    out.push_back(path);
    if (!prefix.empty() && path.starts_with(prefix)) out.push_back(path.substr(prefix.size()));
  }
  return out;
}

}  // namespace gitopsctl::invoke::declarative::detail
