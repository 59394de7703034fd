#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace gitopsctl::invoke {

/// A word of a command line, or a piece of one.
struct Word {
  std::string text;
  bool attached = false;  ///< it stood behind `=` or directly behind a short flag: a value that is meant to be one
};

[[nodiscard]] inline bool looks_like_flag(std::string_view text) noexcept { return text.starts_with('-'); }

/// A word that looks like a flag, taken apart into a flag and what follows it.
struct SplitWord {
  std::string first;
  std::vector<Word> pieces = {};
};

/// Takes a word apart at its first `=`, or one dash with several characters behind it: when `takes_value` says of the first
/// one's spelling (`-a`) that it is a flag with a value the rest is that value, else every character is a flag.
[[nodiscard]] SplitWord split_word(std::string_view text, const std::function<bool(std::string_view)>& takes_value);

}  // namespace gitopsctl::invoke
