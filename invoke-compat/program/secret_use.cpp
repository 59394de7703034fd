#include "invoke-compat/program/secret_use.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "invoke-compat/declared/task_set.hpp"

namespace gitopsctl::invoke {
namespace {

using declarative::Input;
using declarative::RunOptions;
using declarative::Step;

bool asks(const Template& text) { return text.usage().secret; }
bool asks(const Input& input) {
  return std::ranges::any_of(input.texts(), [](const auto& text) { return asks(text.second); });
}
template <class T>
bool asks(const std::optional<T>& part) {
  return part && asks(*part);
}

bool asks(const RunOptions& options) {
  return asks(options.hide) || asks(options.cd) || asks(options.user) ||
         std::ranges::any_of(options.prefix, [](const auto& text) { return asks(text); }) ||
         std::ranges::any_of(options.env, [](const auto& variable) { return asks(variable.second); }) ||
         std::ranges::any_of(options.responses, [](const auto& response) { return asks(response.send); });
}

bool asks(const Step& step) {  // NOLINT(misc-no-recursion): steps nest one deep
  return step.action == Step::Action::use || (step.when && step.when->usage().secret) || asks(step.text) ||
         asks(step.with) || asks(step.message) || asks(step.code) || asks(step.options) ||
         std::ranges::any_of(step.argv, [](const auto& word) { return asks(word); }) ||
         std::ranges::any_of(step.call.args, [](const auto& argument) { return asks(argument.second); }) ||
         std::ranges::any_of(step.parallel, [](const auto& inner) { return asks(inner); });
}

class Search {
 public:
  explicit Search(const Collection& root) : root_(root) {}

  void reach(const FoundTask& found) {
    if (reached_.insert(found.task).second) waiting_.push_back(found);
  }

  std::vector<FoundTask> run() {
    std::vector<FoundTask> out;
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const FoundTask found = waiting_[i];
      const auto* declared = static_cast<const DeclaredTask*>(found.task->implementation.get());
      if (declared == nullptr) continue;
      const declarative::Task& task = *declared->task;
      bool may_ask = asks(task.cd);
      for (const auto* steps : {&task.steps, &task.finally}) {
        for (const auto& step : *steps) {
          may_ask = may_ask || asks(step);
          if (step.action == Step::Action::call) reach_called(step.call);
        }
      }
      for (const auto* calls : {&task.pre, &task.post}) {
        for (const auto& call : *calls) reach_called(call);
      }
      if (may_ask) out.push_back(found);
    }
    return out;
  }

 private:
  void reach_called(const declarative::TaskCall& call) {
    // What is not there is told when it is called.
    if (const auto found = find_task(root_, call.task); found.ok()) reach(*found);
  }

  const Collection& root_;
  std::set<const Task*> reached_;
  std::vector<FoundTask> waiting_;
};

}  // namespace

std::vector<FoundTask> tasks_with_secrets(const Collection& root, const std::vector<PlannedCall>& plan) {
  Search search(root);
  for (const auto& call : plan) search.reach(call.found);
  return search.run();
}

}  // namespace gitopsctl::invoke
