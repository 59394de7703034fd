#include "base/yaml/emitter.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <vector>

#include "base/text/go_format.hpp"
#include "base/text/utf8.hpp"
#include "base/yaml/natural_order.hpp"
#include "base/yaml/scalar.hpp"

namespace gitopsctl::yaml_detail {
namespace {

constexpr int indent_step = 2;
constexpr int fold_column = 80;
constexpr std::size_t simple_key_bytes = 128;

std::size_t rune_width(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0x80) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

/// Line breaks of YAML 1.1: CR, LF, NEL, LS, PS.
bool break_at(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == '\n' || c == '\r') return true;
  if (c == '\xC2') return text.substr(at, 2) == "\xC2\x85";
  if (c == '\xE2') return text.substr(at, 3) == "\xE2\x80\xA8" || text.substr(at, 3) == "\xE2\x80\xA9";
  return false;
}

/// The emitter's notion: nothing above U+FFFF, no controls (tab and CR are controls here), no byte order mark.
bool printable(char32_t rune) {
  if (rune < 0x80) return rune == '\n' || (rune >= 0x20 && rune <= 0x7E);
  if (rune < 0xA0) return false;
  return rune <= 0xFFFD && rune != 0xFEFF && (rune < 0xD800 || rune > 0xDFFF);
}

constexpr std::string_view first_indicators = "#,[]{}&*!|>'\"%@`";

/// True when a plain scalar of this text would not come back as a string; also for the dates and base 60 numbers of other
/// YAML 1.1 readers.
bool reads_as_other_type(std::string_view text, YamlProfile profile) {
  if (resolve_plain(text, YamlProfile::go_v2_json).type == ScalarType::boolean) return true;
  return resolve_plain(text, profile).type != ScalarType::string || is_timestamp(text) || is_base60(text);
}

/// A float as its JSON text is read again: as an integer where it is one of 64 bits, else with Go's `%v`.
std::string float_text(double number) {
  if (number == 0) return "0";
  constexpr double two_63 = 9223372036854775808.0;
  if (std::trunc(number) == number && number >= -two_63 && number < 2 * two_63) return json_format_float(number);
  return go_format_float(number);
}

std::string v3_float_text(double number) {
  if (std::isnan(number)) return ".nan";
  if (std::isinf(number)) return number < 0 ? "-.inf" : ".inf";
  return go_format_float(number);
}

/// The bytes of the break that `text` ends with; 0 when it ends with none.
std::size_t final_break(std::string_view text) {
  for (const std::size_t width : {1U, 2U, 3U}) {
    if (text.size() < width) break;
    const std::size_t at = text.size() - width;
    if (rune_width(text[at]) == width && break_at(text, at)) return width;
  }
  return 0;
}

}  // namespace

Emitter::Analysis Emitter::analyze(std::string_view text) const {
  Analysis out;
  if (text.empty()) {
    out.literal_allowed = false;
    return out;
  }
  bool indicators = text.substr(0, 3) == "---" || text.substr(0, 3) == "...";
  bool special = false;
  bool tab = false;
  bool break_then_space = false;
  bool space_then_break = false;
  bool previous_space = false;
  bool previous_break = false;
  bool after_blank = true;
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size(); at += width) {
    const char c = text[at];
    width = rune_width(c);
    const std::size_t next = at + width;
    const bool before_blank = next >= text.size() || text[next] == ' ' || text[next] == '\t';
    if (at == 0) {
      if (first_indicators.find(c) != std::string_view::npos) indicators = true;
      if ((c == '?' || c == ':' || c == '-') && before_blank) indicators = true;
    } else if ((c == ':' && before_blank) || (c == '#' && after_blank)) {
      indicators = true;
    }
    const bool is_break = break_at(text, at);
    if (c == '\t' && is_v3()) {
      tab = true;
    } else if (width == 1 ? (c < 0x20 || c == 0x7F) && c != '\n' : !printable(decode_utf8(text.substr(at)).value)) {
      special = true;
    }
    if (c == ' ') {
      if (at == 0) out.plain_allowed = false;
      if (next == text.size()) {
        out.plain_allowed = false;
        out.literal_allowed = false;
      }
      break_then_space = break_then_space || previous_break;
    } else if (is_break) {
      out.multi_line = true;
      space_then_break = space_then_break || previous_space;
    }
    previous_space = c == ' ';
    previous_break = is_break;
    after_blank = c == ' ' || c == '\t' || is_break;
  }
  if (break_then_space || space_then_break || special || tab) out.single_quoted_allowed = false;
  if (space_then_break || special) out.literal_allowed = false;
  if (out.multi_line || indicators || special || tab || break_then_space) out.plain_allowed = false;
  return out;
}

std::string Emitter::document(const Value& value) {
  node(value, Context::root);
  write_indent();
  return std::move(out_);
}

void Emitter::node(const Value& value, Context context) {
  switch (value.kind()) {
    case Kind::absent:
    case Kind::null: word("null"); break;
    case Kind::boolean: word(value.as_bool() ? "true" : "false"); break;
    case Kind::float64: word(is_v3() ? v3_float_text(value.as_double()) : float_text(value.as_double())); break;
    case Kind::string: {
      const std::string_view text = value.as_string();
      string(text, analyze(text), context);
      break;
    }
    case Kind::list: list(value.as_list(), context); break;
    case Kind::map: map(value.as_map()); break;
    case Kind::object: word(value.as_object()->to_plain().as_string()); break;  // a time; others were made plain before
    default: word(std::to_string(value.as_int()));
  }
}

void Emitter::list(const Value::List& items, Context context) {
  if (items.empty()) {
    indicator("[", true, true, false);
    indicator("]", false, false, false);
    return;
  }
  const bool in_map = !is_v3() && (context == Context::map_value || context == Context::complex_key);
  const int outer = push_indent(false, in_map && !indention_);
  for (const auto& item : items) {
    write_indent();
    indicator("-", true, false, true);
    node(item, Context::list_item);
  }
  indent_ = outer;
}

void Emitter::map(const Value::Members& members) {
  if (members.empty()) {
    indicator("{", true, true, false);
    indicator("}", false, false, false);
    return;
  }
  std::vector<const Value::Member*> order;
  order.reserve(members.size());
  for (const auto& member : members) order.push_back(&member);
  std::stable_sort(order.begin(), order.end(),
                   [this](const auto* a, const auto* b) { return natural_less(a->key.view(), b->key.view(), profile_); });
  const int outer = push_indent(false, false);
  for (const auto* member : order) {
    write_indent();
    const std::string_view key = member->key.view();
    const Analysis analysis = analyze(key);
    if (!analysis.multi_line && key.size() <= simple_key_bytes) {
      string(key, analysis, Context::simple_key);
      indicator(":", false, false, false);
    } else {
      indicator("?", true, false, true);
      string(key, analysis, Context::complex_key);
      write_indent();
      indicator(":", true, false, true);
    }
    node(member->value, Context::map_value);
  }
  indent_ = outer;
}

void Emitter::word(std::string_view text) {
  const int outer = push_indent(true, false);
  plain(text, false);
  indent_ = outer;
}

void Emitter::string(std::string_view text, const Analysis& analysis, Context context) {
  const bool may_fold = context != Context::simple_key && !is_v3();
  Style style = Style::plain;
  if (text.find('\n') != std::string_view::npos) {
    style = Style::literal;
  } else if (reads_as_other_type(text, profile_)) {
    style = Style::double_quoted;
  }
  if (style == Style::plain && !analysis.plain_allowed) style = Style::single_quoted;
  if (style == Style::single_quoted && !analysis.single_quoted_allowed) style = Style::double_quoted;
  if (style == Style::literal && !analysis.literal_allowed) style = Style::double_quoted;
  const int outer = push_indent(true, false);
  switch (style) {
    case Style::plain: plain(text, may_fold); break;
    case Style::single_quoted: single_quoted(text, may_fold); break;
    case Style::double_quoted: double_quoted(text, may_fold); break;
    case Style::literal: literal(text); break;
  }
  indent_ = outer;
}

void Emitter::plain(std::string_view text, bool may_fold) {
  if (!after_blank_) put(' ');
  bool spaces = false;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != ' ') {
      put_rune(text, at);
      spaces = false;
      continue;
    }
    const bool single = at + 1 >= text.size() || text[at + 1] != ' ';
    if (may_fold && !spaces && column_ > fold_column && single) {
      write_indent();
    } else {
      put(' ');
    }
    spaces = true;
    ++at;
  }
  after_blank_ = false;
  indention_ = false;
}

void Emitter::single_quoted(std::string_view text, bool may_fold) {
  indicator("'", true, false, false);
  bool spaces = false;
  bool breaks = false;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      const bool inside = at > 0 && at + 1 < text.size() && text[at + 1] != ' ';
      if (may_fold && !spaces && column_ > fold_column && inside) {
        write_indent();
      } else {
        put(' ');
      }
      spaces = true;
      ++at;
    } else if (break_at(text, at)) {
      // Only NEL, LS and PS come here: a text with LF is literal or double quoted, CR is not printable.
      const std::size_t width = rune_width(text[at]);
      out_ += text.substr(at, width);
      column_ = 0;
      at += width;
      indention_ = true;
      breaks = true;
    } else {
      if (breaks) write_indent();
      if (text[at] == '\'') put('\'');
      put_rune(text, at);
      indention_ = false;
      spaces = false;
      breaks = false;
    }
  }
  indicator("'", false, false, false);
  after_blank_ = false;
  indention_ = false;
}

void Emitter::double_quoted(std::string_view text, bool may_fold) {
  indicator("\"", true, false, false);
  // The library looks for a byte order mark at the start of the text whichever character it is at, so behind one
  // everything is escaped.
  const bool escape_all = text.substr(0, 3) == "\xEF\xBB\xBF";
  bool spaces = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const auto rune = decode_utf8(text.substr(at));
    if (escape_all || !printable(rune.value) || c == '"' || c == '\\' || break_at(text, at)) {
      escape(rune.value);
      at += rune.length;
      spaces = false;
    } else if (c == ' ') {
      const bool inside = at > 0 && at + 1 < text.size();
      if (may_fold && !spaces && column_ > fold_column && inside) {
        write_indent();
        if (text[at + 1] == ' ') put('\\');
      } else {
        put(' ');
      }
      spaces = true;
      ++at;
    } else {
      put_rune(text, at);
      spaces = false;
    }
  }
  indicator("\"", false, false, false);
  after_blank_ = false;
  indention_ = false;
}

void Emitter::escape(char32_t rune) {
  put('\\');
  switch (rune) {
    case 0x00: put('0'); return;
    case 0x07: put('a'); return;
    case 0x08: put('b'); return;
    case 0x09: put('t'); return;
    case 0x0A: put('n'); return;
    case 0x0B: put('v'); return;
    case 0x0C: put('f'); return;
    case 0x0D: put('r'); return;
    case 0x1B: put('e'); return;
    case '"': put('"'); return;
    case '\\': put('\\'); return;
    case 0x85: put('N'); return;
    case 0xA0: put('_'); return;
    case 0x2028: put('L'); return;
    case 0x2029: put('P'); return;
    default: break;
  }
  constexpr std::string_view digits = "0123456789ABCDEF";
  const unsigned length = rune <= 0xFF ? 2 : rune <= 0xFFFF ? 4 : 8;
  put(length == 2 ? 'x' : length == 4 ? 'u' : 'U');
  for (unsigned left = length; left > 0; --left) put(digits[(rune >> (4 * (left - 1))) & 15U]);
}

void Emitter::literal(std::string_view text) {
  indicator("|", true, false, false);
  if (text[0] == ' ' || break_at(text, 0)) indicator("2", false, false, false);
  // Chomping: `-` no break at the end, none one, `+` more (or nothing but one).
  const std::size_t last = final_break(text);
  if (last == 0) {
    indicator("-", false, false, false);
  } else if (last == text.size() || final_break(text.substr(0, text.size() - last)) != 0) {
    indicator("+", false, false, false);
  }
  put_break();
  indention_ = true;
  after_blank_ = true;
  bool breaks = true;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\n') {
      put_break();
      ++at;
      indention_ = true;
      breaks = true;
    } else if (break_at(text, at)) {
      const std::size_t width = rune_width(text[at]);
      out_ += text.substr(at, width);
      column_ = 0;
      at += width;
      indention_ = true;
      breaks = true;
    } else {
      if (breaks) write_indent();
      put_rune(text, at);
      indention_ = false;
      breaks = false;
    }
  }
}

int Emitter::push_indent(bool for_scalar, bool indentless) {
  const int outer = indent_;
  if (indent_ < 0) {
    indent_ = for_scalar ? indent_step : 0;
  } else if (!indentless) {
    indent_ += indent_step;
  }
  return outer;
}

void Emitter::write_indent() {
  const int indent = std::max(indent_, 0);
  if (!indention_ || column_ > indent || (column_ == indent && !after_blank_)) put_break();
  if (column_ < indent) {
    out_.append(static_cast<std::size_t>(indent - column_), ' ');
    column_ = indent;
  }
  after_blank_ = true;
  indention_ = true;
}

void Emitter::indicator(std::string_view text, bool need_blank, bool is_blank, bool is_indention) {
  if (need_blank && !after_blank_) put(' ');
  out_ += text;
  column_ += static_cast<int>(text.size());
  after_blank_ = is_blank;
  indention_ = indention_ && is_indention;
}

void Emitter::put(char c) {
  out_ += c;
  ++column_;
}

void Emitter::put_rune(std::string_view text, std::size_t& at) {
  const std::size_t width = rune_width(text[at]);
  out_.append(text, at, width);
  at += width;
  ++column_;
}

void Emitter::put_break() {
  out_ += '\n';
  column_ = 0;
}

}  // namespace gitopsctl::yaml_detail
