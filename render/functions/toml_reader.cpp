// The library asserts what texts of strangers do not keep (a `T` without a time behind a date), and finds the mistake all the
// same one line later: neither an end of the program nor, where assertions are off, an assumption for the optimizer.
#undef NDEBUG
#define TOML_ASSERT(expr) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <optional>
#include <string>

#include "base/budget/budget.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/go_time.hpp"
#include "render/functions/toml_writer.hpp"

namespace gitopsctl::render {
namespace {

// The library takes up to a hundred times the text in memory, and ends the program where there is none to be had.
constexpr std::size_t max_toml_bytes = 1UL << 20U;

Value from_node(const toml::node& node);

/// Times without a date stand on day 0000-01-01, and those without a distance from UTC in a zone named after what is
/// missing.
Value from_time(const toml::date& date, const toml::time& time, std::optional<toml::time_offset> offset,
                std::string_view zone) {
  GoTime made;
  made.seconds = civil_seconds(date.year, date.month, date.day, time.hour, time.minute, time.second);
  made.nanoseconds = static_cast<std::int32_t>(time.nanosecond);
  if (!offset) {
    made.zone = fixed_zone(std::string(zone), 0);
  } else if (offset->minutes != 0) {
    made.seconds -= std::int64_t{60} * offset->minutes;
    made.zone = fixed_zone("", offset->minutes * 60);
  }
  return time_value(std::move(made));
}

Value from_table(const toml::table& table) {
  Value::Members members;
  for (const auto& [key, node] : table) members.push_back({SharedString(key.str()), from_node(node)});
  return Value::map(std::move(members));
}

Value from_array(const toml::array& array) {
  Value::List items;
  items.reserve(array.size());
  for (const auto& node : array) items.push_back(from_node(node));
  return list_value(std::move(items));
}

Value from_node(const toml::node& node) {
  const toml::date no_date{0, 1, 1};
  switch (node.type()) {
    case toml::node_type::table: return from_table(*node.as_table());
    case toml::node_type::array: return from_array(*node.as_array());
    case toml::node_type::string: return Value::string(node.as_string()->get());
    case toml::node_type::integer: return Value::int64(node.as_integer()->get());
    case toml::node_type::floating_point: return Value::float64(node.as_floating_point()->get());
    case toml::node_type::boolean: return Value::boolean(node.as_boolean()->get());
    case toml::node_type::date: return from_time(node.as_date()->get(), {}, std::nullopt, "date-local");
    case toml::node_type::time: return from_time(no_date, node.as_time()->get(), std::nullopt, "time-local");
    case toml::node_type::date_time: {
      const auto& stamp = node.as_date_time()->get();
      return from_time(stamp.date, stamp.time, stamp.offset, "datetime-local");
    }
    default: return Value::null();
  }
}

}  // namespace

Result<Value> parse_toml(std::string_view text) {
  if (text.size() > max_toml_bytes) {
    return Error(ErrorCode::too_large, "toml: text of " + std::to_string(text.size()) +
                                           " bytes is longer than the limit of " + std::to_string(max_toml_bytes));
  }
  const auto parsed = [&] {
    const BudgetDeferral no_throw;
    return toml::parse(text);
  }();
  if (parsed.failed()) {
    const auto& error = parsed.error();
    return failure("toml: line " + std::to_string(error.source().begin.line) + ": " + std::string(error.description()));
  }
  return from_table(parsed.table());
}

}  // namespace gitopsctl::render
