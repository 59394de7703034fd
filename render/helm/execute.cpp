#include "render/helm/execute.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "render/functions/functions.hpp"
#include "render/helm/files_object.hpp"
#include "render/helm/render_context.hpp"
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

Value child_values(const Value& parent_top, const std::string& name) {
  const auto* values = parent_top.find("Values");
  const auto* own = values == nullptr ? nullptr : values->find(name);
  return own != nullptr && own->is_map() ? own->with_map_type(MapType::values) : Value::map(MapType::values);
}

// Makes the top object of a chart and, below `.Subcharts`, of its children, and collects their templates.
Value collect(const Chart& chart, const Value& values, const Value& release, const Value& capabilities,
              Templates& templates) {
  Value about = metadata_as_map(*chart.metadata);
  about.set("IsRoot", Value::boolean(chart.parent == nullptr));
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
    subcharts.set(child->name(), collect(*child, child_values(top, child->name()), release, capabilities, templates));
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
const FunctionTable& chart_functions() {
  static const FunctionTable table = [] {
    std::vector<std::span<const Function>> tables{builtin_functions()};
    tables.insert(tables.end(), all_functions().begin(), all_functions().end());
    tables.push_back(engine_functions());
    return FunctionTable(tables);
  }();
  return table;
}

Error parse_failure(const Template& file, const Error& error) {
  return Error(error.code(), helm_parse_error_text(error.message()))
      .at({.file = file.origin, .line = error.where().line, .column = error.where().column});
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
                        const TemplateFailure& failure) {
  const auto text = failure.empty() ? error.message() : helm_error_text(failure, HelmErrorStyle::trace);
  return Error(failure.empty() ? error.code() : failure.code, text)
      .at(failure_place(templates, failure))
      .at({.file = templates.find(name)->second.origin})
      .with_hint(error.hint());
}

Result<std::vector<RenderedFile>> execute_all(const TemplateSet& set, Templates& templates,
                                              const std::vector<std::string>& order, RenderContext& context,
                                              bool quote_content) {
  std::vector<RenderedFile> out;
  EvaluatorOptions options;
  options.quote_content = quote_content;
  Evaluator evaluator(set, context, options);
  for (const auto& name : order) {
    if (std::string_view(name).substr(name.rfind('/') + 1).starts_with('_')) continue;
    auto& file = templates.find(name)->second;
    Value about = Value::map(MapType::values);
    about.set("BasePath", Value::string(file.base_path));
    about.set("Name", Value::string(name));
    file.top.set("Template", about);
    auto text = evaluator.execute(name, file.top);
    if (!text.ok()) return execution_failure(templates, name, text.error(), evaluator.last_failure());
    out.push_back({.path = name, .text = std::move(*text), .origin = file.origin});
  }
  return out;
}

}  // namespace

Result<std::vector<RenderedFile>> execute_templates(const ChartSet& set, const Value& values, const HelmProfile& profile,
                                                    const KubeVersion& version, const RenderInputs& inputs,
                                                    std::vector<std::string>& warnings) {
  const Value release = make_map({
      {"IsInstall", Value::boolean(!inputs.helm.is_upgrade)},
      {"IsUpgrade", Value::boolean(inputs.helm.is_upgrade)},
      {"Name", Value::string(inputs.helm.release_name)},
      {"Namespace", Value::string(inputs.namespace_)},
      {"Revision", Value::go_int(1)},
      {"Service", Value::string("Helm")},
  });
  const Value capabilities = capabilities_object(profile, version, inputs.helm.capabilities);
  Templates templates;
  collect(*set.root, values.with_map_type(MapType::values), release, capabilities, templates);
  const auto order = parse_order(templates);

  TemplateSet parsed(chart_functions());
  for (const auto& name : order) {
    const auto& file = templates.find(name)->second;
    if (const auto added = parsed.add(name, file.text.view()); !added.ok()) return parse_failure(file, added.error());
  }
  HelmRenderContext context(inputs, profile, warnings);
  std::optional<Result<std::vector<RenderedFile>>> out;
  // Once around all files: a stack of its own for each would cost more than most templates.
  run_with_large_stack([&] { out = execute_all(parsed, templates, order, context, inputs.quote_content); });
  return std::move(*out);
}

}  // namespace gitopsctl::render::helm
