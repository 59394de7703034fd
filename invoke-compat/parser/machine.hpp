#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result/error.hpp"
#include "invoke-compat/parser/contexts.hpp"

namespace gitopsctl::invoke {

/// Longest command line that is read, in words and in bytes: the system's own limit on arguments is 2 MiB.
inline constexpr std::size_t max_words = 100'000;
inline constexpr std::size_t max_word_bytes = 4U << 20U;

/// What a reading of words gave. The first context is the core's.
struct ParseOutcome {
  std::vector<ParsedContext> contexts;
  std::vector<std::string> unparsed;  ///< from the first unknown word on, when unknown words are stored
  std::string remainder;              ///< the words behind `--`, joined by blanks
  /// Its message is the whole line for standard error.
  std::optional<Error> error;
  /// Where reading ended: the last context, or the one that the error is about.
  ParsedContext current;
};

/// Reads words by the rules of pyinvoke: first the core's flags, then tasks and theirs. With `store_unknown`, what is
/// neither ends the reading without an error and is kept with all that follows. `tasks` may be null: there are none.
/// Never throws; time is linear in the words.
[[nodiscard]] ParseOutcome parse_words(std::span<const std::string> words, const ContextShape& core,
                                       const TaskContexts* tasks, bool store_unknown, const Rules& rules);

}  // namespace gitopsctl::invoke
