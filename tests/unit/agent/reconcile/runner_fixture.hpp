#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/control/control.hpp"
#include "agent/environment/environment.hpp"
#include "agent/inventory/inventory.hpp"
#include "agent/reconcile/channel_runner.hpp"
#include "base/files/file_tree.hpp"
#include "base/time/clock.hpp"
#include "channels/store/store.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/spy_environment.hpp"

namespace gitopsctl::tests {

using Files = std::map<std::string, std::string>;

/// A ConfigMap as a manifest.
[[nodiscard]] std::string config_map(const std::string& name, const std::string& value,
                                     const std::string& namespace_ = "shop");
/// One release of driver manifests whose path is its name; `more` are further lines of it, such as `prune: false`.
[[nodiscard]] std::string release(const std::string& name, const std::string& more = "");
/// A channel file of our form for channel `test`: these releases, and `more` lines at the top level.
[[nodiscard]] std::string channel_file(const std::vector<std::string>& releases, const std::string& more = "");

/// A channel runner on a real embedded environment, with a clock that stands still and a second connection through which
/// other people change the environment.
class RunnerFixture {
 public:
  RunnerFixture();

  /// A tree of these files as a commit; the channel file is `.gitopsctl/channels/test.yaml`.
  channels::CommitId commit(const Files& files);
  /// The same with the channel file made of `releases`.
  channels::CommitId commit(const std::vector<std::string>& releases, Files files, const std::string& more = "");
  /// One run of the channel at that commit.
  agent::RunResult run(const channels::CommitId& commit, const std::string& trigger = "poll", std::stop_token stop = {});
  /// What a new process sees: nothing remembered.
  void restart();

  /// `Kind/namespace/name` of all objects of the channel's namespaces with their `data.value`, without those of the home
  /// namespace.
  [[nodiscard]] std::map<std::string, std::string> objects();
  [[nodiscard]] std::optional<agent::LiveObject> live(const std::string& name, const std::string& namespace_ = "shop");
  /// Writes a ConfigMap as somebody else; `owner` becomes its owner label.
  void write_by_hand(const std::string& name, const std::string& value, const std::string& owner = "");
  void delete_by_hand(const std::string& name);
  /// Changes a stored object of the home namespace by hand.
  void edit_by_hand(const render::ObjectId& id, const std::function<void(Value&)>& change);
  [[nodiscard]] std::optional<agent::Inventory> inventory(const std::string& release);
  [[nodiscard]] render::ObjectId inventory_id(const std::string& release, const std::string& namespace_ = "shop") const;
  /// Of the channel record in the home namespace.
  [[nodiscard]] std::string record_name() const;
  /// Names of the inventory's entries.
  [[nodiscard]] std::vector<std::string> owned(const std::string& release);

  /// status.<field> of the Channel object, of a Release object.
  [[nodiscard]] Value channel_status(std::string_view field);
  [[nodiscard]] Value release_status(const std::string& release, std::string_view field);
  [[nodiscard]] std::string condition(std::string_view type);
  [[nodiscard]] std::vector<agent::Event> events();
  [[nodiscard]] std::vector<channels::DeploymentRecord> deployments();
  /// Sets spec of the Channel object, as the command line does.
  void set_switch(const std::function<void(Value&)>& change);
  void approve(const std::string& digest, bool deletes, const std::string& by = "ada");

  support::ScratchDir directory;
  ManualClock clock;
  std::unique_ptr<agent::Environment> environment;
  std::unique_ptr<agent::Environment> other;  ///< somebody else's connection
  std::unique_ptr<channels::Store> store;
  support::SpyEnvironment spy;
  agent::ChannelKey key{"home", "shop", "test"};
  agent::ChannelRunner::Setup setup;
  std::map<channels::CommitId, FileTreePtr> trees;
  std::unique_ptr<agent::ChannelRunner> runner;
};

/// Message of the first error in a release's status.
[[nodiscard]] std::string first_error(RunnerFixture& fixture, const std::string& release);
[[nodiscard]] bool contains(std::string_view text, std::string_view part);

}  // namespace gitopsctl::tests
