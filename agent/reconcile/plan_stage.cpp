#include "agent/reconcile/plan_stage.hpp"

#include <algorithm>
#include <set>

#include "agent/apply/apply.hpp"
#include "agent/apply/order.hpp"

namespace gitopsctl::agent {

namespace {

channels::RecordedState recorded_state(EntryState state) {
  switch (state) {
    case EntryState::intended: return channels::RecordedState::intended;
    case EntryState::applied: return channels::RecordedState::applied;
    case EntryState::pruning: return channels::RecordedState::pruning;
    case EntryState::recreating: return channels::RecordedState::recreating;
    case EntryState::kept: return channels::RecordedState::kept;
  }
  return channels::RecordedState::applied;
}

/// Objects that the binding does not let this channel write.
void check_namespaces(const render::RenderedSet& set, const std::vector<std::string>& allowed, const Location& where,
                      std::vector<Error>& errors) {
  if (allowed.empty()) return;
  for (const auto& object : set.objects) {
    if (std::find(allowed.begin(), allowed.end(), object.id.namespace_) != allowed.end()) continue;
    const std::string place =
        object.id.namespace_.empty() ? "it is outside of namespaces" : "namespace '" + object.id.namespace_ + "'";
    errors.push_back(
        Error(ErrorCode::forbidden, object.id.to_string() + " may not be written by this channel: " + place)
            .at(where)
            .with_hint("the agent's binding limits the channel's namespaces; change the manifest, or `namespaces` there"));
  }
}

// How live_hash() begins where the environment can tell what we own.
constexpr std::string_view owned_hash = "hmac:";

// Releases of one run that nobody answers for, before that is the environment's failure.
constexpr unsigned max_unanswered = 3;

using Entries = std::map<render::ObjectId, const channels::RecordedEntry*>;

/// Asks what applying would make of every object that is there and not known to be as we left it.
Result<void> predict_changes(Environment& environment, const channels::LiveReleaseInput& input, const Entries& entries,
                             channels::LiveState& live) {
  std::vector<render::Object> objects;
  std::vector<channels::LiveItem*> items;
  for (const auto& desired : input.desired) {
    auto& item = live.at(desired.id);
    if (!item || item->deleting) continue;
    const auto entry = entries.find(desired.id);
    if (item->as_applied && entry != entries.end() && entry->second->hash == desired.hash) continue;
    objects.push_back({desired.id, std::string(desired.body.string_at({"apiVersion"})), desired.body, desired.source, 0});
    items.push_back(&*item);
  }
  if (objects.empty()) return {};
  std::vector<const render::Object*> asked;
  asked.reserve(objects.size());
  for (const auto& object : objects) asked.push_back(&object);
  ApplyOptions options;
  options.owner = input.owner;
  options.dry_run = true;
  options.sensitive = &input.sensitive;
  options.force = &input.force;
  ScaledWorkloads scaled;
  for (const auto& desired : input.desired) add_scaled(desired.body, scaled);
  options.scaled = &scaled;
  GITOPSCTL_TRY(auto predictions, environment.predict(asked, options));
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i]->predicted = std::move(predictions[i].body);
    items[i]->refused = std::move(predictions[i].refused);
    items[i]->immutable = std::move(predictions[i].immutable);
    items[i]->warnings = std::move(predictions[i].warnings);
  }
  return {};
}

}  // namespace

std::vector<InventoryPlace> unlisted_places(const ChannelKey& key, const channels::Channel& channel,
                                            const Switches& switches) {
  std::set<std::pair<std::string, std::string>> places;
  for (const auto& release : channel.releases) {
    places.emplace(release.name, release.namespace_.empty() ? std::string(home_namespace) : release.namespace_);
  }
  places.insert(switches.release_places.begin(), switches.release_places.end());
  std::vector<InventoryPlace> out;
  for (const auto& [release, namespace_] : places) {
    if (!release.empty()) out.push_back({key.release(release), namespace_});
  }
  return out;
}

channels::RemovalSettings recorded_removal(const Inventory& inventory) {
  channels::RemovalSettings out{inventory.prune, inventory.allow_delete};
  std::sort(out.allow_delete.begin(), out.allow_delete.end());
  return out;
}

channels::LiveReleaseInput make_plan_input(const Environment& environment, const PlanSubject& subject,
                                           const std::string& installation_key) {
  const Inventory& inventory = *subject.inventory;
  channels::LiveReleaseInput input;
  input.release = inventory.identity.release;
  input.namespace_ = inventory.release_namespace;
  input.owner = owner_id(inventory);
  input.former_owners = subject.former_owners;
  input.from_digest = inventory.render_digest;
  for (const auto& entry : inventory.entries) {
    input.entries.push_back({entry.id, entry.uid, entry.hash, recorded_state(entry.state), entry.live_hash});
  }
  input.sensitive = inventory.sensitive;
  input.listed = subject.release != nullptr;
  if (!input.listed) {
    // What happens to a release that left the file was said by the revision that last had it.
    input.settings.prune = inventory.prune;
    input.settings.allow_delete = inventory.allow_delete;
    return input;
  }
  const channels::Release& release = *subject.release;
  input.driver = release.driver_name;
  if (release.driver == channels::Driver::helm)
    input.helm_name = release.helm_name.empty() ? release.name : release.helm_name;
  input.to_digest = subject.state->render_digest;
  add_sensitive(input.sensitive, release.sensitive);
  input.force = release.force;
  input.settings.prune = subject.channel->prunes(release);
  input.settings.allow_empty = release.allow_empty;
  input.settings.allow_delete = release.allow_delete;
  input.errors = subject.state->errors;
  input.warnings = subject.state->warnings;
  if (subject.state->set) {
    check_namespaces(*subject.state->set, *subject.namespaces, release.where, input.errors);
    static_cast<void>(read_order(subject.state->set->objects, &input.errors));
    for (const auto& object : subject.state->set->objects) {
      input.desired.push_back({object.id, environment.as_stored(object, release.sensitive),
                               applied_hash(object, installation_key, release.sensitive), object.source});
    }
  }
  return input;
}

bool LookErrors::is_of_one_release(const Error& error) {
  switch (error.code()) {
    case ErrorCode::forbidden: return true;
    case ErrorCode::cancelled:
    case ErrorCode::internal:
    case ErrorCode::newer_schema: return false;
    default: break;
  }
  if (unanswered_ == max_unanswered) return false;
  ++unanswered_;
  const auto id = channel_object_id(environment_, key_);
  return id.ok() && environment_.get(*id).ok();
}

Result<channels::LiveState> look_up_live(Environment& environment, const channels::LiveReleaseInput& input,
                                         std::map<render::ObjectId, std::string>& observed,
                                         const std::string& installation_key, const KnownVersions& known) {
  channels::LiveState live;
  std::set<render::ObjectId> wanted;
  const auto want = [&](const render::ObjectId& id) {
    const auto found = known.find(id);
    if (found == known.end() || found->second) {
      wanted.insert(id);
    } else {
      live[id] = std::nullopt;
    }
  };
  for (const auto& object : input.desired) want(object.id);
  for (const auto& entry : input.entries) want(entry.id);
  const std::vector<render::ObjectId> ids(wanted.begin(), wanted.end());
  std::map<render::ObjectId, const channels::RecordedEntry*> entries;
  for (const auto& entry : input.entries) entries.emplace(entry.id, &entry);
  GITOPSCTL_TRY(auto objects, environment.get_many(ids));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (objects[i]) {
      observed[ids[i]] = objects[i]->resource_version;
      channels::LiveItem& item = live[ids[i]].emplace(to_live_item(*objects[i]));
      if (const auto entry = entries.find(ids[i]);
          entry != entries.end() && entry->second->live_hash.starts_with(owned_hash)) {
        item.as_applied = !item.deleting && item.uid == entry->second->uid && item.owner == input.owner &&
                          entry->second->live_hash == live_hash(environment, *objects[i], installation_key);
      }
    } else {
      live[ids[i]] = std::nullopt;
    }
  }
  GITOPSCTL_CHECK(predict_changes(environment, input, entries, live));
  return live;
}

}  // namespace gitopsctl::agent
