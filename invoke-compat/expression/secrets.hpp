#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::invoke {

/// Which secret a task asks for.
struct SecretQuestion {
  std::string name;
  Value section;          ///< `secrets` of the configuration that the task sees; null when there is none
  std::string directory;  ///< that of the task file: where its paths begin
};

/// The secrets of one invocation: asks for them, and remembers the values so that they can be taken out of what is shown.
/// Thread-safe.
class Secrets {
 public:
  /// Finds a secret; whether it asks each time anew is its own affair. Called by several threads at once.
  using Resolver = std::function<Result<std::string>(const SecretQuestion& question)>;

  /// Without a resolver every name is an error.
  explicit Secrets(Resolver resolver = {}) : resolver_(std::move(resolver)) {}

  /// The value of a secret. Errors are those of the resolver, and `unsupported` without one.
  [[nodiscard]] Result<std::string> get(const SecretQuestion& question);

  /// Notes a value that came from elsewhere (a password that was typed, a token that a login gave).
  void remember(std::string_view value);

  /// `text` with every remembered value as `[redacted]`: as it is, as the shell and as JSON quote it, in base64, and each of
  /// its lines of at least 6 bytes. Values shorter than 4 bytes stay: they would blot out ordinary words.
  [[nodiscard]] std::string mask(std::string_view text) const;

  /// Everything that mask() looks for, longest first.
  [[nodiscard]] std::vector<std::string> forms() const;

 private:
  Resolver resolver_;
  mutable std::mutex mutex_;
  std::vector<std::string> forms_;  ///< longest first
};

}  // namespace gitopsctl::invoke
