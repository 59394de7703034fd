#include "render/helm/glob.hpp"

#include <cstddef>

namespace gitopsctl::render::helm {

namespace {

void add_literal(std::string& out, char c) {
  constexpr std::string_view special = R"(\.+*?()|[]{}^$)";
  if (special.find(c) != std::string_view::npos) out += '\\';
  out += c;
}

// A class starting at `[`; returns the position behind it, or npos.
std::size_t add_class(std::string& out, std::string_view pattern, std::size_t at) {
  out += '[';
  ++at;
  if (at < pattern.size() && pattern[at] == '!') {
    out += '^';
    ++at;
  }
  const auto start = at;
  for (; at < pattern.size() && (pattern[at] != ']' || at == start); ++at) {
    if (pattern[at] == '\\') {
      ++at;
      if (at == pattern.size()) break;
    }
    if (pattern[at] == '-' && at > start && at + 1 < pattern.size() && pattern[at + 1] != ']') {
      out += '-';
    } else {
      if (pattern[at] == '-') out += '\\';
      add_literal(out, pattern[at]);
    }
  }
  out += ']';
  return at < pattern.size() ? at + 1 : std::string_view::npos;
}

}  // namespace

std::optional<std::string> glob_regex(std::string_view pattern) {
  std::string out = "^(?s:";
  int braces = 0;
  for (std::size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if (c == '[') {
      at = add_class(out, pattern, at);
      if (at == std::string_view::npos) return std::nullopt;
      continue;
    }
    ++at;
    if (c == '*') {
      const bool any = at < pattern.size() && pattern[at] == '*';
      while (at < pattern.size() && pattern[at] == '*') ++at;
      out += any ? ".*" : "[^/]*";
    } else if (c == '?') {
      out += "[^/]";
    } else if (c == '{') {
      ++braces;
      out += "(?:";
    } else if (c == '}' && braces > 0) {
      --braces;
      out += ')';
    } else if (c == ',' && braces > 0) {
      out += '|';
    } else if (c == '\\') {
      if (at == pattern.size()) return std::nullopt;
      add_literal(out, pattern[at++]);
    } else {
      add_literal(out, c);
    }
  }
  if (braces != 0) return std::nullopt;
  return out + ")$";
}

}  // namespace gitopsctl::render::helm
