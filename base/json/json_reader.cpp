#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/json/json.hpp"
#include "base/text/escape.hpp"
#include "base/text/utf8.hpp"

namespace gitopsctl {
namespace {

constexpr int max_depth = 1000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A recursive descent over RFC 8259: the depth is bounded, every byte is looked at a bounded number of times.
class Reader {
 public:
  Reader(std::string_view text, const std::string& file, bool integers) : text_(text), file_(file), integers_(integers) {}

  Result<Value> document() {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;  // a byte order mark may be ignored (RFC 8259 §8.1)
    Value out;
    blanks();
    if (!value(out, 0)) return *std::move(problem_);
    blanks();
    if (at_ < text_.size()) {
      fail("unexpected " + here() + " after the end of the JSON document");
      return *std::move(problem_);
    }
    return out;
  }

 private:
  bool value(Value& out, int depth) {
    if (at_ >= text_.size()) return fail("unexpected end of JSON input");
    switch (text_[at_]) {
      case '{': return map(out, depth);
      case '[': return list(out, depth);
      case '"': {
        SharedString text;
        if (!string(text)) return false;
        out = Value::string(std::move(text));
        return true;
      }
      case 't': out = Value::boolean(true); return word("true");
      case 'f': out = Value::boolean(false); return word("false");
      case 'n': out = Value::null(); return word("null");
      default: return number(out);
    }
  }

  bool map(Value& out, int depth) {
    if (depth >= max_depth) return fail_large("JSON is nested deeper than " + std::to_string(max_depth) + " levels");
    ++at_;
    Value::Members members;
    blanks();
    if (take('}')) {
      out = Value::map();
      return true;
    }
    while (true) {
      blanks();
      if (at_ >= text_.size() || text_[at_] != '"') return expected("a string as object key");
      Value::Member member;
      if (!string(member.key)) return false;
      blanks();
      if (!take(':')) return expected("':' after object key");
      blanks();
      if (!value(member.value, depth + 1)) return false;
      members.push_back(std::move(member));
      blanks();
      if (take('}')) break;
      if (!take(',')) return expected("',' or '}' after object value");
    }
    out = Value::map(std::move(members));
    return true;
  }

  bool list(Value& out, int depth) {
    if (depth >= max_depth) return fail_large("JSON is nested deeper than " + std::to_string(max_depth) + " levels");
    ++at_;
    Value::List items;
    blanks();
    if (take(']')) {
      out = Value::list();
      return true;
    }
    while (true) {
      blanks();
      Value item;
      if (!value(item, depth + 1)) return false;
      items.push_back(std::move(item));
      blanks();
      if (take(']')) break;
      if (!take(',')) return expected("',' or ']' after array item");
    }
    out = Value::list(std::move(items));
    return true;
  }

  bool word(std::string_view wanted) {
    if (text_.substr(at_, wanted.size()) != wanted) return expected("'" + std::string(wanted) + "'");
    at_ += wanted.size();
    return true;
  }

  bool digits() {
    if (at_ >= text_.size() || !is_digit(text_[at_])) return expected("a digit");
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return true;
  }

  bool number(Value& out) {
    const std::size_t start = at_;
    const bool negative = text_[at_] == '-';
    if (negative) ++at_;
    if (at_ >= text_.size() || !is_digit(text_[at_])) return negative ? expected("a digit") : expected("a value");
    if (text_[at_] == '0') {
      ++at_;
      if (at_ < text_.size() && is_digit(text_[at_])) return fail("a number may not start with a zero before other digits");
    } else if (!digits()) {
      return false;
    }
    bool whole = true;
    if (take('.')) {
      whole = false;
      if (!digits()) return false;
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      whole = false;
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (!digits()) return false;
    }
    return convert(text_.substr(start, at_ - start), whole, out);
  }

  bool convert(std::string_view digits, bool whole, Value& out) {
    if (whole && integers_) {
      std::int64_t integer = 0;
      if (std::from_chars(digits.data(), digits.data() + digits.size(), integer).ec == std::errc()) {
        out = Value::int64(integer);
        return true;
      }
    }
    double number = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec == std::errc::result_out_of_range) {
      // from_chars reports too small and too large alike; strtod tells them apart (the program never sets a locale).
      const std::string copy(digits);
      number = std::strtod(copy.c_str(), nullptr);
      if (number > std::numeric_limits<double>::max() || number < std::numeric_limits<double>::lowest()) {
        return fail("number " + std::string(truncate_utf8(digits, 40)) + " is out of range");
      }
    }
    out = Value::float64(number);
    return true;
  }

  bool string(SharedString& out) {
    ++at_;
    const std::size_t start = at_;
    while (at_ < text_.size()) {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte == '"') {
        out = SharedString(text_.substr(start, at_ - start));
        ++at_;
        return true;
      }
      if (byte == '\\') return escaped_string(start, out);
      if (byte < 0x20) return fail("control character in a JSON string; write it as an escape");
      if (byte < 0x80) {
        ++at_;
      } else if (!character()) {
        return false;
      }
    }
    return fail("unexpected end of JSON input in a string");
  }

  bool character() {
    const auto rune = decode_utf8(text_.substr(at_));
    if (!rune.valid) return fail("invalid UTF-8 in a JSON string");
    at_ += rune.length;
    return true;
  }

  bool escaped_string(std::size_t start, SharedString& out) {
    buffer_.assign(text_, start, at_ - start);
    while (at_ < text_.size()) {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte == '"') {
        ++at_;
        out = SharedString(buffer_);
        return true;
      }
      if (byte == '\\') {
        if (!escape()) return false;
      } else if (byte < 0x20) {
        return fail("control character in a JSON string; write it as an escape");
      } else if (byte < 0x80) {
        buffer_ += text_[at_++];
      } else {
        const std::size_t before = at_;
        if (!character()) return false;
        buffer_ += text_.substr(before, at_ - before);
      }
    }
    return fail("unexpected end of JSON input in a string");
  }

  bool escape() {
    ++at_;
    if (at_ >= text_.size()) return fail("unexpected end of JSON input in a string");
    const char c = text_[at_++];
    switch (c) {
      case '"':
      case '\\':
      case '/': buffer_ += c; return true;
      case 'b': buffer_ += '\b'; return true;
      case 'f': buffer_ += '\f'; return true;
      case 'n': buffer_ += '\n'; return true;
      case 'r': buffer_ += '\r'; return true;
      case 't': buffer_ += '\t'; return true;
      case 'u': break;
      default: at_ -= 2; return fail("invalid escape in a JSON string");
    }
    char32_t rune = 0;
    if (!hex4(rune)) return false;
    // A surrogate without its partner stands for no character: U+FFFD, as Go reads it.
    if (rune >= 0xD800 && rune <= 0xDBFF && text_.substr(at_, 2) == "\\u") {
      const std::size_t before = at_;
      at_ += 2;
      char32_t low = 0;
      if (!hex4(low)) return false;
      if (low >= 0xDC00 && low <= 0xDFFF) {
        rune = 0x10000 + ((rune - 0xD800) << 10U) + (low - 0xDC00);
      } else {
        at_ = before;
      }
    }
    append_utf8(buffer_, rune);
    return true;
  }

  bool hex4(char32_t& out) {
    for (int i = 0; i < 4; ++i) {
      if (at_ >= text_.size()) return fail("unexpected end of JSON input in a string");
      const char c = text_[at_];
      unsigned digit = 0;
      if (is_digit(c)) {
        digit = static_cast<unsigned>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        digit = static_cast<unsigned>(c - 'a') + 10;
      } else if (c >= 'A' && c <= 'F') {
        digit = static_cast<unsigned>(c - 'A') + 10;
      } else {
        return expected("four hexadecimal digits after \\u");
      }
      out = (out << 4U) | digit;
      ++at_;
    }
    return true;
  }

  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }

  bool take(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  [[nodiscard]] std::string here() const {
    if (at_ >= text_.size()) return "end of input";
    const auto rune = decode_utf8(text_.substr(at_));
    return "'" + terminal_safe(text_.substr(at_, rune.length)) + "'";
  }

  bool expected(const std::string& what) {
    if (at_ >= text_.size()) return fail("unexpected end of JSON input, expected " + what);
    return fail("unexpected " + here() + ", expected " + what);
  }

  bool fail(std::string message) { return fail_with(ErrorCode::invalid_input, std::move(message)); }
  bool fail_large(std::string message) { return fail_with(ErrorCode::too_large, std::move(message)); }
  bool fail_with(ErrorCode code, std::string message) {
    int line = 1;
    std::size_t line_start = 0;
    for (std::size_t i = 0; i < at_ && i < text_.size(); ++i) {
      if (text_[i] == '\n') {
        ++line;
        line_start = i + 1;
      }
    }
    int column = 1;
    for (std::size_t i = line_start; i < at_ && i < text_.size(); ++i) {
      if ((static_cast<unsigned char>(text_[i]) & 0xC0U) != 0x80U) ++column;
    }
    problem_ = Error(code, std::move(message)).at({file_, line, column});
    return false;
  }

  std::string_view text_;
  const std::string& file_;
  bool integers_;
  std::size_t at_ = 0;
  std::string buffer_;
  std::optional<Error> problem_;
};

}  // namespace

Result<Value> parse_json(std::string_view text, const std::string& file, bool integers, std::uint64_t max_bytes) {
  if (text.size() > max_bytes) {
    return Error(ErrorCode::too_large, "JSON input has " + std::to_string(text.size()) + " bytes, more than the limit of " +
                                           std::to_string(max_bytes))
        .at({file, 0, 0});
  }
  return Reader(text, file, integers).document();
}

}  // namespace gitopsctl
