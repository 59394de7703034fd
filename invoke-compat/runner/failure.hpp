#pragma once

#include <optional>
#include <string>

#include "invoke-compat/runner/options.hpp"
#include "invoke-compat/runner/secrets.hpp"

namespace gitopsctl::invoke {

/// Why a command failed.
struct RunFailure {
  enum class Kind : unsigned char {
    unexpected_exit,  ///< it ended with a code that is not 0, or by a signal
    timeout,          ///< it did not end in time and was ended
    watcher,          ///< a watcher saw its sentinel
    rejected,         ///< sudo did not take the password
    cancelled,        ///< the context's stop was requested, or its deadline passed
  };
  Kind kind = Kind::unexpected_exit;
  /// The reference's text of several lines, without secrets; of the last three kinds one line without its end.
  std::string text;
  /// Something was hidden, so that `text` is worth showing: of an unexpected exit the reference shows it only then.
  bool hidden = false;
  /// One line, lower case, for `error: …` and `--explain`, without secrets.
  std::string line;
  /// What the program ends with: the command's code, 256 - N for signal N, 124 after a timeout, 143 when cancelled, else 1.
  int exit_code = 1;
  /// Which of RunOptions::watchers failed.
  std::optional<std::size_t> watcher;
};

/// `Encountered a bad command exit code!…`
[[nodiscard]] RunFailure unexpected_exit(const RunResult& result, const Redactor& redactor);
/// `Command did not complete within N seconds!…`
[[nodiscard]] RunFailure timed_out(const RunResult& result, Millis timeout, const Redactor& redactor);
/// `Auto-response to r"PATTERN" failed with 'SENTINEL'!`
[[nodiscard]] RunFailure watcher_failed(const Response& watcher, const Redactor& redactor);
/// `The password submitted to prompt '<prompt>' was rejected.`
[[nodiscard]] RunFailure password_rejected(std::string_view prompt);
[[nodiscard]] RunFailure cancelled(const Error& why);

/// A span as Python writes seconds: `5`, `0.5`.
[[nodiscard]] std::string seconds_text(Millis span);

}  // namespace gitopsctl::invoke
