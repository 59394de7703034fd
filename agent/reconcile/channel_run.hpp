#pragma once

// One run of a channel from the inside: shared by the sources of ChannelRunner, included by nobody else.

#include <map>
#include <memory>
#include <mutex>
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
  std::map<std::string, ReleaseMemory> memory = {};
  /// Up to this version of the environment every write of somebody else was looked at.
  std::uint64_t seen_version = 0;
  /// Inventories as of seen_version: valid while nobody else wrote.
  std::optional<std::map<std::string, Inventory>> inventories = {};
  /// The releases whose inventory cannot be read, as of the same moment.
  std::map<std::string, UnreadableInventory> unreadable = {};
  /// What people said on the Release objects, by the versions in which it was read.
  SwitchMemory switches = {};
  /// The channel file as it was read last, and what it was read from; null until one could be read.
  std::shared_ptr<const channels::Channel> channel = {};
  std::vector<TreeDependency> channel_files = {};
  /// What the tip renders to, so that a rollback in force does not render it again and again.
  channels::CommitId tip = {};
  std::string tip_digest = {};
  /// Release objects that nobody answers for (a run was killed between the inventory and them) were looked for.
  bool swept = false;
  /// The line of the store that a failed run left, which its repetitions go on with.
  channels::CommitId repeated_commit = {};
  std::string repeated_id = {};
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
    std::optional<UnreadableInventory> unreadable;  ///< the inventory is there, but nobody knows what is in it
    bool deployed = false;                          ///< an inventory was there before the run
    bool looked = false;                            ///< in this run, or nothing of it had to be looked at
    bool planned = false;                           ///< `changes` is from the environment, not from memory
    bool failed = false;
    bool held_back = false;        ///< something of it would have been removed, but not in a run in which anything failed
    bool settled = false;          ///< its inventory says that the goal is reached
    Millis waits_since{-1};        ///< when it began to wait, by the monotonic clock; -1: it does not
    Millis waiting_told{0};        ///< when its status said so last
    bool taken_over_anew = false;  ///< its objects are there, but its inventory was not
    std::optional<std::string> former_namespace;  ///< where its Release object stands until the move is done
    channels::LiveReleaseInput input;             ///< what the plan was made from
    channels::ReleaseChanges changes;
    WriteReport report;
  };

  /// What a look at the objects of one release found, until it is planned.
  struct Look {
    bool asks = false;         ///< something had to be looked at, and nothing stood in the way
    std::vector<Error> found;  ///< of the plan's input
    FormerRendering former;
    Result<channels::LiveState> live{channels::LiveState()};
    std::map<render::ObjectId, std::string> observed;
  };

  /// What rendering a commit came to.
  struct Rendering {
    Result<void> channel_file;  ///< of reading it
    Result<void> releases;      ///< an error: broken off. What fails of one release is in its state
  };

  Result<void> road();

  // inputs
  Result<void> take_lease();
  Result<void> may_continue();
  Result<void> read_record();
  Result<void> read_inventories();
  Result<void> load_channel();
  Rendering render();
  bool follow(const Rendering& rendering);
  [[nodiscard]] bool renders_tip() const;
  bool follow_tip(const std::optional<Rendering>& rendering);
  bool holds_tip();
  bool follow_rollback();
  void note_seen_version();

  // plan
  Result<void> plan();
  Result<void> find_unlisted_inventories();
  void collect_items();
  void add_listed(const channels::Release& release);
  [[nodiscard]] std::vector<render::ObjectId> wanted_ids(const Item& item) const;
  [[nodiscard]] bool must_look(const Item& item) const;
  [[nodiscard]] bool knows(const Item& item) const;
  [[nodiscard]] bool unmoved(const Item& item, const ReleaseMemory& memory) const;
  [[nodiscard]] bool asks_whether_moved(const Item& item) const;
  void ask_for_versions();
  [[nodiscard]] channels::Handover hand_over();
  const std::set<render::ObjectId>& coming();
  void refuse_double_claims();
  Result<void> look_ahead(std::size_t first);
  Result<void> prepare_look(Item& item, Look& look);
  Result<channels::PlanOutcome> plan_item(std::size_t place, const channels::Handover& handover);
  channels::PlanOutcome skip_plan(Item& item, const std::vector<Error>& found, const std::vector<Error>& met_before) const;
  void hold_back_removals();
  [[nodiscard]] std::size_t objects_at_stake() const;
  [[nodiscard]] bool guard();
  [[nodiscard]] bool shows_nothing(const Item& item) const;
  [[nodiscard]] bool leave_alone(const Item& item) const;
  [[nodiscard]] bool has_work(const Item& item) const;
  [[nodiscard]] const channels::Policy& policy_after() const;
  [[nodiscard]] channels::RemovalSettings removal_after(const Item& item) const;

  // write
  void begin_record();
  Result<void> write();
  Result<void> tighten_all(const WriteContext& context);
  Result<void> apply_all(const WriteContext& context);
  Result<void> apply_item(Item& item, const WriteContext& shared);
  Result<void> prune_all(const WriteContext& context);
  void note_held_back();
  Result<void> settle_all(const WriteContext& context);
  [[nodiscard]] bool has_leftovers(const Item& item) const;
  [[nodiscard]] std::vector<Item*> in_order();
  [[nodiscard]] const std::string* failed_dependency(const Item& item) const;
  [[nodiscard]] ReleaseGoal goal_of(const Item& item) const;
  Result<void> note_report(Item& item, const WriteReport& report);

  // report
  void fail_channel(std::vector<Error> errors);
  void finish_held();
  Result<void> finish();
  void report_healed();
  void report_taken_over();
  void sweep_releases();
  [[nodiscard]] bool repeats() const;
  void begin_line();
  void finish_line(const std::string& outcome, const std::string& message);
  void finish_history(bool failed);
  void publish_releases(bool held);
  void report_waiting(Item& item, const std::string& what);
  void describe(const Item& item, bool held, ReleaseStatus& status) const;
  void publish(const std::string& state);

  /// Held by who of several writers looks at, or changes, what is not its own release's.
  std::mutex mutex_;
  std::optional<Error> ended_;  ///< what one of several writers met that ends the run for all of them
  ChannelRunner::State& s_;
  const RunRequest& request_;
  const Interrupt& interrupt_;
  TimePoint started_;

  Switches switches_;
  ChannelRecord record_;
  std::string lease_name_;
  Lease lease_;
  Millis lease_taken_{0};
  std::optional<std::uint64_t> start_version_;  ///< of the environment, before anything of it was read
  std::uint64_t looked_at_version_ = 0;         ///< when the switches were read last
  bool others_wrote_ = true;

  FileTreePtr tree_;
  channels::CommitId commit_;
  std::shared_ptr<const channels::Channel> channel_;  ///< never null; empty until the file was read
  std::map<std::string, UnreadableInventory> unreadable_;
  std::string digest_;
  std::string seal_;  ///< as digest_, with the values of secrets
  bool rolled_back_ = false;
  std::string ended_rollback_;  ///< held digest that the branch has left behind

  LookErrors look_errors_;
  std::vector<Item> items_;
  std::map<std::size_t, Look> looks_;  ///< by their places in items_: those ahead of the plan
  KnownVersions versions_;             ///< of this run's objects, where many had to be looked at
  std::optional<std::set<render::ObjectId>> coming_;
  channels::ChangeSet changes_;
  std::vector<channels::Verdict> verdicts_;

  bool recorded_ = false;       ///< the run is worth a line in the history
  bool line_begun_ = false;     ///< the store has a line of this run that says `running`
  bool prune_skipped_ = false;  ///< something failed, so nothing was removed
  std::string run_id_;
  channels::DeploymentRecord deployment_;
  ChannelStatus channel_status_;
  std::optional<HistoryLine> history_;
  RunResult result_;
};

}  // namespace gitopsctl::agent
