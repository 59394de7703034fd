#pragma once

#include <string>
#include <vector>

#include "agent/control/control.hpp"
#include "agent/environment/environment.hpp"
#include "agent/reconcile/plan_stage.hpp"
#include "agent/reconcile/render_stage.hpp"
#include "base/result/result.hpp"
#include "channels/model/channel.hpp"
#include "channels/plan/change_set.hpp"

namespace gitopsctl::agent {

/// What deploying `channel` as rendered in `states` would change in the environment now: the same plan that a run makes,
/// from the same pure functions, without a lease and without writing anything. With `tree_of` what the deployed revision
/// rendered is found where a difference has several causes.
[[nodiscard]] Result<channels::ChangeSet> preview_live(Environment& environment, const ChannelKey& key,
                                                       const channels::Channel& channel,
                                                       const std::vector<RenderState>& states, const std::string& revision,
                                                       const std::vector<std::string>& namespaces,
                                                       const std::string& installation_key, const TreeSource& tree_of = {},
                                                       const std::string& channel_file = {}, const ChartFetch& charts = {});

}  // namespace gitopsctl::agent
