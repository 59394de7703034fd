#include "agent/cli/lookup_snapshot.hpp"
#include "agent/cli/render_flags.hpp"
#include "agent/cli/rendering.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/working_tree.hpp"
#include "agent/isolate/isolate.hpp"
#include "base/text/escape.hpp"
#include "render/release/render_release.hpp"

namespace gitopsctl::agent::cli {

namespace {

/// `--chart`: what `helm template` prints for a directory of this machine.
Result<int> render_one_chart(const Invocation& invocation) {
  render::RenderInputs inputs;
  inputs.driver = render::DriverKind::helm;
  GITOPSCTL_TRY(inputs.tree, open_working_tree());
  GITOPSCTL_TRY(inputs.helm.chart, path_in_working_tree(invocation.text("chart")));
  for (const auto& file : invocation.list("values")) {
    GITOPSCTL_TRY(auto path, path_in_working_tree(file));
    inputs.helm.value_files.push_back(std::move(path));
  }
  inputs.helm.release_name = invocation.text("name", "release-name");
  inputs.namespace_ = invocation.text("namespace", "default");
  inputs.helm.profile = invocation.text("helm-profile", inputs.helm.profile);
  inputs.helm.include_crds = false;
  inputs.helm.skip_schema = invocation.is_set("skip-schema-validation");
  inputs.identity = inputs.helm.release_name;
  inputs.now = system_clock().now();
  GITOPSCTL_TRY(const auto rules, render_rules(invocation));
  inputs.limits = rules.limits;
  GITOPSCTL_TRY(inputs.lookup, snapshot_lookup(invocation));
  GITOPSCTL_TRY(const auto set, rules.isolate ? IsolatedRenderer().release(inputs) : render::render_release(inputs));
  for (const auto& warning : set.warnings) invocation.terminal().err("warning: " + terminal_safe(warning) + '\n');
  invocation.terminal().out(set.text);
  return 0;
}

}  // namespace

Result<int> run_render(const Invocation& invocation) {
  if (invocation.given("chart")) return render_one_chart(invocation);
  if (invocation.arguments().empty()) {
    return Error(ErrorCode::invalid_input, "what is to be rendered?")
        .with_hint("name a channel, for example gitopsctl render prod, or a chart with --chart DIRECTORY");
  }
  GITOPSCTL_TRY(const auto tree, open_working_tree());
  return print_rendering(invocation, tree, {});
}

}  // namespace gitopsctl::agent::cli
