#include "agent/demo/demo.hpp"

#include "agent/demo/stage.hpp"
#include "base/process/signals.hpp"

namespace gitopsctl::agent::demo {

namespace {

/// An error unless `text` holds `wanted`: a demo that shows something else than it says must not go on.
Result<void> must_hold(const std::string& text, const std::string& wanted) {
  if (text.find(wanted) != std::string::npos) return {};
  return Error(ErrorCode::internal, "the demo did not show '" + wanted + "'");
}

Result<void> first_deployment(Stage& stage) {
  stage.heading("A repository with two Helm charts, plain manifests, and two channels: test and prod");
  stage.note("To play along: --keep leaves everything running; the shell needs these lines:");
  stage.options().say("    " + stage.directory() + "/shop   (the clone; its remote is served over HTTP)\n");
  GITOPSCTL_CHECK(stage.type("cat .gitopsctl/channels/test.yaml"));
  GITOPSCTL_CHECK(stage.type("gitopsctl channel check test prod"));
  GITOPSCTL_CHECK(stage.quietly("git checkout --quiet -B main && git add -A && git commit --quiet -m 'The shop'"));

  stage.heading("The agent starts; a push to any branch makes a candidate: only the deployment files");
  GITOPSCTL_CHECK(stage.start_agent());
  stage.note("$ gitopsctl agent --config ../agent.yaml &");
  GITOPSCTL_CHECK(stage.type("git push --quiet origin main"));
  GITOPSCTL_CHECK(stage.until("git ls-remote origin", "refs/heads/candidates/main"));
  GITOPSCTL_CHECK(stage.type("git fetch --quiet origin && git ls-tree --name-only origin/candidates/main"));
  GITOPSCTL_TRY(const Said first, stage.type("gitopsctl diff test --to candidates/main | head -8", {0, 1}));
  GITOPSCTL_CHECK(must_hold(first.out, "storefront"));

  stage.heading("Merging a candidate into releases/test deploys it to test");
  GITOPSCTL_CHECK(stage.type("gitopsctl promote test --candidate candidates/main"));
  GITOPSCTL_CHECK(stage.type("gitopsctl sync test --wait"));
  GITOPSCTL_TRY(const Said status, stage.type("gitopsctl status test"));
  GITOPSCTL_CHECK(must_hold(status.out, "Deployed"));
  GITOPSCTL_CHECK(stage.quietly("gitopsctl promote prod --candidate candidates/main"));
  GITOPSCTL_CHECK(stage.quietly("gitopsctl sync prod --wait"));
  return {};
}

Result<void> change_and_promote(Stage& stage) {
  stage.heading("A change on a branch: what will it do?");
  GITOPSCTL_CHECK(stage.quietly("git checkout --quiet -b feature/greeting"));
  GITOPSCTL_CHECK(stage.edit("charts/greeter/values.yaml", "greeting: Hello", "greeting: Good morning"));
  GITOPSCTL_CHECK(stage.type("git commit --quiet -am 'A friendlier greeting' && git push --quiet origin feature/greeting"));
  GITOPSCTL_CHECK(stage.until("git ls-remote origin", "refs/heads/candidates/feature/greeting"));
  GITOPSCTL_TRY(const Said diff, stage.type("gitopsctl diff test --to candidates/feature/greeting", {1}));
  GITOPSCTL_CHECK(must_hold(diff.out, "Good morning"));
  stage.note("The same as the comment of a pull request: add -o markdown.");

  stage.heading("Merged to releases/test, it is deployed; then the same tree goes to releases/prod");
  GITOPSCTL_CHECK(stage.type("gitopsctl promote test --candidate candidates/feature/greeting"));
  GITOPSCTL_CHECK(stage.type("gitopsctl sync test --wait"));
  GITOPSCTL_CHECK(stage.type("gitopsctl promote prod --candidate candidates/feature/greeting"));
  GITOPSCTL_CHECK(stage.type("gitopsctl sync prod --wait"));
  GITOPSCTL_CHECK(stage.quietly("git fetch --quiet origin"));
  GITOPSCTL_TRY(const Said trees,
                stage.type("git rev-parse 'origin/candidates/feature/greeting^{tree}' 'origin/releases/prod^{tree}'"));
  if (trees.out.size() < 82 || trees.out.substr(0, 40) != trees.out.substr(41, 40)) {
    return Error(ErrorCode::internal, "releases/prod does not have the candidate's tree");
  }
  stage.note("Twice the same tree: what was looked at is what was deployed.");
  GITOPSCTL_CHECK(stage.type("gitopsctl history prod"));
  return {};
}

Result<void> drift(Stage& stage) {
  stage.heading("Suspended, nothing is written; somebody changes an object by hand, and the drift is seen");
  GITOPSCTL_CHECK(stage.type("gitopsctl suspend prod --reason 'looking around'"));
  GITOPSCTL_CHECK(stage.type("gitopsctl demo --break prod/ConfigMap/" + stage.namespace_of("storefront", "prod") +
                             "/storefront --set data.hello=world"));
  GITOPSCTL_CHECK(stage.type("gitopsctl demo --break prod/Deployment/" + stage.namespace_of("greeter", "prod") +
                             "/greeter --set spec.replicas=0"));
  GITOPSCTL_TRY(const Said seen, stage.type("gitopsctl diff prod --live", {1}));
  GITOPSCTL_CHECK(must_hold(seen.out, "greeter"));
  GITOPSCTL_CHECK(stage.type("gitopsctl why prod", {1}));

  stage.heading("Resumed, the drift is healed");
  GITOPSCTL_CHECK(stage.type("gitopsctl resume prod"));
  GITOPSCTL_CHECK(stage.type("gitopsctl sync prod --wait"));
  GITOPSCTL_CHECK(stage.type("gitopsctl diff prod --live", {0}));
  GITOPSCTL_TRY(const Said events, stage.type("gitopsctl events prod --limit 4"));
  GITOPSCTL_CHECK(must_hold(events.out, "DriftHealed"));
  return {};
}

/// Takes one release, with its lines, out of a channel file.
Result<void> drop_release(Stage& stage, const std::string& file, const std::string& name) {
  GITOPSCTL_TRY(std::string text, stage.read_file(file));
  const auto begin = text.find("  - name: " + name + "\n");
  if (begin == std::string::npos) return Error(ErrorCode::internal, "no release '" + name + "' in " + file);
  auto end = text.find("  - name: ", begin + 1);
  if (end == std::string::npos) end = text.size();
  text.erase(begin, end - begin);
  return stage.write_file(file, text);
}

Result<void> removals(Stage& stage) {
  stage.heading("A release leaves the channel: exactly its objects go");
  GITOPSCTL_CHECK(drop_release(stage, ".gitopsctl/channels/test.yaml", "greeter"));
  GITOPSCTL_CHECK(stage.type("git commit --quiet -am 'test without greeter' && git push --quiet origin feature/greeting"));
  GITOPSCTL_CHECK(stage.type("gitopsctl tree test/greeter"));
  GITOPSCTL_TRY(const Said tip, stage.quietly("git rev-parse --short=12 HEAD"));
  GITOPSCTL_CHECK(stage.until("git fetch --quiet origin && git log -1 --format=%b origin/candidates/feature/greeting",
                              tip.out.substr(0, 12)));
  GITOPSCTL_TRY(const Said plan,
                stage.type("gitopsctl diff test --live --to candidates/feature/greeting | head -6", {0, 1}));
  GITOPSCTL_CHECK(must_hold(plan.out, "-3"));
  GITOPSCTL_CHECK(stage.type("gitopsctl promote test --candidate candidates/feature/greeting"));
  GITOPSCTL_CHECK(stage.type("gitopsctl sync test --wait"));
  GITOPSCTL_CHECK(stage.type("gitopsctl tree test"));
  GITOPSCTL_CHECK(stage.type("gitopsctl tree test/greeter", {3}));

  stage.heading("A change that would remove most of prod is held until somebody confirms just that");
  GITOPSCTL_CHECK(drop_release(stage, ".gitopsctl/channels/prod.yaml", "storefront"));
  GITOPSCTL_CHECK(drop_release(stage, ".gitopsctl/channels/prod.yaml", "greeter"));
  GITOPSCTL_CHECK(stage.type("git commit --quiet -am 'prod without the shop' && git push --quiet origin feature/greeting"));
  GITOPSCTL_TRY(const Said bad, stage.quietly("git rev-parse --short=12 HEAD"));
  GITOPSCTL_CHECK(stage.until("git fetch --quiet origin && git log -1 --format=%b origin/candidates/feature/greeting",
                              bad.out.substr(0, 12)));
  GITOPSCTL_CHECK(stage.type("gitopsctl promote prod --candidate candidates/feature/greeting"));
  GITOPSCTL_CHECK(stage.type("gitopsctl sync prod --wait", {1}));
  GITOPSCTL_TRY(const Said held, stage.type("gitopsctl why prod", {1}));
  GITOPSCTL_CHECK(must_hold(held.out, "--deletes"));
  GITOPSCTL_TRY(const Said kept, stage.type("gitopsctl tree prod | head -4"));
  GITOPSCTL_CHECK(must_hold(kept.out, "greeter"));
  stage.note("Nothing was removed. Going back to the last candidate clears it:");
  GITOPSCTL_CHECK(stage.type("gitopsctl promote prod --candidate candidates/main"));
  GITOPSCTL_CHECK(stage.type("gitopsctl sync prod --wait"));
  GITOPSCTL_CHECK(stage.type("gitopsctl status"));
  return {};
}

}  // namespace

Result<void> run_demo(const DemoOptions& options) {
  GITOPSCTL_TRY(const auto stage, Stage::set_up(options));
  GITOPSCTL_CHECK(first_deployment(*stage));
  GITOPSCTL_CHECK(change_and_promote(*stage));
  GITOPSCTL_CHECK(drift(*stage));
  GITOPSCTL_CHECK(removals(*stage));
  options.say("\nThat was the whole road, in " + format_duration(stage->elapsed()) + ".\n");
  if (!options.keep) {
    options.say(
        "\nNext:\n\n"
        "  gitopsctl demo --keep               leaves it running to look around\n"
        "  gitopsctl helm template x CHART     renders a chart of yours as helm does\n"
        "  gitopsctl install --help            puts an agent into a cluster (docs/install.md)\n");
    return stage->leave_cluster();
  }
  options.say("\nEverything is still running. In another shell:\n\n" + stage->shell_lines() +
              "gitopsctl status --watch\n\nCtrl-C ends it.\n");
  while (!options.stop.stop_requested()) system_clock().sleep(Millis(3'600'000), options.stop);
  return stage->leave_cluster();
}

}  // namespace gitopsctl::agent::demo
