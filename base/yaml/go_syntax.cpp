#include "base/yaml/go_syntax.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/json/json.hpp"
#include "base/text/escape.hpp"
#include "base/text/go_format.hpp"

namespace gitopsctl::yaml_detail {
namespace {

constexpr std::size_t max_length = 300;

// Depth is bounded by the reader that made the value; the length check ends long lists early.
void append(std::string& out, const Value& value, bool nested) {
  if (out.size() > max_length) return;
  switch (value.kind()) {
    case Kind::absent:
    case Kind::null: out += nested ? "interface {}(nil)" : "<nil>"; break;
    case Kind::boolean: out += value.as_bool() ? "true" : "false"; break;
    // Most numbers were integers in the text, which is forgotten where every number is a float64.
    case Kind::float64: out += json_format_float(value.as_double()); break;
    case Kind::string:
      out += to_json(Value::string(truncate_utf8(value.as_string(), max_length)), {.escape_html = false}).value_or("\"\"");
      break;
    case Kind::list: {
      out += "[]interface {}{";
      bool first = true;
      for (const auto& item : value.as_list()) {
        if (!first) out += ", ";
        first = false;
        append(out, item, true);
        if (out.size() > max_length) break;
      }
      out += '}';
      break;
    }
    case Kind::map: {
      out += "map[interface {}]interface {}{";
      bool first = true;
      for (const auto& member : value.as_map()) {
        if (!first) out += ", ";
        first = false;
        append(out, Value::string(member.key), true);
        out += ':';
        append(out, member.value, true);
        if (out.size() > max_length) break;
      }
      out += '}';
      break;
    }
    default: out += std::to_string(value.as_int());
  }
}

}  // namespace

std::string go_syntax(const Value& value, bool nested) {
  std::string out;
  append(out, value, nested);
  if (out.size() > max_length) out = std::string(truncate_utf8(out, max_length)) + "...";
  return out;
}

std::string float_key(double number) {
  const auto narrow = static_cast<float>(number);
  if (std::isnan(narrow)) return ".nan";
  if (std::isinf(narrow)) return narrow > 0 ? ".inf" : "-.inf";
  std::array<char, 64> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size() - 1, narrow, std::chars_format::scientific);
  (void)error;  // 63 bytes hold every shortest float
  *end = '\0';
  // Nine digits at most, so the nearest double has the same shortest digits.
  return go_format_float(std::strtod(text.data(), nullptr));
}

}  // namespace gitopsctl::yaml_detail
