#include "render/helm/execute.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "render/functions/functions.hpp"
#include "render/helm/files_object.hpp"
#include "render/helm/render_context.hpp"
#include "render/helm/suggest.hpp"
#include "render/template/bounded.hpp"
#include "render/template/engine.hpp"
#include "render/template/error.hpp"
#include "render/template/evaluator.hpp"

namespace gitopsctl::render::helm {

namespace {

struct Template {
  SharedString text;
  Value top;  ///< the chart's top object, shared by all its templates
  std::string base_path;
  std::string origin;
};

// Later ones replace earlier ones of the same path.
using Templates = std::map<std::string, Template, std::less<>>;

/// The named type of `.Values`.
MapType values_type(const HelmProfile& profile) { return profile.major == 3 ? MapType::helm3_values : MapType::values; }

Value child_values(const Value& parent_top, const std::string& name, MapType type) {
  const auto* values = parent_top.find("Values");
  const auto* own = values == nullptr ? nullptr : values->find(name);
  return own != nullptr && own->is_map() ? own->with_map_type(type) : Value::map(type);
}

// Makes the top object of a chart and, below `.Subcharts`, of its children, and collects their templates.
Value collect(const Chart& chart, const HelmProfile& profile, const Value& values, const Value& release,
              const Value& capabilities, Templates& templates) {
  const bool is_root = chart.parent == nullptr;
  const Value about =
      profile.chart_is_map ? metadata_as_map(*chart.metadata, is_root) : metadata_as_struct(*chart.metadata, is_root);
  Value subcharts = Value::map();
  const Value top = make_map({
      {"Capabilities", capabilities},
      {"Chart", about},
      {"Files", files_object(chart.files)},
      {"Release", release},
      {"Subcharts", subcharts},
      {"Values", values},
  });
  for (const auto* child : chart.dependencies) {
    const Value below = child_values(top, child->name(), values_type(profile));
    subcharts.set(child->name(), collect(*child, profile, below, release, capabilities, templates));
  }
  const auto path = chart.full_path();
  for (const auto& file : chart.templates) {
    // A library renders nothing by itself.
    const bool partial = std::string_view(file.name).substr(file.name.rfind('/') + 1).starts_with('_');
    if (chart.is_library() && !partial) continue;
    templates.insert_or_assign(
        path + '/' + file.name,
        Template{.text = file.data, .top = top, .base_path = path + "/templates", .origin = file.origin});
  }
  return top;
}

// Deepest first, and reverse alphabetical within a depth: a parent's definitions come last and win.
std::vector<std::string> parse_order(const Templates& templates) {
  std::vector<std::pair<std::ptrdiff_t, std::string>> order;
  for (const auto& [name, unused] : templates) order.emplace_back(std::count(name.begin(), name.end(), '/'), name);
  std::sort(order.rbegin(), order.rend());
  std::vector<std::string> names;
  names.reserve(order.size());
  for (auto& [depth, name] : order) names.push_back(std::move(name));
  return names;
}

// The functions of a chart: Go's own, then Helm's, then those that need the engine; later ones win.
FunctionTable make_functions(const HelmProfile& profile) {
  std::vector<std::span<const Function>> tables{builtin_functions()};
  tables.insert(tables.end(), common_functions().begin(), common_functions().end());
  if (profile.strict_yaml_functions) tables.push_back(strict_yaml_functions());
  if (profile.strict_toml_functions) tables.push_back(strict_toml_functions());
  if (profile.duration_functions) tables.push_back(duration_functions());
  tables.push_back(engine_functions());
  return FunctionTable(tables);
}

/// The one table of all profiles with so many of the additions, which came one after the other. Parsed templates are kept
/// by the table that they were parsed with.
template <int additions>
const FunctionTable& kept_functions(const HelmProfile& profile) {
  static const FunctionTable table = make_functions(profile);
  return table;
}

const FunctionTable& chart_functions(const HelmProfile& profile) {
  if (profile.duration_functions) return kept_functions<3>(profile);
  if (profile.strict_toml_functions) return kept_functions<2>(profile);
  return profile.strict_yaml_functions ? kept_functions<1>(profile) : kept_functions<0>(profile);
}

/// Parses a file; what it takes beyond the budget is an error of the file.
Result<void> parse(TemplateSet& set, const std::string& name, const Template& file, const RenderInputs& inputs) {
  try {
    return set.add(name, file.text);
  } catch (const BudgetExceeded& exceeded) {
    return Error(ErrorCode::too_large,
                 excess_message(exceeded.excess(), {inputs.limits.memory_bytes, inputs.limits.cpu_time}));
  }
}

Error parse_failure(const Template& file, const Error& error, const FunctionTable& functions) {
  const auto hint = suggest_function(error.message(), functions);
  return Error(error.code(), helm_parse_error_text(error.message()))
      .at({.file = file.origin, .line = error.where().line, .column = error.where().column})
      .with_hint(hint.empty() ? error.hint() : hint);
}

/// What a failing node may have meant: a value that is not there has a neighbour of nearly its name.
std::string failure_hint(const Templates& templates, const TemplateFailure& failure) {
  if (failure.frames.empty() || failure.message.find("nil pointer") == std::string::npos) return {};
  const auto& frame = failure.frames.back();
  const auto file = templates.find(frame.file);
  const auto* values = file == templates.end() ? nullptr : file->second.top.find("Values");
  return values == nullptr ? std::string() : suggest_value(frame.node, *values);
}

// The place of the innermost failing node that stands in a file (text given to `tpl` has none).
Location failure_place(const Templates& templates, const TemplateFailure& failure) {
  for (auto frame = failure.frames.rbegin(); frame != failure.frames.rend(); ++frame) {
    const auto found = templates.find(frame->file);
    if (found == templates.end()) continue;
    return {.file = found->second.origin, .line = frame->line, .column = frame->column + 1};
  }
  return {};
}

Error execution_failure(const Templates& templates, const std::string& name, const Error& error,
                        const TemplateFailure& failure, HelmErrorStyle style, bool quote_content) {
  const auto hint = quote_content ? failure_hint(templates, failure) : std::string();
  const auto text = failure.empty() ? error.message() : helm_error_text(failure, style);
  return Error(failure.empty() ? error.code() : failure.code, text)
      .at(failure_place(templates, failure))
      .at({.file = templates.find(name)->second.origin})
      .with_hint(hint.empty() ? error.hint() : hint);
}

Result<std::vector<RenderedFile>> execute_all(const TemplateSet& set, Templates& templates,
                                              const std::vector<std::string>& order, RenderContext& context,
                                              const HelmProfile& profile, const RenderInputs& inputs) {
  std::vector<RenderedFile> out;
  EvaluatorOptions options;
  options.quote_content = inputs.quote_content;
  options.go = profile.go;
  options.quotes_constraints = profile.quotes_constraints;
  options.short_floats_in_toml = profile.short_floats_in_toml;
  options.limits.max_output_bytes = inputs.limits.output_bytes;
  options.limits.max_steps = inputs.limits.steps;
  options.limits.max_include_depth = inputs.limits.include_depth;
  options.limits.memory_bytes = inputs.limits.memory_bytes;
  options.limits.cpu_time = inputs.limits.cpu_time;
  Evaluator evaluator(set, context, options);
  for (const auto& name : order) {
    if (std::string_view(name).substr(name.rfind('/') + 1).starts_with('_')) continue;
    auto& file = templates.find(name)->second;
    Value about = Value::map(values_type(profile));
    about.set("BasePath", Value::string(file.base_path));
    about.set("Name", Value::string(name));
    file.top.set("Template", about);
    auto text = evaluator.execute(name, file.top.with_map_type(values_type(profile)));
    if (!text.ok()) {
      return execution_failure(templates, name, text.error(), evaluator.last_failure(), profile.errors,
                               inputs.quote_content);
    }
    out.push_back({.path = name, .text = std::move(*text), .origin = file.origin});
  }
  return out;
}

}  // namespace

Result<std::vector<RenderedFile>> execute_templates(const ChartSet& set, const Value& values, const HelmProfile& profile,
                                                    const KubeVersion& version, const RenderInputs& inputs,
                                                    std::vector<std::string>& warnings, bool lint) {
  const Value release = make_map({
      {"IsInstall", Value::boolean(!lint && !inputs.helm.is_upgrade)},
      {"IsUpgrade", Value::boolean(!lint && inputs.helm.is_upgrade)},
      {"Name", Value::string(inputs.helm.release_name)},
      {"Namespace", Value::string(inputs.namespace_)},
      {"Revision", Value::go_int(lint ? 0 : 1)},
      {"Service", Value::string("Helm")},
  });
  const Value capabilities = capabilities_object(profile, version, inputs.helm.capabilities);
  Templates templates;
  collect(*set.root, profile, values.with_map_type(values_type(profile)), release, capabilities, templates);
  const auto order = parse_order(templates);

  TemplateSet parsed(chart_functions(profile));
  for (const auto& name : order) {
    const auto& file = templates.find(name)->second;
    if (const auto added = parse(parsed, name, file, inputs); !added.ok()) {
      return parse_failure(file, added.error(), parsed.functions());
    }
  }
  HelmRenderContext context(inputs, profile, warnings, lint, lint ? set.log : nullptr);
  std::optional<Result<std::vector<RenderedFile>>> out;
  // Once around all files: a stack of its own for each would cost more than most templates.
  run_with_large_stack([&] { out = execute_all(parsed, templates, order, context, profile, inputs); });
  return std::move(*out);
}

}  // namespace gitopsctl::render::helm
