#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"

namespace gitopsctl::invoke {

/// The secrets of one invocation: asks for each once, and remembers the values so that they can be taken out of what is
/// shown. Thread-safe.
class Secrets {
 public:
  /// Finds the secret of a name.
  using Resolver = std::function<Result<std::string>(const std::string& name)>;

  /// Without a resolver every name is an error.
  explicit Secrets(Resolver resolver = {}) : resolver_(std::move(resolver)) {}

  /// The value of the secret `name`. Errors are those of the resolver, and `unsupported` without one.
  [[nodiscard]] Result<std::string> get(const std::string& name);

  /// Notes a value that came from elsewhere (a password that was typed).
  void remember(std::string_view value);

  /// `text` with every remembered value as `[redacted]`: as it is, as the shell and as JSON quote it, in base64, and each of
  /// its lines of at least 6 bytes. Values shorter than 4 bytes stay: they would blot out ordinary words.
  [[nodiscard]] std::string mask(std::string_view text) const;

  /// Everything that mask() looks for, longest first.
  [[nodiscard]] std::vector<std::string> forms() const;

 private:
  Resolver resolver_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> values_;  ///< by name
  std::vector<std::string> forms_;             ///< longest first
};

}  // namespace gitopsctl::invoke
