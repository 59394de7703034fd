#include "base/text/go_format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/text/go_verbs.hpp"
#include "base/text/utf8.hpp"

namespace gitopsctl {
namespace {

using detail::FormatSpec;

// Go takes larger widths, precisions and argument numbers for mistakes.
constexpr int largest_number = 1'000'000;

std::string bytes_of(const Value& list) {
  std::string bytes;
  bytes.reserve(list.size());
  for (const auto& item : list.as_list()) bytes += static_cast<char>(static_cast<unsigned char>(item.as_int()));
  return bytes;
}

/// Writes operands under verbs; knows nothing of format strings.
class Printer {
 public:
  explicit Printer(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  std::string out;
  FormatSpec spec;

  [[nodiscard]] bool within_bounds() const noexcept { return !stopped_; }

  /// An operand of print or printf.
  void operand(const Value& value, char32_t verb) {
    if (value.is_nothing()) {
      if (verb == 'T' || verb == 'v') {
        detail::append_padded(out, spec, "<nil>");
      } else {
        bad_verb(nullptr, verb);
      }
    } else if (verb == 'T') {
      detail::append_string(out, spec, go_type_name(value), 's');
    } else if (verb == 'p') {
      pointer(value);
    } else if (verb == 'w' && (value.is_list() || value.is_map() || value.is_object())) {
      bad_verb(&value, verb);
    } else {
      write(value, verb, 0);
    }
    check();
  }

  void literal(std::string_view text) {
    out += text;
    check();
  }

  /// `%!(EXTRA int=2, string=x)`
  void extra(std::span<const Value> operands) {
    spec = {};
    out += "%!(EXTRA ";
    for (std::size_t i = 0; i < operands.size(); ++i) {
      if (i > 0) out += ", ";
      if (operands[i].is_nothing()) {
        out += "<nil>";
        continue;
      }
      out += go_type_name(operands[i]);
      out += '=';
      operand(operands[i], 'v');
    }
    out += ')';
  }

 private:
  void check() {
    if (out.size() > max_bytes_) stopped_ = true;
  }

  void bad_verb(const Value* value, char32_t verb) {
    out += "%!";
    append_utf8(out, verb);
    out += '(';
    if (value == nullptr) {
      out += "<nil>";
    } else {
      out += go_type_name(*value);
      out += '=';
      write(*value, 'v', 0);
    }
    out += ')';
  }

  void pointer(const Value& value) {
    if (!value.is_list() && !value.is_map()) return bad_verb(&value, 'p');
    // Addresses differ from run to run in Go; a render has to be the same every time.
    FormatSpec plain = spec;
    plain.sharp = !spec.sharp;
    detail::append_integer(out, plain, value.is_nil_container() ? 0 : 0xC000000000U, false, 'x');
  }

  void integer(const Value& value, char32_t verb) {
    const std::int64_t number = value.as_int();
    if ((verb == 'd' || verb == 'v') && spec.plain()) {
      std::array<char, 24> digits;
      out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
      return;
    }
    switch (verb) {
      case 'v':
        if (spec.go_syntax && value.kind() == Kind::uint8) {
          FormatSpec hexadecimal = spec;
          hexadecimal.sharp = true;
          detail::append_integer(out, hexadecimal, static_cast<std::uint64_t>(number), false, 'x');
          break;
        }
        [[fallthrough]];
      case 'd':
      case 'b':
      case 'o':
      case 'O':
      case 'x':
      case 'X': {
        const auto bits = static_cast<std::uint64_t>(number);
        detail::append_integer(out, spec, number < 0 ? ~bits + 1 : bits, number < 0, verb);
        break;
      }
      case 'c': detail::append_character(out, spec, static_cast<std::uint64_t>(number), false); break;
      case 'q': detail::append_character(out, spec, static_cast<std::uint64_t>(number), true); break;
      case 'U': detail::append_code_point(out, spec, static_cast<std::uint64_t>(number)); break;
      default: bad_verb(&value, verb); break;
    }
  }

  void floating(const Value& value, char32_t verb) {
    switch (verb) {
      case 'v':
      case 'b':
      case 'g':
      case 'G':
      case 'x':
      case 'X':
      case 'f':
      case 'F':
      case 'e':
      case 'E': detail::append_float(out, spec, value.as_double(), verb); break;
      default: bad_verb(&value, verb); break;
    }
  }

  void string(const Value& value, std::string_view text, char32_t verb) {
    switch (verb) {
      case 'v':
      case 's':
      case 'x':
      case 'X':
      case 'q': detail::append_string(out, spec, text, verb); break;
      default: bad_verb(&value, verb); break;
    }
  }

  void object(const Value& value, char32_t verb) {
    const ValueObject& object = *value.as_object();
    if (object.go_kind() == "complex128") return complex(value, object.to_plain(), verb);
    if (verb == 'v' || verb == 's' || verb == 'x' || verb == 'X' || verb == 'q') {
      FormatSpec plain = spec;
      plain.go_syntax = false;
      return detail::append_string(out, plain, object.format(), verb == 'v' ? U's' : verb);
    }
    const Value plain = object.go_kind() == "int64" ? object.to_plain() : Value();
    static constexpr std::u32string_view integer_verbs = U"bcdoOUxX";
    if (plain.is_int() && integer_verbs.find(verb) != std::u32string_view::npos) return integer(plain, verb);
    out += "%!";
    append_utf8(out, verb);
    out += '(';
    out += object.go_type();
    out += '=';
    // A wrong verb calls no method.
    if (plain.is_int()) {
      integer(plain, 'v');
    } else {
      detail::append_string(out, spec, object.format(), 's');
    }
    out += ')';
  }

  /// `(1+2i)`; `parts` are the real and the imaginary one.
  void complex(const Value& value, const Value& parts, char32_t verb) {
    static constexpr std::u32string_view verbs = U"vbgGxXfFeE";
    if (parts.size() != 2 || verbs.find(verb) == std::u32string_view::npos) {
      out += "%!";
      append_utf8(out, verb);
      out += '(';
      out += go_type_name(value);
      out += '=';
      if (parts.size() == 2) complex(value, parts, 'v');
      out += ')';
      return;
    }
    out += '(';
    detail::append_float(out, spec, parts.as_list()[0].as_double(), verb);
    const bool plus = std::exchange(spec.plus, true);
    detail::append_float(out, spec, parts.as_list()[1].as_double(), verb);
    spec.plus = plus;
    out += "i)";
  }

  void element(const Value& value, char32_t verb, std::size_t depth) {
    if (value.is_nothing()) {
      out += spec.go_syntax ? "interface {}(nil)" : "<nil>";
    } else {
      write(value, verb, depth + 1);
    }
    check();
  }

  void list(const Value& value, char32_t verb, std::size_t depth) {
    const bool text_verb = verb == 's' || verb == 'q' || verb == 'x' || verb == 'X';
    if (value.list_type() == ListType::uint8 && text_verb) {
      return detail::append_string(out, spec, bytes_of(value), verb);
    }
    if (spec.go_syntax) {
      out += value.list_type() == ListType::uint8 && depth == 0 ? "[]byte" : go_type_name(value);
      if (value.is_nil_container()) {
        out += "(nil)";
        return;
      }
    }
    out += spec.go_syntax ? '{' : '[';
    bool first = true;
    for (const auto& item : value.as_list()) {
      if (!first) out += spec.go_syntax ? ", " : " ";
      first = false;
      element(item, verb, depth);
      if (stopped_) return;
    }
    out += spec.go_syntax ? '}' : ']';
  }

  void map(const Value& value, char32_t verb, std::size_t depth) {
    if (spec.go_syntax) {
      out += go_type_name(value);
      if (value.is_nil_container()) {
        out += "(nil)";
        return;
      }
      out += '{';
    } else {
      out += "map[";
    }
    bool first = true;
    for (const auto& member : value.as_map()) {
      if (!first) out += spec.go_syntax ? ", " : " ";
      first = false;
      write(Value::string(member.key), verb, depth + 1);
      out += ':';
      if (value.map_type() == MapType::files && member.value.is_string()) {
        // Content of files is `[]byte` for Go; it is kept as a string here.
        Value::List bytes;
        for (const char c : member.value.as_string()) bytes.push_back(Value::uint8(static_cast<std::uint8_t>(c)));
        element(Value::list(std::move(bytes), ListType::uint8), verb, depth);
      } else {
        element(member.value, verb, depth);
      }
      if (stopped_) return;
    }
    out += spec.go_syntax ? '}' : ']';
  }

  void write(const Value& value, char32_t verb, std::size_t depth) {
    if (depth > go_format_max_depth) stopped_ = true;
    if (stopped_) return;
    switch (value.kind()) {
      case Kind::absent:
      case Kind::null: out += "<nil>"; break;
      case Kind::boolean:
        if (verb == 't' || verb == 'v') {
          detail::append_padded(out, spec, value.as_bool() ? "true" : "false");
        } else {
          bad_verb(&value, verb);
        }
        break;
      case Kind::integer:
      case Kind::int64:
      case Kind::uint8: integer(value, verb); break;
      case Kind::float64: floating(value, verb); break;
      case Kind::string: string(value, value.as_string(), verb); break;
      case Kind::list: list(value, verb, depth); break;
      case Kind::map: map(value, verb, depth); break;
      case Kind::object: object(value, verb); break;
    }
  }

  std::size_t max_bytes_;
  bool stopped_ = false;
};

/// Reads a format string and feeds a Printer.
class FormatReader {
 public:
  FormatReader(Printer& printer, std::string_view format, std::span<const Value> operands)
      : printer_(printer), format_(format), operands_(operands) {}

  void run() {
    while (at_ < format_.size() && printer_.within_bounds()) {
      const std::size_t percent = std::min(format_.find('%', at_), format_.size());
      printer_.literal(format_.substr(at_, percent - at_));
      at_ = percent;
      if (at_ >= format_.size()) break;
      ++at_;
      if (!verb()) break;
    }
    if (!reordered_ && next_ < operands_.size()) printer_.extra(operands_.subspan(next_));
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ >= format_.size(); }
  [[nodiscard]] bool sees(char c) const { return !at_end() && format_[at_] == c; }

  void flags() {
    for (; !at_end(); ++at_) {
      switch (format_[at_]) {
        case '#': printer_.spec.sharp = true; break;
        case '0': printer_.spec.zero = true; break;
        case '+': printer_.spec.plus = true; break;
        case '-': printer_.spec.minus = true; break;
        case ' ': printer_.spec.space = true; break;
        default: return;
      }
    }
  }

  /// Decimal digits in [from, to); `end` is moved behind them, or to `to` when the number is absurd.
  std::optional<int> number(std::size_t from, std::size_t to, std::size_t& end) const {
    int value = 0;
    end = from;
    if (from >= to) {
      end = to;
      return std::nullopt;
    }
    while (end < to && format_[end] >= '0' && format_[end] <= '9') {
      if (value > largest_number) {
        end = to;
        return std::nullopt;
      }
      value = value * 10 + (format_[end] - '0');
      ++end;
    }
    return end > from ? std::optional<int>(value) : std::nullopt;
  }

  /// `[n]` in front of a `*` or a verb: true when a well-formed one was there.
  bool argument_index() {
    if (!sees('[')) return false;
    reordered_ = true;
    const std::size_t close = format_.size() - at_ < 3 ? std::string_view::npos : format_.find(']', at_ + 1);
    if (close == std::string_view::npos) {
      good_index_ = false;
      ++at_;
      return false;
    }
    std::size_t end = 0;
    const auto wanted = number(at_ + 1, close, end);
    const bool well_formed = wanted.has_value() && end == close;
    at_ = close + 1;
    if (well_formed && *wanted >= 1 && static_cast<std::size_t>(*wanted) <= operands_.size()) {
      next_ = static_cast<std::size_t>(*wanted) - 1;
      return true;
    }
    good_index_ = false;
    return well_formed;
  }

  /// The operand that a `*` takes.
  std::optional<int> star() {
    if (next_ >= operands_.size()) return std::nullopt;
    const Value& value = operands_[next_++];
    const std::int64_t wanted = value.as_int();
    if (!value.is_int() || wanted > largest_number || wanted < -largest_number) return std::nullopt;
    return static_cast<int>(wanted);
  }

  void width() {
    FormatSpec& spec = printer_.spec;
    if (sees('*')) {
      ++at_;
      const auto wanted = star();
      spec.has_width = wanted.has_value();
      spec.width = wanted.value_or(0);
      if (!wanted) printer_.literal("%!(BADWIDTH)");
      if (spec.width < 0) {
        spec.width = -spec.width;
        spec.minus = true;
        spec.zero = false;
      }
      after_index_ = false;
      return;
    }
    std::size_t end = 0;
    const auto wanted = number(at_, format_.size(), end);
    at_ = end;
    spec.has_width = wanted.has_value();
    spec.width = wanted.value_or(0);
    if (after_index_ && wanted) good_index_ = false;
  }

  void precision() {
    if (!sees('.') || at_ + 1 >= format_.size()) return;
    FormatSpec& spec = printer_.spec;
    ++at_;
    if (after_index_) good_index_ = false;
    after_index_ = argument_index();
    if (sees('*')) {
      ++at_;
      const auto wanted = star();
      spec.has_precision = wanted.has_value() && *wanted >= 0;
      spec.precision = spec.has_precision ? *wanted : 0;
      if (!spec.has_precision) printer_.literal("%!(BADPREC)");
      after_index_ = false;
      return;
    }
    std::size_t end = 0;
    const auto wanted = number(at_, format_.size(), end);
    at_ = end;
    spec.has_precision = true;
    spec.precision = wanted.value_or(0);
  }

  /// What follows a `%`; false at the end of the format.
  bool verb() {
    printer_.spec = {};
    good_index_ = true;
    flags();
    after_index_ = argument_index();
    width();
    precision();
    if (!after_index_) after_index_ = argument_index();
    if (at_end()) {
      printer_.literal("%!(NOVERB)");
      return false;
    }
    const DecodedRune rune = decode_utf8(format_.substr(at_));
    at_ += rune.length;
    const char32_t letter = rune.value;
    if (letter == '%') {
      printer_.literal("%");
    } else if (!good_index_) {
      note(letter, "(BADINDEX)");
    } else if (next_ >= operands_.size()) {
      note(letter, "(MISSING)");
    } else {
      FormatSpec& spec = printer_.spec;
      if (letter == 'v' || letter == 'w') {
        spec.go_syntax = std::exchange(spec.sharp, false);
        spec.field_names = std::exchange(spec.plus, false);
      }
      printer_.operand(operands_[next_++], letter);
    }
    return true;
  }

  void note(char32_t letter, std::string_view text) {
    std::string shown = "%!";
    append_utf8(shown, letter);
    printer_.literal(shown);
    printer_.literal(text);
  }

  Printer& printer_;
  std::string_view format_;
  std::span<const Value> operands_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
  bool after_index_ = false;
  bool good_index_ = true;
  bool reordered_ = false;
};

void print(Printer& printer, std::span<const Value> operands, bool line) {
  for (std::size_t i = 0; i < operands.size() && printer.within_bounds(); ++i) {
    if (i > 0 && (line || (!operands[i].is_string() && !operands[i - 1].is_string()))) printer.out += ' ';
    printer.operand(operands[i], 'v');
  }
  if (line) printer.out += '\n';
}

void print_one(Printer& printer, const Value& value) {
  if (value.is_nothing()) {
    printer.literal("<no value>");
  } else if (value.is_object()) {
    printer.literal(value.as_object()->print());
  } else {
    printer.operand(value, 'v');
  }
}

Result<std::string> checked(Printer printer) {
  if (!printer.within_bounds()) {
    return Error(ErrorCode::too_large,
                 "the printed value is too large or nested too deep (a map that contains itself has no end)");
  }
  return std::move(printer.out);
}

}  // namespace

std::string go_format(const Value& value) {
  Printer printer(go_format_max_bytes);
  printer.operand(value, 'v');
  return std::move(printer.out);
}

std::string go_print(const Value& value) {
  if (value.is_string()) return std::string(value.as_string());
  Printer printer(go_format_max_bytes);
  print_one(printer, value);
  return std::move(printer.out);
}

std::string go_sprint(std::span<const Value> operands) {
  Printer printer(go_format_max_bytes);
  print(printer, operands, false);
  return std::move(printer.out);
}

std::string go_sprintln(std::span<const Value> operands) {
  Printer printer(go_format_max_bytes);
  print(printer, operands, true);
  return std::move(printer.out);
}

std::string go_sprintf(std::string_view format, std::span<const Value> operands) {
  Printer printer(go_format_max_bytes);
  FormatReader(printer, format, operands).run();
  return std::move(printer.out);
}

Result<std::string> go_print_checked(const Value& value, std::size_t max_bytes) {
  Printer printer(max_bytes);
  print_one(printer, value);
  return checked(std::move(printer));
}

Result<std::string> go_sprint_checked(std::span<const Value> operands, std::size_t max_bytes) {
  Printer printer(max_bytes);
  print(printer, operands, false);
  return checked(std::move(printer));
}

Result<std::string> go_sprintln_checked(std::span<const Value> operands, std::size_t max_bytes) {
  Printer printer(max_bytes);
  print(printer, operands, true);
  return checked(std::move(printer));
}

Result<std::string> go_sprintf_checked(std::string_view format, std::span<const Value> operands, std::size_t max_bytes) {
  Printer printer(max_bytes);
  FormatReader(printer, format, operands).run();
  return checked(std::move(printer));
}

std::string_view go_type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::absent:
    case Kind::null: return "<nil>";
    case Kind::boolean: return "bool";
    case Kind::integer: return "int";
    case Kind::int64: return "int64";
    case Kind::uint8: return "uint8";
    case Kind::float64: return "float64";
    case Kind::string: return "string";
    case Kind::list:
      switch (value.list_type()) {
        case ListType::any: return "[]interface {}";
        case ListType::string: return "[]string";
        case ListType::integer: return "[]int";
        case ListType::uint8: return "[]uint8";
        case ListType::list: return "[][]interface {}";
      }
      return "[]interface {}";
    case Kind::map:
      switch (value.map_type()) {
        case MapType::any: return "map[string]interface {}";
        case MapType::values: return "common.Values";
        case MapType::helm3_values: return "chartutil.Values";
        case MapType::string: return "map[string]string";
        case MapType::files: return "engine.files";
      }
      return "map[string]interface {}";
    case Kind::object: return value.as_object()->go_type();
  }
  return "<nil>";
}

std::string_view go_kind_name(const Value& value) {
  switch (value.kind()) {
    case Kind::absent:
    case Kind::null: return "invalid";
    case Kind::list: return "slice";
    case Kind::map: return "map";
    case Kind::object: return value.as_object()->go_kind();
    default: return go_type_name(value);
  }
}

bool go_truth(const Value& value) {
  switch (value.kind()) {
    case Kind::absent:
    case Kind::null: return false;
    case Kind::boolean: return value.as_bool();
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8: return value.as_int() != 0;
    case Kind::float64: return value.as_double() != 0;
    case Kind::string:
    case Kind::list:
    case Kind::map: return value.size() > 0;
    case Kind::object: return value.as_object()->truth();
  }
  return false;
}

}  // namespace gitopsctl
