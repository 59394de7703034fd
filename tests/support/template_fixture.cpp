#include "tests/support/template_fixture.hpp"

#include "base/text/go_format.hpp"

namespace gitopsctl::render::testing {
namespace {

using Arguments = std::span<const Value>;

Result<Value> make_dict(CallContext& /*context*/, Arguments arguments) {
  Value out = Value::map();
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) out.set(go_format(arguments[i]), arguments[i + 1]);
  return out;
}

Result<Value> make_list(CallContext& /*context*/, Arguments arguments) {
  return Value::list({arguments.begin(), arguments.end()});
}

Result<Value> set(CallContext& context, Arguments arguments) {
  Value map = arguments[0];
  if (map.is_nil_container()) return Error(ErrorCode::invalid_input, "assignment to entry in nil map");
  map.set(arguments[1].as_string(), arguments[2]);
  context.evaluator.note_mutation(map);
  return map;
}

Result<Value> boom(CallContext& /*context*/, Arguments arguments) {
  return Error(ErrorCode::invalid_input, std::string(arguments[0].as_string()));
}

Result<Value> echo(CallContext& /*context*/, Arguments arguments) { return arguments[0]; }

Result<Value> nothing(CallContext& /*context*/, Arguments /*arguments*/) { return Value::null(); }

Result<Value> nil_values(CallContext& /*context*/, Arguments /*arguments*/) {
  return Value::list({Value::nil_list(), Value::nil_map()});
}

Result<Value> make_strings(CallContext& /*context*/, Arguments arguments) {
  return Value::list({arguments.begin(), arguments.end()}, ListType::string);
}

Result<Value> make_ints(CallContext& /*context*/, Arguments arguments) {
  return Value::list({arguments.begin(), arguments.end()}, ListType::integer);
}

Result<Value> make_bytes(CallContext& /*context*/, Arguments arguments) {
  Value out = Value::list({}, ListType::uint8);
  for (const char c : arguments[0].as_string()) out.push_back(Value::uint8(static_cast<std::uint8_t>(c)));
  return out;
}

Result<Value> make_text_map(CallContext& /*context*/, Arguments arguments) {
  Value out = Value::map(MapType::string);
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) out.set(arguments[i].as_string(), arguments[i + 1]);
  return out;
}

constexpr ParamType any_list[] = {ParamType::any};
constexpr ParamType set_types[] = {ParamType::map, ParamType::string, ParamType::any};
constexpr ParamType string[] = {ParamType::string};
constexpr ParamType integer[] = {ParamType::integer};
constexpr ParamType int64[] = {ParamType::int64};
constexpr ParamType float64[] = {ParamType::float64};
constexpr ParamType boolean[] = {ParamType::boolean};
constexpr ParamType map[] = {ParamType::map};
constexpr ParamType list[] = {ParamType::list};
constexpr ParamType time[] = {ParamType::time};

constexpr Function table[] = {
    {"boom", boom, string, false, true},
    {"dict", make_dict, any_list, true, true},
    {"list", make_list, any_list, true, true},
    {"nilValues", nil_values, {}, false, true},
    {"nothing", nothing, {}, false, true},
    {"set", set, set_types, false, false},
    {"wantAny", echo, any_list, false, true},
    {"wantBool", echo, boolean, false, true},
    {"wantFloat", echo, float64, false, true},
    {"wantInt", echo, integer, false, true},
    {"wantInt64", echo, int64, false, true},
    {"wantList", echo, list, false, true},
    {"wantMap", echo, map, false, true},
    {"wantString", echo, string, false, true},
    {"wantTime", echo, time, false, true},
    {"strings", make_strings, string, true, true},
    {"ints", make_ints, integer, true, true},
    {"bytes", make_bytes, string, false, true},
    {"textMap", make_text_map, string, true, true},
};

}  // namespace

std::span<const Function> test_functions() { return table; }

const FunctionTable& test_table() {
  static const std::array<std::span<const Function>, 3> tables = {builtin_functions(), engine_functions(), test_functions()};
  static const FunctionTable all(tables);
  return all;
}

Value appendix_data() {
  return make_map(
      {{"s", Value::string("str")},
       {"i", Value::int64(5)},
       {"f", Value::float64(1.5)},
       {"m", make_map({{"a", Value::int64(1)}, {"b", make_map({{"c", Value::string("d")}})}, {"z", Value::null()}})},
       {"l", Value::list({Value::int64(1), Value::string("b"), Value::null(), make_map({{"k", Value::int64(1)}})})},
       {"nul", Value::null()},
       {"t", Value::boolean(true)},
       {"e", Value::string("")},
       {"em", Value::map()},
       {"el", Value::list()}});
}

EvaluatorOptions plain_go() {
  EvaluatorOptions options;
  options.missing_key = MissingKey::invalid;
  options.keep_no_value = true;
  options.go = GoRelease::go_1_24;
  return options;
}

Outcome run_files(const std::vector<File>& files, const Value& data, const EvaluatorOptions& options) {
  TemplateSet set(test_table());
  Outcome outcome;
  for (const auto& file : files) {
    if (const auto added = set.add(file.name, file.text); !added.ok()) {
      outcome.error = added.error().message();
      outcome.where = added.error().where();
      return outcome;
    }
  }
  FixedContext context;
  Evaluator evaluator(set, context, options);
  const auto text = evaluator.execute(files.front().name, data);
  outcome.ok = text.ok();
  if (text.ok()) {
    outcome.text = *text;
  } else {
    outcome.error = text.error().message();
    outcome.where = text.error().where();
    outcome.failure = evaluator.last_failure();
  }
  return outcome;
}

Outcome run(std::string_view template_text, const Value& data, const EvaluatorOptions& options) {
  return run_files({{"output", std::string(template_text)}}, data, options);
}

}  // namespace gitopsctl::render::testing
