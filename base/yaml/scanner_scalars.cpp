#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text/utf8.hpp"
#include "base/yaml/scanner.hpp"

namespace gitopsctl::yaml_detail {
namespace {

// What a byte may mean inside a scalar. C2 and E2 begin the line breaks NEL, LS and PS.
constexpr std::uint8_t maybe_break = 1;
constexpr std::uint8_t is_blank = 2;
constexpr std::uint8_t is_colon = 4;
constexpr std::uint8_t flow_indicator = 8;
constexpr std::uint8_t single_stop = 16;
constexpr std::uint8_t double_stop = 32;

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> out{};
  for (const unsigned char c : {0x0A, 0x0D, 0xC2, 0xE2}) out[c] |= maybe_break;
  for (const unsigned char c : {' ', '\t'}) out[c] |= is_blank;
  for (const unsigned char c : {',', '?', '[', ']', '{', '}'}) out[c] |= flow_indicator;
  out[static_cast<unsigned char>(':')] |= is_colon;
  out[static_cast<unsigned char>('\'')] |= single_stop;
  for (const unsigned char c : {'"', '\\'}) out[c] |= double_stop;
  return out;
}

constexpr std::array<std::uint8_t, 256> classes = make_classes();

std::uint8_t class_of(char c) { return classes[static_cast<unsigned char>(c)]; }

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::uint32_t hex_value(char c) {
  if (c >= 'a') return static_cast<std::uint32_t>(c - 'a') + 10;
  if (c >= 'A') return static_cast<std::uint32_t>(c - 'A') + 10;
  return static_cast<std::uint32_t>(c - '0');
}

/// The length of the line break at `at`, 0 when there is none.
std::size_t break_at(std::string_view text, std::size_t at) {
  switch (text[at]) {
    case '\n': return 1;
    case '\r': return text.substr(at, 2) == "\r\n" ? 2 : 1;
    case '\xC2': return text.substr(at, 2) == "\xC2\x85" ? 2 : 0;
    case '\xE2': return text.substr(at, 3) == "\xE2\x80\xA8" || text.substr(at, 3) == "\xE2\x80\xA9" ? 3 : 0;
    default: return 0;
  }
}

}  // namespace

std::size_t Scanner::line_end() const {
  std::size_t end = position_;
  while (end < text_.size() && ((class_of(text_[end]) & maybe_break) == 0 || break_at(text_, end) == 0)) ++end;
  return end;
}

/// Where the characters without blanks and breaks that begin here end, as far as they belong to a plain scalar.
std::size_t Scanner::plain_run_end() const {
  const std::uint8_t stops =
      static_cast<std::uint8_t>(maybe_break | is_blank | is_colon | (flow_level_ > 0 ? flow_indicator : 0));
  std::size_t end = position_;
  for (; end < text_.size(); ++end) {
    const std::uint8_t found = class_of(text_[end]) & stops;
    if (found == 0) continue;
    if ((found & (is_blank | flow_indicator)) != 0) break;
    if (found == is_colon) {
      // A colon ends the scalar only before a blank, a break or the end.
      if (end + 1 >= text_.size() || (class_of(text_[end + 1]) & is_blank) != 0 || break_at(text_, end + 1) != 0) break;
    } else if (break_at(text_, end) != 0) {
      break;
    }
  }
  return end;
}

std::size_t Scanner::quoted_run_end(bool single) const {
  const std::uint8_t stops = static_cast<std::uint8_t>(maybe_break | is_blank | (single ? single_stop : double_stop));
  std::size_t end = position_;
  for (; end < text_.size(); ++end) {
    const std::uint8_t found = class_of(text_[end]) & stops;
    if (found != 0 && (found != maybe_break || break_at(text_, end) != 0)) break;
  }
  return end;
}

/// Appends the line break here, all kinds but LS and PS as LF, and moves behind it.
void Scanner::read_break(std::string& out) {
  const std::size_t length = break_length();
  if (length == 3) {
    out += text_.substr(position_, 3);
  } else {
    out += '\n';
  }
  skip_break();
}

/// Folds what stands between two lines of a flow scalar: one LF is a blank, further breaks stay.
void Scanner::join_lines() {
  if (!first_break_.empty() && first_break_[0] == '\n') {
    if (other_breaks_.empty()) {
      scratch_ += ' ';
    } else {
      scratch_ += other_breaks_;
    }
  } else {
    scratch_ += first_break_;
    scratch_ += other_breaks_;
  }
  first_break_.clear();
  other_breaks_.clear();
}

bool Scanner::scan_plain(Token& token) {
  token.type = TokenType::scalar;
  token.plain = true;
  token.start = token.end = mark();
  const std::size_t begin = position_;
  std::size_t end = begin;          // of the text so far, while it is a part of the input
  std::size_t blanks_from = begin;  // where blanks after it begin
  const int indent = indent_ + 1;
  bool joined = false;  // the text is in scratch_, no longer a part of the input
  bool new_line = false;
  scratch_.clear();
  while (!document_indicator() && at() != '#') {
    const std::size_t run_end = plain_run_end();
    if (run_end > position_) {
      if (new_line) {
        if (!joined) scratch_ = text_.substr(begin, end - begin);
        joined = true;
        join_lines();
        new_line = false;
      } else if (joined) {
        scratch_ += text_.substr(blanks_from, position_ - blanks_from);
      }
      if (joined) scratch_ += text_.substr(position_, run_end - position_);
      advance_to(run_end);
      end = position_;
      token.end = mark();
    }
    blanks_from = position_;
    if (at_end() || (!blank() && break_length() == 0)) break;
    while (!at_end()) {
      if (blank()) {
        if (new_line && column_ < indent && at() == '\t') {
          return fail(token.start, "found a tab character that violates indentation");
        }
        advance();
      } else if (break_length() != 0) {
        read_break(new_line ? other_breaks_ : first_break_);
        new_line = true;
      } else {
        break;
      }
    }
    if (flow_level_ == 0 && column_ < indent) break;
  }
  token.value = joined ? texts_.keep(scratch_) : text_.substr(begin, end - begin);
  if (new_line) {
    key_allowed_ = true;
    first_break_.clear();
    other_breaks_.clear();
  }
  return true;
}

bool Scanner::scan_quoted(Token& token, bool single) {
  token.type = TokenType::scalar;
  token.start = mark();
  advance();
  const char quote = single ? '\'' : '"';
  std::size_t from = position_;  // of the part that is not yet in the text
  bool copied = false;           // the text is in scratch_, no longer a part of the input
  scratch_.clear();
  const auto copy = [&](std::size_t end) {
    copied = true;
    scratch_ += text_.substr(from, end - from);
  };
  while (true) {
    if (document_indicator()) return fail(token.start, "found unexpected document indicator");
    if (at_end()) return fail(token.start, "found unexpected end of stream");
    bool new_line = false;
    while (!blank_break_or_end()) {
      advance_to(quoted_run_end(single));
      if (blank_break_or_end()) break;
      if (single && at(1) == '\'') {
        advance();
        copy(position_);
        advance();
        from = position_;
      } else if (at() == quote) {
        break;
      } else {  // a backslash
        copy(position_);
        if (break_length(1) != 0) {
          advance();
          skip_break();
          from = position_;
          new_line = true;
          break;
        }
        if (!scan_escape(token.start, scratch_)) return false;
        from = position_;
      }
    }
    if (at() == quote) break;
    // Blanks stay as they are, unless a line ends with them or begins behind them.
    const std::size_t blanks_from = position_;
    bool folded = new_line;
    if (folded) from = blanks_from;
    while (!at_end()) {
      if (blank()) {
        advance();
      } else if (break_length() != 0) {
        if (!folded) {
          copy(blanks_from);
          read_break(first_break_);
          folded = true;
        } else {
          read_break(other_breaks_);
        }
      } else {
        break;
      }
    }
    if (folded) {
      join_lines();
      from = position_;
    }
  }
  if (copied) copy(position_);
  token.value = copied ? texts_.keep(scratch_) : text_.substr(from, position_ - from);
  advance();
  token.end = mark();
  return true;
}

bool Scanner::scan_escape(Mark start, std::string& text) {
  std::size_t digits = 0;
  switch (at(1)) {
    case '0': text += '\0'; break;
    case 'a': text += '\x07'; break;
    case 'b': text += '\x08'; break;
    case 't':
    case '\t': text += '\t'; break;
    case 'n': text += '\n'; break;
    case 'v': text += '\x0B'; break;
    case 'f': text += '\x0C'; break;
    case 'r': text += '\r'; break;
    case 'e': text += '\x1B'; break;
    case ' ': text += ' '; break;
    case '"': text += '"'; break;
    case '\'': text += '\''; break;
    case '\\': text += '\\'; break;
    case 'N': text += "\xC2\x85"; break;
    case '_': text += "\xC2\xA0"; break;
    case 'L': text += "\xE2\x80\xA8"; break;
    case 'P': text += "\xE2\x80\xA9"; break;
    case 'x': digits = 2; break;
    case 'u': digits = 4; break;
    case 'U': digits = 8; break;
    case '/':
      if (yaml_12_) {
        text += '/';
        break;
      }
      [[fallthrough]];
    default: return fail(start, "found unknown escape character");
  }
  advance();
  advance();
  if (digits == 0) return true;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!is_hex(at(i))) return fail(start, "did not find expected hexdecimal number");  // the library's spelling
    value = value << 4U | hex_value(at(i));
  }
  if ((value >= 0xD800 && value <= 0xDFFF) || value > 0x10FFFF) {
    return fail(start, "found invalid Unicode character escape code");
  }
  append_utf8(text, value);
  advance_to(position_ + digits);
  return true;
}

bool Scanner::scan_block_header(Mark start, int& chomping, int& indent) {
  int increment = 0;
  const auto chomp = [&] {
    if (at() != '+' && at() != '-') return false;
    chomping = at() == '+' ? 1 : -1;
    advance();
    return true;
  };
  const auto digit = [&] {
    if (at() < '0' || at() > '9') return true;
    if (at() == '0') return fail(start, "found an indentation indicator equal to 0");
    increment = at() - '0';
    advance();
    return true;
  };
  const bool chomped = chomp();
  if (!digit()) return false;
  if (!chomped && increment > 0) chomp();
  skip_blanks();
  skip_comment();
  if (!break_or_end()) return fail(start, "did not find expected comment or line break");
  skip_break();
  if (increment > 0) indent = std::max(indent_, 0) + increment;
  return true;
}

bool Scanner::scan_block_scalar(Token& token, bool literal) {
  token.type = TokenType::scalar;
  token.start = mark();
  advance();
  int chomping = 0;
  int indent = 0;
  if (!scan_block_header(token.start, chomping, indent)) return false;
  scratch_.clear();
  first_break_.clear();
  other_breaks_.clear();
  if (!scan_block_breaks(token.start, indent, other_breaks_)) return false;
  bool after_blank = false;
  while (column_ == indent && !at_end()) {
    const bool starts_blank = blank();
    // A folded scalar joins lines with a blank, except around lines that are indented further.
    if (!literal && !after_blank && !starts_blank && !first_break_.empty() && first_break_[0] == '\n') {
      if (other_breaks_.empty()) scratch_ += ' ';
    } else {
      scratch_ += first_break_;
    }
    first_break_.clear();
    scratch_ += other_breaks_;
    other_breaks_.clear();
    after_blank = starts_blank;
    const std::size_t end = line_end();
    scratch_ += text_.substr(position_, end - position_);
    advance_to(end);
    if (!at_end()) read_break(first_break_);
    if (!scan_block_breaks(token.start, indent, other_breaks_)) return false;
  }
  if (chomping != -1) scratch_ += first_break_;
  if (chomping == 1) scratch_ += other_breaks_;
  first_break_.clear();
  other_breaks_.clear();
  token.value = texts_.keep(scratch_);
  token.end = mark();
  return true;
}

bool Scanner::scan_block_breaks(Mark start, int& indent, std::string& breaks) {
  int deepest = 0;
  while (true) {
    while ((indent == 0 || column_ < indent) && at() == ' ') advance();
    deepest = std::max(deepest, static_cast<int>(column_));
    if ((indent == 0 || column_ < indent) && at() == '\t') {
      return fail(start, "found a tab character where an indentation space is expected");
    }
    if (break_length() == 0) break;
    read_break(breaks);
  }
  if (indent == 0) indent = std::max({deepest, indent_ + 1, 1});
  return true;
}

}  // namespace gitopsctl::yaml_detail
