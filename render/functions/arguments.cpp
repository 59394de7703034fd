#include "render/functions/arguments.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "base/budget/budget.hpp"
#include "base/text/go_format.hpp"
#include "base/text/go_number.hpp"

namespace gitopsctl::render {

Error failure(std::string message) { return {ErrorCode::invalid_input, std::move(message)}; }

Error text_too_large(std::string_view function) {
  return {ErrorCode::too_large,
          std::string(function) + ": the result is larger than the limit of " + std::to_string(max_text_bytes) + " bytes"};
}

Error list_too_long(std::string_view function) {
  return {ErrorCode::too_large,
          std::string(function) + ": the list is longer than the limit of " + std::to_string(max_list_items) + " items"};
}

Result<Value> text_value(std::string_view function, std::string_view text) {
  if (text.size() > max_text_bytes) return text_too_large(function);
  return Value::string(text);
}

Value strings_value(const std::vector<std::string>& texts) {
  Value::List items;
  items.reserve(texts.size());
  for (const auto& text : texts) items.push_back(Value::string(text));
  return Value::list(std::move(items), ListType::string);
}

Value list_value(Value::List items) { return Value::list(std::move(items)); }

std::string to_text(const Value& value) {
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_list() && value.list_type() == ListType::uint8) {
    std::string bytes;
    bytes.reserve(value.size());
    for (const auto& byte : value.as_list()) bytes += static_cast<char>(byte.as_int());
    return bytes;
  }
  return go_format(value);
}

Value slice_items(const Value& value) {
  return value.is_object() && value.as_object()->go_kind() == "slice" ? value.as_object()->to_plain() : value;
}

std::vector<std::string> to_texts(const Value& slice) {
  const Value value = slice_items(slice);
  std::vector<std::string> texts;
  if (value.is_list()) {
    texts.reserve(value.size());
    for (const auto& item : value.as_list()) {
      if (!item.is_nothing()) texts.push_back(to_text(item));
    }
  } else if (!value.is_nothing()) {
    texts.push_back(to_text(value));
  }
  return texts;
}

bool is_empty(const Value& value) {
  switch (value.kind()) {
    case Kind::absent:
    case Kind::null: return true;
    case Kind::boolean: return !value.as_bool();
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8: return value.as_int() == 0;
    case Kind::float64: return value.as_double() == 0;
    case Kind::string: return value.as_string().empty();
    case Kind::list:
    case Kind::map: return value.size() == 0;
    case Kind::object: return !value.as_object()->truth();
  }
  return false;
}

std::int64_t truncate_to_int64(double number) noexcept {
  // 2^63 is the first that does not fit; NaN fails both comparisons.
  constexpr double limit = 9223372036854775808.0;
  if (number >= -limit && number < limit) return static_cast<std::int64_t>(number);
  return std::numeric_limits<std::int64_t>::min();
}

namespace {

/// `"8080.00"` as `"8080"`: what cast drops before it reads an integer.
std::string_view without_zero_fraction(std::string_view text) noexcept {
  const auto last = text.find_last_not_of('0');
  if (last == std::string_view::npos || last + 1 == text.size() || text[last] != '.') return text;
  return text.substr(0, last);
}

}  // namespace

std::int64_t to_int64(const Value& value) {
  switch (value.kind()) {
    case Kind::boolean: return value.as_bool() ? 1 : 0;
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8: return value.as_int();
    case Kind::float64: return truncate_to_int64(value.as_double());
    case Kind::string: {
      const auto parsed = parse_go_int(without_zero_fraction(value.as_string()), 0);
      return parsed.status == GoNumberStatus::ok ? parsed.value : 0;
    }
    case Kind::object:
      // time.Month and time.Weekday count as numbers, time.Duration does not.
      return value.as_object()->go_kind() == "int" ? value.as_object()->to_plain().as_int() : 0;
    default: return 0;
  }
}

double to_double(const Value& value) {
  if (value.is_float()) return value.as_double();
  if (value.is_string()) {
    const auto parsed = parse_go_float(value.as_string());
    return parsed.status == GoNumberStatus::ok ? parsed.value : 0;
  }
  return static_cast<double>(to_int64(value));
}

namespace {

class TreeCount {
 public:
  /// False when a bound is passed.
  bool add(const Value& value, std::size_t depth) {
    if (++nodes_ > max_tree_nodes || depth > max_tree_depth) return false;
    if (nodes_ % 1024 == 0) budget_work(1024 * sizeof(Value));
    if (value.is_list()) {
      for (const auto& item : value.as_list()) {
        if (!add(item, depth + 1)) return false;
      }
    } else if (value.is_map()) {
      for (const auto& member : value.as_map()) {
        if (!add(member.value, depth + 1)) return false;
      }
    }
    return true;
  }

 private:
  std::size_t nodes_ = 0;
};

}  // namespace

Result<void> check_tree(std::string_view function, const Value& value) {
  if (TreeCount().add(value, 0)) return {};
  return Error(ErrorCode::too_large, std::string(function) + ": the value has more than " + std::to_string(max_tree_nodes) +
                                         " nodes or " + std::to_string(max_tree_depth) + " levels");
}

}  // namespace gitopsctl::render
