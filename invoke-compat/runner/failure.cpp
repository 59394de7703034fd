#include "invoke-compat/runner/failure.hpp"

#include "invoke-compat/python_text/python_text.hpp"
#include "invoke-compat/runner/decoding.hpp"

namespace gitopsctl::invoke {
namespace {

constexpr std::size_t shown_lines = 10;
constexpr int timeout_exit_code = 124;    // as timeout(1) of coreutils
constexpr int cancelled_exit_code = 143;  // 128 + SIGTERM, as shells count

std::string tail(const std::string& kept, const std::string& end, bool cut) {
  return "\n\n" + last_lines(cut ? end : kept, shown_lines);
}

/// `Stdout:…` and `Stderr:…` with what was not shown before.
std::string streams(const RunResult& result) {
  constexpr std::string_view shown = " already printed";
  std::string out = "Stdout:";
  out += result.hide_out ? tail(result.out, result.out_end, result.out_cut) : shown;
  out += "\n\nStderr:";
  if (result.pty) {
    out += " n/a (PTYs have no stderr)";
  } else {
    out += result.hide_err ? tail(result.err, result.err_end, result.err_cut) : shown;
  }
  return out + "\n\n";
}

/// Secrets go before characters are escaped: afterwards they would not be found.
std::string shown_command(const RunResult& result, const Redactor& redactor) {
  return python_repr(redactor.redact(result.command));
}

}  // namespace

std::string seconds_text(Millis span) {
  const auto whole = span.count() / 1000;
  auto rest = span.count() % 1000;
  std::string out = std::to_string(whole);
  if (rest == 0) return out;
  std::string digits = std::to_string(1000 + rest).substr(1);
  while (digits.back() == '0') digits.pop_back();
  return out + "." + digits;
}

RunFailure unexpected_exit(const RunResult& result, const Redactor& redactor) {
  const int exited = result.exited.value_or(1);
  RunFailure failure;
  failure.kind = RunFailure::Kind::unexpected_exit;
  failure.text = "Encountered a bad command exit code!\n\nCommand: " + shown_command(result, redactor) +
                 "\n\nExit code: " + std::to_string(exited) + "\n\n" + redactor.redact(streams(result));
  failure.hidden = result.hide_out || result.hide_err;
  failure.line = "command " + shown_command(result, redactor) +
                 (exited < 0 ? " was ended by signal " + std::to_string(-exited) : " exited with " + std::to_string(exited));
  failure.exit_code = exited < 0 ? 256 + exited : exited;
  return failure;
}

RunFailure timed_out(const RunResult& result, Millis timeout, const Redactor& redactor) {
  RunFailure failure;
  failure.kind = RunFailure::Kind::timeout;
  failure.text = "Command did not complete within " + seconds_text(timeout) +
                 " seconds!\n\nCommand: " + shown_command(result, redactor) + "\n\n" + redactor.redact(streams(result));
  failure.hidden = result.hide_out || result.hide_err;
  failure.line =
      "command " + shown_command(result, redactor) + " did not complete within " + seconds_text(timeout) + " seconds";
  failure.exit_code = timeout_exit_code;
  return failure;
}

RunFailure watcher_failed(const Response& watcher, const Redactor& redactor) {
  RunFailure failure;
  failure.kind = RunFailure::Kind::watcher;
  failure.text =
      redactor.redact("Auto-response to r\"" + watcher.pattern + "\" failed with " + python_repr(watcher.sentinel) + "!");
  failure.line = redactor.redact("the response to " + python_repr(watcher.pattern) + " was followed by " +
                                 python_repr(watcher.sentinel));
  return failure;
}

RunFailure password_rejected(std::string_view prompt) {
  RunFailure failure;
  failure.kind = RunFailure::Kind::rejected;
  failure.text = "The password submitted to prompt " + python_repr(prompt) + " was rejected.";
  failure.line = "the password submitted to prompt " + python_repr(prompt) + " was rejected";
  return failure;
}

RunFailure cancelled(const Error& why) {
  RunFailure failure;
  failure.kind = RunFailure::Kind::cancelled;
  failure.text = why.message();
  failure.line = why.message();
  failure.exit_code = why.code() == ErrorCode::timeout ? timeout_exit_code : cancelled_exit_code;
  return failure;
}

}  // namespace gitopsctl::invoke
