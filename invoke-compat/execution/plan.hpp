#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "invoke-compat/collection/collection.hpp"
#include "invoke-compat/parser/parser.hpp"

namespace gitopsctl::invoke {

/// How many calls one command line may grow to with the tasks that go before and after: far above any real set.
inline constexpr std::size_t max_planned_calls = 10'000;

/// One task that is going to run.
struct PlannedCall {
  FoundTask found;
  std::string name;       ///< as it was called: on the command line, or by the task that needs it
  Value arguments;        ///< a value for every argument, by its declared name
  bool is_named = false;  ///< it stood on the command line, or is the default task: its result may be printed
};

/// What a command line makes run, in order: each named task after the tasks that it wants before and before those that it
/// wants afterwards, theirs included. With `dedupe`, a call that equals an earlier one (the same task and the same given
/// values; a named task gives all of its values, a reference those that its author wrote) is left out. Without a named task
/// the root's default task is called.
/// Errors, `invalid_input`: a task that another one needs is not there, lacks a required value or is given one that it does
/// not know; tasks that need each other in a circle; more than max_planned_calls. `not_found`: nothing is named and there is
/// no default. Pure; what is returned points into `root`.
[[nodiscard]] Result<std::vector<PlannedCall>> plan_calls(const Collection& root, std::span<const ParsedCall> named,
                                                          const Rules& rules, bool dedupe);

/// What a call from within a task of `from` makes run: the called task between those that it wants before and afterwards, or
/// with `only` itself. Errors as above.
[[nodiscard]] Result<std::vector<PlannedCall>> plan_call(const FoundTask& from, const TaskCall& call, bool only,
                                                         const Rules& rules);

/// Whether every task that a task of the collection wants before or after it is there and can be called as it is written,
/// and none needs itself. All mistakes at once, `invalid_input`.
[[nodiscard]] Result<void> check_calls(const Collection& root, const Rules& rules);

}  // namespace gitopsctl::invoke
