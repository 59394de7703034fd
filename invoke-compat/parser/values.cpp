#include "invoke-compat/parser/values.hpp"

#include <algorithm>

#include "base/json/json.hpp"
#include "invoke-compat/python_text/python_text.hpp"

namespace gitopsctl::invoke {
namespace {

Error bad_value(const Flag& flag, const std::string& wanted, std::string_view text) {
  return {ErrorCode::invalid_input, "error: " + flag.main_flag() + " needs " + wanted + ", not " + python_repr(text)};
}

Result<Value> read_value(const Flag& flag, std::string_view text) {
  switch (flag.kind) {
    case ArgumentKind::integer: {
      const auto number = parse_python_int(text);
      if (!number) return bad_value(flag, "a whole number", text);
      return Value::int64(*number);
    }
    case ArgumentKind::floating: {
      const auto number = parse_python_float(text);
      if (!number) return bad_value(flag, "a number", text);
      return Value::float64(*number);
    }
    // Only a positional one is given a text.
    case ArgumentKind::boolean: return Value::boolean(!text.empty());
    case ArgumentKind::str:
    case ArgumentKind::list:
    case ArgumentKind::count: break;
  }
  return Value::string(text);
}

/// A choice for people: texts as they are, other values as JSON.
std::string shown(const Value& value) {
  if (value.is_string()) return python_repr(value.as_string());
  const auto text = to_json(value);
  return text.ok() ? *text : "null";
}

Result<void> check_choice(const Flag& flag, const Value& value, std::string_view text) {
  if (flag.choices.empty()) return {};
  const auto same = [&](const Value& choice) { return json_equal(choice, value); };
  if (std::any_of(flag.choices.begin(), flag.choices.end(), same)) return {};
  std::string wanted = flag.choices.size() == 1 ? "" : "one of ";
  for (std::size_t i = 0; i < flag.choices.size(); ++i) wanted += (i == 0 ? "" : ", ") + shown(flag.choices[i]);
  return bad_value(flag, wanted, text);
}

}  // namespace

Result<void> give_text(const Flag& flag, FlagValue& target, std::string_view text) {
  if (flag.kind == ArgumentKind::count) {
    give_toggle(flag, target, true);
    return {};
  }
  GITOPSCTL_TRY(auto value, read_value(flag, text));
  GITOPSCTL_CHECK(check_choice(flag, value, text));
  if (flag.kind != ArgumentKind::list) {
    target.value = std::move(value);
  } else {
    // The first occurrence takes the place of the default.
    if (!target.given) target.value = Value::list({}, ListType::any);
    target.value.push_back(std::move(value));
  }
  target.given = true;
  return {};
}

void give_toggle(const Flag& flag, FlagValue& target, bool on) {
  if (flag.kind == ArgumentKind::count) {
    target.value = Value::int64(target.value.as_int() + 1);
  } else {
    target.value = Value::boolean(on);
  }
  target.given = true;
}

Error missing_positionals(const std::string& task, const std::vector<std::string>& attributes) {
  std::string names;
  for (const auto& attribute : attributes) names.append(names.empty() ? "'" : ", '").append(attribute).append("'");
  return {ErrorCode::invalid_input, "'" + task + "' did not receive required positional arguments: " + names};
}

void give_nothing(FlagValue& target) {
  target.value = Value::boolean(true);
  target.given = true;
}

}  // namespace gitopsctl::invoke
