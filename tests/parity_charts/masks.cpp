#include "tests/parity_charts/masks.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/crypto/digest.hpp"

namespace gitopsctl::tests {

namespace {

enum class Shape : std::uint8_t { other, word, pem, uuid, time, bcrypt };

struct Token {
  Shape shape = Shape::other;
  std::string_view text;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
bool is_word(char c) { return is_alnum(c) || c == '+' || c == '/' || c == '='; }
bool all_of(std::string_view text, bool (*test)(char)) { return std::all_of(text.begin(), text.end(), test); }

/// Length of the pattern at the start of `text`, or 0: `d` stands for a digit, `x` for a hexadecimal digit, `b` for what
/// bcrypt writes, all else for itself.
std::size_t match(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = text[i];
    const char p = pattern[i];
    const bool fits = p == 'd'   ? is_digit(c)
                      : p == 'x' ? is_hex(c)
                      : p == 'b' ? is_alnum(c) || c == '.' || c == '/'
                                 : c == p;
    if (!fits) return 0;
  }
  return pattern.size();
}

/// Length of the PEM block at the start of `text`, or 0. Its lines may be indented, or stand in one line with `\n`.
std::size_t pem_length(std::string_view text) {
  constexpr std::string_view begin = "-----BEGIN ";
  constexpr std::string_view dashes = "-----";
  if (!text.starts_with(begin)) return 0;
  const auto label_end = text.find(dashes, begin.size());
  constexpr std::size_t longest = 64;
  if (label_end > longest) return 0;  // or there is none
  const auto label = text.substr(begin.size(), label_end - begin.size());
  auto at = label_end + dashes.size();
  while (at < text.size() && (is_word(text[at]) || text[at] == ' ' || text[at] == '\n' || text[at] == '\\')) ++at;
  const std::string end = "-----END " + std::string(label) + "-----";
  return text.substr(at).starts_with(end) ? at + end.size() : 0;
}

std::size_t time_length(std::string_view text) {
  auto length = match(text, "dddd-dd-ddTdd:dd:dd");
  if (length == 0) length = match(text, "dddd-dd-dd dd:dd:dd");
  if (length == 0) return 0;
  if (length < text.size() && text[length] == '.') {
    ++length;
    while (length < text.size() && is_digit(text[length])) ++length;
  }
  return length;
}

Token next_token(std::string_view text) {
  if (const auto length = pem_length(text); length > 0) return {Shape::pem, text.substr(0, length)};
  if (text.front() == '$') {
    constexpr std::string_view pattern = "$2a$dd$bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    if (const auto length = match(text, pattern); length > 0) return {Shape::bcrypt, text.substr(0, length)};
  }
  if (is_hex(text.front())) {
    if (const auto length = match(text, "xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx"); length > 0)
      return {Shape::uuid, text.substr(0, length)};
  }
  if (const auto length = time_length(text); length > 0) return {Shape::time, text.substr(0, length)};
  if (!is_word(text.front())) return {Shape::other, text.substr(0, 1)};
  std::size_t length = 1;
  while (length < text.size() && is_word(text[length])) ++length;
  return {Shape::word, text.substr(0, length)};
}

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> out;
  while (!text.empty()) {
    out.push_back(next_token(text));
    text.remove_prefix(out.back().text.size());
  }
  return out;
}

std::string_view pem_label(std::string_view pem) {
  constexpr std::size_t begin = 11;
  return pem.substr(begin, pem.find("-----", begin) - begin);
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte < 0x7f) || c == '\n' || c == '\t';
  });
}

/// The decoded text of each, if all are base64.
std::optional<std::array<std::string, 3>> decode_all(const std::array<std::string_view, 3>& words) {
  std::array<std::string, 3> out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto decoded = base64_decode(words[i]);
    if (!decoded.ok()) return std::nullopt;
    out[i] = std::move(*decoded);
  }
  return out;
}

std::optional<MaskCounts> mask_words(const std::array<std::string_view, 3>& words) {
  const auto size = words[0].size();
  const bool same_size = words[1].size() == size && words[2].size() == size;
  const auto all = [&](bool (*test)(char)) {
    return std::all_of(words.begin(), words.end(), [&](std::string_view word) { return all_of(word, test); });
  };
  constexpr std::size_t sha1 = 40;
  constexpr std::size_t sha256 = 64;
  constexpr std::size_t sha512 = 128;
  if (same_size && (size == sha1 || size == sha256 || size == sha512) && all(is_hex))
    return MaskCounts{{"digest of something random", 1}};
  constexpr std::size_t least = 8;  // shorter words look like base64 of text too often
  if (size >= least) {
    if (const auto decoded = decode_all(words)) {
      const auto& [ours, one, other] = *decoded;
      if (is_printable(ours) && is_printable(one) && is_printable(other)) {
        auto inner = equal_but_random(ours, one, other);
        if (!inner) return std::nullopt;
        MaskCounts out;
        for (const auto& [name, count] : *inner) out[name.ends_with(", base64") ? name : name + ", base64"] += count;
        return out;
      }
    }
  }
  if (same_size && all(is_digit)) return MaskCounts{{"random digits or seconds", 1}};
  if (same_size && all(is_alnum)) return MaskCounts{{"random letters and digits", 1}};
  if (same_size && decode_all(words)) return MaskCounts{{"random bytes, base64", 1}};
  return std::nullopt;
}

std::optional<MaskCounts> mask_tokens(const Token& ours, const Token& one, const Token& other) {
  if (ours.shape != one.shape || one.shape != other.shape) return std::nullopt;
  switch (ours.shape) {
    case Shape::other: return std::nullopt;
    case Shape::word: return mask_words({ours.text, one.text, other.text});
    case Shape::pem: {
      const auto label = pem_label(one.text);
      if (pem_label(ours.text) != label || pem_label(other.text) != label) return std::nullopt;
      return MaskCounts{{label == "CERTIFICATE" ? "certificate" : "private key", 1}};
    }
    case Shape::uuid: return MaskCounts{{"UUID", 1}};
    case Shape::time: return MaskCounts{{"time", 1}};
    case Shape::bcrypt: return MaskCounts{{"bcrypt hash", 1}};
  }
  return std::nullopt;
}

}  // namespace

std::optional<MaskCounts> equal_but_random(std::string_view ours, std::string_view one_run, std::string_view other_run) {
  MaskCounts out;
  if (ours == one_run || ours == other_run) return out;
  const auto mine = tokens_of(ours);
  const auto one = tokens_of(one_run);
  const auto other = tokens_of(other_run);
  if (mine.size() != one.size() || one.size() != other.size()) return std::nullopt;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    if (one[i].text == other[i].text) {
      if (mine[i].text != one[i].text) return std::nullopt;
      continue;
    }
    const auto masks = mask_tokens(mine[i], one[i], other[i]);
    if (!masks) return std::nullopt;
    for (const auto& [name, count] : *masks) out[name] += count;
  }
  return out;
}

}  // namespace gitopsctl::tests
