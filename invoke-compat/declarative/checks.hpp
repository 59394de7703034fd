#pragma once

#include <vector>

#include "base/result/error.hpp"
#include "invoke-compat/declarative/model.hpp"

namespace gitopsctl::invoke::declarative::detail {

/// Checks what the parts of a task file say about each other: equal names, names of tasks, arguments and steps that have to
/// exist, values that fit arguments, and that no task needs itself. Sets TaskCall::task and TaskFile::warnings. Returns the
/// mistakes, each with its place; at most max_mistakes of them.
[[nodiscard]] std::vector<Error> check_task_file(TaskFile& file);
inline constexpr std::size_t max_mistakes = 200;

}  // namespace gitopsctl::invoke::declarative::detail
