#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/text/go_format.hpp"
#include "base/text/utf8.hpp"
#include "base/value/value.hpp"

namespace gitopsctl {
namespace {

/// Templates can build values that hold themselves (`set $d "self" $d`), so the writer needs its own bound; Go's encoder
/// looks for cycles from this depth on and has the same text for them.
constexpr int max_depth = 1000;

struct Style {
  bool escape_html = true;
  bool pretty = false;
  bool plain_replacement = false;
  bool canonical = false;
};

class Writer {
 public:
  explicit Writer(Style style) : style_(style) {}

  bool value(const Value& value, int depth) {
    switch (value.kind()) {
      case Kind::absent:
      case Kind::null: out_ += "null"; return true;
      case Kind::boolean: out_ += value.as_bool() ? "true" : "false"; return true;
      case Kind::integer:
      case Kind::int64:
      case Kind::uint8: integer(value.as_int()); return true;
      case Kind::float64: return number(value.as_double());
      case Kind::string: string(value.as_string()); return true;
      case Kind::list: return list(value, depth);
      case Kind::map: return map(value, depth);
      case Kind::object: return depth >= max_depth ? too_deep(value) : this->value(value.as_object()->to_plain(), depth + 1);
    }
    return true;
  }

  [[nodiscard]] std::string take() { return std::move(out_); }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  void integer(std::int64_t value) {
    std::array<char, 24> text;
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
    (void)error;  // 24 bytes hold every int64
    out_.append(text.data(), end);
  }

  bool number(double value) {
    if (!std::isfinite(value)) {
      if (style_.canonical) {
        out_ += "null";
        return true;
      }
      problem_ = "json: unsupported value: " + go_format_float(value);
      return false;
    }
    // Integers and floats of the same value have the same canonical bytes; -0 equals 0.
    if (style_.canonical && value == 0) value = 0;
    out_ += json_format_float(value);
    return true;
  }

  bool list(const Value& value, int depth) {
    if (value.is_nil_container()) {
      out_ += "null";
      return true;
    }
    const auto& items = value.as_list();
    if (value.list_type() == ListType::uint8) {
      std::string bytes;
      bytes.reserve(items.size());
      for (const auto& item : items) bytes += static_cast<char>(static_cast<unsigned char>(item.as_int()));
      base64(bytes);
      return true;
    }
    if (items.empty()) {
      out_ += "[]";
      return true;
    }
    if (depth >= max_depth) return too_deep(value);
    out_ += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += ',';
      new_line(depth + 1);
      if (!this->value(items[i], depth + 1)) return false;
    }
    new_line(depth);
    out_ += ']';
    return true;
  }

  bool map(const Value& value, int depth) {
    if (value.is_nil_container()) {
      out_ += "null";
      return true;
    }
    const auto& members = value.as_map();
    if (members.empty()) {
      out_ += "{}";
      return true;
    }
    if (depth >= max_depth) return too_deep(value);
    out_ += '{';
    bool first = true;
    for (const auto& member : members) {
      if (!first) out_ += ',';
      first = false;
      new_line(depth + 1);
      string(member.key.view());
      out_ += style_.pretty ? ": " : ":";
      // `.Files` is a map of byte slices in Go.
      if (value.map_type() == MapType::files && member.value.is_string()) {
        base64(member.value.as_string());
      } else if (!this->value(member.value, depth + 1)) {
        return false;
      }
    }
    new_line(depth);
    out_ += '}';
    return true;
  }

  bool too_deep(const Value& value) {
    if (style_.canonical) {
      out_ += "null";
      return true;
    }
    problem_ = "json: unsupported value: encountered a cycle via ";
    problem_ += value.is_map() ? "map[string]interface {}" : "[]interface {}";
    return false;
  }

  void new_line(int depth) {
    if (!style_.pretty) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth) * 2, ' ');
  }

  void base64(std::string_view bytes) {
    out_ += '"';
    out_ += base64_encode(bytes);
    out_ += '"';
  }

  [[nodiscard]] bool stands_for_itself(unsigned char byte) const {
    if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') return false;
    return !style_.escape_html || (byte != '<' && byte != '>' && byte != '&');
  }

  void string(std::string_view text) {
    out_ += '"';
    std::size_t copied = 0;
    for (std::size_t at = 0; at < text.size();) {
      const auto byte = static_cast<unsigned char>(text[at]);
      if (stands_for_itself(byte)) {
        ++at;
        continue;
      }
      if (byte >= 0x80) {
        const auto rune = decode_utf8(text.substr(at));
        if (rune.valid && rune.value != 0x2028 && rune.value != 0x2029) {
          at += rune.length;
          continue;
        }
        out_ += text.substr(copied, at - copied);
        if (rune.valid) {
          out_ += rune.value == 0x2028 ? "\\u2028" : "\\u2029";
        } else {
          out_ += style_.plain_replacement ? "\xEF\xBF\xBD" : "\\ufffd";
        }
        at += rune.length;
      } else {
        out_ += text.substr(copied, at - copied);
        escape(byte);
        ++at;
      }
      copied = at;
    }
    out_ += text.substr(copied);
    out_ += '"';
  }

  void escape(unsigned char byte) {
    constexpr std::string_view hex = "0123456789abcdef";
    switch (byte) {
      case '"': out_ += "\\\""; break;
      case '\\': out_ += "\\\\"; break;
      case '\n': out_ += "\\n"; break;
      case '\r': out_ += "\\r"; break;
      case '\t': out_ += "\\t"; break;
      case '\b': out_ += "\\b"; break;
      case '\f': out_ += "\\f"; break;
      default:
        out_ += "\\u00";
        out_ += hex[byte >> 4U];
        out_ += hex[byte & 15U];
    }
  }

  Style style_;
  std::string out_;
  std::string problem_;
};

}  // namespace

Result<std::string> to_json(const Value& value, const JsonOptions& options) {
  Writer writer({.escape_html = options.escape_html, .pretty = options.pretty, .plain_replacement = options.go_127});
  if (!writer.value(value, 0)) return Error(ErrorCode::invalid_input, writer.problem());
  return writer.take();
}

std::string canonical_json(const Value& value) {
  Writer writer({.escape_html = false, .canonical = true});
  (void)writer.value(value, 0);  // the canonical style has no failing case
  return writer.take();
}

}  // namespace gitopsctl
