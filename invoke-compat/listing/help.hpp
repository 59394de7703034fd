#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "invoke-compat/collection/flags.hpp"
#include "invoke-compat/listing/columns.hpp"
#include "invoke-compat/parser/contexts.hpp"

namespace gitopsctl::invoke {

/// How help is printed.
struct HelpOptions {
  std::string usage_word = "inv[oke]";  ///< what is typed to start the program: `inv[oke]`, `gitopsctl task`
  std::size_t width = default_width;
  /// A bool of one letter and the default true as the reference shows it (`--[no-]`); else as `-x, --[no-]x`.
  bool reference_spelling = true;
};

/// The flags of a task or of the core as rows of help, in the order of help: those that have only a long name first, then by
/// letter, lower case before upper. Hidden ones are left out.
[[nodiscard]] std::vector<Row> flag_rows(const Flags& flags, const HelpOptions& options);

/// The indices of flags in the order of help.
[[nodiscard]] std::vector<std::size_t> help_order(const Flags& flags);

/// What `-h` prints on standard output.
[[nodiscard]] std::string core_help(const Flags& core, const HelpOptions& options);

/// What `-h NAME` prints; `name` is a task as it is typed and stands as it is in the usage. An unknown one is `not_found`
/// with a message that is the whole line for standard error.
[[nodiscard]] Result<std::string> task_help(const TaskContexts& tasks, const std::string& name, const HelpOptions& options);

}  // namespace gitopsctl::invoke
