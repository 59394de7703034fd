#include <algorithm>
#include <string>

#include "base/text/go_format.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/functions.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

Result<Value> default_of(CallContext& /*context*/, Arguments arguments) {
  const bool given = arguments.size() > 1 && !is_empty(arguments[1]);
  return arguments[given ? 1 : 0];
}

Result<Value> empty(CallContext& /*context*/, Arguments arguments) { return Value::boolean(is_empty(arguments[0])); }

Result<Value> coalesce(CallContext& /*context*/, Arguments arguments) {
  const auto found = std::find_if_not(arguments.begin(), arguments.end(), is_empty);
  return found == arguments.end() ? Value::null() : *found;
}

Result<Value> all(CallContext& /*context*/, Arguments arguments) {
  return Value::boolean(std::none_of(arguments.begin(), arguments.end(), is_empty));
}
Result<Value> any_of(CallContext& /*context*/, Arguments arguments) {
  return Value::boolean(!std::all_of(arguments.begin(), arguments.end(), is_empty));
}

Result<Value> ternary(CallContext& /*context*/, Arguments arguments) { return arguments[arguments[2].as_bool() ? 0 : 1]; }

Result<Value> type_of(CallContext& /*context*/, Arguments arguments) { return Value::string(go_type_name(arguments[0])); }
Result<Value> type_is(CallContext& /*context*/, Arguments arguments) {
  return Value::boolean(arguments[0].as_string() == go_type_name(arguments[1]));
}
Result<Value> type_is_like(CallContext& /*context*/, Arguments arguments) {
  const auto type = go_type_name(arguments[1]);
  const auto wanted = arguments[0].as_string();
  return Value::boolean(wanted == type || (type.starts_with('*') && wanted == type.substr(1)));
}
Result<Value> kind_of(CallContext& /*context*/, Arguments arguments) { return Value::string(go_kind_name(arguments[0])); }
Result<Value> kind_is(CallContext& /*context*/, Arguments arguments) {
  return Value::boolean(arguments[0].as_string() == go_kind_name(arguments[1]));
}

Result<Value> equal_deeply(CallContext& /*context*/, Arguments arguments) {
  for (const auto& argument : arguments) GITOPSCTL_CHECK(check_tree("deepEqual", argument));
  return Value::boolean(deep_equal(arguments[0], arguments[1]));
}

Result<Value> deep_copy(CallContext& /*context*/, Arguments arguments) {
  if (arguments[0].is_nothing()) return failure("reflect: call of reflect.Value.Type on zero Value");
  GITOPSCTL_CHECK(check_tree("deepCopy", arguments[0]));
  return arguments[0].deep_copy();
}

constexpr Function table[] = {
    // Those that return an argument may get a container: not folded.
    {"default", default_of, params<any, any>, true, false},
    {"empty", empty, params<any>},
    {"coalesce", coalesce, params<any>, true, false},
    {"all", all, params<any>, true},
    {"any", any_of, params<any>, true},
    {"ternary", ternary, params<any, any, boolean>, false, false},
    {"typeOf", type_of, params<any>},
    {"typeIs", type_is, params<string, any>},
    {"typeIsLike", type_is_like, params<string, any>},
    {"kindOf", kind_of, params<any>},
    {"kindIs", kind_is, params<string, any>},
    {"deepEqual", equal_deeply, params<any, any>},
    {"deepCopy", deep_copy, params<any>, false, false},
    {"mustDeepCopy", deep_copy, params<any>, false, false},
};

}  // namespace

std::span<const Function> type_functions() { return table; }

}  // namespace gitopsctl::render
