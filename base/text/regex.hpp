#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"

namespace gitopsctl {

/// A regular expression with the syntax, the matching rules (leftmost-first, linear time) and the error texts of Go's
/// package regexp, over RE2. Immutable; const calls may run on several threads. Bytes that are no UTF-8 match nothing
/// but `\C`-like classes, where Go would take them as U+FFFD.
class Regex {
 public:
  /// Longest pattern in bytes, and memory that one compiled pattern may use.
  static constexpr std::size_t max_pattern_bytes = 64ULL << 10U;
  static constexpr std::size_t max_program_bytes = 32ULL << 20U;

  /// Compiles, or finds the pattern in a cache of this thread. Errors: ``error parsing regexp: missing closing ]: `[a` ``.
  static Result<std::shared_ptr<const Regex>> compile(std::string_view pattern);

  /// Empties the cache of this thread: matching makes patterns grow, and nobody's budget holds what is kept.
  static void forget_patterns() noexcept;

  /// A half-open range of bytes.
  struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  [[nodiscard]] bool matches(std::string_view text) const;
  /// The leftmost match.
  [[nodiscard]] std::optional<Span> find(std::string_view text) const;
  /// Go's FindAllIndex: successive matches that do not overlap, empty ones next to a match left out; at most `limit` when
  /// it is not negative.
  [[nodiscard]] std::vector<Span> find_all(std::string_view text, std::int64_t limit) const;
  /// Go's ReplaceAllString: `$1`, `${1}`, `$name`, `$$` in `replacement`. `too_large` over `max_bytes`.
  [[nodiscard]] Result<std::string> replace_all(std::string_view text, std::string_view replacement,
                                                std::size_t max_bytes) const;
  /// Go's ReplaceAllLiteralString.
  [[nodiscard]] Result<std::string> replace_all_literal(std::string_view text, std::string_view replacement,
                                                        std::size_t max_bytes) const;
  /// Go's Split: the text between matches; `limit` > 0 pieces at most, 0 none, below 0 all.
  [[nodiscard]] std::vector<std::string_view> split(std::string_view text, std::int64_t limit) const;

  ~Regex();
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;

 private:
  struct Program;
  explicit Regex(std::unique_ptr<Program> program);
  std::unique_ptr<Program> program_;
};

/// Go's QuoteMeta.
[[nodiscard]] std::string regex_quote_meta(std::string_view text);

}  // namespace gitopsctl
