#include "invoke-compat/execution/plan.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text/go_format.hpp"
#include "invoke-compat/collection/flags.hpp"

namespace gitopsctl::invoke {
namespace {

/// A value that nobody else can change.
Value default_of(const Flag& flag) { return flag.default_value.deep_copy(); }

/// The task that `name` means inside of the namespaces of `path`: the innermost that knows it counts.
std::optional<FoundTask> find_from(const std::vector<const Collection*>& path, const std::string& name) {
  for (std::size_t depth = path.size(); depth > 0; --depth) {
    auto found = find_task(*path[depth - 1], name);
    if (!found.ok()) continue;
    // Found from inside: the namespaces outside of it are on the way as well.
    std::vector<const Collection*> whole(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth) - 1);
    whole.insert(whole.end(), found->path.begin(), found->path.end());
    found->path = std::move(whole);
    return *std::move(found);
  }
  return std::nullopt;
}

Error circle(const std::vector<const Task*>& open, const Task& task) {
  std::string names;
  const auto from = std::find(open.begin(), open.end(), &task);
  for (auto it = from; it != open.end(); ++it) names += (*it)->name + " -> ";
  return Error(ErrorCode::invalid_input, "tasks need each other in a circle: " + names + task.name);
}

class Planner {
 public:
  Planner(const Rules& rules, bool dedupe) : rules_(rules), dedupe_(dedupe) {}

  void leave_out_neighbours(bool yes) noexcept { alone_ = yes; }

  /// `given`: what tells this call from others.
  Result<void> add(PlannedCall call, const Value& given) {
    const Task& task = *call.found.task;
    if (std::find(open_.begin(), open_.end(), &task) != open_.end()) return circle(open_, task);
    if (++expanded_ > max_planned_calls) {
      return Error(ErrorCode::too_large, "more than " + std::to_string(max_planned_calls) + " tasks would run");
    }
    open_.push_back(&task);
    if (!alone_) {
      for (const auto& needed : task.pre) GITOPSCTL_CHECK(add_reference(call.found, needed));
    }
    const bool known = std::any_of(planned_.begin(), planned_.end(), [&](const Planned& earlier) {
      return earlier.call.found.task == &task && deep_equal(earlier.given, given);
    });
    const auto path = call.found;
    if (!dedupe_ || !known) planned_.push_back({std::move(call), given});
    if (!alone_) {
      for (const auto& needed : task.post) GITOPSCTL_CHECK(add_reference(path, needed));
    }
    open_.pop_back();
    return {};
  }

  /// A call that a task of `from` wants.
  Result<void> add_reference(const FoundTask& from, const TaskCall& needed) {
    auto found = find_from(from.path, needed.task);
    if (!found) {
      return Error(ErrorCode::invalid_input,
                   "task " + go_quote(from.task->name) + " needs " + go_quote(needed.task) + ", which is no task");
    }
    GITOPSCTL_TRY(auto arguments, arguments_of(*found->task, needed, from));
    const Value given = needed.arguments.is_map() ? needed.arguments : Value::map();
    return add({.found = *std::move(found), .name = needed.task, .arguments = std::move(arguments), .is_named = false},
               given);
  }

  std::vector<PlannedCall> take() {
    std::vector<PlannedCall> out;
    out.reserve(planned_.size());
    for (auto& one : planned_) out.push_back(std::move(one.call));
    return out;
  }

 private:
  struct Planned {
    PlannedCall call;
    Value given;
  };

  Result<Value> arguments_of(const Task& task, const TaskCall& needed, const FoundTask& from) const {
    GITOPSCTL_TRY(const auto flags, flags_of(task, rules_));
    Value out = Value::map();
    const auto about = [&](const std::string& what) {
      return Error(ErrorCode::invalid_input,
                   "task " + go_quote(from.task->name) + " calls " + go_quote(needed.task) + " " + what);
    };
    for (const auto& flag : flags.all) {
      const Value* value = needed.arguments.is_map() ? needed.arguments.find(flag.attribute) : nullptr;
      out.set(flag.attribute, value == nullptr ? default_of(flag) : value->deep_copy());
      if (value == nullptr && flag.positional && flag.default_value.is_null()) {
        return about("without a value for " + go_quote(flag.attribute));
      }
    }
    if (needed.arguments.is_map()) {
      for (const auto& member : needed.arguments.as_map()) {
        if (!flags.find_attribute(member.key.view()))
          return about("with " + go_quote(member.key.view()) + ", which it does not take");
      }
    }
    return out;
  }

  const Rules& rules_;
  bool dedupe_;
  bool alone_ = false;
  std::size_t expanded_ = 0;  ///< those left out as equal included: they take time as well
  std::vector<Planned> planned_;
  std::vector<const Task*> open_;  ///< whose neighbours are being added
};

/// Every task below a collection with the collections on the way to it.
void collect(const Collection& collection, std::vector<const Collection*>& path, std::vector<FoundTask>& out) {
  path.push_back(&collection);
  for (const auto& task : collection.tasks) out.push_back({&task, path});
  for (const auto& inner : collection.collections) collect(inner, path, out);
  path.pop_back();
}

}  // namespace

Result<std::vector<PlannedCall>> plan_calls(const Collection& root, std::span<const ParsedCall> named, const Rules& rules,
                                            bool dedupe) {
  Planner planner(rules, dedupe);
  for (const auto& call : named) {
    GITOPSCTL_CHECK(planner.add({.found = call.found, .name = call.called_as, .arguments = call.arguments, .is_named = true},
                                call.arguments));
  }
  if (named.empty()) {
    GITOPSCTL_TRY(auto found, find_task(root, ""));
    GITOPSCTL_TRY(const auto flags, flags_of(*found.task, rules));
    Value arguments = Value::map();
    std::string missing;
    for (const auto& flag : flags.all) {
      arguments.set(flag.attribute, default_of(flag));
      if (flag.positional && flag.default_value.is_null()) missing += (missing.empty() ? "'" : ", '") + flag.attribute + "'";
    }
    if (!missing.empty()) {
      return Error(ErrorCode::invalid_input,
                   "'" + found.task->name + "' did not receive required positional arguments: " + missing);
    }
    const auto name = found.task->name;
    // A default task is called without values, as references are.
    GITOPSCTL_CHECK(planner.add(
        {.found = std::move(found), .name = name, .arguments = std::move(arguments), .is_named = true}, Value::map()));
  }
  return planner.take();
}

Result<std::vector<PlannedCall>> plan_call(const FoundTask& from, const TaskCall& call, bool only, const Rules& rules) {
  Planner planner(rules, true);
  planner.leave_out_neighbours(only);
  GITOPSCTL_CHECK(planner.add_reference(from, call));
  return planner.take();
}

Result<void> check_calls(const Collection& root, const Rules& rules) {
  std::vector<const Collection*> path;
  std::vector<FoundTask> tasks;
  collect(root, path, tasks);
  std::vector<std::string> mistakes;
  for (const auto& found : tasks) {
    Planner planner(rules, true);
    for (const auto* list : {&found.task->pre, &found.task->post}) {
      for (const auto& needed : *list) {
        const auto added = planner.add_reference(found, needed);
        if (added.ok()) continue;
        const auto& text = added.error().message();
        if (std::find(mistakes.begin(), mistakes.end(), text) == mistakes.end()) mistakes.push_back(text);
      }
    }
  }
  if (mistakes.empty()) return {};
  std::string text;
  for (const auto& mistake : mistakes) text += (text.empty() ? "" : "\n") + mistake;
  return Error(ErrorCode::invalid_input, text);
}

}  // namespace gitopsctl::invoke
