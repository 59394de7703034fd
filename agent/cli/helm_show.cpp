// `gitopsctl helm show`: what a chart says of itself.
#include "agent/cli/helm_show.hpp"

#include <array>
#include <string>
#include <utility>

#include "agent/cli/runs.hpp"
#include "render/helm/inspect.hpp"

namespace gitopsctl::agent::cli {
namespace {

render::helm::ChartPart part_of(std::string_view word) {
  using render::helm::ChartPart;
  constexpr std::array<std::pair<std::string_view, ChartPart>, 5> parts{{{"all", ChartPart::all},
                                                                         {"chart", ChartPart::chart},
                                                                         {"crds", ChartPart::crds},
                                                                         {"readme", ChartPart::readme},
                                                                         {"values", ChartPart::values}}};
  for (const auto& [name, part] : parts) {
    if (name == word) return part;
  }
  return ChartPart::all;
}

Result<std::string> show(const Invocation& invocation, const HelmNetwork& network) {
  if (!invocation.text("jsonpath").empty()) {
    return Error(ErrorCode::unsupported, "--jsonpath is not supported")
        .with_hint("`gitopsctl helm get-values CHART --all -o json` prints values for other programs to search");
  }
  const std::string chart(invocation.argument(1));
  GITOPSCTL_CHECK(refuse_unsupported(invocation, chart));
  GITOPSCTL_TRY(const auto profile,
                render::helm::find_profile(invocation.text("helm-profile", render::HelmInputs().profile)));
  TreePath in_tree;
  GITOPSCTL_TRY(const auto tree, open_helm_chart(invocation, network, chart, in_tree));
  auto log = helm_log(invocation, chart);
  auto text = render::helm::show_chart(tree, in_tree, part_of(invocation.argument(0)), profile, log ? &*log : nullptr);
  print_helm_log(invocation, log);
  return text;
}

}  // namespace

Result<int> run_helm_show(const Invocation& invocation) { return helm_show(invocation, {}); }

Result<int> helm_show(const Invocation& invocation, const HelmNetwork& network) {
  const auto text = show(invocation, network);
  if (!text.ok()) return print_helm_error(invocation, text.error(), false);
  invocation.terminal().out(*text);
  return 0;
}

}  // namespace gitopsctl::agent::cli
