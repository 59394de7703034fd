#include "tests/crash_cluster/judge.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/json/json.hpp"

namespace gitopsctl::crash {

namespace {

struct Entry {
  std::string name;
  std::string uid;
  std::string state;
};

/// An inventory as the cluster has it, read past the program.
struct Stored {
  std::string release;
  std::string phase;
  std::vector<Entry> entries;
};

/// Every field of `wanted` is equal in `live`.
bool covers(const Value& wanted, const Value& live) {
  if (wanted.is_map()) {
    if (!live.is_map()) return false;
    return std::ranges::all_of(wanted.as_map(), [&](const Value::Member& member) {
      const Value* there = live.find(member.key.view());
      return there != nullptr && covers(member.value, *there);
    });
  }
  if (wanted.is_list()) {
    if (!live.is_list() || live.size() != wanted.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!covers(wanted.as_list()[i], live.as_list()[i])) return false;
    }
    return true;
  }
  return json_equal(wanted, live);
}

/// ConfigMaps and Secrets have no data but what they should have.
bool equal_data(const Value& wanted, const Value& live) {
  const Value* should = wanted.find("data");
  const Value* has = live.find("data");
  if (should == nullptr) return true;
  return has != nullptr && json_equal(*should, *has);
}

std::vector<Stored> inventories_of(const World& now, const Measure& measure, Problems& problems) {
  std::vector<Stored> out;
  const std::string start = measure.identity() + '/';
  for (const auto& [name, object] : now.objects) {
    if (!name.starts_with("ConfigMap/") || !object.identity.starts_with(start) || object.deleting) continue;
    Stored stored;
    stored.release = object.identity.substr(start.size());
    const auto content = parse_json(object.body.string_at({"data", "inventory"}));
    if (!content.ok()) {
      problems.push_back(name + " cannot be read");
      continue;
    }
    stored.phase = content->string_at({"phase"});
    if (const Value* entries = content->find("entries"); entries != nullptr) {
      for (const auto& entry : entries->as_list()) {
        const std::string key = std::string(entry.string_at({"k"})) + '/' + std::string(entry.string_at({"ns"})) + '/' +
                                std::string(entry.string_at({"n"}));
        stored.entries.push_back(
            {measure.names.anonymous(key), std::string(entry.string_at({"uid"})), std::string(entry.string_at({"st"}))});
      }
    }
    out.push_back(std::move(stored));
  }
  return out;
}

std::set<std::string> releases_of_both(const Names& names) {
  std::set<std::string> out;
  for (const auto commit : {Commit::first, Commit::second}) {
    for (const auto& [release, space] : releases_at(names, commit)) out.insert(release);
  }
  return out;
}

bool is_control(const std::string& name, const Found& object) {
  return name.starts_with("Release/") || name.starts_with("Channel/") || !object.identity.empty();
}

/// Objects that carry an owner label of ours and stand in no inventory of that owner would be found by nobody any more.
void judge_ownership(const World& now, const Measure& measure, const std::vector<Stored>& inventories, Problems& problems) {
  for (const auto& release : releases_of_both(measure.names)) {
    const std::string owner = owner_of(measure.names, release);
    std::set<std::string> listed;
    for (const auto& inventory : inventories) {
      if (inventory.release != release) continue;
      for (const auto& entry : inventory.entries) listed.insert(entry.name);
    }
    for (const auto& [name, object] : now.objects) {
      if (object.owner != owner || object.deleting || listed.contains(name)) continue;
      problems.push_back(name + " is not in the inventory of " + release + ", which owns it");
    }
  }
}

std::string record_commit(const World& now, const Measure& measure) {
  for (const auto& [name, object] : now.objects) {
    if (!name.starts_with("ConfigMap/") || object.identity != measure.identity()) continue;
    const auto content = parse_json(object.body.string_at({"data", "record"}));
    if (content.ok()) return std::string(content->string_at({"commit"}));
  }
  return {};
}

/// The Channel object of the case's channel: that of its installation and repository.
const Found* channel_object(const World& now, const Measure& measure) {
  for (const auto& [name, object] : now.objects) {
    if (name.starts_with("Channel/") && object.identity == measure.identity()) return &object;
  }
  return nullptr;
}

void judge_told(const World& now, const Measure& measure, Commit goal, Problems& problems) {
  const Found* channel = channel_object(now, measure);
  if (channel == nullptr) {
    problems.emplace_back("there is no Channel object");
    return;
  }
  if (channel->body.string_at({"status", "state"}) != "Deployed") {
    problems.push_back("the channel is " + std::string(channel->body.string_at({"status", "state"})));
  }
  if (channel->body.string_at({"status", "revision"}) != measure.commit(goal)) {
    problems.push_back("the channel says that " + std::string(channel->body.string_at({"status", "revision"})) +
                       " is deployed");
  }
  if (record_commit(now, measure) != measure.commit(goal))
    problems.push_back("the record says " + record_commit(now, measure));
  std::set<std::string> told;
  for (const auto& [name, object] : now.objects) {
    const Value& body = object.body;
    if (!name.starts_with("Release/") || !object.identity.starts_with(measure.identity() + '/')) continue;
    told.emplace(body.string_at({"spec", "release"}));
    if (body.string_at({"status", "state"}) != "Deployed") {
      problems.push_back(name + " is " + std::string(body.string_at({"status", "state"})));
    }
  }
  std::set<std::string> wanted;
  for (const auto& [release, space] : releases_at(measure.names, goal)) wanted.insert(release);
  if (told != wanted) problems.push_back("there are " + std::to_string(told.size()) + " Release objects");
}

std::string plural_of(const std::string& kind) {
  std::string out = kind;
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return out + "s";
}

}  // namespace

void add(Problems& problems, Problems more, const std::string& before) {
  for (auto& problem : more) problems.push_back(before + problem);
}

Problems judge_others(const World& now, const Measure& measure) {
  Problems problems;
  std::set<std::string> ours;
  for (const auto& release : releases_of_both(measure.names)) ours.insert(owner_of(measure.names, release));
  const auto is_ours = [&](const Found& object) { return ours.contains(object.owner); };
  const std::string own = measure.identity();
  const auto first = objects_at(measure.names, Commit::first);
  const auto second = objects_at(measure.names, Commit::second);
  for (const auto& [name, before] : measure.prepared.objects) {
    if (is_ours(before) || before.identity.starts_with(own) || name.starts_with("Channel/") ||
        name.starts_with("Release/") || name.starts_with("Namespace/")) {
      continue;
    }
    const auto found = now.objects.find(name);
    if (found == now.objects.end()) {
      problems.push_back(name + " is gone, and is not ours");
    } else if (found->second.uid != before.uid || found->second.version != before.version) {
      problems.push_back(name + " was written, and is not ours");
    }
  }
  for (const auto& [name, uid] : measure.made_anew) {
    const auto found = now.objects.find(name);
    if (found == now.objects.end() || found->second.uid != uid)
      problems.push_back(name + ", made by somebody else, is gone");
  }
  for (const auto& [name, object] : now.objects) {
    if (measure.made_anew.contains(name) || measure.prepared.objects.contains(name) || is_ours(object) ||
        is_control(name, object) || first.contains(name) || second.contains(name))
      continue;
    problems.push_back(name + " is nobody's, and was not there before");
  }
  return problems;
}

Problems judge_remains(const World& now, const Measure& measure, Commit goal) {
  Problems problems = judge_others(now, measure);
  const auto inventories = inventories_of(now, measure, problems);
  judge_ownership(now, measure, inventories, problems);
  const auto before = objects_at(measure.names, goal == Commit::second ? Commit::first : Commit::second);
  const auto after = objects_at(measure.names, goal);
  for (const auto& release : releases_of_both(measure.names)) {
    const std::string owner = owner_of(measure.names, release);
    for (const auto& [name, object] : now.objects) {
      if (object.owner == owner && !before.contains(name) && !after.contains(name)) {
        problems.push_back(name + " is ours, and no commit has it");
      }
    }
  }
  for (const auto& [name, wanted] : before) {
    if (after.contains(name) && !now.objects.contains(name)) problems.push_back(name + " is gone");
  }
  if (record_commit(now, measure) == measure.commit(goal)) {
    for (const auto& [name, wanted] : after) {
      const auto found = now.objects.find(name);
      if (found == now.objects.end() || !covers(wanted.body, found->second.body)) {
        problems.push_back("the record says that the commit is deployed, and " + name + " is not");
      }
    }
    for (const auto& [name, wanted] : before) {
      const auto found = now.objects.find(name);
      if (!after.contains(name) && found != now.objects.end() && !found->second.deleting &&
          !measure.made_anew.contains(name)) {
        problems.push_back("the record says that the commit is deployed, and " + name + " is still there");
      }
    }
  }
  return problems;
}

Problems judge_release(const World& now, const Measure& measure, Commit goal, const std::string& release) {
  Problems problems;
  for (const auto& [name, want] : objects_at(measure.names, goal)) {
    if (want.release != release) continue;
    const auto found = now.objects.find(name);
    if (found == now.objects.end() || !covers(want.body, found->second.body)) {
      problems.push_back(name + " of release " + release + " is not as the commit says");
    }
  }
  return problems;
}

Problems judge_outcome(const World& now, const Measure& measure, Commit goal, const std::vector<std::string>& may_be_new) {
  Problems problems = judge_others(now, measure);
  const auto wanted = objects_at(measure.names, goal);
  for (const auto& [name, want] : wanted) {
    const auto found = now.objects.find(name);
    if (found == now.objects.end()) {
      problems.push_back(name + " is missing");
      continue;
    }
    const Found& live = found->second;
    if (live.deleting) problems.push_back(name + " is being deleted");
    if (live.owner != owner_of(measure.names, want.release)) problems.push_back(name + " is not of release " + want.release);
    // Not the body itself: it may hold what nobody is to read.
    if (!covers(want.body, live.body) || !equal_data(want.body, live.body))
      problems.push_back(name + " is not as the commit says");
    const auto before = measure.prepared.objects.find(name);
    if (before == measure.prepared.objects.end() || before->second.uid == live.uid) continue;
    if (std::ranges::find(may_be_new, name) == may_be_new.end()) problems.push_back(name + " was deleted and made anew");
  }
  auto inventories = inventories_of(now, measure, problems);
  judge_ownership(now, measure, inventories, problems);
  std::set<std::string> there;
  for (const auto& inventory : inventories) {
    const std::string of = "the inventory of " + inventory.release;
    if (!there.insert(inventory.release).second) problems.push_back(of + " is there twice");
    if (!releases_at(measure.names, goal).contains(inventory.release)) problems.push_back(of + " should not be there");
    if (inventory.phase != "applied") problems.push_back(of + " is " + inventory.phase);
    std::set<std::string> listed;
    for (const auto& entry : inventory.entries) {
      listed.insert(entry.name);
      const auto found = now.objects.find(entry.name);
      const auto want = wanted.find(entry.name);
      if (want == wanted.end() || want->second.release != inventory.release) {
        problems.push_back(of + " lists " + entry.name + " (" + entry.state + ')');
      } else if (found == now.objects.end() || found->second.uid != entry.uid) {
        problems.push_back(of + " has another uid for " + entry.name);
      } else if (entry.state != "applied") {
        problems.push_back(of + " is not done with " + entry.name + ": " + entry.state);
      }
    }
    for (const auto& [name, want] : wanted) {
      if (want.release == inventory.release && !listed.contains(name)) problems.push_back(of + " lacks " + name);
    }
  }
  if (there.size() != releases_at(measure.names, goal).size())
    problems.push_back("there are " + std::to_string(there.size()) + " inventories");
  for (const auto& release : releases_of_both(measure.names)) {
    const std::string owner = owner_of(measure.names, release);
    for (const auto& [name, object] : now.objects) {
      if (object.owner == owner && !object.deleting && !wanted.contains(name))
        problems.push_back(name + " should not be there");
    }
  }
  judge_told(now, measure, goal, problems);
  return problems;
}

Problems judge_deletions(const std::vector<Deletion>& deletions, const std::vector<std::string>& wanted, bool complete) {
  Problems problems;
  std::map<std::string, int> meant;
  for (const auto& name : wanted) {
    const auto slash = name.find('/');
    meant[plural_of(name.substr(0, slash)) + name.substr(slash)] = 0;
  }
  for (const auto& deletion : deletions) {
    const auto found = meant.find(deletion.key);
    if (deletion.by_agent && found != meant.end()) {
      ++found->second;
    } else if (deletion.by_agent) {
      // Releases that are gone have no Release object and no inventory; events are kept short.
      const bool of_ours =
          deletion.resource == "releases" || deletion.resource == "events" ||
          (deletion.resource == "configmaps" && deletion.key.find("/gitopsctl-@-test-") != std::string::npos);
      if (!of_ours) problems.push_back(deletion.key + " was deleted");
    } else if (deletion.by_kubernetes) {
      static const std::set<std::string> derived{"pods",   "replicasets", "endpointslices",
                                                 "events", "namespaces",  "apiservices"};
      const bool inside = std::ranges::any_of(std::array{"/@-extra/", "/@-new/", "/@-term/"}, [&](const char* space) {
        return deletion.key.find(space) != std::string::npos;
      });
      if (!derived.contains(deletion.resource) && !inside)
        problems.push_back(deletion.key + " was deleted by " + deletion.who);
    } else {
      problems.push_back(deletion.key + " was deleted by " + deletion.who);
    }
  }
  for (const auto& [name, times] : meant) {
    if (times > 1) problems.push_back(name + " was deleted " + std::to_string(times) + " times");
    if (complete && times == 0) problems.push_back(name + " was not deleted");
  }
  return problems;
}

Problems judge_secret_text(const std::string& where, const std::string& text) {
  Problems problems;
  for (const auto& found : canaries().found_in(text)) problems.push_back(where + " shows " + found);
  return problems;
}

Problems judge_secrets(const World& now) {
  Problems problems;
  for (const auto& event : now.events) add(problems, judge_secret_text("an event", event));
  for (const auto& [name, object] : now.objects) {
    if (is_control(name, object)) add(problems, judge_secret_text(name, canonical_json(object.body)));
  }
  return problems;
}

Problems judge_secret_files(const std::string& directory) { return canaries().found_in_files(directory, {"mirrors"}); }

}  // namespace gitopsctl::crash
