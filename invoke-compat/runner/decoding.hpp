#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gitopsctl::invoke {

// How Python, in which the reference is written, shows and reads text. Pure.

/// The last `count` lines of `text` as str.splitlines() finds them (line feeds, carriage returns, vertical tabs, form feeds,
/// U+001C..U+001E, U+0085, U+2028, U+2029 end lines), joined by line feeds, without one at the end.
[[nodiscard]] std::string last_lines(std::string_view text, std::size_t count);

/// Bytes that arrive in pieces as UTF-8 text in which each ill-formed sequence is one U+FFFD, as Python's decoder replaces
/// them (Unicode 15, 3.9: maximal subparts). Unlike the reference it does not care where pieces end. Not thread-safe.
class ReplacingDecoder {
 public:
  /// The text that `bytes` complete; a sequence that may go on is kept for the next call.
  [[nodiscard]] std::string feed(std::string_view bytes);
  /// The text for what is left when no more comes.
  [[nodiscard]] std::string finish();

 private:
  std::string rest_;  ///< at most three bytes
};

}  // namespace gitopsctl::invoke
