#include "agent/cli/helm_name.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>
#include <vector>

#include "base/crypto/digest.hpp"
#include "render/functions/functions.hpp"
#include "render/template/bounded.hpp"
#include "render/template/engine.hpp"
#include "render/template/evaluator.hpp"

namespace gitopsctl::agent::cli {
namespace {

using Arguments = std::span<const Value>;

/// The value of a variable, as Go's os.Getenv gives it.
std::string variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());  // NOLINT(concurrency-mt-unsafe): nothing changes it
  return value == nullptr ? std::string() : std::string(value);
}

constexpr bool is_word(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Go's os.ExpandEnv: `$NAME` and `${NAME}`, and of the shell's special names the one character.
std::string expand(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto dollar = std::min(text.find('$'), text.size());
    out += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.size() < 2) break;
    text.remove_prefix(1);
    if (text.front() == '{') {
      const auto end = text.find('}');
      // Without an end, or without a name, the signs are lost.
      if (end == std::string_view::npos || end == 1) {
        text.remove_prefix(end == 1 ? 2 : 1);
        continue;
      }
      out += variable(text.substr(1, end - 1));
      text.remove_prefix(end + 1);
      continue;
    }
    std::size_t size = 0;
    while (size < text.size() && is_word(text[size])) ++size;
    if (size > 0 && text[0] >= '0' && text[0] <= '9') size = 1;
    if (size == 0 && std::string_view("*#$@!?-").find(text[0]) != std::string_view::npos) size = 1;
    if (size == 0) {
      out += '$';
      continue;
    }
    out += variable(text.substr(0, size));
    text.remove_prefix(size);
  }
  out += text;
  return out;
}

Result<Value> env(render::CallContext& /*context*/, Arguments arguments) {
  return Value::string(variable(arguments[0].as_string()));
}
Result<Value> expand_env(render::CallContext& /*context*/, Arguments arguments) {
  return Value::string(expand(arguments[0].as_string()));
}
Result<Value> fail(render::CallContext& /*context*/, Arguments arguments) {
  return Error(ErrorCode::invalid_input, std::string(arguments[0].as_string()));
}

constexpr std::array one_text{render::ParamType::string};

/// What Helm has, and sprig has not.
constexpr std::array<std::string_view, 9> not_of_sprig{
    "toYaml", "toYamlPretty", "fromYaml", "fromYamlArray", "toToml", "fromToml", "fromJsonArray", "include", "tpl"};

const render::FunctionTable& sprig_functions() {
  // The rows must outlive the table.
  static const std::vector<render::Function> rows = [] {
    std::vector<render::Function> out;
    for (const auto table : render::common_functions()) {
      for (const auto& row : table) {
        if (std::find(not_of_sprig.begin(), not_of_sprig.end(), row.name) == not_of_sprig.end()) out.push_back(row);
      }
    }
    for (const auto& row : render::engine_functions()) {
      if (row.name == "getHostByName") out.push_back(row);
    }
    out.push_back({.name = "env", .body = env, .parameters = one_text, .pure = false});
    out.push_back({.name = "expandenv", .body = expand_env, .parameters = one_text, .pure = false});
    out.push_back({.name = "fail", .body = fail, .parameters = one_text, .pure = false});
    return out;
  }();
  static const render::FunctionTable table = [] {
    const std::array<std::span<const render::Function>, 2> tables{render::builtin_functions(), rows};
    return render::FunctionTable(tables);
  }();
  return table;
}

class NameContext final : public render::RenderContext {
 public:
  explicit NameContext(TimePoint now) : now_(now) {}
  TimePoint now() const override { return now_; }
  std::string random_bytes(std::string_view /*site*/, std::size_t count) override { return gitopsctl::random_bytes(count); }

 private:
  TimePoint now_;
};

}  // namespace

Result<std::string> helm_release_name(std::string_view text, const render::helm::HelmProfile& profile,
                                      const render::RenderLimits& limits, TimePoint now) {
  const std::string name = "name-template";
  return render::run_bounded(BudgetLimits{limits.memory_bytes, limits.cpu_time}, [&]() -> Result<std::string> {
    render::TemplateSet set(sprig_functions());
    GITOPSCTL_CHECK(set.add(name, text));
    NameContext context(now);
    render::EvaluatorOptions options;
    options.missing_key = render::MissingKey::invalid;
    options.keep_no_value = true;
    options.go = profile.go;
    options.quotes_constraints = profile.quotes_constraints;
    options.limits.max_output_bytes = limits.output_bytes;
    options.limits.max_steps = limits.steps;
    render::Evaluator evaluator(set, context, options);
    return evaluator.execute(name, Value::absent());
  });
}

}  // namespace gitopsctl::agent::cli
