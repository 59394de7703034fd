#include "agent/reconcile/preview.hpp"

#include "agent/apply/apply.hpp"
#include "agent/inventory/inventory.hpp"
#include "agent/reconcile/channel_record.hpp"
#include "agent/reconcile/plan_stage.hpp"

namespace gitopsctl::agent {

Result<channels::ChangeSet> preview_live(Environment& environment, const ChannelKey& key, const channels::Channel& channel,
                                         const std::vector<RenderState>& states, const std::string& revision,
                                         const std::vector<std::string>& namespaces, const std::string& installation_key) {
  GITOPSCTL_TRY(const ChannelRecord record, read_channel_record(environment, key));
  GITOPSCTL_TRY(const auto list, list_inventories(environment, key.installation, key.repository, key.channel));
  std::map<std::string, Inventory> inventories;
  for (const auto& inventory : list) inventories.emplace(inventory.identity.release, inventory);

  std::vector<channels::LiveReleaseInput> inputs;
  channels::LiveState live;
  std::map<render::ObjectId, std::string> observed;
  const auto add = [&](const PlanSubject& subject) -> Result<void> {
    inputs.push_back(make_plan_input(environment, subject, installation_key));
    GITOPSCTL_TRY(auto objects, look_up_live(environment, inputs.back(), observed));
    live.merge(objects);
    return {};
  };
  for (std::size_t i = 0; i < channel.releases.size(); ++i) {
    const channels::Release& release = channel.releases[i];
    Inventory fresh;
    fresh.identity = key.release(release.name);
    fresh.namespace_ = release.namespace_.empty() ? std::string(home_namespace) : release.namespace_;
    fresh.release_namespace = release.namespace_;
    const auto known = inventories.find(release.name);
    PlanSubject subject;
    subject.channel = &channel;
    subject.release = &release;
    subject.state = &states[i];
    subject.inventory = known == inventories.end() ? &fresh : &known->second;
    subject.namespaces = &namespaces;
    if (const auto old = inventories.find(release.renamed_from); old != inventories.end()) {
      subject.former_owners.push_back(owner_id(old->second));
    }
    GITOPSCTL_CHECK(add(subject));
  }
  for (const auto& [name, inventory] : inventories) {
    if (channel.find(name) != nullptr) continue;
    PlanSubject subject;
    subject.channel = &channel;
    subject.inventory = &inventory;
    subject.namespaces = &namespaces;
    GITOPSCTL_CHECK(add(subject));
  }
  auto changes = channels::plan_channel_live(key.channel, "live", revision, inputs, live);
  channels::set_policy(changes, record.known ? &record.policy : nullptr, channel.policy, channel);
  for (const auto& release : channel.releases) {
    const auto deployed = inventories.find(release.name);
    if (deployed == inventories.end()) continue;
    auto moves = channels::compare_removal(release.name, recorded_removal(deployed->second),
                                           channels::removal_settings(channel, release));
    changes.policy_changes.insert(changes.policy_changes.end(), moves.begin(), moves.end());
  }
  return changes;
}

}  // namespace gitopsctl::agent
