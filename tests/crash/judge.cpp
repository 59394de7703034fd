#include "tests/crash/judge.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "agent/control/control.hpp"
#include "agent/environment/environment.hpp"
#include "agent/inventory/inventory.hpp"
#include "agent/reconcile/channel_record.hpp"
#include "channels/store/store.hpp"

namespace gitopsctl::crash {

namespace {

template <class T>
T need(Result<T> result, const std::string& what) {
  if (!result.ok()) throw std::runtime_error(what + ": " + result.error().to_string());
  return std::move(result).value();
}

agent::ChannelKey key_of(const std::string& channel) { return {"crash", "shop", channel}; }

std::vector<agent::Inventory> inventories_of(agent::Environment& environment, const std::string& channel) {
  const auto key = key_of(channel);
  auto all = need(agent::list_inventories(environment, key.installation, key.repository, channel), "inventories");
  if (!all.unreadable.empty())
    throw std::runtime_error("the inventory of " + all.unreadable.front().release + " cannot be read");
  return std::move(all.readable);
}

std::string name_of(const agent::InventoryEntry& entry) {
  return entry.id.kind + '/' + entry.id.namespace_ + '/' + entry.id.name;
}

bool is_event(const std::string& name) { return name.starts_with("Event/"); }

/// The status of a channel and what its first line of history says.
struct Told {
  std::string state;
  std::string revision;
  std::string history_commit;
  std::string history_outcome;
};

Told told_of(agent::Environment& environment, const std::string& channel) {
  const auto id = need(agent::channel_object_id(environment, key_of(channel)), "channel");
  const auto live = need(environment.get(id), "channel");
  Told out;
  if (!live) return out;
  out.state = live->body.string_at({"status", "state"});
  out.revision = live->body.string_at({"status", "revision"});
  const Value* history = live->body.find_path({"status", "history"});
  if (history == nullptr || history->size() == 0) return out;
  out.history_commit = history->as_list().front().string_at({"commit"});
  out.history_outcome = history->as_list().front().string_at({"outcome"});
  return out;
}

/// An object of ours without an entry would be found by nobody any more. This holds at every moment.
void judge_ownership(const std::vector<agent::Inventory>& inventories, const Snapshot& now, Commit commit,
                     Problems& problems) {
  for (const auto& inventory : inventories) {
    const std::string owner = inventory.identity.apply_set_id(inventory.namespace_);
    std::set<std::string> listed;
    for (const auto& entry : inventory.entries) listed.insert(name_of(entry));
    for (const auto& [name, object] : now.objects) {
      if (object.owner != owner || listed.contains(name) || is_of_others(name, commit)) continue;
      problems.push_back(name + " is not in the inventory of " + inventory.identity.release + ", which owns it");
    }
  }
}

/// At the end inventories list exactly what is there.
void judge_inventories(const std::vector<agent::Inventory>& inventories, const Snapshot& now, Problems& problems) {
  for (const auto& inventory : inventories) {
    const std::string of = "the inventory of " + inventory.identity.release;
    const std::string owner = inventory.identity.apply_set_id(inventory.namespace_);
    for (const auto& entry : inventory.entries) {
      const std::string name = name_of(entry);
      const auto object = now.objects.find(name);
      if (object == now.objects.end() || object->second.owner != owner) {
        problems.push_back(of + " lists " + name + ", which is not there or not its own");
      } else if (object->second.uid != entry.uid) {
        problems.push_back(of + " has " + (entry.uid.empty() ? "no" : "another") + " uid for " + name);
      } else if (entry.hash.empty()) {
        problems.push_back(of + " does not know what was applied as " + name);
      }
      if (entry.state != agent::EntryState::applied && entry.state != agent::EntryState::kept) {
        problems.push_back(of + " is not done with " + name);
      }
    }
    if (inventory.phase != "applied") problems.push_back(of + " is " + inventory.phase);
  }
}

void judge_objects(const States& states, Commit goal, const Snapshot& now, const std::vector<std::string>& deletions,
                   Problems& problems) {
  const Snapshot& reference = states.at(goal);
  const Snapshot& other = states.at(goal == Commit::second ? Commit::first : Commit::second);
  for (const auto& [name, wanted] : reference.objects) {
    if (is_event(name)) continue;
    const auto found = now.objects.find(name);
    if (found == now.objects.end()) {
      problems.push_back(name + " is missing");
      continue;
    }
    if (!wanted.control && found->second.body != wanted.body) {
      problems.push_back(name + " is " + found->second.body + ", not " + wanted.body);
    }
    const auto before = states.prepared.objects.find(name);
    if (before == states.prepared.objects.end()) continue;
    const bool may_be_new = std::find(deletions.begin(), deletions.end(), name) != deletions.end();
    if (found->second.uid != before->second.uid && !may_be_new) problems.push_back(name + " was deleted and made anew");
    // What neither commit touches is not written, whether it is ours or not.
    const auto there = other.objects.find(name);
    const auto revision = before->second.revision;
    const bool untouched = wanted.revision == revision &&
                           (goal == Commit::second || (there != other.objects.end() && there->second.revision == revision));
    if (!wanted.control && untouched && found->second.revision != revision) {
      problems.push_back(name + " was written for nothing");
    }
  }
  for (const auto& [name, object] : now.objects) {
    if (!is_event(name) && !reference.objects.contains(name)) problems.push_back(name + " should not be there");
  }
}

std::string list_of(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += ' ' + name;
  return out.empty() ? " nothing" : out;
}

/// The store opens as it is, and tells of deployments that all came to an end.
void judge_store(const std::string& path, const States& states, Commit goal, const Remains& remains, Problems& problems) {
  const auto store = need(channels::Store::open(path, system_clock()), "store");
  const auto rows = need(store->deployments("shop", "test", 100), "deployments");
  for (const auto& row : rows) {
    if (row.outcome == "running") problems.emplace_back("a deployment in the store is running for ever");
  }
  for (const auto& id : remains.running) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& each) { return each.id == id; });
    if (row == rows.end() || row->outcome != "interrupted") {
      problems.emplace_back("the deployment that was killed is not called interrupted in the store");
    }
  }
  // A run that was killed before it wrote anything leaves the first commit deployed, and nothing newer to tell of.
  const auto newest = std::find_if(rows.begin(), rows.end(), [](const auto& row) { return row.outcome != "interrupted"; });
  if (newest == rows.end() || newest->commit != states.commit(goal) || newest->outcome != "succeeded") {
    problems.emplace_back("the newest deployment in the store is not that of the commit");
  }
  for (const auto& channel : channel_names) {
    const auto left = need(store->claim("deploy:shop/" + channel), "queue");
    if (left) problems.push_back("work for " + channel + " is left in the queue");
  }
}

}  // namespace

Problems judge_content(const Snapshot& snapshot, Commit commit) {
  Problems problems;
  const auto wanted = objects_at(commit);
  for (const auto& [name, object] : wanted) {
    const auto found = snapshot.objects.find(name);
    if (found == snapshot.objects.end()) {
      problems.push_back(name + " is missing");
      continue;
    }
    if (found->second.value != object.value) {
      problems.push_back(name + " has '" + found->second.value + "', not '" + object.value + "'");
    }
    if (found->second.owner != object.owner) problems.push_back(name + " has the owner '" + found->second.owner + "'");
  }
  for (const auto& [name, object] : snapshot.objects) {
    if (!object.control && !wanted.contains(name)) problems.push_back(name + " should not be there");
  }
  return problems;
}

Problems judge_remains(const Files& files, const States& states, Remains& remains) {
  remains.snapshot = read_snapshot(files.environment);
  const Snapshot& now = remains.snapshot;
  Problems problems = now.damage;
  const auto environment = need(agent::open_embedded_environment(files.environment, system_clock()), "environment");

  bool applied = true;
  for (const auto& channel : channel_names) {
    const auto inventories = inventories_of(*environment, channel);
    // What others made anew is theirs once the plan looked at it, which nobody sees from outside.
    judge_ownership(inventories, now, Commit::second, problems);
    for (const auto& inventory : inventories) applied = applied && inventory.phase == "applied";
  }

  const auto first = objects_at(Commit::first);
  const auto second = objects_at(Commit::second);
  bool written = false;
  for (const auto& [name, object] : now.objects) {
    if (object.control) continue;
    if (!first.contains(name) && !second.contains(name)) problems.push_back(name + " should not be there");
    const auto before = states.prepared.objects.find(name);
    written = written || before == states.prepared.objects.end() || before->second.revision != object.revision;
  }
  const auto intended = deletions_of_second();
  for (const auto& name : now.deletions) {
    written = true;
    if (!std::binary_search(intended.begin(), intended.end(), name)) problems.push_back(name + " was deleted");
  }

  const auto store = need(channels::Store::open(files.store, system_clock()), "store");
  bool known = false;
  for (const auto& row : need(store->deployments("shop", "test", 100), "deployments")) {
    known = known || row.commit == states.second_commit;
    if (row.outcome == "running") remains.running.push_back(row.id);
  }
  if (written && !known) problems.emplace_back("objects were written before the store had a line of the deployment");

  const bool complete = applied && judge_content(now, Commit::second).empty() && now.deletions == intended;
  const auto record = need(agent::read_channel_record(*environment, key_of("test")), "record");
  if (record.commit == states.second_commit && !complete) {
    problems.emplace_back("the record says that the commit is deployed, and it is not");
  }
  if (told_of(*environment, "test").revision == states.second_commit && record.commit != states.second_commit) {
    problems.emplace_back("the status says that the commit is deployed, and the record does not");
  }
  return problems;
}

std::vector<std::string> expected_deletions(const Remains& remains, const States& states, Commit goal) {
  if (goal == Commit::second) return deletions_of_second();
  // What the killed run deleted is gone and made anew; what it made, and the first commit does not have, must go.
  auto out = remains.snapshot.deletions;
  for (const auto& [name, object] : remains.snapshot.objects) {
    if (!is_event(name) && !states.first.objects.contains(name)) out.push_back(name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Problems judge_outcome(const Files& files, const States& states, Commit goal, const Remains& remains,
                       const std::vector<std::string>& deletions) {
  const Snapshot now = read_snapshot(files.environment);
  Problems problems = now.damage;
  for (auto& problem : judge_content(now, goal)) problems.push_back(std::move(problem));
  judge_objects(states, goal, now, deletions, problems);
  if (now.deletions != deletions) {
    problems.push_back("deleted were:" + list_of(now.deletions) + "; and not:" + list_of(deletions));
  }
  const auto environment = need(agent::open_embedded_environment(files.environment, system_clock()), "environment");
  for (const auto& channel : channel_names) {
    const auto inventories = inventories_of(*environment, channel);
    judge_ownership(inventories, now, goal, problems);
    judge_inventories(inventories, now, problems);
    const Told told = told_of(*environment, channel);
    if (told.state != "Deployed") problems.push_back("status.state of " + channel + " is " + told.state);
  }
  const std::string& commit = states.commit(goal);
  const Told told = told_of(*environment, "test");
  if (told.revision != commit) problems.push_back("status.revision is " + told.revision);
  if (told.history_commit != commit || told.history_outcome != "succeeded") {
    problems.emplace_back("the history does not begin with the commit");
  }
  const auto record = need(agent::read_channel_record(*environment, key_of("test")), "record");
  if (record.commit != commit) problems.push_back("the record says " + record.commit);
  judge_store(files.store, states, goal, remains, problems);
  return problems;
}

}  // namespace gitopsctl::crash
