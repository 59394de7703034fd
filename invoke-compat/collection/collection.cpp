#include "invoke-compat/collection/collection.hpp"

#include <algorithm>
#include <set>

#include "invoke-compat/collection/flags.hpp"
#include "invoke-compat/collection/names.hpp"
#include "invoke-compat/python_text/python_text.hpp"

namespace gitopsctl::invoke {
namespace {

/// The task that stands for a collection, by its default; its path ends in the task's own collection.
std::optional<FoundTask> default_task(const Collection& collection, std::vector<const Collection*> path) {
  const Collection* at = &collection;
  while (!at->default_name.empty() && path.size() <= max_collection_depth) {
    path.push_back(at);
    const auto name = at->typed(at->default_name);
    const auto* inner = at->find_collection(name);
    if (inner == nullptr) {
      const auto* task = at->find_task(name);
      if (task == nullptr) return std::nullopt;
      return FoundTask{task, std::move(path)};
    }
    at = inner;
  }
  return std::nullopt;
}

/// Whether a task is what the whole chain of defaults from `from` on ends at.
bool is_default_of(const Collection& from, const NamedTask& task, std::string_view name_inside, const Rules& rules) {
  if (rules.nested_defaults) {
    const auto found = default_task(from, {});
    return found && found->task == task.found.task && found->path.back() == task.found.path.back();
  }
  return !from.default_name.empty() && from.typed(from.default_name) == name_inside;
}

void collect(const Collection& collection, std::vector<const Collection*>& path, const Rules& rules,
             std::vector<NamedTask>& out) {
  if (path.size() >= max_collection_depth) return;
  path.push_back(&collection);
  for (const auto& task : collection.tasks) {
    if (out.size() >= max_tasks) break;
    NamedTask named{collection.typed(task.name), {}, {&task, path}};
    for (const auto& alias : task.aliases) named.aliases.push_back(collection.typed(alias));
    out.push_back(std::move(named));
  }
  for (const auto& inner : collection.collections) {
    const auto begin = out.size();
    collect(inner, path, rules, out);
    const auto name = collection.typed(inner.name);
    for (auto i = begin; i < out.size(); ++i) {
      auto& task = out[i];
      const bool stands_for_it = is_default_of(inner, task, task.name, rules);
      // The outer rule applies to names that the inner one has made.
      for (auto& alias : task.aliases) alias = name + '.' + collection.typed(alias);
      if (stands_for_it) task.aliases.push_back(name);
      task.name = name + '.' + collection.typed(task.name);
    }
  }
  path.pop_back();
}

class Checker {
 public:
  explicit Checker(const Rules& rules) : rules_(rules) {}

  void check(const Collection& collection, const std::string& where, std::size_t depth) {
    if (depth >= max_collection_depth) {
      say(ErrorCode::too_large, where, "namespaces are nested deeper than " + std::to_string(max_collection_depth));
      return;
    }
    std::set<std::string, std::less<>> names;
    for (const auto& inner : collection.collections) add_name(collection, inner.name, where, names);
    for (const auto& task : collection.tasks) {
      if (++tasks_ > max_tasks) break;
      add_name(collection, task.name, where, names);
      for (const auto& alias : task.aliases) add_name(collection, alias, where, names);
      if (const auto flags = flags_of(task, rules_); !flags.ok()) errors_.push_back(flags.error());
    }
    if (tasks_ > max_tasks) {
      say(ErrorCode::too_large, where, "there are more than " + std::to_string(max_tasks) + " tasks");
      return;
    }
    if (!collection.default_name.empty() && !names.contains(collection.typed(collection.default_name))) {
      say(ErrorCode::invalid_input, where,
          "the default " + python_repr(collection.default_name) + " is no task or namespace");
    }
    if (!collection.configuration.is_null() && !collection.configuration.is_map()) {
      say(ErrorCode::invalid_input, where, "its configuration is no mapping");
    }
    for (const auto& inner : collection.collections) check(inner, "namespace " + python_repr(inner.name), depth + 1);
  }

  Result<void> result() {
    constexpr std::size_t enough = 100;
    if (errors_.empty()) return {};
    if (errors_.size() > enough) errors_.erase(errors_.begin() + enough, errors_.end());
    return combine(std::move(errors_));
  }

 private:
  void say(ErrorCode code, const std::string& where, std::string what) {
    auto error = Error(code, std::move(what));
    errors_.push_back(where.empty() ? error : error.in(where));
  }

  void add_name(const Collection& collection, const std::string& declared, const std::string& where,
                std::set<std::string, std::less<>>& names) {
    if (!can_be_typed(declared)) {
      say(ErrorCode::invalid_input, where,
          python_repr(declared) + " cannot be a name: use letters, digits, dashes and underscores, and no dash in front");
    } else if (!names.insert(collection.typed(declared)).second) {
      say(ErrorCode::invalid_input, where, "there are two of the name " + python_repr(collection.typed(declared)));
    }
  }

  const Rules& rules_;
  std::size_t tasks_ = 0;
  std::vector<Error> errors_;
};

}  // namespace

std::string Collection::typed(std::string_view declared) const {
  return auto_dash_names ? dashed_name(declared) : underscored_name(declared);
}

const Collection* Collection::find_collection(std::string_view typed_name) const {
  for (const auto& inner : collections) {
    if (typed(inner.name) == typed_name) return &inner;
  }
  return nullptr;
}

const Task* Collection::find_task(std::string_view typed_name) const {
  for (const auto& task : tasks) {
    if (typed(task.name) == typed_name) return &task;
  }
  for (const auto& task : tasks) {
    for (const auto& alias : task.aliases) {
      if (typed(alias) == typed_name) return &task;
    }
  }
  return nullptr;
}

std::vector<NamedTask> named_tasks(const Collection& root, const Rules& rules) {
  std::vector<NamedTask> out;
  std::vector<const Collection*> path;
  collect(root, path, rules, out);
  return out;
}

Result<FoundTask> find_task(const Collection& root, std::string_view dotted) {
  const auto none = [&] { return Error(ErrorCode::not_found, "there is no task " + python_repr(dotted)); };
  std::vector<const Collection*> path;
  const Collection* at = &root;
  auto rest = dotted;
  while (!rest.empty()) {
    const auto dot = rest.find('.');
    const auto name = at->typed(rest.substr(0, dot));
    const auto* inner = at->find_collection(name);
    if (inner == nullptr) {
      const auto* task = dot == std::string_view::npos ? at->find_task(name) : nullptr;
      if (task == nullptr) return none();
      path.push_back(at);
      return FoundTask{task, std::move(path)};
    }
    path.push_back(at);
    at = inner;
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  }
  if (auto found = default_task(*at, std::move(path))) return std::move(*found);
  return none();
}

const Collection* find_namespace(const Collection& root, std::string_view dotted) {
  const Collection* at = &root;
  while (at != nullptr && !dotted.empty()) {
    const auto dot = dotted.find('.');
    at = at->find_collection(at->typed(dotted.substr(0, dot)));
    dotted = dot == std::string_view::npos ? std::string_view() : dotted.substr(dot + 1);
  }
  return at;
}

Result<void> check_collection(const Collection& root, const Rules& rules) {
  Checker checker(rules);
  checker.check(root, "", 0);
  return checker.result();
}

}  // namespace gitopsctl::invoke
