#include <algorithm>
#include <string>
#include <utility>

#include "base/text/go_format.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/functions.hpp"
#include "render/template/evaluator.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

/// sprig's lists take every Go slice; nil panics inside reflect, everything else is `Cannot VERB on type KIND`.
Result<Value> need_list(const Value& value, std::string_view what) {
  if (auto list = slice_items(value); list.is_list()) return list;
  if (value.is_nothing()) return failure("runtime error: invalid memory address or nil pointer dereference");
  return failure(std::string(what) + " " + std::string(go_kind_name(value)));
}

Result<Value> make_list(CallContext& /*context*/, Arguments arguments) {
  return list_value(Value::List(arguments.begin(), arguments.end()));
}

Result<Value> first(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const Value list, need_list(arguments[0], "Cannot find first on type"));
  return list.size() == 0 ? Value::null() : list.as_list().front();
}

Result<Value> last(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const Value list, need_list(arguments[0], "Cannot find last on type"));
  return list.size() == 0 ? Value::null() : list.as_list().back();
}

Result<Value> rest(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const Value list, need_list(arguments[0], "Cannot find rest on type"));
  const auto& items = list.as_list();
  if (items.empty()) return Value::nil_list();
  return list_value(Value::List(items.begin() + 1, items.end()));
}

Result<Value> initial(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const Value list, need_list(arguments[0], "Cannot find initial on type"));
  const auto& items = list.as_list();
  if (items.empty()) return Value::nil_list();
  return list_value(Value::List(items.begin(), items.end() - 1));
}

Result<Value> push(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const Value list, need_list(arguments[0], "Cannot push on type"));
  auto items = list.as_list();
  if (items.size() >= max_list_items) return list_too_long("append");
  items.push_back(arguments[1]);
  return list_value(std::move(items));
}

Result<Value> prepend(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const Value list, need_list(arguments[0], "Cannot prepend on type"));
  const auto& items = list.as_list();
  if (items.size() >= max_list_items) return list_too_long("prepend");
  Value::List made;
  made.reserve(items.size() + 1);
  made.push_back(arguments[1]);
  made.insert(made.end(), items.begin(), items.end());
  return list_value(std::move(made));
}

Result<Value> concat(CallContext& /*context*/, Arguments arguments) {
  Value::List made;
  for (const auto& argument : arguments) {
    if (argument.is_nothing()) return failure("runtime error: invalid memory address or nil pointer dereference");
    const Value list = slice_items(argument);
    if (!list.is_list()) return failure("Cannot concat type " + std::string(go_kind_name(argument)) + " as list");
    const auto& items = list.as_list();
    if (made.size() + items.size() > max_list_items) return list_too_long("concat");
    made.insert(made.end(), items.begin(), items.end());
  }
  return made.empty() ? Value::nil_list() : list_value(std::move(made));
}

Result<Value> reverse(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const Value list, need_list(arguments[0], "Cannot find reverse on type"));
  const auto& items = list.as_list();
  return list_value(Value::List(items.rbegin(), items.rend()));
}

Result<Value> compact(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const Value list, need_list(arguments[0], "Cannot compact on type"));
  Value::List made;
  for (const auto& item : list.as_list()) {
    if (!is_empty(item)) made.push_back(item);
  }
  return list_value(std::move(made));
}

bool holds(Arguments items, const Value& wanted) {
  return std::any_of(items.begin(), items.end(), [&](const Value& item) { return deep_equal(item, wanted); });
}

Result<Value> uniq(CallContext& context, Arguments arguments) {
  GITOPSCTL_TRY(const Value list, need_list(arguments[0], "Cannot find uniq on type"));
  Value::List made;
  for (const auto& item : list.as_list()) {
    GITOPSCTL_CHECK(context.evaluator.spend(made.size() / 16));
    if (!holds(made, item)) made.push_back(item);
  }
  return list_value(std::move(made));
}

Result<Value> without(CallContext& context, Arguments arguments) {
  GITOPSCTL_TRY(const Value list, need_list(arguments[0], "Cannot find without on type"));
  const auto unwanted = arguments.subspan(1);
  GITOPSCTL_CHECK(context.evaluator.spend(list.size() * unwanted.size() / 16));
  Value::List made;
  for (const auto& item : list.as_list()) {
    if (!holds(unwanted, item)) made.push_back(item);
  }
  return list_value(std::move(made));
}

Result<Value> has(CallContext& /*context*/, Arguments arguments) {
  if (arguments[1].is_nothing()) return Value::boolean(false);
  GITOPSCTL_TRY(const Value list, need_list(arguments[1], "Cannot find has on type"));
  return Value::boolean(holds(list.as_list(), arguments[0]));
}

/// Go's re-slice. Ours copies: nothing in a template can write an element, so sharing cannot be seen.
Result<Value> slice(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const Value list, need_list(arguments[0], "list should be type of slice or array but"));
  const auto& items = list.as_list();
  const auto size = static_cast<std::int64_t>(items.size());
  if (size == 0) return Value::null();
  const auto start = arguments.size() > 1 ? to_int64(arguments[1]) : 0;
  const auto end = arguments.size() > 2 ? to_int64(arguments[2]) : size;
  if (start < 0 || end < start || end > size) return failure("reflect.Value.Slice: slice index out of bounds");
  return Value::list(Value::List(items.begin() + start, items.begin() + end), list.list_type());
}

Result<Value> chunk(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const Value list, need_list(arguments[1], "Cannot chunk type"));
  const auto size = arguments[0].as_int();
  const auto& items = list.as_list();
  // Upstream divides by the size as a float and allocates what comes out.
  if (size <= 0) return failure("runtime error: makeslice: len out of range");
  Value::List made;
  const auto step = static_cast<std::size_t>(size);
  for (std::size_t start = 0; start < items.size(); start += step) {
    const auto count = std::min(step, items.size() - start);
    const auto from = items.begin() + static_cast<std::ptrdiff_t>(start);
    made.push_back(list_value(Value::List(from, from + static_cast<std::ptrdiff_t>(count))));
    if (count < step) break;
  }
  return Value::list(std::move(made), ListType::list);
}

// None may be folded: what they return is shared by reference.
constexpr Function table[] = {
    {"list", make_list, params<any>, true, false},
    {"tuple", make_list, params<any>, true, false},
    {"first", first, params<any>, false, false},
    {"mustFirst", first, params<any>, false, false},
    {"last", last, params<any>, false, false},
    {"mustLast", last, params<any>, false, false},
    {"rest", rest, params<any>, false, false},
    {"mustRest", rest, params<any>, false, false},
    {"initial", initial, params<any>, false, false},
    {"mustInitial", initial, params<any>, false, false},
    {"append", push, params<any, any>, false, false},
    {"mustAppend", push, params<any, any>, false, false},
    {"push", push, params<any, any>, false, false},
    {"mustPush", push, params<any, any>, false, false},
    {"prepend", prepend, params<any, any>, false, false},
    {"mustPrepend", prepend, params<any, any>, false, false},
    {"concat", concat, params<any>, true, false},
    {"reverse", reverse, params<any>, false, false},
    {"mustReverse", reverse, params<any>, false, false},
    {"compact", compact, params<any>, false, false},
    {"mustCompact", compact, params<any>, false, false},
    {"uniq", uniq, params<any>, false, false},
    {"mustUniq", uniq, params<any>, false, false},
    {"without", without, params<any, any>, true, false},
    {"mustWithout", without, params<any, any>, true, false},
    {"has", has, params<any, any>, false, false},
    {"mustHas", has, params<any, any>, false, false},
    {"slice", slice, params<any, any>, true, false},
    {"mustSlice", slice, params<any, any>, true, false},
    {"chunk", chunk, params<integer, any>, false, false},
    {"mustChunk", chunk, params<integer, any>, false, false},
};

}  // namespace

std::span<const Function> list_functions() { return table; }

}  // namespace gitopsctl::render
