#include "agent/reconcile/preview.hpp"

#include <set>
#include <utility>

#include "agent/apply/apply.hpp"
#include "agent/inventory/inventory.hpp"
#include "agent/reconcile/channel_record.hpp"
#include "agent/reconcile/plan_stage.hpp"

namespace gitopsctl::agent {

namespace {

struct KnownInventories {
  std::map<std::string, Inventory> readable;
  std::map<std::string, UnreadableInventory> unreadable;
};

Result<KnownInventories> known_inventories(Environment& environment, const ChannelKey& key,
                                           const channels::Channel& channel) {
  KnownInventories out;
  GITOPSCTL_TRY(auto list, list_inventories(environment, key.installation, key.repository, key.channel));
  for (auto& inventory : list.readable) out.readable.emplace(inventory.identity.release, std::move(inventory));
  for (auto& unreadable : list.unreadable) out.unreadable.emplace(unreadable.release, std::move(unreadable));
  GITOPSCTL_TRY(const auto switches, read_switches(environment, key));
  std::vector<InventoryPlace> places;
  for (const auto& place : unlisted_places(key, channel, switches)) {
    const auto& release = place.identity.release;
    if (!out.readable.contains(release) && !out.unreadable.contains(release)) places.push_back(place);
  }
  GITOPSCTL_TRY(auto found, find_unlisted(environment, places));
  for (auto& unlisted : found) out.unreadable.emplace(unlisted.release, std::move(unlisted));
  return out;
}

}  // namespace

Result<channels::ChangeSet> preview_live(Environment& environment, const ChannelKey& key, const channels::Channel& channel,
                                         const std::vector<RenderState>& states, const std::string& revision,
                                         const std::vector<std::string>& namespaces, const std::string& installation_key,
                                         const TreeSource& tree_of, const std::string& channel_file,
                                         const ChartFetch& charts) {
  GITOPSCTL_TRY(const ChannelRecord record, read_channel_record(environment, key));
  GITOPSCTL_TRY(auto known, known_inventories(environment, key, channel));

  std::vector<channels::LiveReleaseInput> inputs;
  channels::LiveState live;
  std::map<render::ObjectId, std::string> observed;
  LookErrors look_errors(environment, key);
  std::vector<const RenderState*> rendered;
  rendered.reserve(states.size());
  for (const auto& state : states) rendered.push_back(&state);
  const auto coming = things_to_come(rendered);
  const auto add = [&](PlanSubject subject, const std::string& name) -> Result<void> {
    Inventory fresh;
    fresh.identity = key.release(name);
    if (subject.release != nullptr) {
      fresh.namespace_ = subject.release->namespace_.empty() ? std::string(home_namespace) : subject.release->namespace_;
      fresh.release_namespace = subject.release->namespace_;
    }
    const auto there = known.readable.find(name);
    subject.inventory = there == known.readable.end() ? &fresh : &there->second;
    inputs.push_back(make_plan_input(environment, subject, installation_key));
    if (const auto unreadable = known.unreadable.find(name); unreadable != known.unreadable.end()) {
      auto& input = inputs.back();
      input.errors.insert(input.errors.end(), unreadable->second.errors.begin(), unreadable->second.errors.end());
      input.unreadable_owners = unreadable->second.owners;
      return {};
    }
    LookAids aids;
    aids.former = former_rendering(*subject.inventory, subject, key, channel_file, installation_key, tree_of, charts, {},
                                   sources_in(environment, namespaces));
    aids.coming = &coming;
    auto objects = look_up_live(environment, inputs.back(), observed, installation_key, aids);
    if (objects.ok()) {
      live.merge(*objects);
    } else if (look_errors.is_of_one_release(objects.error())) {
      inputs.back().errors.push_back(objects.error());
    } else {
      return objects.error();
    }
    return {};
  };
  std::set<std::string> left;
  for (const auto& [name, inventory] : known.readable) left.insert(name);
  for (const auto& [name, unreadable] : known.unreadable) left.insert(name);
  for (std::size_t i = 0; i < channel.releases.size(); ++i) {
    PlanSubject subject{&channel, &channel.releases[i], &states[i], nullptr, {}, &namespaces};
    if (const auto old = known.readable.find(subject.release->renamed_from); old != known.readable.end()) {
      subject.former_owners.push_back(owner_id(old->second));
    }
    GITOPSCTL_CHECK(add(std::move(subject), channel.releases[i].name));
    left.erase(channel.releases[i].name);
  }
  for (const auto& name : left) {
    GITOPSCTL_CHECK(add({&channel, nullptr, nullptr, nullptr, {}, &namespaces}, name));
  }
  auto changes = channels::plan_channel_live(key.channel, "live", revision, inputs, live);
  channels::set_policy(changes, record.known ? &record.policy : nullptr, channel.policy, channel);
  for (const auto& release : channel.releases) {
    const auto deployed = known.readable.find(release.name);
    if (deployed == known.readable.end()) continue;
    auto moves = channels::compare_removal(release.name, recorded_removal(deployed->second),
                                           channels::removal_settings(channel, release));
    changes.policy_changes.insert(changes.policy_changes.end(), moves.begin(), moves.end());
  }
  return changes;
}

}  // namespace gitopsctl::agent
