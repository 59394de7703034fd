#include "agent/reconcile/channel_runner.hpp"

#include "agent/reconcile/channel_run.hpp"
#include "base/process/memory.hpp"

namespace gitopsctl::agent {

std::string_view run_state_name(RunState state) noexcept {
  switch (state) {
    case RunState::up_to_date: return "up to date";
    case RunState::deployed: return "deployed";
    case RunState::held: return "held";
    case RunState::failed: return "failed";
    case RunState::preempted: return "preempted";
  }
  return "failed";
}

ChannelRunner::ChannelRunner(Setup setup, Environment& environment, channels::Store* store, Clock& clock,
                             TreeSource tree_of) {
  RenderStage::Options options{
      setup.installation_key, setup.key.installation + '/' + setup.key.repository + '/' + setup.key.channel + '/',
      setup.render_threads,   setup.render_rules,
      setup.charts,           sources_in(environment, setup.namespaces)};
  StatusWriter status(environment, setup.key, clock);
  state_ = std::unique_ptr<State>(new State{.setup = std::move(setup),
                                            .environment = environment,
                                            .store = store,
                                            .clock = clock,
                                            .tree_of = std::move(tree_of),
                                            .stage = RenderStage(std::move(options)),
                                            .status = std::move(status)});
}

ChannelRunner::~ChannelRunner() = default;

RunResult ChannelRunner::run(const RunRequest& request, const Interrupt& interrupt) {
  return ChannelRun(*state_, request, interrupt).go();
}

void ChannelRunner::gather_memory() {
  return_free_memory();  // what is left of free pieces lies between kept ones: new ones go there
  // All are copied before any is freed: else each would go where the one before it was.
  auto memory = state_->memory;
  auto inventories = state_->inventories;
  auto switches = state_->switches;
  state_->stage.gather_memory();
  state_->memory = std::move(memory);
  state_->inventories = std::move(inventories);
  state_->switches = std::move(switches);
  return_free_memory();
}

Result<void> ChannelRunner::report_source(const SourceState& source) {
  const std::string branch = "releases/" + state_->setup.key.channel;
  std::string reason = "Reachable", message = "the repository answers", hint;
  if (!source.reachable && source.error) {
    reason = "SourceUnavailable";
    message = source.error->to_string();
    hint = source.error->hint();
    if (hint.empty()) hint = "it is tried again by itself; if it stays so: gitopsctl doctor";
  } else if (!source.branch_exists) {
    reason = "BranchMissing";
    message = "branch " + branch + " does not exist; what is deployed stays as it is";
    hint = "push " + branch + " again, or take the binding out of the agent's file";
  }
  const auto before = state_->environment.version();
  auto written = state_->status.write_source(source.reachable && source.branch_exists, reason, message, hint);
  // Our own word about the source is no reason to look at everything again.
  if (before.ok() && *before == state_->seen_version) {
    const auto after = state_->environment.version();
    const auto others = state_->environment.changed_by_others(*before);
    if (after.ok() && others.ok() && !*others) state_->seen_version = *after;
  }
  return written;
}

Result<std::string> ChannelRunner::sync_requested() {
  GITOPSCTL_TRY(const auto live, find_channel(state_->environment, state_->setup.key));
  if (!live) return std::string();
  const std::string token(live->annotation("gitopsctl.dev/requestedAt"));
  return live->body.string_at({"status", "lastHandledRequestedAt"}) == token ? std::string() : token;
}

void ChannelRunner::forget() {
  state_->memory.clear();
  state_->seen_version = 0;
  state_->inventories.reset();
  state_->switches.clear();
  state_->status.forget();
  state_->tip.clear();
  state_->swept = false;
}

std::uint64_t ChannelRunner::seen_version() const noexcept { return state_->seen_version; }
std::uint64_t ChannelRunner::renders() const noexcept { return state_->stage.renders(); }

}  // namespace gitopsctl::agent
