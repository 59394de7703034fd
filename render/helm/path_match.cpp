#include "render/helm/path_match.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace gitopsctl::render::helm {

namespace {

// The bytes of the character at `at`; patterns and names are compared character by character, so that `?` and classes
// take a whole one.
std::string_view character(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return text.substr(at, length);
}

// An ASCII character that stands for itself.
bool is_plain(char c) { return static_cast<unsigned char>(c) < 0x80 && c != '*' && c != '?' && c != '[' && c != '\\'; }

// One literal of a class, with its backslash; advances `at`.
std::optional<std::string_view> class_member(std::string_view pattern, std::size_t& at) {
  if (at >= pattern.size() || pattern[at] == '-' || pattern[at] == ']') return std::nullopt;
  if (pattern[at] == '\\') {
    ++at;
    if (at >= pattern.size()) return std::nullopt;
  }
  const auto member = character(pattern, at);
  at += member.size();
  if (at >= pattern.size()) return std::nullopt;
  return member;
}

// UTF-8 keeps the order of code points, so a range is a bytewise comparison.
bool between(std::string_view low, std::string_view c, std::string_view high) { return low <= c && c <= high; }

// A class starting at `[`; advances `at` behind it. nullopt: not well formed.
std::optional<bool> match_class(std::string_view pattern, std::size_t& at, std::string_view c) {
  ++at;
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool matched = false;
  for (bool first = true;; first = false) {
    if (at < pattern.size() && pattern[at] == ']' && !first) break;
    const auto low = class_member(pattern, at);
    if (!low) return std::nullopt;
    auto high = low;
    if (pattern[at] == '-') {
      ++at;
      high = class_member(pattern, at);
      if (!high) return std::nullopt;
    }
    matched = matched || between(*low, c, *high);
  }
  ++at;
  return matched != negated;
}

// Matches one pattern element other than `*` against the character at `n`; advances both.
bool match_one(std::string_view pattern, std::size_t& p, std::string_view name, std::size_t& n) {
  if (p >= pattern.size() || n >= name.size()) return false;
  const auto c = character(name, n);
  switch (pattern[p]) {
    case '?':
      if (c == "/") return false;
      ++p;
      break;
    case '[': {
      const auto matched = match_class(pattern, p, c);
      if (!matched.value_or(false)) return false;
      break;
    }
    case '\\':
      if (++p >= pattern.size()) return false;
      [[fallthrough]];
    default: {
      const auto wanted = character(pattern, p);
      if (wanted != c) return false;
      p += wanted.size();
    }
  }
  n += c.size();
  return true;
}

}  // namespace

bool path_match(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  // Where to go on when an attempt fails: behind the last `*`, one character further in the name.
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (true) {
    // Plain characters, which most are, need no look at what they may mean.
    while (p < pattern.size() && n < name.size() && is_plain(pattern[p]) && pattern[p] == name[n]) {
      ++p;
      ++n;
    }
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      retry = n;
      continue;
    }
    if (p == pattern.size() && n == name.size()) return true;
    if (match_one(pattern, p, name, n)) continue;
    if (star == std::string_view::npos || retry >= name.size() || name[retry] == '/') return false;
    retry += character(name, retry).size();
    p = star;
    n = retry;
  }
}

Result<void> check_pattern(std::string_view pattern) {
  const Error wrong(ErrorCode::invalid_input, "syntax error in pattern");
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern[at] == '[') {
      if (!match_class(pattern, at, "a").has_value()) return wrong;
    } else if (pattern[at] == '\\') {
      if (++at >= pattern.size()) return wrong;
      ++at;
    } else {
      ++at;
    }
  }
  return {};
}

}  // namespace gitopsctl::render::helm
