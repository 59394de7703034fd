#include "render/helm/inspect.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "base/yaml/yaml.hpp"
#include "render/helm/chart_files.hpp"
#include "render/helm/coalesce.hpp"
#include "render/helm/crds.hpp"
#include "render/helm/dependencies.hpp"
#include "render/helm/load_chart.hpp"
#include "render/helm/metadata.hpp"
#include "render/helm/struct_object.hpp"
#include "render/helm/user_values.hpp"
#include "render/template/bounded.hpp"

namespace gitopsctl::render::helm {
namespace {

/// What stands in values.yaml, byte for byte; the loaded chart has only its values.
Result<std::optional<std::string>> values_text(const FileTreePtr& tree, const TreePath& path, const HelmProfile& profile) {
  ChartFileReader reader(profile);
  GITOPSCTL_TRY(const auto info, tree->stat(path));
  std::vector<ChartFile> files;
  if (info.type == FileType::directory) {
    GITOPSCTL_TRY(files, reader.read_directory(*tree, path));
  } else {
    GITOPSCTL_TRY(const auto bytes, tree->read(path));
    GITOPSCTL_TRY(files, reader.read_archive(bytes, tree->display(path)));
  }
  const auto found = std::find_if(files.begin(), files.end(), [](const auto& file) { return file.name == "values.yaml"; });
  if (found == files.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->data.str());
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

const ChartFile* find_readme(const Chart& chart) {
  constexpr std::array<std::string_view, 3> names{"readme.md", "readme.txt", "readme"};
  const auto is_readme = [&](const ChartFile& file) {
    return std::find(names.begin(), names.end(), lower_case(file.name)) != names.end();
  };
  const auto found = std::find_if(chart.files.begin(), chart.files.end(), is_readme);
  return found == chart.files.end() ? nullptr : &*found;
}

/// Chart.yaml as Go writes the struct that it was read into.
Result<std::string> chart_yaml(const Metadata& metadata) {
  const Value shown = metadata_as_struct(metadata, true).as_object()->to_plain();
  Value::Members members;
  for (const auto& [key, value] : shown.as_map()) {
    if (key.view() != "IsRoot") members.push_back({key, value});
  }
  return to_yaml(Value::map(std::move(members)));
}

void add_crds(const Chart& chart, bool all, const HelmProfile& profile, std::string& out) {
  std::vector<Document> crds;
  collect_crds(chart, crds);
  bool first = true;
  for (const auto& crd : crds) {
    // Helm 3 separates them from what stands before them only.
    const bool separated = profile.major == 3 ? all && first : true;
    if (separated && !crd.text.starts_with("---")) out += "---\n";
    out += crd.text + '\n';
    first = false;
  }
}

Result<std::string> show(const FileTreePtr& tree, const TreePath& path, ChartPart part, const HelmProfile& profile,
                         HelmLog* log) {
  GITOPSCTL_TRY(const auto charts, load_chart(tree, path, true, profile, log));
  const Chart& root = *charts->root;
  const bool all = part == ChartPart::all;
  std::string out;
  if (all || part == ChartPart::chart) {
    GITOPSCTL_TRY(const auto text, chart_yaml(*root.metadata));
    out += text + '\n';
  }
  if (all || part == ChartPart::values) {
    GITOPSCTL_TRY(const auto text, values_text(tree, path, profile));
    if (text) out += (all ? "---\n" : "") + *text + '\n';
  }
  if (all || part == ChartPart::readme) {
    if (const auto* readme = find_readme(root)) out += (all ? "---\n" : "") + readme->data.str() + '\n';
  }
  if (all || part == ChartPart::crds) add_crds(root, all, profile, out);
  return out;
}

Result<Value> compute(const RenderInputs& inputs) {
  GITOPSCTL_TRY(const auto profile, find_profile(inputs.helm.profile));
  GITOPSCTL_TRY(const auto user, user_values(inputs, profile));
  GITOPSCTL_TRY(const auto charts, load_chart(inputs.tree, inputs.helm.chart, inputs.quote_content, profile));
  GITOPSCTL_CHECK(process_dependencies(*charts, user));
  return coalesce_values(*charts->root, user, charts->coalescing(Nulls::remove), charts->warnings);
}

BudgetLimits budget(const RenderLimits& limits) { return {limits.memory_bytes, limits.cpu_time}; }

}  // namespace

Result<std::string> show_chart(const FileTreePtr& tree, const TreePath& path, ChartPart part, const HelmProfile& profile,
                               HelmLog* log) {
  return run_bounded(budget({}), [&] { return show(tree, path, part, profile, log); });
}

Result<Value> supplied_values(const RenderInputs& inputs) {
  GITOPSCTL_TRY(const auto profile, find_profile(inputs.helm.profile));
  return run_bounded(budget(inputs.limits), [&] { return user_values(inputs, profile); });
}

Result<Value> computed_values(const RenderInputs& inputs) {
  return run_bounded(budget(inputs.limits), [&] { return compute(inputs); });
}

}  // namespace gitopsctl::render::helm
