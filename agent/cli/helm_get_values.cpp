// `gitopsctl helm get-values`: the values of a render, without a release in a cluster.
#include <string>
#include <utility>

#include "agent/cli/helm_show.hpp"
#include "agent/cli/render_flags.hpp"
#include "agent/cli/runs.hpp"
#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"
#include "render/helm/inspect.hpp"

namespace gitopsctl::agent::cli {
namespace {

Result<Value> values(const Invocation& invocation, const HelmNetwork& network) {
  render::RenderInputs inputs;
  inputs.helm.profile = invocation.text("helm-profile", inputs.helm.profile);
  GITOPSCTL_TRY(const auto rules, render_rules(invocation));
  inputs.limits = rules.limits;
  const std::string chart(invocation.argument(0));
  const bool all = invocation.is_set("all");
  if (all && chart.empty()) {
    return Error(ErrorCode::invalid_input, "--all needs CHART: the chart whose defaults fill in what is not given")
        .with_hint("name the chart behind get-values");
  }
  FileTreePtr around;
  TreePath in_tree;
  if (all) {
    GITOPSCTL_TRY(around, open_helm_chart(invocation, network, chart, in_tree));
  }
  GITOPSCTL_TRY(auto files, read_helm_values(invocation, inputs.helm));
  GITOPSCTL_TRY(inputs.helm.chart, TreePath::parse("chart/" + in_tree.str()));
  inputs.tree = all ? mount_trees({{"chart", std::move(around)}, {"values", std::move(files)}})
                    : mount_trees({{"values", std::move(files)}});
  return all ? render::helm::computed_values(inputs) : render::helm::supplied_values(inputs);
}

}  // namespace

Result<int> run_helm_get_values(const Invocation& invocation) { return helm_get_values(invocation, {}); }

Result<int> helm_get_values(const Invocation& invocation, const HelmNetwork& network) {
  Terminal& terminal = invocation.terminal();
  const auto found = values(invocation, network);
  if (!found.ok()) return found.error();
  // The forms of `helm get values`: one line of JSON, and a title above the YAML that people read.
  if (invocation.output() == OutputFormat::json) {
    GITOPSCTL_TRY(const auto text, to_json(*found));
    terminal.out(text + '\n');
    return 0;
  }
  GITOPSCTL_TRY(const auto text, to_yaml(*found));
  if (invocation.output() == OutputFormat::table) {
    terminal.out(invocation.is_set("all") ? "COMPUTED VALUES:\n" : "USER-SUPPLIED VALUES:\n");
  }
  terminal.out(text);
  return 0;
}

}  // namespace gitopsctl::agent::cli
