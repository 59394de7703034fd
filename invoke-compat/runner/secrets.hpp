#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gitopsctl::invoke {

/// Takes known secrets out of texts. For each value of at least 4 bytes it knows the value, its shell-quoted spellings, its
/// base64 form and each of its lines of at least 6 bytes; each becomes `[redacted]`. Shorter values would blot out ordinary
/// words and are left. Immutable; const calls may run on several threads.
class Redactor {
 public:
  Redactor() = default;
  explicit Redactor(const std::vector<std::string>& secrets);

  /// `text` without secrets.
  [[nodiscard]] std::string redact(std::string_view text) const;
  /// True when `text` holds one.
  [[nodiscard]] bool finds(std::string_view text) const;
  [[nodiscard]] bool empty() const noexcept { return forms_.empty(); }

  /// Like redact(), for the start of a text that goes on: `used` is how much of it is decided; the rest may be the start of
  /// a secret and has to come again, with what follows it.
  [[nodiscard]] std::string redact_start(std::string_view text, std::size_t& used) const;

 private:
  std::vector<std::string> forms_;  ///< longer ones first
};

/// Takes secrets out of bytes that arrive in pieces, also where a secret is cut between two of them. It holds back what
/// could be the start of one, for as long as it takes. Not thread-safe; the redactor must outlive it.
class RedactingStream {
 public:
  explicit RedactingStream(const Redactor& redactor) : redactor_(redactor) {}
  /// What may be shown now.
  [[nodiscard]] std::string feed(std::string_view bytes);
  /// What is left when no more comes.
  [[nodiscard]] std::string finish();

 private:
  const Redactor& redactor_;
  std::string held_;
};

}  // namespace gitopsctl::invoke
