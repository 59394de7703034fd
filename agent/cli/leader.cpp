#include "agent/cli/leader.hpp"

#include <set>

#include "agent/control/lease_names.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent::cli {

std::string LeaderView::text(TimePoint now) const {
  if (holder.empty()) return "no agent works now: the last one ended";
  const auto ago = std::chrono::duration_cast<std::chrono::seconds>(now - renewed);
  const std::string since = format_duration(std::max<Millis>(ago, Millis(0))) + " ago";
  // Another machine's clock against this one's: said when there is no doubt.
  if (ago > 2 * span) return "no agent works now: " + holder + " was heard of last " + since;
  return "the agent that works is " + holder;
}

Value LeaderView::data() const {
  return make_map({{"environment", Value::string(environment)},
                   {"holder", Value::string(holder)},
                   {"renewed", Value::string(format_time(renewed))}});
}

std::vector<LeaderView> find_leaders(const std::vector<BoundChannel>& channels) {
  std::vector<LeaderView> out;
  std::set<std::string> seen;
  for (const auto& channel : channels) {
    if (!seen.insert(channel.binding->environment).second) continue;
    const auto live = channel.environment->get(lease_object_id(leader_lease_name(channel.key.installation)));
    if (!live.ok() || !*live) continue;
    LeaderView view;
    view.environment = channel.binding->environment;
    view.holder = terminal_safe((*live)->body.string_at({"spec", "holderIdentity"}));
    if (const auto at = parse_time((*live)->body.string_at({"spec", "renewTime"})); at.ok()) view.renewed = *at;
    if (const Value* seconds = (*live)->body.find_path({"spec", "leaseDurationSeconds"}); seconds && seconds->is_int()) {
      view.span = std::chrono::seconds(seconds->as_int());
    }
    out.push_back(std::move(view));
  }
  return out;
}

}  // namespace gitopsctl::agent::cli
