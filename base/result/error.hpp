#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gitopsctl {

/// What kind of failure an Error is. The code alone decides exit code, HTTP status, condition reason and whether a
/// retry can help; the text is for people.
enum class ErrorCode : unsigned char {
  invalid_input,  ///< a file, flag, chart or manifest is wrong; the same input fails again
  not_found,      ///< the named thing is not there
  forbidden,      ///< rights, path escape, or a policy says no
  conflict,       ///< somebody else wrote or owns it; compare-and-swap lost
  unavailable,    ///< the other side does not answer or answers nonsense; a retry can help
  timeout,        ///< the deadline passed
  cancelled,      ///< the stop token was set (shutdown, newer commit)
  too_large,      ///< a documented limit was passed
  unsupported,    ///< valid, but this version cannot do it
  needs_source,   ///< a render lacks a chart or base that is not in its tree
  newer_schema,   ///< written by a newer version of this program; never written to
  internal,       ///< a bug here
};

/// The stable name of a code as it stands in conditions, logs and JSON (`InvalidInput`, `NotFound`, …).
[[nodiscard]] std::string_view code_name(ErrorCode code) noexcept;

/// A place in an input. `line` and `column` count from 1; 0 means unknown.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;

  /// `file:line:column`, leaving out what is unknown; empty when nothing is known.
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] bool empty() const noexcept { return file.empty() && line == 0; }
  friend bool operator==(const Location&, const Location&) = default;
};

/// One failure: what, where, why (the cause chain) and what to do (the hint). Cheap to copy; immutable once shared.
/// An input with several mistakes is one Error whose `others()` hold the further ones in file order.
/// Messages are lower case without a full stop. They never hold a secret value or a credential.
class Error {
 public:
  Error(ErrorCode code, std::string message);

  [[nodiscard]] ErrorCode code() const noexcept { return data_->code; }
  [[nodiscard]] const std::string& message() const noexcept { return data_->message; }
  [[nodiscard]] const Location& where() const noexcept { return data_->where; }
  [[nodiscard]] const std::string& hint() const noexcept { return data_->hint; }
  /// Context from the outermost to the innermost step, e.g. "release web", "chart charts/web".
  [[nodiscard]] const std::vector<std::string>& trail() const noexcept { return data_->trail; }
  [[nodiscard]] const std::vector<Error>& others() const noexcept { return data_->others; }

  /// A copy with a place; keeps a place that is already known.
  [[nodiscard]] Error at(Location where) const;
  /// A copy with what to do next.
  [[nodiscard]] Error with_hint(std::string hint) const;
  /// A copy with one more outer step of context.
  [[nodiscard]] Error in(std::string step) const;
  /// A copy that carries further mistakes of the same input.
  [[nodiscard]] Error also(std::vector<Error> others) const;

  /// `file:line:column: step: step: message` of this error alone, one line, without the hint.
  [[nodiscard]] std::string to_string() const;
  /// This error and all `others()`, in order.
  [[nodiscard]] std::vector<Error> flatten() const;

 private:
  struct Data {
    ErrorCode code;
    std::string message;
    Location where;
    std::string hint;
    std::vector<std::string> trail;
    std::vector<Error> others;
  };
  std::shared_ptr<const Data> data_;
};

/// Several mistakes as one Error: the first one carrying the rest. `errors` must not be empty.
[[nodiscard]] Error combine(std::vector<Error> errors);

}  // namespace gitopsctl
