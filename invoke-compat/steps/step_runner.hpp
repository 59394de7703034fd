#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "invoke-compat/collection/collection.hpp"
#include "invoke-compat/execution/plan.hpp"
#include "invoke-compat/expression/scope.hpp"
#include "invoke-compat/runner/context.hpp"

namespace gitopsctl::invoke {

/// How tasks, or one of their steps, ended when there is nothing more to do after it.
struct Ending {
  int exit_code = 0;
  std::string text;  ///< whole lines for standard error, without secrets; empty: nothing is said
};

/// What runs when a task says `use: NAME`.
struct NativeCall {
  const Value& parameters;  ///< `with`, evaluated: a map
  const Value& config;      ///< what the calling task sees
  const RunContext& run;
  Secrets* secrets = nullptr;
};
/// Nothing when all went well. Errors are mistakes in the parameters, and what kept it from beginning.
using NativeTask = std::function<Result<std::optional<Ending>>(const NativeCall& call)>;

/// What a task may need besides its arguments. What it points to must outlive every task that runs with it.
struct StepWorld {
  RunContext run;  ///< its directory is that of the task file
  std::map<std::string, NativeTask, std::less<>> natives;
  Secrets* secrets = nullptr;
  std::function<Result<Value>()> git;  ///< `{root, branch, sha}`, asked for only when it is needed
  std::vector<std::string> remainder;  ///< the words behind `--`
  bool explain = false;                ///< one more line about commands that failed
  std::size_t at_once = 4;             ///< commands of a step `parallel`
};

/// The configuration that a task sees: all levels merged, with the data of the namespaces on its way.
using ConfigOf = std::function<Result<Value>(const FoundTask& task)>;

/// Runs tasks of native files, whose Task::implementation is a DeclaredTask. Not thread-safe: one object is one invocation.
class StepRunner {
 public:
  /// All must outlive it.
  StepRunner(const Collection& root, const Rules& rules, const StepWorld& world, ConfigOf config_of)
      : root_(root), rules_(rules), world_(world), config_of_(std::move(config_of)) {}

  /// Runs one task, without those before and after it. Nothing when it went well: the next one may run.
  [[nodiscard]] Result<std::optional<Ending>> run(const FoundTask& task, const Value& arguments);

 private:
  class Body;
  const Collection& root_;
  const Rules& rules_;
  const StepWorld& world_;
  ConfigOf config_of_;
  int depth_ = 0;  ///< of `call` in `call`
};

}  // namespace gitopsctl::invoke
