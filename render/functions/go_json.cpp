#include "render/functions/go_json.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/text/go_format.hpp"
#include "base/text/go_number.hpp"
#include "base/text/json_pointer.hpp"
#include "base/text/utf8.hpp"
#include "render/functions/arguments.hpp"

namespace gitopsctl::render {
namespace {

class GoJsonParser {
 public:
  enum class Numbers : std::uint8_t { floats, texts };

  GoJsonParser(std::string_view text, GoRelease release, Numbers numbers = Numbers::floats)
      : text_(text), numbers_(numbers), old_(release < GoRelease::go_1_27) {}

  Result<Value> run(Value* read = nullptr) {
    Value value;
    skip_blanks();
    if (!read_value(value, 0)) return failure(problem_);
    skip_blanks();
    if (at_end()) {
      if (too_large_.empty()) return value;
      if (read != nullptr) *read = value;
      return failure(too_large_);
    }
    if (numbers_ == Numbers::texts) return failure("invalid character after top-level value");
    return failure("invalid character " + shown_character() + " after top-level value");
  }

 private:
  [[nodiscard]] bool at_end() const noexcept { return at_ == text_.size(); }
  [[nodiscard]] char here() const noexcept { return text_[at_]; }
  void skip_blanks() noexcept {
    while (!at_end() && (here() == ' ' || here() == '\t' || here() == '\r' || here() == '\n')) ++at_;
  }

  bool fail(std::string message) {
    problem_ = std::move(message);
    return false;
  }
  bool unexpected_end() {
    if (numbers_ == Numbers::floats) return fail("unexpected end of JSON input");
    return fail(text_.find_first_not_of(" \t\r\n") == std::string_view::npos ? "EOF" : "unexpected EOF");
  }
  /// `invalid character 'x' WHERE`, or the end.
  bool unexpected(std::string_view where) {
    if (at_end()) return unexpected_end();
    return unexpected_here(where);
  }
  /// The same inside of a word, number or escape: before Go 1.27 the end is a blank there.
  bool unexpected_inside(std::string_view where) {
    if (!at_end()) return unexpected_here(where);
    if (!old_ || numbers_ == Numbers::texts) return unexpected_end();
    return fail("invalid character ' ' " + std::string(where));
  }
  bool unexpected_here(std::string_view where) {
    return fail("invalid character " + shown_character() + " " + std::string(where));
  }

  [[nodiscard]] std::string shown_character() const {
    const char c = here();
    if (c == '\'') return "'\\''";
    if (c == '"') return "'\"'";
    if (old_ && static_cast<unsigned char>(c) >= 0x80) {
      // Its first byte as if that were a character.
      std::string shown;
      append_utf8(shown, static_cast<unsigned char>(c));
      const auto quoted = go_quote(shown);
      return "'" + quoted.substr(1, quoted.size() - 2) + "'";
    }
    const auto quoted = go_quote(text_.substr(at_, decode_utf8(text_.substr(at_)).length));
    return "'" + quoted.substr(1, quoted.size() - 2) + "'";
  }

  bool read_value(Value& out, std::size_t depth) {
    if (depth > max_tree_depth) return fail("exceeded max depth");
    if (at_end()) return unexpected_end();
    switch (here()) {
      case '{': return read_object(out, depth);
      case '[': return read_array(out, depth);
      case '"': {
        std::string text;
        if (!read_string(text)) return false;
        out = Value::string(text);
        return true;
      }
      case 't': out = Value::boolean(true); return read_word("true");
      case 'f': out = Value::boolean(false); return read_word("false");
      case 'n': out = Value::null(); return read_word("null");
      default:
        if (here() == '-' || (here() >= '0' && here() <= '9')) return read_number(out);
        return unexpected("looking for beginning of value");
    }
  }

  bool read_word(std::string_view word) {
    for (const char c : word) {
      if (at_end() || here() != c) {
        return unexpected_inside("in literal " + std::string(word) + " (expecting '" + c + "')");
      }
      ++at_;
    }
    return true;
  }

  bool skip_digits(std::string_view where) {
    if (at_end() || here() < '0' || here() > '9') return unexpected_inside(old_ ? where : "in numeric literal");
    while (!at_end() && here() >= '0' && here() <= '9') ++at_;
    return true;
  }

  bool read_number(Value& out) {
    const auto start = at_;
    if (here() == '-') ++at_;
    if (!at_end() && here() == '0') {
      ++at_;  // no digit may follow, which the caller then meets
    } else if (!skip_digits("in numeric literal")) {
      return false;
    }
    if (!at_end() && here() == '.') {
      ++at_;
      if (!skip_digits("after decimal point in numeric literal")) return false;
    }
    if (!at_end() && (here() == 'e' || here() == 'E')) {
      ++at_;
      if (!at_end() && (here() == '+' || here() == '-')) ++at_;
      if (!skip_digits("in exponent of numeric literal")) return false;
    }
    const auto text = text_.substr(start, at_ - start);
    if (numbers_ == Numbers::texts) {
      out = Value::object(new JsonNumber(text));
      return true;
    }
    const auto number = parse_go_float(text);
    if (number.status != GoNumberStatus::ok) {
      // Go reads to the end, so that a mistake behind it counts first, and leaves 0 here (before 1.27 nothing).
      if (too_large_.empty()) {
        too_large_ = "json: cannot unmarshal number " + std::string(text) + " into " + target() + "of type float64";
      }
      out = old_ && !path_.empty() ? Value::null() : Value::float64(0);
      return true;
    }
    out = Value::float64(number.value);
    return true;
  }

  /// How Go names the place of a number that does not fit.
  [[nodiscard]] std::string target() const {
    if (path_.empty() || old_) return "Go value ";
    std::string path;
    for (const auto& step : path_)
      path += '.' + (step.key == nullptr ? std::to_string(step.index) : pointer_step(*step.key));
    const auto last = path.substr(path.rfind('.') + 1);
    const bool digits = !last.empty() && last.find_first_not_of("0123456789") == std::string::npos;
    return (digits ? "" : "Go struct field ") + path + " ";
  }

  bool read_array(Value& out, std::size_t depth) {
    ++at_;
    Value::List items;
    skip_blanks();
    if (!at_end() && here() == ']') {
      ++at_;
      out = Value::list();
      return true;
    }
    for (;;) {
      skip_blanks();
      path_.push_back({nullptr, items.size()});
      if (items.size() >= max_list_items) return fail("too many items in a JSON array");
      if (!read_value(items.emplace_back(), depth + 1)) return false;
      path_.pop_back();
      skip_blanks();
      if (at_end()) return unexpected_end();
      const char c = here();
      if (c != ',' && c != ']') return unexpected("after array element");
      ++at_;
      if (c == ']') break;
    }
    out = Value::list(std::move(items));
    return true;
  }

  bool read_object(Value& out, std::size_t depth) {
    ++at_;
    Value::Members members;
    skip_blanks();
    if (!at_end() && here() == '}') {
      ++at_;
      out = Value::map();
      return true;
    }
    for (;;) {
      skip_blanks();
      if (!read_member(members, depth)) return false;
      skip_blanks();
      if (at_end()) return unexpected_end();
      const char c = here();
      if (c != ',' && c != '}') return unexpected("after object key:value pair");
      ++at_;
      if (c == '}') break;
    }
    out = Value::map(std::move(members));
    return true;
  }

  bool read_member(Value::Members& members, std::size_t depth) {
    if (at_end() || here() != '"') return unexpected("looking for beginning of object key string");
    std::string key;
    if (!read_string(key)) return false;
    skip_blanks();
    if (at_end() || here() != ':') return unexpected("after object key");
    ++at_;
    skip_blanks();
    path_.push_back({&key, 0});
    Value value;
    if (!read_value(value, depth + 1)) return false;
    path_.pop_back();
    members.push_back({SharedString(key), std::move(value)});
    return true;
  }

  static bool stands_for_itself(char c) { return c >= ' ' && c != '"' && c != '\\'; }

  bool read_string(std::string& out) {
    ++at_;
    for (;;) {
      if (at_end()) return unexpected_end();
      const auto start = at_;
      while (!at_end() && stands_for_itself(here())) ++at_;
      out.append(text_.substr(start, at_ - start));
      if (at_end()) return unexpected_end();
      const char c = here();
      if (c == '"') {
        ++at_;
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return unexpected(old_ ? "in string literal" : "in string");
      if (c == '\\') {
        if (!read_escape(out)) return false;
        continue;
      }
      const auto rune = decode_utf8(text_.substr(at_));
      append_utf8(out, rune.value);
      at_ += rune.length;
    }
  }

  /// Four hexadecimal digits behind `\u` at `at`; -1 when they are not there.
  [[nodiscard]] std::int32_t hex_at(std::size_t at) const {
    if (at + 6 > text_.size() || text_[at] != '\\' || text_[at + 1] != 'u') return -1;
    std::int32_t value = 0;
    for (std::size_t i = at + 2; i < at + 6; ++i) {
      const auto digit =
          std::string_view("0123456789abcdef").find(static_cast<char>(text_[i] | (text_[i] >= 'A' ? 0x20 : 0)));
      if (digit == std::string_view::npos) return -1;
      value = value * 16 + static_cast<std::int32_t>(digit);
    }
    return value;
  }

  bool invalid_escape(std::size_t length) {
    return fail("invalid escape sequence `" + std::string(text_.substr(at_, length)) + "` in string");
  }

  /// What Go before 1.27 says of the escape at `at_`, of which `length` bytes are right.
  bool wrong_escape(std::size_t length, std::string_view where) {
    at_ += length;
    return unexpected_inside(where);
  }

  bool read_escape(std::string& out) {
    if (at_ + 1 == text_.size()) return old_ ? wrong_escape(1, "in string escape code") : unexpected_end();
    const char c = text_[at_ + 1];
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    if (const auto letter = letters.find(c); letter != std::string_view::npos) {
      out += meanings[letter];
      at_ += 2;
      return true;
    }
    if (c != 'u') {
      if (old_) return wrong_escape(1, "in string escape code");
      return invalid_escape(1 + decode_utf8(text_.substr(at_ + 1)).length);
    }
    const auto unit = hex_at(at_);
    if (unit < 0 && old_) {
      const auto digits = text_.substr(at_ + 2).find_first_not_of("0123456789abcdefABCDEF");
      return wrong_escape(2 + std::min(digits, text_.size() - at_ - 2), "in \\u hexadecimal character escape");
    }
    if (unit < 0) {
      if (at_ + 6 > text_.size() && text_.find('"', at_) == std::string_view::npos) return unexpected_end();
      return invalid_escape(6);
    }
    at_ += 6;
    auto rune = static_cast<char32_t>(unit);
    if (unit >= 0xD800 && unit < 0xDC00) {
      const auto low = hex_at(at_);
      if (low >= 0xDC00 && low < 0xE000) {
        rune = 0x10000 + ((static_cast<char32_t>(unit) - 0xD800) << 10U) + (static_cast<char32_t>(low) - 0xDC00);
        at_ += 6;
      }
    }
    append_utf8(out, rune);  // half of a pair becomes U+FFFD
    return true;
  }

  std::string_view text_;
  Numbers numbers_;
  bool old_;  ///< before Go 1.27
  std::size_t at_ = 0;
  struct Step {
    const std::string* key;  ///< of a member; nullptr for an item
    std::size_t index;
  };
  std::vector<Step> path_;  ///< to where it reads
  std::string problem_;
  std::string too_large_;  ///< what Go says of the first number that does not fit
};

}  // namespace

Result<Value> parse_go_json(std::string_view text, GoRelease release, Value* read) {
  return GoJsonParser(text, release).run(read);
}

Result<Value> parse_go_json_numbers(std::string_view text, GoRelease release) {
  return GoJsonParser(text, release, GoJsonParser::Numbers::texts).run();
}

bool JsonNumber::field(std::string_view /*name*/, Value& /*out*/) const { return false; }

Value JsonNumber::to_plain() const { return Value::float64(parse_go_float(text_).value); }

}  // namespace gitopsctl::render
