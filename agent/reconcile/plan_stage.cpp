#include "agent/reconcile/plan_stage.hpp"

#include <algorithm>
#include <array>
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

/// One object that is there, and that may differ from what is desired.
struct Asked {
  render::Object object;
  const channels::DesiredObject* desired = nullptr;
  const channels::RecordedEntry* entry = nullptr;  ///< null: none
  channels::LiveItem* item = nullptr;
  const LiveObject* live = nullptr;
};

std::vector<Asked> list_asked(const channels::LiveReleaseInput& input, const Entries& entries,
                              const std::map<render::ObjectId, const LiveObject*>& objects, channels::LiveState& live) {
  std::vector<Asked> out;
  for (const auto& desired : input.desired) {
    auto& item = live.at(desired.id);
    if (!item || item->deleting) continue;
    const auto entry = entries.find(desired.id);
    if (item->as_applied && entry != entries.end() && entry->second->hash == desired.hash) continue;
    out.push_back({{desired.id, std::string(desired.body.string_at({"apiVersion"})), desired.body, desired.source, 0},
                   &desired,
                   entry == entries.end() ? nullptr : entry->second,
                   &*item,
                   objects.at(desired.id)});
  }
  return out;
}

/// Asks what applying would make of every object that is there and not known to be as we left it.
Result<void> predict_changes(Environment& environment, const channels::LiveReleaseInput& input, std::vector<Asked>& asked) {
  if (asked.empty()) return {};
  std::vector<const render::Object*> objects;
  objects.reserve(asked.size());
  for (const auto& one : asked) objects.push_back(&one.object);
  ApplyOptions options;
  options.owner = input.owner;
  options.dry_run = true;
  options.sensitive = &input.sensitive;
  options.force = &input.force;
  ScaledWorkloads scaled;
  for (const auto& desired : input.desired) add_scaled(desired.body, scaled);
  options.scaled = &scaled;
  GITOPSCTL_TRY(auto predictions, environment.predict(objects, options));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    asked[i].item->predicted = std::move(predictions[i].body);
    asked[i].item->refused = std::move(predictions[i].refused);
    asked[i].item->immutable = std::move(predictions[i].immutable);
    asked[i].item->warnings = std::move(predictions[i].warnings);
  }
  return {};
}

/// Asks whether what is not there would be taken: what is refused is known before anything is written.
Result<void> try_missing(Environment& environment, channels::LiveReleaseInput& input, const channels::LiveState& live,
                         const LookAids& aids) {
  std::vector<render::Object> objects;
  std::vector<channels::DesiredObject*> desired;
  const auto is_missing = [&](const std::string& space) {
    const render::ObjectId id{"", "Namespace", "", space};
    if (const auto seen = live.find(id); seen != live.end()) return !seen->second.has_value();
    if (aids.known == nullptr) return false;
    const auto known = aids.known->find(id);
    return known != aids.known->end() && !known->second;
  };
  for (auto& one : input.desired) {
    if (live.at(one.id)) continue;
    if (!one.id.namespace_.empty() && is_missing(one.id.namespace_)) {
      // Asking would take a while for nothing: a server waits whether its own list of namespaces only lags behind.
      one.unchecked = "not validated yet: its namespace is not there yet";
      continue;
    }
    objects.push_back({one.id, std::string(one.body.string_at({"apiVersion"})), one.body, one.source, 0});
    desired.push_back(&one);
  }
  if (objects.empty()) return {};
  std::vector<const render::Object*> asked;
  asked.reserve(objects.size());
  for (const auto& object : objects) asked.push_back(&object);
  ApplyOptions options;
  options.owner = input.owner;
  options.dry_run = true;
  options.sensitive = &input.sensitive;
  static const std::set<render::ObjectId> nothing;
  GITOPSCTL_TRY(auto trials, environment.try_new(asked, options, aids.coming == nullptr ? nothing : *aids.coming));
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (trials[i].refused) {
      input.errors.push_back(Error(*trials[i].refused).at({objects[i].source, 0, 0}));
    }
    desired[i]->unchecked = std::move(trials[i].unchecked);
  }
  return {};
}

/// What was rendered for the revisions that were deployed, found when it is asked for the first time.
class Former {
 public:
  Former(const FormerRendering& render, const channels::LiveReleaseInput& input, const std::string& key)
      : render_(render), sensitive_(input.sensitive), key_(key) {}

  /// The object as it was applied, by the hash that was recorded of it; nullptr when no revision renders that.
  const render::Object* object(const channels::RecordedEntry& entry) {
    if (!asked_ && render_) {
      asked_ = true;
      sets_ = render_();
    }
    for (const auto& set : sets_) {
      const auto found = std::ranges::find(set->objects, entry.id, &render::Object::id);
      if (found != set->objects.end() && applied_hash(*found, key_, sensitive_) == entry.hash) return &*found;
    }
    return nullptr;
  }

 private:
  const FormerRendering& render_;
  const std::vector<render::SensitivePath>& sensitive_;
  const std::string& key_;
  bool asked_ = false;
  std::vector<std::shared_ptr<const render::RenderedSet>> sets_;
};

/// Asks where each difference comes from.
void explain_changes(Environment& environment, const channels::LiveReleaseInput& input, const std::vector<Asked>& asked,
                     Former former) {
  std::vector<Difference> differences;
  std::vector<channels::LiveItem*> items;
  for (const auto& one : asked) {
    if (!one.item->predicted) continue;
    Difference difference;
    difference.object = &one.object;
    difference.live = one.live;
    difference.predicted = &*one.item->predicted;
    difference.as_before = one.entry != nullptr && !one.entry->hash.empty() && one.entry->hash == one.desired->hash;
    difference.untouched = one.item->as_applied;
    difference.new_to_us = one.entry == nullptr && one.item->owner != input.owner;
    const bool known = one.entry != nullptr && !one.entry->hash.empty();
    if (known && !difference.as_before && !difference.untouched) difference.applied = former.object(*one.entry);
    differences.push_back(difference);
    items.push_back(one.item);
  }
  if (differences.empty()) return;
  auto causes = environment.explain(differences);
  for (std::size_t i = 0; i < items.size(); ++i) items[i]->causes = std::move(causes[i]);
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
  add_sensitive(input.sensitive, subject.state->sensitive);
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
      input.desired.push_back({object.id, environment.as_stored(object, subject.state->sensitive),
                               applied_hash(object, installation_key, subject.state->sensitive), object.source});
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
  return find_channel(environment_, key_).ok();
}

FormerRendering former_rendering(const Inventory& inventory, const PlanSubject& subject, const ChannelKey& key,
                                 const std::string& channel_file, const std::string& installation_key,
                                 const TreeSource& tree_of, const ChartFetch& charts, const RenderRules& rules,
                                 const SourceAccess& sources) {
  if (!tree_of || subject.release == nullptr) return {};
  const std::string name = inventory.identity.release;
  const std::string identity = key.installation + '/' + key.repository + '/' + key.channel + '/' + name;
  std::vector<std::string> commits;
  for (const auto& commit : {inventory.attempt, inventory.commit}) {
    if (!commit.empty() && std::ranges::find(commits, commit) == commits.end()) commits.push_back(commit);
  }
  return [=, channel_name = key.channel]() {
    std::vector<std::shared_ptr<const render::RenderedSet>> out;
    for (const auto& commit : commits) {
      const auto tree = tree_of(commit);
      if (!tree.ok()) continue;
      const auto channel = channels::load_channel(**tree, channel_name, channel_file);
      const channels::Release* release = channel.ok() ? channel->find(name) : nullptr;
      if (release == nullptr) continue;
      auto state =
          render_with_notes(*release, *tree, installation_key, identity, false, {charts, false, {}}, rules, sources);
      if (state.set != nullptr) out.push_back(std::move(state.set));
    }
    return out;
  };
}

std::set<render::ObjectId> things_to_come(const std::vector<const RenderState*>& states) {
  static constexpr std::array<std::string_view, 11> needed{
      "APIService",  "ClusterRole",   "ClusterRoleBinding", "CustomResourceDefinition",
      "Namespace",   "PriorityClass", "ResourceQuota",      "Role",
      "RoleBinding", "RuntimeClass",  "ServiceAccount"};
  std::set<render::ObjectId> out;
  for (const RenderState* state : states) {
    for (const auto& id : state->ids) {
      if (std::ranges::find(needed, std::string_view(id.kind)) != needed.end()) out.insert(id);
    }
  }
  return out;
}

Result<channels::LiveState> look_up_live(Environment& environment, channels::LiveReleaseInput& input,
                                         std::map<render::ObjectId, std::string>& observed,
                                         const std::string& installation_key, const LookAids& aids) {
  channels::LiveState live;
  std::set<render::ObjectId> wanted;
  const auto want = [&](const render::ObjectId& id) {
    if (aids.known != nullptr) {
      const auto seen = aids.known->find(id);
      if (seen != aids.known->end() && !seen->second) {
        live[id] = std::nullopt;
        return;
      }
    }
    wanted.insert(id);
  };
  for (const auto& object : input.desired) want(object.id);
  for (const auto& entry : input.entries) want(entry.id);
  const std::vector<render::ObjectId> ids(wanted.begin(), wanted.end());
  std::map<render::ObjectId, const channels::RecordedEntry*> entries;
  for (const auto& entry : input.entries) entries.emplace(entry.id, &entry);
  GITOPSCTL_TRY(auto objects, environment.get_many(ids));
  std::map<render::ObjectId, const LiveObject*> found;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (objects[i]) {
      found.emplace(ids[i], &*objects[i]);
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
  auto asked = list_asked(input, entries, found, live);
  GITOPSCTL_CHECK(predict_changes(environment, input, asked));
  GITOPSCTL_CHECK(try_missing(environment, input, live, aids));
  explain_changes(environment, input, asked, Former(aids.former, input, installation_key));
  return live;
}

}  // namespace gitopsctl::agent
