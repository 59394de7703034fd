#pragma once

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "invoke-compat/declarative/model.hpp"
#include "invoke-compat/expression/scope.hpp"
#include "invoke-compat/runner/run.hpp"

namespace gitopsctl::invoke {

/// How a command is run by `run.*` and `timeouts.*` of a configuration. `invalid_input` for a value of the wrong kind, with
/// its name.
[[nodiscard]] Result<RunOptions> configured_options(const Value& config);

/// The same with what a step says of itself over it. `task_directory`: where the task says that it runs; empty: nowhere.
[[nodiscard]] Result<RunOptions> step_options(const declarative::RunOptions& step, const Scope& scope, const Value& config,
                                              const std::string& task_directory);

/// `sudo.*` of a configuration, with the user that a step names over it.
[[nodiscard]] Result<SudoOptions> sudo_options(const declarative::RunOptions& step, const Scope& scope, const Value& config);

}  // namespace gitopsctl::invoke
