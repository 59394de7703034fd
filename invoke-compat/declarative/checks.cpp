#include "invoke-compat/declarative/checks.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "base/config/reader.hpp"
#include "base/text/escape.hpp"
#include "invoke-compat/declarative/reader.hpp"
#include "invoke-compat/declarative/task_file.hpp"
#include "invoke-compat/declarative/task_index.hpp"

namespace gitopsctl::invoke::declarative::detail {

namespace {

std::vector<std::string> attributes(const Task& task) {
  std::vector<std::string> out;
  out.reserve(task.args.size());
  for (const auto& arg : task.args) out.push_back(arg.attribute);
  return out;
}

std::string shown(std::string_view text) { return "'" + terminal_safe(truncate_utf8(text, 80)) + "'"; }

class Checks {
 public:
  explicit Checks(TaskFile& file) : file_(file), index_(file.root, mistakes_) {}

  std::vector<Error> run() {
    for (const auto& [path, space] : index_.namespaces()) check_default(path, *space);
    calls_.resize(index_.entries().size());
    for (std::size_t i = 0; i < index_.entries().size() && !full(); ++i) check_task(i);
    weigh();
    return std::move(mistakes_);
  }

 private:
  using Ids = std::set<std::string>;

  bool full() const { return mistakes_.size() >= max_mistakes; }
  void fail(const Location& where, const std::string& message, const std::string& hint = {}) {
    if (full()) return;
    const Error error = Error(ErrorCode::invalid_input, message).at(where);
    mistakes_.push_back(hint.empty() ? error : error.with_hint(hint));
  }

  void check_default(const std::string& path, const Namespace& space) {
    const std::string prefix = path.empty() ? "" : path + ".";
    if (space.default_name.empty() || index_.find_below(prefix, space.default_name)) return;
    const bool is_space = index_.namespaces().contains(prefix + dashed_path(space.default_name));
    fail(space.default_where,
         is_space ? "the namespace " + shown(space.default_name) + " has no default task"
                  : "there is no task " + shown(space.default_name),
         is_space ? "give it a 'default'" : suggest(space.default_name, index_.known(prefix), "names"));
  }

  void check_task(std::size_t entry) {
    const auto& [task, path, prefix] = index_.entries()[entry];
    for (auto& call : task->pre) check_call(entry, call);
    for (auto& call : task->post) check_call(entry, call);
    Ids all;
    note_ids(task->steps, all);
    note_ids(task->finally, all);
    Ids known;
    if (task->cd) check_usage(*task, task->cd->usage(), task->cd->where(), known, known);
    check_steps(entry, task->steps, known, all);
    // The steps of `finally` can see what ran before the failure.
    check_steps(entry, task->finally, known, all);
  }

  static void note_ids(const std::vector<Step>& steps, Ids& ids) {
    for (const auto& step : steps) {
      if (!step.id.empty()) ids.insert(step.id);
      note_ids(step.parallel, ids);
    }
  }

  void check_steps(std::size_t entry, std::vector<Step>& steps, Ids& known, const Ids& all) {
    for (auto& step : steps) {
      check_step(entry, step, known, all);
      // Steps that run at once do not see each other.
      for (auto& inner : step.parallel) check_step(entry, inner, known, all);
      note_ids(step.parallel, known);
      if (!step.id.empty()) known.insert(step.id);
    }
  }

  void check_step(std::size_t entry, Step& step, const Ids& known, const Ids& all) {
    const Task& task = *index_.entries()[entry].task;
    const auto text = [&](const Template& t) {
      check_usage(task, t.usage(), t.where(), known, all);
      for (const auto& place : t.usage().raw) {
        if (file_.warnings.size() < max_mistakes) {
          file_.warnings.push_back({t.where(), place + ": 'raw' puts a value into a command without quotes"});
        }
      }
    };
    const auto input = [&](const Input& in) {
      for (const auto& [path, t] : in.texts()) text(t);
    };
    if (step.when) check_usage(task, step.when->usage(), step.when->where(), known, all);
    text(step.text);
    std::for_each(step.argv.begin(), step.argv.end(), text);
    input(step.with);
    if (step.message) text(*step.message);
    if (step.code) input(*step.code);
    const RunOptions& options = step.options;
    if (options.hide) input(*options.hide);
    if (options.cd) text(*options.cd);
    if (options.user) text(*options.user);
    std::for_each(options.prefix.begin(), options.prefix.end(), text);
    for (const auto& [name, value] : options.env) text(value);
    for (const auto& response : options.responses) text(response.send);
    if (step.action != Step::Action::call || step.call.name.empty()) return;
    for (const auto& [name, value] : step.call.args) input(value);
    check_call(entry, step.call);
  }

  void check_usage(const Task& task, const Usage& usage, const Location& where, const Ids& known, const Ids& all) {
    for (const auto& reference : usage.references) {
      if (reference.path.empty()) continue;
      const std::string& name = reference.path.front();
      if (reference.root == "args") {
        check_arg_name(task, name, reference, where);
      } else if (reference.root == "steps") {
        check_step_name(reference, where, known, all);
      } else if (reference.root == "git" || reference.root == "project") {
        static const std::vector<std::string> git{"root", "branch", "sha"};
        static const std::vector<std::string> project{"dir"};
        const auto& members = reference.root == "git" ? git : project;
        if (std::find(members.begin(), members.end(), name) != members.end()) continue;
        fail(where, reference.place + ": '" + reference.root + "' has no " + shown(name), suggest(name, members, "names"));
      }
    }
  }

  void check_arg_name(const Task& task, const std::string& name, const Reference& reference, const Location& where) {
    const auto names = attributes(task);
    if (std::find(names.begin(), names.end(), name) != names.end()) return;
    const std::string underscored = attribute_name(name);
    const bool dashed = std::find(names.begin(), names.end(), underscored) != names.end();
    fail(where, reference.place + ": task " + shown(task.name) + " has no argument " + shown(name),
         dashed ? "write it with underscores: args." + underscored : suggest(name, names, "arguments"));
  }

  void check_step_name(const Reference& reference, const Location& where, const Ids& known, const Ids& all) {
    static const std::vector<std::string> members{"stdout", "stderr", "exited", "ok"};
    const std::string& id = reference.path.front();
    if (!all.contains(id)) {
      fail(where, reference.place + ": there is no step with the id " + shown(id),
           suggest(id, {all.begin(), all.end()}, "ids"));
    } else if (!known.contains(id)) {
      fail(where, reference.place + ": the step " + shown(id) + " has not run here yet", "move it before this one");
    } else if (reference.path.size() > 1 && std::find(members.begin(), members.end(), reference.path[1]) == members.end()) {
      fail(where, reference.place + ": the result of a step has no " + shown(reference.path[1]),
           suggest(reference.path[1], members, "names"));
    }
  }

  void check_call(std::size_t entry, TaskCall& call) {
    const auto& from = index_.entries()[entry];
    const auto found = index_.find(from.prefix, call.name);
    if (!found) {
      fail(call.where, "there is no task " + shown(call.name), suggest(call.name, index_.known(from.prefix), "names"));
      return;
    }
    const auto& target = index_.entries()[*found];
    call.task = target.path;
    calls_[entry].push_back({*found, call.where});
    for (const auto& [name, value] : call.args) check_call_arg(call, *target.task, name, value);
    for (const auto& arg : target.task->args) {
      const bool given =
          std::any_of(call.args.begin(), call.args.end(), [&](const auto& a) { return a.first == arg.attribute; });
      if (given || !arg.is_positional() || !arg.fallback.is_nothing()) continue;
      fail(call.where, shown(call.name) + " needs a value for its argument " + shown(arg.attribute),
           "write {task: " + target.path + ", args: {" + arg.attribute + ": …}}, or 'args:' beside 'call:'");
    }
  }

  void check_call_arg(const TaskCall& call, const Task& target, const std::string& name, const Input& value) {
    const auto arg = std::find_if(target.args.begin(), target.args.end(), [&](const Arg& a) { return a.attribute == name; });
    if (arg == target.args.end()) {
      fail(call.where, shown(call.name) + " has no argument " + shown(name), suggest(name, attributes(target), "arguments"));
      return;
    }
    if (!value.is_literal()) return;
    const Value& written = value.written();
    const bool bare = arg->optional_value && written.is_bool();
    if (written.is_null() || bare) return;
    if (!fits(arg->kind, written)) {
      fail(call.where, "the argument " + shown(name) + " of " + shown(call.name) + " must be " +
                           std::string(kind_words(arg->kind)) + ", not " + std::string(type_words(written)));
    } else if (!among(arg->choices, written)) {
      fail(call.where, "the argument " + shown(name) + " of " + shown(call.name) + " has none of its choices");
    }
  }

  struct Call {
    std::size_t task;
    Location where;
  };
  /// What follows from a task.
  struct Weight {
    enum class State : std::uint8_t { unknown, open, known };
    State state = State::unknown;
    std::size_t depth = 1;
    std::uint64_t count = 1;
  };

  /// Finds tasks that need themselves, rows of tasks that are too long, and too many of them.
  void weigh() {
    weights_.resize(index_.entries().size());
    for (std::size_t i = 0; i < index_.entries().size() && !full(); ++i) weigh(i);
  }

  void weigh(std::size_t entry) {
    Weight& weight = weights_[entry];
    if (weight.state != Weight::State::unknown) return;
    weight.state = Weight::State::open;
    row_.push_back(entry);
    for (const auto& call : calls_[entry]) {
      if (weights_[call.task].state == Weight::State::open) {
        fail(call.where, "this goes round in a circle: " + circle(call.task));
        continue;
      }
      // One that is not known yet may be the next of a long row: the row itself is bounded, too.
      if (row_.size() < max_call_depth) weigh(call.task);
      const Weight& inner = weights_[call.task];
      const bool was_long = weight.depth > max_call_depth;
      weight.depth = std::max(weight.depth, inner.depth + 1);
      if (row_.size() >= max_call_depth || (weight.depth > max_call_depth && !was_long)) {
        fail(call.where, "more than " + std::to_string(max_call_depth) + " tasks follow from each other");
        weight.depth = 1;
        break;
      }
      const std::uint64_t before = weight.count;
      weight.count = std::min(weight.count + inner.count, max_calls + 1);
      if (before <= max_calls && weight.count > max_calls) {
        fail(call.where,
             "more than " + std::to_string(max_calls) + " tasks follow from " + shown(index_.entries()[entry].path));
        weight.count = 1;
        break;
      }
    }
    row_.pop_back();
    weight.state = Weight::State::known;
  }

  std::string circle(std::size_t first) const {
    constexpr std::size_t most_named = 10;
    auto at = std::find(row_.begin(), row_.end(), first);
    std::string out;
    for (std::size_t i = 0; at != row_.end() && i < most_named; ++at, ++i) {
      out += index_.entries()[*at].path + " → ";
    }
    return terminal_safe(out) + (at != row_.end() ? "… → " : "") + terminal_safe(index_.entries()[first].path);
  }

  TaskFile& file_;
  std::vector<Error> mistakes_;
  TaskIndex index_;
  std::vector<std::vector<Call>> calls_;
  std::vector<Weight> weights_;
  std::vector<std::size_t> row_;
};

}  // namespace

std::vector<Error> check_task_file(TaskFile& file) { return Checks(file).run(); }

}  // namespace gitopsctl::invoke::declarative::detail
