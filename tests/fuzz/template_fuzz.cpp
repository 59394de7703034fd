#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text/go_format.hpp"
#include "render/template/engine.hpp"
#include "render/template/error.hpp"
#include "render/template/evaluator.hpp"

// Templates are written by strangers: whatever the text, parsing and executing it must end, within the limits, without a
// crash or a leak. The first byte chooses the mode.
namespace gitopsctl::render {
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

/// The one way to make a map contain itself.
Result<Value> set(CallContext& context, Arguments arguments) {
  Value map = arguments[0];
  if (map.is_nil_container()) return Error(ErrorCode::invalid_input, "assignment to entry in nil map");
  map.set(arguments[1].as_string(), arguments[2]);
  context.evaluator.note_mutation(map);
  return map;
}

constexpr ParamType any_list[] = {ParamType::any};
constexpr ParamType set_types[] = {ParamType::map, ParamType::string, ParamType::any};
constexpr Function functions[] = {
    {"dict", make_dict, any_list, true, true},
    {"list", make_list, any_list, true, true},
    {"set", set, set_types, false, false},
};

class Context final : public RenderContext {
 public:
  TimePoint now() const override { return {}; }
  std::string random_bytes(std::string_view /*site*/, std::size_t count) override { return std::string(count, 'r'); }
};

Value data_for_templates() {
  return make_map(
      {{"s", Value::string("str")},
       {"i", Value::int64(5)},
       {"f", Value::float64(1.5)},
       {"m", make_map({{"a", Value::int64(1)}, {"z", Value::null()}, {"b", make_map({{"c", Value::string("d")}})}})},
       {"l", Value::list({Value::int64(1), Value::string("b"), Value::null()})},
       {"nul", Value::null()},
       {"t", Value::boolean(true)},
       {"em", Value::map()}});
}

void run_one(std::uint8_t mode, std::string_view text) {
  static const std::array<std::span<const Function>, 3> tables = {builtin_functions(), engine_functions(), functions};
  static const FunctionTable table(tables);
  set_parse_cache_limits({64, 1U << 20U});
  EvaluatorOptions options;
  options.keep_no_value = mode % 2 != 0;
  options.missing_key = mode % 3 == 0 ? MissingKey::zero : mode % 3 == 1 ? MissingKey::invalid : MissingKey::error;
  options.limits.max_output_bytes = 1U << 16U;
  options.limits.max_steps = 20'000;
  options.limits.max_include_depth = 20;
  TemplateSet set_of_templates(table);
  if (const auto added = set_of_templates.add("fuzz", text); !added.ok()) {
    if (helm_parse_error_text(added.error().message()).empty()) __builtin_trap();
    return;
  }
  (void)set_of_templates.add(
      "lib", "{{define \"one\"}}[{{.}}]{{end}}{{define \"rec\"}}{{if .}}{{include \"rec\" .}}{{end}}{{end}}");
  Context context;
  Evaluator evaluator(set_of_templates, context, options);
  const auto out = evaluator.execute("fuzz", data_for_templates());
  if (out.ok()) return;
  if (evaluator.last_failure().empty() || out.error().message().empty()) __builtin_trap();
  (void)helm_error_text(evaluator.last_failure());
}

}  // namespace
}  // namespace gitopsctl::render

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  gitopsctl::render::run_one(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
