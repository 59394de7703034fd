#pragma once

// One run of a channel from the inside: shared by the sources of ChannelRunner, included by nobody else.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/reconcile/channel_runner.hpp"
#include "agent/reconcile/plan_stage.hpp"
#include "agent/reconcile/status_writer.hpp"

namespace gitopsctl::agent {

/// What is remembered of a release between runs, so that a run does only what is new.
struct ReleaseMemory {
  std::string settled_key;                           ///< render key that the environment was made equal to
  std::map<render::ObjectId, std::string> observed;  ///< resource versions when it was looked at last
};

/// What a runner keeps between runs.
struct ChannelRunner::State {
  Setup setup;
  Environment& environment;
  channels::Store* store;
  Clock& clock;
  TreeSource tree_of;
  RenderStage stage;
  StatusWriter status;
  std::map<std::string, ReleaseMemory> memory;
  std::uint64_t seen_version = 0;
  /// Inventories as of seen_version: valid while nobody else wrote.
  std::optional<std::map<std::string, Inventory>> inventories;
};

/// One run: the state that its stages hand on to each other. The stages, in order, are in channel_run.cpp (inputs),
/// channel_run_plan.cpp, channel_run_write.cpp and channel_run_report.cpp.
class ChannelRun {
 public:
  ChannelRun(ChannelRunner::State& state, const RunRequest& request, const Interrupt& interrupt);
  RunResult go();

 private:
  /// One release on its way through the run.
  struct Item {
    const channels::Release* release = nullptr;  ///< null: left the channel file
    std::string name;
    Inventory inventory;
    bool deployed = false;  ///< an inventory was there before the run
    bool planned = false;   ///< `changes` is from the environment, not from memory
    bool failed = false;
    channels::LiveReleaseInput input;  ///< what the plan was made from
    channels::ReleaseChanges changes;
    WriteReport report;
  };

  Result<void> road();

  // inputs
  Result<void> take_lease();
  Result<void> may_continue();
  Result<void> read_inventories();
  bool load_and_render();
  bool follow_rollback();

  // plan
  Result<void> plan();
  void collect_items();
  void add_listed(const channels::Release& release);
  [[nodiscard]] std::vector<render::ObjectId> wanted_ids(const Item& item) const;
  [[nodiscard]] bool must_look(const Item& item) const;
  [[nodiscard]] bool unmoved(const Item& item, const ReleaseMemory& memory) const;
  [[nodiscard]] channels::Handover hand_over();
  void refuse_double_claims();
  Result<void> plan_item(Item& item, const channels::Handover& handover);
  void hold_back_removals();
  [[nodiscard]] bool guard();
  [[nodiscard]] bool leave_alone(const Item& item) const;
  [[nodiscard]] bool has_work(const Item& item) const;

  // write
  void begin_record();
  Result<void> write();
  Result<void> apply_all(const WriteContext& context);
  Result<void> prune_all(const WriteContext& context);
  Result<void> settle_all(const WriteContext& context);
  [[nodiscard]] std::vector<Item*> in_order();
  [[nodiscard]] const std::string* failed_dependency(const Item& item) const;
  [[nodiscard]] ReleaseGoal goal_of(const Item& item) const;
  Result<void> note_report(Item& item, const WriteReport& report);

  // report
  void fail_channel(std::vector<Error> errors);
  void finish_held();
  Result<void> finish();
  void report_healed();
  void finish_history(bool failed);
  void publish_releases(bool held);
  void describe(const Item& item, bool held, ReleaseStatus& status) const;
  void publish(const std::string& state);

  ChannelRunner::State& s_;
  const RunRequest& request_;
  const Interrupt& interrupt_;
  TimePoint started_;

  Switches switches_;
  ChannelRecord record_;
  std::string lease_name_;
  Lease lease_;
  Millis lease_taken_{0};
  std::uint64_t looked_at_version_ = 0;
  bool others_wrote_ = true;

  FileTreePtr tree_;
  channels::CommitId commit_;
  channels::Channel channel_;
  std::string digest_;
  bool rolled_back_ = false;

  std::vector<Item> items_;
  channels::ChangeSet changes_;
  std::vector<channels::Verdict> verdicts_;

  bool recorded_ = false;       ///< the run is worth a line in the history
  bool prune_skipped_ = false;  ///< something failed, so nothing was removed
  std::string run_id_;
  channels::DeploymentRecord deployment_;
  ChannelStatus channel_status_;
  std::optional<HistoryLine> history_;
  RunResult result_;
};

}  // namespace gitopsctl::agent
