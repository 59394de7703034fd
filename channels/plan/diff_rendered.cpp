#include <algorithm>
#include <set>
#include <utility>

#include "channels/plan/change_set.hpp"
#include "channels/plan/prune_rules.hpp"
#include "channels/plan/reserved.hpp"
#include "render/manifest/redact.hpp"

namespace gitopsctl::channels {

namespace {

using render::ObjectId;
using ReleaseMap = std::map<std::string, const RenderedRelease*>;
using ObjectMap = std::map<ObjectId, const render::Object*>;

/// Where an object stands on one side.
struct Place {
  const RenderedRelease* release = nullptr;
  const render::Object* object = nullptr;
};
using PlaceMap = std::map<ObjectId, Place>;

ReleaseMap by_name(const std::vector<RenderedRelease>& releases) {
  ReleaseMap out;
  for (const auto& release : releases) out.emplace(release.name, &release);
  return out;
}

bool rendered(const RenderedRelease& release) { return release.errors.empty() && release.set.has_value(); }

ObjectMap objects_of(const RenderedRelease* release) {
  ObjectMap out;
  if (release == nullptr || !rendered(*release)) return out;
  for (const auto& object : release->set->objects) out.emplace(object.id, &object);
  return out;
}

PlaceMap places_of(const std::vector<RenderedRelease>& releases) {
  PlaceMap out;
  for (const auto& release : releases) {
    if (!rendered(release)) continue;
    for (const auto& object : release.set->objects) out.emplace(object.id, Place{&release, &object});
  }
  return out;
}

std::string digest_of(const RenderedRelease* release) {
  if (release == nullptr || !rendered(*release)) return {};
  if (!release->set->render_digest.empty()) return release->set->render_digest;
  return render::render_digest(release->set->objects, release->sensitive);
}

class Comparison {
 public:
  Comparison(const std::vector<RenderedRelease>& from, const std::vector<RenderedRelease>& to)
      : from_(by_name(from)), to_(by_name(to)), from_places_(places_of(from)), to_places_(places_of(to)) {
    for (const auto* side : {&from, &to}) {
      for (const auto& release : *side) {
        if (!release.set) continue;
        for (const auto& object : release.set->objects) scrubber_.learn(object.body, release.sensitive);
      }
    }
    std::map<std::string, std::vector<ObjectId>> claims;
    for (const auto& release : to) {
      if (!rendered(release)) continue;
      for (const auto& object : release.set->objects) claims[release.name].push_back(object.id);
    }
    conflicts_ = claim_conflicts(claims);
    for (const auto& release : to) {
      const bool renamed = !release.renamed_from.empty() && from_.contains(release.renamed_from) &&
                           !to_.contains(release.renamed_from) && !from_.contains(release.name);
      if (renamed) renamed_.emplace(release.renamed_from, release.name);
    }
  }

  void run(ChangeSet& changes) {
    std::set<std::string> names;
    for (const auto& [name, release] : from_) names.insert(name);
    for (const auto& [name, release] : to_) names.insert(name);
    std::map<std::string, std::string> digests;
    for (const auto& name : names) {
      if (renamed_.contains(name)) continue;  // compared under its new name
      auto release = compare(name);
      if (to_.contains(name)) digests.emplace(name, release.to_digest);
      changes.releases.push_back(std::move(release));
    }
    changes.render_digest = combine_digests(digests);
  }

 private:
  const RenderedRelease* find(const ReleaseMap& releases, const std::string& name) const {
    const auto it = releases.find(name);
    return it == releases.end() ? nullptr : it->second;
  }

  ReleaseChanges compare(const std::string& name) {
    const RenderedRelease* to = find(to_, name);
    const RenderedRelease* from = find(from_, name);
    ReleaseChanges out;
    out.release = name;
    if (from == nullptr && to != nullptr && !to->renamed_from.empty() && renamed_.contains(to->renamed_from)) {
      from = find(from_, to->renamed_from);
      out.warnings.push_back("release " + to->renamed_from + " is now called " + name);
    }
    const RenderedRelease* named = to != nullptr ? to : from;
    if (named == nullptr) return out;  // of neither side: nobody asks for that
    out.namespace_ = named->namespace_;
    out.driver = named->driver;
    out.from_digest = digest_of(from);
    out.to_digest = digest_of(to);
    out.no_longer_listed = to == nullptr;
    if (to != nullptr) {
      for (const auto& warning : to->warnings) out.warnings.push_back(scrubber_.scrub(warning));
    }
    collect_errors(name, from, to, out);
    if (out.errors.empty()) compare_objects(from, to, out);
    return out;
  }

  void collect_errors(const std::string& name, const RenderedRelease* from, const RenderedRelease* to, ReleaseChanges& out) {
    if (from != nullptr && !rendered(*from)) {
      out.warnings.push_back(to != nullptr
                                 ? "could not be rendered before, so all of it is shown as new"
                                 : "left the channel file and could not be rendered before: what it deployed is not known "
                                   "here; compare with the environment");
    }
    if (to == nullptr) return;
    for (const auto& error : to->errors) out.errors.push_back(scrubber_.scrub(error));
    if (!to->set && to->errors.empty()) {
      out.errors.emplace_back(ErrorCode::internal, "the release was not rendered");
    }
    if (to->set) {
      for (const auto& object : to->set->objects) {
        if (const auto why = reserved_object(object.id, object.body)) {
          out.errors.push_back(reserved_error(object.id, *why, object.source));
        }
      }
    }
    if (const auto it = conflicts_.find(name); it != conflicts_.end()) {
      out.errors.insert(out.errors.end(), it->second.begin(), it->second.end());
    }
    const bool emptied = out.errors.empty() && to->set->objects.empty() && from != nullptr && rendered(*from) &&
                         !from->set->objects.empty() && to->prune && !to->allow_empty;
    if (emptied) {
      out.errors.push_back(Error(ErrorCode::invalid_input, "the release renders to nothing, and rendered to " +
                                                               std::to_string(from->set->objects.size()) +
                                                               " objects before; nothing is removed")
                               .with_hint("say allowEmpty: true on the release if that is meant"));
    }
  }

  void compare_objects(const RenderedRelease* from, const RenderedRelease* to, ReleaseChanges& out) {
    const auto before = objects_of(from);
    const auto after = objects_of(to);
    std::vector<render::SensitivePath> sensitive;
    for (const auto* side : {from, to}) {
      if (side != nullptr) sensitive.insert(sensitive.end(), side->sensitive.begin(), side->sensitive.end());
    }
    for (const auto& [id, object] : after) {
      const auto it = before.find(id);
      std::string why;
      const render::Object* old = it == before.end() ? moved_here(id, out.release, sensitive, why) : it->second;
      if (old != nullptr && render::canonical_bytes(old->body) == render::canonical_bytes(object->body) && why.empty()) {
        ++out.unchanged;
        continue;
      }
      Change change;
      change.id = id;
      change.action = old == nullptr ? Action::create : Action::update;
      change.why = why;
      change.source = object->source;
      show(change, old, object, sensitive);
      out.changes.push_back(std::move(change));
    }
    for (const auto& [id, object] : before) {
      if (!after.contains(id)) out.changes.push_back(leaves(id, *object, *from, to, sensitive));
    }
    std::sort(out.changes.begin(), out.changes.end(), [](const Change& a, const Change& b) { return a.id < b.id; });
  }

  /// The object as another release rendered it before, when it goes from there to here.
  const render::Object* moved_here(const ObjectId& id, const std::string& receiver,
                                   std::vector<render::SensitivePath>& sensitive, std::string& why) const {
    const auto it = from_places_.find(id);
    if (it == from_places_.end() || it->second.release->name == receiver) return nullptr;
    const auto& giver = *it->second.release;
    why = "moves here from release " + giver.name;
    sensitive.insert(sensitive.end(), giver.sensitive.begin(), giver.sensitive.end());
    return it->second.object;
  }

  Change leaves(const ObjectId& id, const render::Object& object, const RenderedRelease& from, const RenderedRelease* to,
                const std::vector<render::SensitivePath>& sensitive) const {
    Change change;
    change.id = id;
    change.source = object.source;
    const auto taker = to_places_.find(id);
    PruneSettings settings{from.prune, from.allow_empty, from.allow_delete, to == nullptr};
    if (to != nullptr) settings = {to->prune, to->allow_empty, to->allow_delete, false};
    if (taker != to_places_.end()) {
      change.action = Action::keep;
      change.why = "moves to release " + taker->second.release->name;
    } else if (auto why = kept_by_rule(id, object.body, settings)) {
      change.action = Action::keep;
      change.why = *why;
    } else {
      change.action = Action::remove;
    }
    show(change, &object, nullptr, sensitive);
    return change;
  }

  static void show(Change& change, const render::Object* before, const render::Object* after,
                   const std::vector<render::SensitivePath>& sensitive) {
    const bool secret = (before != nullptr && before->is_secret()) || (after != nullptr && after->is_secret());
    const Value none{};
    auto [hidden_before, hidden_after] = render::redact_pair(before == nullptr ? none : before->body,
                                                             after == nullptr ? none : after->body, sensitive, secret);
    if (before != nullptr) change.before = render::canonical_value(hidden_before);
    if (after != nullptr) change.after = render::canonical_value(hidden_after);
  }

  ReleaseMap from_;
  ReleaseMap to_;
  PlaceMap from_places_;
  PlaceMap to_places_;
  std::map<std::string, std::string> renamed_;  // old name → new name
  std::map<std::string, std::vector<Error>> conflicts_;
  render::SecretScrubber scrubber_;
};

}  // namespace

ChangeSet diff_rendered(const std::string& channel, const std::string& from_revision,
                        const std::vector<RenderedRelease>& from, const std::string& to_revision,
                        const std::vector<RenderedRelease>& to) {
  ChangeSet changes;
  changes.channel = channel;
  changes.from = from_revision;
  changes.to = to_revision;
  Comparison(from, to).run(changes);
  return changes;
}

}  // namespace gitopsctl::channels
