#include <algorithm>
#include <string>
#include <utility>

#include "base/text/go_format.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/functions.hpp"
#include "render/functions/merge.hpp"
#include "render/template/evaluator.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

Result<Value> dict(CallContext& /*context*/, Arguments arguments) {
  Value made = Value::map();
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    made.set(SharedString(to_text(arguments[i])), i + 1 < arguments.size() ? arguments[i + 1] : Value::string(""));
  }
  return made;
}

Result<Value> get(CallContext& /*context*/, Arguments arguments) {
  const Value* found = arguments[0].find(arguments[1].as_string());
  return found == nullptr ? Value::string("") : *found;
}

Result<Value> has_key(CallContext& /*context*/, Arguments arguments) {
  return Value::boolean(arguments[0].find(arguments[1].as_string()) != nullptr);
}

Result<Value> set(CallContext& context, Arguments arguments) {
  if (arguments[0].is_nil_container()) return failure("assignment to entry in nil map");
  Value changed = arguments[0].with_map_type(MapType::any);
  changed.set(arguments[1].as_shared_string(), arguments[2]);
  if (arguments[2].is_map() || arguments[2].is_list()) context.evaluator.note_mutation(changed);
  return changed;
}

Result<Value> unset(CallContext& /*context*/, Arguments arguments) {
  Value changed = arguments[0].with_map_type(MapType::any);
  if (!changed.is_nil_container()) changed.erase(arguments[1].as_string());
  return changed;
}

Result<Value> pluck(CallContext& /*context*/, Arguments arguments) {
  Value::List found;
  for (const auto& map_argument : arguments.subspan(1)) {
    if (const Value* value = map_argument.find(arguments[0].as_string()); value != nullptr) found.push_back(*value);
  }
  return list_value(std::move(found));
}

Result<Value> pick(CallContext& /*context*/, Arguments arguments) {
  Value made = Value::map();
  for (const auto& key : arguments.subspan(1)) {
    if (const Value* value = arguments[0].find(key.as_string()); value != nullptr) made.set(key.as_shared_string(), *value);
  }
  return made;
}

Result<Value> omit(CallContext& /*context*/, Arguments arguments) {
  const auto omitted = arguments.subspan(1);
  Value::Members kept;
  for (const auto& member : arguments[0].as_map()) {
    if (std::none_of(omitted.begin(), omitted.end(),
                     [&](const Value& key) { return key.as_string() == member.key.view(); })) {
      kept.push_back(member);
    }
  }
  return Value::map(std::move(kept));
}

/// In bytewise order, where upstream has none.
Result<Value> keys(CallContext& /*context*/, Arguments arguments) {
  Value::List found;
  for (const auto& map_argument : arguments) {
    for (const auto& member : map_argument.as_map()) found.push_back(Value::string(member.key));
  }
  return Value::list(std::move(found), ListType::string);
}

/// In the order of the keys.
Result<Value> values(CallContext& /*context*/, Arguments arguments) {
  Value::List found;
  for (const auto& member : arguments[0].as_map()) found.push_back(member.value);
  return list_value(std::move(found));
}

Error wrong_interface(const Value& value, std::string_view wanted) {
  const std::string type = value.is_nothing() ? "nil" : std::string(go_type_name(value));
  return failure("interface conversion: interface {} is " + type + ", not " + std::string(wanted));
}

Result<Value> dig(CallContext& /*context*/, Arguments arguments) {
  if (arguments.size() < 3) return failure("dig needs at least three arguments");
  constexpr std::string_view plain_map = "map[string]interface {}";
  const auto is_plain = [](const Value& value) { return value.is_map() && value.map_type() == MapType::any; };
  Value at = arguments.back();
  if (!is_plain(at)) return wrong_interface(at, plain_map);
  const Value& fallback = arguments[arguments.size() - 2];
  const auto path = arguments.first(arguments.size() - 2);
  for (const auto& key : path) {
    if (!key.is_string()) return wrong_interface(key, "string");
  }
  for (std::size_t i = 0; i < path.size(); ++i) {
    const Value* step = at.find(path[i].as_string());
    if (step == nullptr) return fallback;
    if (i + 1 == path.size()) return *step;
    if (!is_plain(*step)) return wrong_interface(*step, plain_map);
    at = Value(*step);
  }
  return fallback;
}

Result<Value> merge_all(CallContext& context, Arguments arguments, MergeMode mode) {
  Value destination = arguments[0].with_map_type(MapType::any);
  for (const auto& source : arguments.subspan(1)) {
    if (source.is_nil_container()) continue;
    if (destination.is_nil_container()) destination = Value::map();
    GITOPSCTL_CHECK(
        merge_maps(destination, source, mode, [&](const Value& changed) { context.evaluator.note_mutation(changed); }));
  }
  return destination;
}

Result<Value> merge(CallContext& context, Arguments arguments) { return merge_all(context, arguments, MergeMode::fill); }
Result<Value> merge_overwrite(CallContext& context, Arguments arguments) {
  return merge_all(context, arguments, MergeMode::overwrite);
}

// None may be folded: they change maps, read what others change, or return what is shared by reference.
constexpr Function table[] = {
    {"dict", dict, params<any>, true, false},
    {"get", get, params<map, string>, false, false},
    {"hasKey", has_key, params<map, string>, false, false},
    {"set", set, params<map, string, any>, false, false},
    {"unset", unset, params<map, string>, false, false},
    {"pluck", pluck, params<string, map>, true, false},
    {"pick", pick, params<map, string>, true, false},
    {"omit", omit, params<map, string>, true, false},
    {"keys", keys, params<map>, true, false},
    {"values", values, params<map>, false, false},
    {"dig", dig, params<any>, true, false},
    // The errors that the must forms report come only from destinations that the evaluator already refuses.
    {"merge", merge, params<map, map>, true, false},
    {"mustMerge", merge, params<map, map>, true, false},
    {"mergeOverwrite", merge_overwrite, params<map, map>, true, false},
    {"mustMergeOverwrite", merge_overwrite, params<map, map>, true, false},
};

}  // namespace

std::span<const Function> map_functions() { return table; }

}  // namespace gitopsctl::render
