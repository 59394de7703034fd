#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agent/control/control.hpp"
#include "agent/environment/environment.hpp"
#include "agent/inventory/inventory.hpp"
#include "agent/reconcile/render_stage.hpp"
#include "base/result/result.hpp"
#include "channels/git/mirror.hpp"
#include "channels/model/channel.hpp"
#include "channels/model/policy.hpp"
#include "channels/plan/live_plan.hpp"

namespace gitopsctl::agent {

/// One release as a live plan needs it.
struct PlanSubject {
  const channels::Channel* channel = nullptr;
  const channels::Release* release = nullptr;            ///< null: left the channel file
  const RenderState* state = nullptr;                    ///< null with release
  const Inventory* inventory = nullptr;                  ///< never null; without entries when nothing is deployed
  std::vector<std::string> former_owners;                ///< ApplySet ids of the name before `renamedFrom`
  const std::vector<std::string>* namespaces = nullptr;  ///< allowed; empty: all
};

/// Where inventories of a channel may stand that are not listed because they lost their labels: where each release of the
/// file is now, and where its Release object says that it was.
[[nodiscard]] std::vector<InventoryPlace> unlisted_places(const ChannelKey& key, const channels::Channel& channel,
                                                          const Switches& switches);

/// What the deployed revision said about removing objects of the release.
[[nodiscard]] channels::RemovalSettings recorded_removal(const Inventory& inventory);

/// What the pure plan gets for `subject`; `state->set` must be at hand when the release is listed.
[[nodiscard]] channels::LiveReleaseInput make_plan_input(const Environment& environment, const PlanSubject& subject,
                                                         const std::string& installation_key);

/// Tells the errors of look_up_live() that say something about one release from those that say something about the
/// environment. One for each run or preview; not thread-safe.
class LookErrors {
 public:
  LookErrors(Environment& environment, ChannelKey key) : environment_(environment), key_(std::move(key)) {}
  /// True when the other releases can go on: a right is missing for objects of this one, or nobody answers for them (their
  /// API service is away, an answer is no answer) although the environment does when it is asked for something else. Each
  /// such answer may have been waited for for a minute, so a few of them are taken for an outage.
  [[nodiscard]] bool is_of_one_release(const Error& error);

 private:
  Environment& environment_;
  ChannelKey key_;
  unsigned unanswered_ = 0;
};

/// The renderings of which something may be deployed. They may hold secrets: for comparing only.
using FormerRendering = std::function<std::vector<std::shared_ptr<const render::RenderedSet>>()>;
using TreeSource = std::function<Result<FileTreePtr>(const channels::CommitId&)>;
/// Renders what `inventory` says is deployed, and what a run that did not come to its end began to deploy, from the trees of
/// their commits, charts that are in the cache and what `sources` have now, once asked: a plan needs it only of objects that
/// both a commit and somebody else changed. Empty without a source of trees.
[[nodiscard]] FormerRendering former_rendering(const Inventory& inventory, const PlanSubject& subject, const ChannelKey& key,
                                               const std::string& channel_file, const std::string& installation_key,
                                               const TreeSource& tree_of, const ChartFetch& charts = {},
                                               const RenderRules& rules = {}, const SourceAccess& sources = {});

/// Of what the releases of a channel render: what others of its objects can need before they are taken.
[[nodiscard]] std::set<render::ObjectId> things_to_come(const std::vector<const RenderState*>& states);

/// What a run knows beyond one release; each may be missing.
struct LookAids {
  /// Of this run. What they say is not there is not looked up: an apply that finds it after all fails.
  const KnownVersions* known = nullptr;
  FormerRendering former = {};
  const std::set<render::ObjectId>* coming = nullptr;  ///< things_to_come()
};

/// Looks up every object that the plan of `input` needs, and asks the environment what applying would make of those that
/// are not known to be as we left them, and where the differences come from. `observed` gets their resource versions. An
/// Error means that the environment did not answer: then nothing is known, and nothing may be done. Objects that are not
/// there are tried as well: one that would be refused is an error of `input`.
[[nodiscard]] Result<channels::LiveState> look_up_live(Environment& environment, channels::LiveReleaseInput& input,
                                                       std::map<render::ObjectId, std::string>& observed,
                                                       const std::string& installation_key, const LookAids& aids = {});

}  // namespace gitopsctl::agent
