#include "invoke-compat/expression/lexer.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <system_error>

#include "base/text/escape.hpp"
#include "base/text/utf8.hpp"

namespace gitopsctl::invoke::expression_detail {

namespace {

constexpr std::array<std::string_view, 15> signs{"==", "!=", "&&", "||", "!", "?", ":", "(",
                                                 ")",  "[",  "]",  ",",  ".", "=", "&"};

bool digit(char c) { return c >= '0' && c <= '9'; }
bool name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
// There is no minus between values, so names may have one inside: `steps.my-step`.
bool name_part(char c) { return name_start(c) || digit(c) || c == '-'; }
bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::optional<char> escaped(char c) {
  switch (c) {
    case '\\':
    case '\'':
    case '"': return c;
    case 'n': return '\n';
    case 't': return '\t';
    default: return std::nullopt;
  }
}

Result<Token> read_text(std::string_view text, Token token, std::size_t& bad) {
  const char quote = text[token.offset];
  std::string content;
  for (std::size_t at = token.offset + 1; at < text.size(); ++at) {
    if (text[at] == quote) {
      token.kind = TokenKind::literal;
      token.literal = Value::string(content);
      token.end = at + 1;
      return token;
    }
    if (text[at] != '\\') {
      content += text[at];
      continue;
    }
    const auto meant = at + 1 < text.size() ? escaped(text[at + 1]) : std::nullopt;
    if (!meant) {
      bad = at;
      return Error(ErrorCode::invalid_input, "unknown escape")
          .with_hint(R"(there are \\, \', \", \n and \t; write \\ for a backslash)");
    }
    content += *meant;
    ++at;
  }
  bad = token.offset;
  return Error(ErrorCode::invalid_input, "this text does not end").with_hint("put " + std::string(1, quote) + " behind it");
}

Result<Token> read_number(std::string_view text, Token token, std::size_t& bad) {
  std::size_t at = token.offset + (text[token.offset] == '-' ? 1 : 0);
  while (at < text.size() && digit(text[at])) ++at;
  const bool fraction = at + 1 < text.size() && text[at] == '.' && digit(text[at + 1]);
  const bool whole = !fraction;
  if (fraction) {
    ++at;
    while (at < text.size() && digit(text[at])) ++at;
  }
  token.kind = TokenKind::literal;
  token.end = at;
  const char* begin = text.data() + token.offset;
  const char* end = text.data() + at;
  bad = token.offset;
  if (at < text.size() && name_part(text[at])) return Error(ErrorCode::invalid_input, "this is no number");
  std::int64_t integer = 0;
  double number = 0;
  const auto [stop, error] = whole ? std::from_chars(begin, end, integer) : std::from_chars(begin, end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number)) {
    return Error(ErrorCode::invalid_input, "this number is too large");
  }
  token.literal = whole ? Value::int64(integer) : Value::float64(number);
  return token;
}

}  // namespace

Result<Token> next_token(std::string_view text, std::size_t offset, std::size_t& bad) {
  while (offset < text.size() && blank(text[offset])) ++offset;
  Token token;
  token.offset = offset;
  token.end = offset;
  if (offset >= text.size()) return token;
  const char c = text[offset];
  const char next = offset + 1 < text.size() ? text[offset + 1] : '\0';
  if (c == '}' && next == '}') {
    token.kind = TokenKind::close;
    token.end = offset + 2;
    return token;
  }
  if (c == '\'' || c == '"') return read_text(text, token, bad);
  if (digit(c) || (c == '-' && digit(next))) return read_number(text, token, bad);
  if (name_start(c)) {
    while (token.end < text.size() && name_part(text[token.end])) ++token.end;
    token.kind = TokenKind::name;
    token.text = text.substr(offset, token.end - offset);
    return token;
  }
  for (const auto sign : signs) {
    if (!text.substr(offset).starts_with(sign)) continue;
    token.kind = TokenKind::sign;
    token.text = sign;
    token.end = offset + sign.size();
    return token;
  }
  bad = offset;
  const auto rune = decode_utf8(text.substr(offset));
  return Error(ErrorCode::invalid_input, "unexpected '" + terminal_safe(text.substr(offset, rune.length)) + "'");
}

}  // namespace gitopsctl::invoke::expression_detail
