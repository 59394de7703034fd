#include "render/schema/words.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text/go_format.hpp"
#include "render/functions/go_json.hpp"
#include "render/schema/exact_number.hpp"
#include "render/schema/program.hpp"

namespace gitopsctl::render::schema {
namespace {

constexpr unsigned bit(Type type) noexcept { return static_cast<unsigned>(type); }

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// Commas between groups of three in the digits before the point.
std::string with_commas(std::string_view number) {
  const std::size_t sign = number.starts_with('-') ? 1 : 0;
  const auto end = std::min(number.find('.'), number.size());
  std::string out(number.substr(0, sign));
  for (std::size_t i = sign; i < end; ++i) {
    if (i > sign && (end - i) % 3 == 0) out += ',';
    out += number[i];
  }
  return out += number.substr(end);
}

void append_comparable(const Value& value, std::string& out) {
  const auto append_text = [&](std::string_view text) { out += std::to_string(text.size()) + ':' + std::string(text); };
  if (value.is_map()) {
    out += '{';
    for (const auto& member : value.as_map()) {
      append_text(member.key.view());
      append_comparable(member.value, out);
    }
    out += '}';
  } else if (value.is_list()) {
    out += '[';
    for (const auto& item : value.as_list()) append_comparable(item, out);
    out += ']';
  } else if (value.is_string()) {
    out += '"';
    append_text(value.as_string());
  } else if (type_of(value) == bit(Type::number)) {
    const auto text = number_text(value);
    const auto number = ExactNumber::parse(text);
    out += '#';
    append_text(number ? number->normal_text() : text);
  } else {
    out += value.is_nothing() ? 'n' : value.as_bool() ? 't' : 'f';
  }
}

}  // namespace

unsigned type_of(const Value& value) noexcept {
  switch (value.kind()) {
    case Kind::absent:
    case Kind::null: return bit(Type::null);
    case Kind::boolean: return bit(Type::boolean);
    case Kind::string: return bit(Type::string);
    case Kind::list: return bit(Type::array);
    case Kind::map: return bit(Type::object);
    case Kind::object: return dynamic_cast<const JsonNumber*>(value.as_object()) == nullptr ? 0 : bit(Type::number);
    default: return value.is_float() && !std::isfinite(value.as_double()) ? 0 : bit(Type::number);
  }
}

std::string type_names(unsigned types) {
  constexpr std::array<std::string_view, 7> names{"null", "boolean", "number", "integer", "string", "array", "object"};
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if ((types >> i & 1U) == 0) continue;
    if (!out.empty()) out += " or ";
    out += names[i];
  }
  return out;
}

std::string number_text(const Value& number) {
  if (const auto* text = dynamic_cast<const JsonNumber*>(number.as_object())) return std::string(text->text());
  return go_print(number);
}

bool is_integer(const Value& value) {
  const auto number = ExactNumber::parse(number_text(value));
  return number && number->is_integer();
}

bool equal(const Value& a, const Value& b) {
  const auto type = type_of(a);
  if (type == 0 || type != type_of(b)) return false;
  if (a.is_string()) return a.as_string() == b.as_string();
  return comparable(a) == comparable(b);
}

bool loosely_equal(const Value& a, const Value& b) {
  const auto type = type_of(a);
  if (type == bit(Type::number) && b.is_string()) {
    const auto number = ExactNumber::parse(number_text(a));
    const auto text = ExactNumber::parse(b.as_string());
    return number && text && number->compare(*text) == 0;
  }
  if (type == bit(Type::array)) {
    if (!b.is_list() || a.size() != b.size()) return false;
    return std::equal(a.as_list().begin(), a.as_list().end(), b.as_list().begin(), loosely_equal);
  }
  if (type == bit(Type::object)) {
    if (!b.is_map() || a.size() != b.size()) return false;
    return std::all_of(a.as_map().begin(), a.as_map().end(), [&](const Value::Member& member) {
      const auto* other = b.find(member.key.view());
      return other != nullptr && loosely_equal(member.value, *other);
    });
  }
  return equal(a, b);
}

std::string comparable(const Value& value) {
  std::string out;
  append_comparable(value, out);
  return out;
}

std::string quoted(std::string_view text) {
  auto out = go_quote(text);
  out = out.substr(1, out.size() - 2);
  replace_all(out, "\\\"", "\"");
  replace_all(out, "'", "\\'");
  return '\'' + out + '\'';
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + quoted(name);
  return out;
}

std::string shown(const Value& value) {
  if (value.is_string()) return quoted(value.as_string());
  if (value.is_list() || value.is_map()) return "value";
  return value.is_nothing() ? "<nil>" : go_print(value);
}

std::string grouped(std::int64_t number) { return with_commas(std::to_string(number)); }

std::string grouped(double number) {
  if (number == 0) return "0";
  if (std::isinf(number)) return number < 0 ? "-∞" : "∞";
  const auto text = go_format_float(number);
  const auto exponent = text.find('e');
  if (exponent == std::string::npos) return with_commas(text);
  constexpr std::array<std::string_view, 10> raised{"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out = text.substr(0, exponent) + "×10";
  for (const char c : std::string_view(text).substr(exponent + 1)) {
    if (c == '-') out += "⁻";
    if (c >= '0' && c <= '9') out += raised[static_cast<std::size_t>(c - '0')];
  }
  return out;
}

}  // namespace gitopsctl::render::schema
