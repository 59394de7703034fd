#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "invoke-compat/parser/contexts.hpp"
#include "invoke-compat/parser/core_options.hpp"

namespace gitopsctl::invoke {

/// The first reading of a command line, for which no task needs to be known.
struct CoreReading {
  ParsedContext core;
  CoreOptions options;
  std::vector<std::string> unparsed;  ///< from the first word on that is not the core's
  std::string remainder;              ///< the words behind `--`, joined by blanks
};

/// One task that a command line calls.
struct ParsedCall {
  std::string name;                ///< dotted primary name
  std::string called_as;           ///< the name or alias that was typed
  FoundTask found;                 ///< lives as long as the collection
  Value arguments;                 ///< a map: every argument by its declared name
  std::vector<std::string> given;  ///< declared names of those that stood on the command line
};

/// The whole command line.
struct TaskReading {
  CoreOptions options;  ///< those behind tasks' names take the place of those before
  std::vector<ParsedCall> calls;
};

/// Reads the core's options; `words` are those behind the program's name. `core` is core_shape() and outlives the result.
/// Errors are `invalid_input` (or `too_large`), each with a message that is the whole line for standard error.
[[nodiscard]] Result<CoreReading> read_core(std::span<const std::string> words, const ContextShape& core,
                                            const Rules& rules);

/// Reads what read_core() left. The same errors.
[[nodiscard]] Result<TaskReading> read_tasks(const CoreReading& before, const ContextShape& core, const TaskContexts& tasks,
                                             const Rules& rules);

/// The call of a task that no command line gives arguments to: a default task, or one before or after another, with what its
/// author gives it (a map by declared name, or null). `given` names these. `invalid_input` when a positional argument is
/// missing, as on a command line, or when there is no argument of a name.
[[nodiscard]] Result<ParsedCall> call_with(const ContextShape& task, const Value& arguments);

/// A parsed context as a call.
[[nodiscard]] ParsedCall call_of(const ParsedContext& context);

}  // namespace gitopsctl::invoke
