#include "base/text/escape.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/text/utf8.hpp"

namespace gitopsctl {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

/// Characters that change how what stands around them is shown: bidirectional controls, zero-width characters and line or
/// paragraph separators. A reviewer must see them.
bool deceptive(char32_t rune) {
  return rune == 0x061C || (rune >= 0x200B && rune <= 0x200F) || (rune >= 0x2028 && rune <= 0x202E) ||
         (rune >= 0x2060 && rune <= 0x206F) || rune == 0xFEFF || (rune >= 0xE0000 && rune <= 0xE007F);
}

void append_hex_byte(std::string& out, unsigned char byte) {
  out += "\\x";
  out += hex_digits[byte >> 4U];
  out += hex_digits[byte & 0xFU];
}

void append_hex_rune(std::string& out, char32_t rune) {
  out += "\\u{";
  bool started = false;
  for (int shift = 20; shift >= 0; shift -= 4) {
    const auto digit = static_cast<unsigned>(rune >> static_cast<unsigned>(shift)) & 0xFU;
    started = started || digit != 0 || shift <= 12;
    if (started) out += hex_digits[digit];
  }
  out += '}';
}

std::size_t longest_run(std::string_view text, char wanted) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == wanted ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

/// Optimal string alignment distance (insert, delete, replace, swap neighbours) of two short words, or `limit` + 1 when it
/// is larger than that.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > limit) return limit + 1;
  std::vector<std::size_t> before(a.size() + 1);
  std::vector<std::size_t> previous(a.size() + 1);
  std::vector<std::size_t> current(a.size() + 1);
  for (std::size_t i = 0; i <= a.size(); ++i) previous[i] = i;
  for (std::size_t j = 1; j <= b.size(); ++j) {
    current[0] = j;
    std::size_t least = current[0];
    for (std::size_t i = 1; i <= a.size(); ++i) {
      const std::size_t replace = previous[i - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[i] = std::min({replace, previous[i] + 1, current[i - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        current[i] = std::min(current[i], before[i - 2] + 1);
      least = std::min(least, current[i]);
    }
    if (least > limit) return limit + 1;
    before.swap(previous);
    previous.swap(current);
  }
  return std::min(previous[a.size()], limit + 1);
}

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

std::string terminal_safe(std::string_view text, bool multi_line) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x20 && byte < 0x7F) {
      out += text[at++];
      continue;
    }
    if (byte < 0x80) {
      if (multi_line && (byte == '\n' || byte == '\t')) {
        out += text[at];
      } else {
        append_hex_byte(out, byte);
      }
      ++at;
      continue;
    }
    const auto rune = decode_utf8(text.substr(at));
    if (!rune.valid) {
      append_hex_byte(out, byte);
    } else if (rune.value < 0xA0 || deceptive(rune.value)) {
      append_hex_rune(out, rune.value);
    } else {
      out += text.substr(at, rune.length);
    }
    at += rune.length;
  }
  return out;
}

std::string markdown_text(std::string_view text) {
  // `@` and `#` would notify people or link other issues, also behind a backslash on some forges, so they become character
  // references; so do `:` and `.` where a bare address (`https:`, `www.`) would become a link.
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  const std::string safe = terminal_safe(text, true);
  for (std::size_t at = 0; at < safe.size(); ++at) {
    const char c = safe[at];
    switch (c) {
      case '\n':
      case '\t': out += ' '; break;
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '@': out += "&#64;"; break;
      case '#': out += "&#35;"; break;
      case ':': out += safe.compare(at, 3, "://") == 0 ? "&#58;" : ":"; break;
      case '.': {
        const bool www = at >= 3 && lower_ascii(std::string_view(safe).substr(at - 3, 3)) == "www";
        // `1.` at the start of a line is an ordered list.
        const bool ordinal = at > 0 && safe.find_first_not_of("0123456789", 0) == at;
        out += www ? "&#46;" : ordinal ? "\\." : ".";
        break;
      }
      case ')': out += "\\)"; break;
      case '\\':
      case '`':
      case '*':
      case '_':
      case '{':
      case '}':
      case '[':
      case ']':
      case '(':
      case '!':
      case '|':
      case '~':
      case '$':
      case '=':
      case '+':
      case '-':
        out += '\\';
        out += c;
        break;
      default: out += c;
    }
  }
  return out;
}

std::string markdown_code(std::string_view text) {
  std::string body = terminal_safe(text, true);
  std::replace(body.begin(), body.end(), '\n', ' ');
  std::replace(body.begin(), body.end(), '\t', ' ');
  if (body.empty()) return "` `";
  const std::string fence(longest_run(body, '`') + 1, '`');
  // One blank on each side is taken off by the reader; it is needed where the text itself begins or ends with a backtick,
  // and where it both begins and ends with a blank.
  const bool pad = body.front() == '`' || body.back() == '`' || (body.front() == ' ' && body.back() == ' ');
  return pad ? fence + ' ' + body + ' ' + fence : fence + body + fence;
}

std::string markdown_fence(std::string_view text, std::string_view language) {
  std::string body = terminal_safe(text, true);
  if (!body.empty() && body.back() != '\n') body += '\n';
  const std::string fence(std::max<std::size_t>(3, longest_run(body, '`') + 1), '`');
  std::string out = fence;
  // The info string ends the line and may not hold backticks.
  for (const char c : language) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '+';
    if (word) out += c;
  }
  out += '\n';
  out += body;
  out += fence;
  out += '\n';
  return out;
}

std::string_view truncate_utf8(std::string_view text, std::size_t max_bytes) noexcept {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  // A character has at most three continuation bytes; bytes that belong to none are cut where they are.
  for (int back = 0; back < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80; ++back) --end;
  if ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) end = max_bytes;
  return text.substr(0, end);
}

bool valid_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const auto rune = decode_utf8(text.substr(at));
    if (!rune.valid) return false;
    at += rune.length;
  }
  return true;
}

std::string did_you_mean(std::string_view word, const std::string_view* candidates, std::size_t count) {
  // Longer words are no typing mistakes of a known name, and the distance costs the product of the lengths.
  constexpr std::size_t max_word = 128;
  if (word.empty() || word.size() > max_word) return {};
  const std::string wanted = lower_ascii(word);
  // One mistake in short words, then one for every three letters: `sync` never becomes `gate`.
  std::size_t best = std::min<std::size_t>(4, std::max<std::size_t>(1, word.size() / 3)) + 1;
  std::string_view found;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view candidate = candidates[i];
    if (candidate.empty() || candidate.size() > max_word || candidate == word) continue;
    // A replaced single letter shares nothing with the candidate.
    if (std::max(word.size(), candidate.size()) < 2) continue;
    const std::size_t distance = edit_distance(wanted, lower_ascii(candidate), best - 1);
    if (distance < best) {
      best = distance;
      found = candidate;
      if (best == 0) break;
    }
  }
  return std::string(found);
}

}  // namespace gitopsctl
