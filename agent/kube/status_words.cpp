#include "agent/kube/status_words.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/text/ascii.hpp"
#include "base/text/escape.hpp"
#include "base/text/utf8.hpp"

namespace gitopsctl::agent {
namespace {

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// The escape at the start of `text` (behind its backslash), which is moved behind it.
bool take_escape(std::string_view& text, std::string& out) {
  if (text.empty()) return false;
  constexpr std::string_view plain = "abfnrtv\\\"'";
  constexpr std::string_view meaning = "\a\b\f\n\r\t\v\\\"'";
  const char kind = text.front();
  text.remove_prefix(1);
  if (const auto at = plain.find(kind); at != std::string_view::npos) {
    out += meaning[at];
    return true;
  }
  const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
  if (digits == 0 || text.size() < digits) return false;
  char32_t value = 0;
  for (const char c : text.substr(0, digits)) {
    if (hex_digit(c) < 0) return false;
    value = value * 16 + static_cast<char32_t>(hex_digit(c));
  }
  text.remove_prefix(digits);
  if (kind == 'x') {
    out += static_cast<char>(value);
  } else {
    append_utf8(out, value);
  }
  return true;
}

/// Where the value that starts `text` ends: text in quotes, a JSON or Go dump in brackets, or a word.
std::size_t value_end(std::string_view text) {
  if (text.starts_with('"')) {
    auto rest = text;
    if (detail::take_quoted(rest)) return text.size() - rest.size();
    return std::string_view::npos;
  }
  const auto word = std::min(text.find(": "), text.size());
  const auto bracket = text.find_first_of("{[");
  if (bracket == std::string_view::npos || bracket > word) return word;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = bracket; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

/// `.a.b[0]` at the start of a line of a schema error; empty when there is none.
std::string_view path_at_start(std::string_view line) {
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  if (!line.starts_with('.')) return {};
  const auto end = line.find(": ");
  const auto path = line.substr(0, end == std::string_view::npos ? line.size() : end);
  // Keys of list items stand in brackets with their values, which may be anything.
  return path.substr(0, path.find_first_of("[\" "));
}

}  // namespace

namespace detail {

std::optional<std::string> take_quoted(std::string_view& text) {
  auto rest = text;
  if (!take(rest, "\"")) return std::nullopt;
  std::string out;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '"') {
      text = rest;
      return out;
    }
    if (c != '\\') {
      out += c;
    } else if (!take_escape(rest, out)) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<std::string> denying_webhook(std::string_view message) {
  if (!take(message, "admission webhook ")) return std::nullopt;
  auto name = take_quoted(message);
  return name && message.starts_with(" denied the request") ? name : std::nullopt;
}

std::optional<std::string> denying_policy(std::string_view message) {
  constexpr std::string_view start = "ValidatingAdmissionPolicy '";
  const auto at = message.find(start);
  // In front of it stands at most `pods "x" is forbidden: `: somewhere else it is somebody's text.
  if (at == std::string_view::npos ||
      (at > 0 && !message.substr(0, at).ends_with(" is forbidden: ") && !message.substr(0, at).ends_with(" is invalid: ") &&
       !message.substr(0, at).ends_with(" is unauthorized: "))) {
    return std::nullopt;
  }
  message.remove_prefix(at + start.size());
  const auto end = message.find('\'');
  if (end == std::string_view::npos || message.find("' denied request: ", end) == std::string_view::npos)
    return std::nullopt;
  return std::string(message.substr(0, end));
}

std::optional<std::string> failed_webhook(std::string_view message) {
  constexpr std::string_view start = "failed calling webhook ";
  const auto at = message.find(start);
  if (at == std::string_view::npos) return std::nullopt;
  message.remove_prefix(at + start.size());
  return take_quoted(message);
}

std::string message_for_secret(KubeErrorClass which, std::string_view webhook, std::string_view message) {
  if (which == KubeErrorClass::denied) return "denied by " + std::string(webhook) + " (its words may quote the content)";
  std::string out = "the server refuses the content";
  if (which != KubeErrorClass::schema) return out + " (its words may quote it)";
  if (message.find("illegal base64 data") != std::string_view::npos) return out + ": a value of 'data' is no base64";
  std::string_view rest = message;
  if (const auto after = rest.find("): "); after != std::string_view::npos) rest.remove_prefix(after + 3);
  std::string fields;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto path = path_at_start(rest.substr(0, end));
    if (!path.empty()) fields += (fields.empty() ? "" : ", ") + terminal_safe(truncate_utf8(path, 200));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return fields.empty() ? out : out + " at " + std::string(truncate_utf8(fields, 800));
}

}  // namespace detail

std::optional<FieldConflict> parse_conflict(std::string_view message, std::string_view field) {
  if (!take(message, "conflict with ")) return std::nullopt;
  FieldConflict out;
  auto manager = detail::take_quoted(message);
  if (!manager) return std::nullopt;
  out.manager = *std::move(manager);
  if (take(message, " with subresource ")) {
    auto subresource = detail::take_quoted(message);
    if (!subresource) return std::nullopt;
    out.subresource = *std::move(subresource);
  }
  out.operation = "Apply";
  if (take(message, " using ")) {
    out.operation = "Update";
    out.api_version = message.substr(0, message.find_first_of(" :"));
  }
  out.field = field;
  return out;
}

std::string without_value(std::string_view cause) {
  // One line: behind it stand differences of whole specs.
  cause = cause.substr(0, cause.find('\n'));
  constexpr std::array<std::string_view, 4> quoting{
      "Invalid value: ", "Unsupported value: ", "Duplicate value: ", "Not found: "};
  for (const auto start : quoting) {
    if (!cause.starts_with(start)) continue;
    const auto rest = cause.substr(start.size());
    const auto end = value_end(rest);
    const auto kind = start.substr(0, start.size() - 2);
    if (end == std::string_view::npos || end >= rest.size()) {
      // A dump that was cut before its end: the reason may have been cut with it.
      const auto last = end == std::string_view::npos ? rest.rfind("}: ") : std::string_view::npos;
      return std::string(last == std::string_view::npos ? kind : rest.substr(last + 3));
    }
    const auto reason = rest.substr(end);
    return std::string(reason.starts_with(": ") ? reason.substr(2) : kind);
  }
  return std::string(cause);
}

}  // namespace gitopsctl::agent
