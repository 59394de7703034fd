#include <string>

#include "render/template/engine.hpp"
#include "render/template/evaluator.hpp"

// The functions that Helm binds to its engine (specification, section 4.3).
namespace gitopsctl::render {
namespace {

using Arguments = std::span<const Value>;

Result<Value> include(CallContext& context, Arguments arguments) {
  return context.evaluator.include(arguments[0].as_string(), arguments[1]);
}

Result<Value> tpl(CallContext& context, Arguments arguments) {
  return context.evaluator.tpl(arguments[0].as_string(), arguments[1]);
}

Result<Value> required(CallContext& context, Arguments arguments) {
  const Value& value = arguments[1];
  const bool empty = value.is_string() && value.size() == 0;
  if (!value.is_nothing() && !empty) return value;
  if (!context.evaluator.context().lint()) return context.evaluator.assertion(arguments[0].as_string());
  context.evaluator.context().warn((empty ? "empty required value: " : "missing required value: ") +
                                   std::string(arguments[0].as_string()));
  return Value::string("");
}

Result<Value> fail(CallContext& context, Arguments arguments) {
  if (!context.evaluator.context().lint()) return context.evaluator.assertion(arguments[0].as_string());
  context.evaluator.context().warn("fail: " + std::string(arguments[0].as_string()));
  return Value::string("");
}

Result<Value> lookup(CallContext& context, Arguments arguments) {
  return context.evaluator.context().lookup(arguments[0].as_string(), arguments[1].as_string(), arguments[2].as_string(),
                                            arguments[3].as_string());
}

Result<Value> host_by_name(CallContext& context, Arguments arguments) {
  return Value::string(context.evaluator.context().host_by_name(arguments[0].as_string()));
}

constexpr ParamType one_string[] = {ParamType::string};
constexpr ParamType string_any[] = {ParamType::string, ParamType::any};
constexpr ParamType four_strings[] = {ParamType::string, ParamType::string, ParamType::string, ParamType::string};

constexpr Function table[] = {
    {"fail", fail, one_string, false, false},         {"getHostByName", host_by_name, one_string, false, false},
    {"include", include, string_any, false, false},   {"lookup", lookup, four_strings, false, false},
    {"required", required, string_any, false, false}, {"tpl", tpl, string_any, false, false},
};

}  // namespace

std::span<const Function> engine_functions() noexcept { return table; }

}  // namespace gitopsctl::render
