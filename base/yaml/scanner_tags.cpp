#include "base/text/ascii.hpp"
#include "base/yaml/scanner.hpp"

namespace gitopsctl::yaml_detail {
namespace {

bool word_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

bool digit(char c) { return c >= '0' && c <= '9'; }

bool uri_character(char c) {
  constexpr std::string_view others = ";/?:@&=+$,.!~*'()[]%";
  return word_character(c) || (c != '\0' && others.find(c) != std::string_view::npos);
}

}  // namespace

bool Scanner::scan_directive(Token& token) {
  const Mark start = mark();
  advance();
  std::string name;
  for (; word_character(at()); advance()) name += at();
  if (name.empty()) return fail(start, "could not find expected directive name");
  if (!blank_break_or_end()) return fail(start, "found unexpected non-alphabetical character");
  token.start = start;
  if (name == "YAML") {
    token.type = TokenType::version_directive;
    if (!scan_version(token)) return false;
  } else if (name == "TAG") {
    token.type = TokenType::tag_directive;
    if (!scan_tag_directive(token)) return false;
  } else {
    return fail(start, "found unknown directive name");
  }
  token.end = mark();
  skip_blanks();
  skip_comment();
  if (!break_or_end()) return fail(start, "did not find expected comment or line break");
  skip_break();
  return true;
}

bool Scanner::scan_version(Token& token) {
  skip_blanks();
  if (!scan_version_number(token.start, token.major)) return false;
  if (at() != '.') return fail(token.start, "did not find expected digit or '.' character");
  advance();
  return scan_version_number(token.start, token.minor);
}

bool Scanner::scan_version_number(Mark start, int& number) {
  int length = 0;
  for (; digit(at()); advance()) {
    if (++length > 2) return fail(start, "found extremely long version number");
    number = number * 10 + (at() - '0');
  }
  if (length == 0) return fail(start, "did not find expected version number");
  return true;
}

bool Scanner::scan_tag_directive(Token& token) {
  std::string handle;
  std::string prefix;
  skip_blanks();
  if (!scan_tag_handle(token.start, true, handle)) return false;
  if (!blank()) return fail(token.start, "did not find expected whitespace");
  skip_blanks();
  if (!scan_tag_uri(token.start, {}, prefix)) return false;
  if (!blank_break_or_end()) return fail(token.start, "did not find expected whitespace or line break");
  token.handle = texts_.keep(handle);
  token.value = texts_.keep(prefix);
  return true;
}

bool Scanner::scan_anchor(Token& token) {
  token.start = mark();
  advance();
  const std::size_t begin = position_;
  std::size_t end = begin;
  while (end < text_.size() && word_character(text_[end])) ++end;
  advance_to(end);
  token.end = mark();
  token.value = text_.substr(begin, end - begin);
  constexpr std::string_view followers = "?:,]}%@`";
  const bool followed = blank_break_or_end() || followers.find(at()) != std::string_view::npos;
  if (token.value.empty() || !followed) return fail(token.start, "did not find expected alphabetic or numeric character");
  return true;
}

bool Scanner::scan_tag(Token& token) {
  token.type = TokenType::tag;
  token.start = mark();
  std::string handle;
  std::string suffix;
  if (at(1) == '<') {
    advance();
    advance();
    if (!scan_tag_uri(token.start, {}, suffix)) return false;
    if (at() != '>') return fail(token.start, "did not find the expected '>'");
    advance();
  } else {
    if (!scan_tag_handle(token.start, false, handle)) return false;
    if (handle.size() > 1 && handle.back() == '!') {
      if (!scan_tag_uri(token.start, {}, suffix)) return false;
    } else {
      // `!word` is the suffix `word` of the primary handle; `!` alone is a tag of its own.
      if (!scan_tag_uri(token.start, handle, suffix)) return false;
      handle = "!";
      if (suffix.empty()) handle.swap(suffix);
    }
  }
  if (!blank_break_or_end()) return fail(token.start, "did not find expected whitespace or line break");
  token.end = mark();
  token.handle = texts_.keep(handle);
  token.value = texts_.keep(suffix);
  return true;
}

bool Scanner::scan_tag_handle(Mark start, bool directive, std::string& handle) {
  if (at() != '!') return fail(start, "did not find expected '!'");
  handle = "!";
  advance();
  for (; word_character(at()); advance()) handle += at();
  if (at() == '!') {
    handle += '!';
    advance();
  } else if (directive && handle != "!") {
    return fail(start, "did not find expected '!'");
  }
  return true;
}

bool Scanner::scan_tag_uri(Mark start, std::string_view head, std::string& uri) {
  bool found = !head.empty();
  if (head.size() > 1) uri = head.substr(1);
  while (uri_character(at())) {
    if (at() == '%') {
      if (!scan_uri_escape(start, uri)) return false;
    } else {
      uri += at();
      advance();
    }
    found = true;
  }
  if (!found) return fail(start, "did not find expected tag URI");
  return true;
}

bool Scanner::scan_uri_escape(Mark start, std::string& uri) {
  int left = -1;  // octets of the character still to come; -1 before the first
  do {
    if (at() != '%' || hex_digit(at(1)) < 0 || hex_digit(at(2)) < 0) return fail(start, "did not find URI escaped octet");
    const auto octet = static_cast<unsigned>(hex_digit(at(1)) * 16 + hex_digit(at(2)));
    if (left < 0) {
      left = octet < 0x80               ? 1
             : (octet & 0xE0U) == 0xC0U ? 2
             : (octet & 0xF0U) == 0xE0U ? 3
             : (octet & 0xF8U) == 0xF0U ? 4
                                        : 0;
      if (left == 0) return fail(start, "found an incorrect leading UTF-8 octet");
    } else if ((octet & 0xC0U) != 0x80U) {
      return fail(start, "found an incorrect trailing UTF-8 octet");
    }
    uri += static_cast<char>(static_cast<unsigned char>(octet));
    advance_to(position_ + 3);
  } while (--left > 0);
  return true;
}

}  // namespace gitopsctl::yaml_detail
