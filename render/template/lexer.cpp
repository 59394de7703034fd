#include "render/template/lexer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text/go_format.hpp"
#include "base/text/unicode.hpp"
#include "base/text/utf8.hpp"

namespace gitopsctl::render::detail {
namespace {

constexpr std::string_view white_space = " \t\r\n";
constexpr std::size_t marker_size = 2;  // the `-` of a trim marker and the blank beside it

bool is_space(std::int32_t rune) { return rune == ' ' || rune == '\t' || rune == '\r' || rune == '\n'; }

bool is_word_rune(std::int32_t rune) {
  if (rune < 0) return false;
  const auto value = static_cast<char32_t>(rune);
  return rune == '_' || is_letter(value) || is_digit(value);
}

bool left_trim_marker(std::string_view text) {
  return text.size() >= 2 && text[0] == '-' && is_space(static_cast<unsigned char>(text[1]));
}

bool right_trim_marker(std::string_view text) {
  return text.size() >= 2 && is_space(static_cast<unsigned char>(text[0])) && text[1] == '-';
}

/// The ASCII letters, digits and the underscore, by byte.
constexpr auto word_bytes = [] {
  std::array<bool, 256> table{};
  for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
  table['_'] = true;
  return table;
}();

/// What ends a word, but for `}}`, as far as one byte tells it.
constexpr auto word_ends = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view(" \t\r\n.,|:)(")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

/// The type of `word` when it is `keyword`, else that of other words.
TokenType type_if(std::string_view word, std::string_view keyword, TokenType type) {
  return word == keyword ? type : TokenType::identifier;
}

TokenType word_type(std::string_view word) {
  switch (word.size()) {
    case 2: return type_if(word, "if", TokenType::if_branch);
    case 3: return word == "nil" ? TokenType::nil : type_if(word, "end", TokenType::end);
    case 4:
      if (word == "with") return TokenType::with;
      return word == "true" ? TokenType::boolean : type_if(word, "else", TokenType::else_branch);
    case 5:
      if (word == "range") return TokenType::range;
      if (word == "block") return TokenType::block;
      return word == "break" ? TokenType::break_loop : type_if(word, "false", TokenType::boolean);
    case 6: return type_if(word, "define", TokenType::define);
    case 8: return word == "template" ? TokenType::template_call : type_if(word, "continue", TokenType::continue_loop);
    default: return TokenType::identifier;
  }
}

}  // namespace

std::string Token::shown() const {
  if (type == TokenType::end_of_file) return "EOF";
  if (type == TokenType::error) return std::string(text);
  if (type > TokenType::keyword) return "<" + std::string(text) + ">";
  if (text.size() <= 10) return go_quote(text);
  std::size_t end = 0;
  for (int i = 0; i < 10 && end < text.size(); ++i) end += decode_utf8(text.substr(end)).length;
  return go_quote(text.substr(0, end)) + "...";
}

Token Lexer::next() {
  Token token;
  while (!scan(token)) {
  }
  return token;
}

/// Returns false when what was read is no token (a comment, an empty text).
bool Lexer::scan(Token& token) {
  if (!inside_action_) return scan_text(token);
  scan_action(token);
  return true;
}

bool Lexer::scan_text(Token& token) {
  const std::size_t open = text_.find("{{", at_);
  if (open == std::string_view::npos) {
    at_ = text_.size();
    emit(token, at_ > start_ ? TokenType::text : TokenType::end_of_file);
    return true;
  }
  const bool trims = left_trim_marker(text_.substr(open + 2));
  if (open > start_) {
    std::string_view text = text_.substr(start_, open - start_);
    if (trims) text = text.substr(0, text.find_last_not_of(white_space) + 1);
    at_ = start_ + text.size();
    const bool any = !text.empty();
    if (any) emit(token, TokenType::text);
    at_ = open;
    ignore();
    if (any) return true;
  }
  const std::size_t inner = open + 2 + (trims ? marker_size : 0);
  if (text_.substr(std::min(inner, text_.size())).starts_with("/*")) {
    at_ = inner;
    ignore();
    return scan_comment(token);
  }
  at_ = open + 2;
  emit_in_line(token, TokenType::left_delimiter);
  inside_action_ = true;
  paren_depth_ = 0;
  at_ = inner;
  ignore();
  return true;
}

bool Lexer::scan_comment(Token& token) {
  const std::size_t close = text_.find("*/", at_ + 2);
  if (close == std::string_view::npos) {
    fail(token, "unclosed comment");
    return true;
  }
  at_ = close + 2;
  bool trims = false;
  if (!at_right_delimiter(at_, trims)) {
    fail(token, "comment ends before closing delimiter");
    return true;
  }
  at_ += 2 + (trims ? marker_size : 0);
  if (trims) accept_run(white_space);
  ignore();
  return false;
}

void Lexer::scan_action(Token& token) {
  // What most of an action is: names, fields, and one blank between them.
  if (at_ + 1 < text_.size()) {
    const auto byte = static_cast<unsigned char>(text_[at_]);
    const auto following = static_cast<unsigned char>(text_[at_ + 1]);
    if (word_bytes[byte] && byte > '9') return scan_word(token, TokenType::identifier);
    if (byte == '.' && word_bytes[following] && following > '9') {
      ++at_;
      return scan_word(token, TokenType::field);
    }
    if (byte == ' ' && following != '-' && !is_space(following)) {
      ++at_;
      return emit_in_line(token, TokenType::space);
    }
  }
  bool trims = false;
  if (at_right_delimiter(at_, trims)) {
    if (paren_depth_ != 0) return fail(token, "unclosed left paren");
    if (trims) {
      at_ += marker_size;
      ignore();
    }
    at_ += 2;
    emit_in_line(token, TokenType::right_delimiter);
    if (trims) {
      accept_run(white_space);
      ignore();
    }
    inside_action_ = false;
    return;
  }
  std::uint8_t length = 0;
  const std::int32_t rune = peek(&length);
  if (rune < 0) return fail(token, "unclosed action");
  if (is_space(rune)) return scan_space(token);
  at_ += length;
  switch (rune) {
    case '=': return emit_in_line(token, TokenType::assign);
    case ':':
      if (!accept("=")) {
        // Go has read one character more by now, which moves nothing but the error's reach.
        return fail(token, "expected :=");
      }
      return emit_in_line(token, TokenType::declare);
    case '|': return emit_in_line(token, TokenType::pipe);
    case '"': return scan_quoted(token, '"', TokenType::string, "unterminated quoted string");
    case '`': return scan_quoted(token, '`', TokenType::raw_string, "unterminated raw quoted string");
    case '\'': return scan_quoted(token, '\'', TokenType::character_constant, "unterminated character constant");
    case '$': return scan_word(token, TokenType::variable);
    case '(': ++paren_depth_; return emit_in_line(token, TokenType::left_paren);
    case ')':
      if (--paren_depth_ < 0) return fail(token, "unexpected right paren");
      return emit_in_line(token, TokenType::right_paren);
    case '.':
      if (at_ < text_.size() && (text_[at_] < '0' || text_[at_] > '9')) return scan_word(token, TokenType::field);
      break;
    default: break;
  }
  const bool digit = rune >= '0' && rune <= '9';
  if (digit || rune == '.' || rune == '+' || rune == '-') {
    at_ -= length;
    return scan_number(token);
  }
  if (is_word_rune(rune)) {
    at_ -= length;
    return scan_word(token, TokenType::identifier);
  }
  if (rune < 0x7F && rune > ' ') return emit_in_line(token, TokenType::character);
  const Value shown = Value::go_int(rune);
  fail(token, go_sprintf("unrecognized character in action: %#U", std::span(&shown, 1)));
}

void Lexer::scan_space(Token& token) {
  int count = 0;
  while (at_ < text_.size() && is_space(static_cast<unsigned char>(text_[at_]))) {
    ++at_;
    ++count;
  }
  // ` -}}`: the last blank belongs to the delimiter.
  if (right_trim_marker(text_.substr(at_ - 1)) && text_.substr(at_ - 1 + marker_size).starts_with("}}")) {
    --at_;
    if (count == 1) return scan_action(token);
  }
  emit(token, TokenType::space);
}

/// A field, variable or identifier; `.` and `$` have been read.
void Lexer::scan_word(Token& token, TokenType type) {
  if (type != TokenType::identifier && at_terminator()) {
    return emit_in_line(token, type == TokenType::variable ? TokenType::variable : TokenType::dot);
  }
  skip_word();
  if (!at_terminator()) {
    const auto rune = peek();
    const Value shown = Value::go_int(rune);
    return fail(token, go_sprintf("bad character %#U", std::span(&shown, 1)));
  }
  if (type == TokenType::identifier) type = word_type(text_.substr(start_, at_ - start_));
  emit_in_line(token, type);
}

void Lexer::skip_word() {
  for (;;) {
    while (at_ < text_.size() && word_bytes[static_cast<unsigned char>(text_[at_])]) ++at_;
    if (at_ < text_.size() && static_cast<unsigned char>(text_[at_]) < 0x80) return;
    std::uint8_t length = 0;
    if (!is_word_rune(peek(&length))) return;
    at_ += length;
  }
}

void Lexer::scan_number(Token& token) {
  const auto bad = [&] { fail(token, "bad number syntax: " + go_quote(text_.substr(start_, at_ - start_))); };
  if (!number_part()) return bad();
  if (const auto sign = peek(); sign == '+' || sign == '-') {
    if (!number_part() || text_[at_ - 1] != 'i') return bad();
    return emit(token, TokenType::complex);
  }
  emit_in_line(token, TokenType::number);
}

/// Roughly one number; what is wrong inside is found when it is converted.
bool Lexer::number_part() {
  accept("+-");
  std::string_view digits = "0123456789_";
  if (accept("0")) {
    if (accept("xX")) {
      digits = "0123456789abcdefABCDEF_";
    } else if (accept("oO")) {
      digits = "01234567_";
    } else if (accept("bB")) {
      digits = "01_";
    }
  }
  accept_run(digits);
  if (accept(".")) accept_run(digits);
  const bool decimal = digits.size() == 11;
  const bool hexadecimal = digits.size() == 23;
  if ((decimal && accept("eE")) || (hexadecimal && accept("pP"))) {
    accept("+-");
    accept_run("0123456789_");
  }
  accept("i");
  std::uint8_t length = 0;
  if (is_word_rune(peek(&length))) {
    at_ += length;
    return false;
  }
  return true;
}

void Lexer::scan_quoted(Token& token, char quote, TokenType type, std::string_view what) {
  if (quote == '`') {
    const auto end = text_.find(quote, at_);
    if (end == std::string_view::npos) return fail(token, std::string(what));
    at_ = end + 1;
    return emit(token, type);
  }
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == quote) return emit_in_line(token, type);
    if (c == '\n') break;
    if (c == '\\') {
      if (at_ >= text_.size() || text_[at_] == '\n') break;
      ++at_;  // the first byte of the escaped character is enough: its others are neither quote nor backslash
    }
  }
  fail(token, std::string(what));
}

bool Lexer::at_right_delimiter(std::size_t at, bool& trims) const {
  if (at >= text_.size() || (text_[at] != '}' && !is_space(static_cast<unsigned char>(text_[at])))) return false;
  const std::string_view rest = text_.substr(at);
  trims = right_trim_marker(rest) && rest.substr(marker_size).starts_with("}}");
  return trims || rest.starts_with("}}");
}

bool Lexer::at_terminator() const {
  if (at_ < text_.size() && word_ends[static_cast<unsigned char>(text_[at_])]) return true;
  const std::int32_t rune = peek();
  if (rune < 0 || is_space(rune)) return true;
  switch (rune) {
    case '.':
    case ',':
    case '|':
    case ':':
    case ')':
    case '(': return true;
    default: return text_.substr(at_).starts_with("}}");
  }
}

std::int32_t Lexer::peek(std::uint8_t* length) const {
  if (at_ >= text_.size()) {
    if (length != nullptr) *length = 0;
    return -1;
  }
  const auto byte = static_cast<unsigned char>(text_[at_]);
  if (byte < 0x80) {
    if (length != nullptr) *length = 1;
    return byte;
  }
  const DecodedRune rune = decode_utf8(text_.substr(at_));
  if (length != nullptr) *length = rune.length;
  return static_cast<std::int32_t>(rune.value);
}

bool Lexer::accept(std::string_view set) {
  if (at_ >= text_.size() || set.find(text_[at_]) == std::string_view::npos) return false;
  ++at_;
  return true;
}

void Lexer::accept_run(std::string_view set) {
  while (accept(set)) {
  }
}

void Lexer::emit(Token& token, TokenType type) {
  token = {type, static_cast<std::uint32_t>(start_), text_.substr(start_, at_ - start_), start_line_};
  ignore();
}

void Lexer::emit_in_line(Token& token, TokenType type) {
  token = {type, static_cast<std::uint32_t>(start_), text_.substr(start_, at_ - start_), start_line_};
  start_ = at_;
}

void Lexer::fail(Token& token, std::string message) {
  message_ = std::move(message);
  token = {TokenType::error, static_cast<std::uint32_t>(start_), message_, start_line_};
  text_ = {};
  start_ = 0;
  at_ = 0;
}

void Lexer::ignore() {
  const auto skipped = text_.substr(start_, at_ - start_);
  for (auto line = skipped.find('\n'); line != std::string_view::npos; line = skipped.find('\n', line + 1)) ++start_line_;
  start_ = at_;
}

}  // namespace gitopsctl::render::detail
