#include <algorithm>

#include "agent/cli/print_value.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/session.hpp"
#include "agent/cli/table.hpp"
#include "agent/inventory/inventory.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent::cli {

namespace {

std::string_view entry_state(EntryState state) {
  switch (state) {
    case EntryState::intended: return "intended";
    case EntryState::applied: return "applied";
    case EntryState::pruning: return "pruning";
    case EntryState::recreating: return "recreating";
    case EntryState::kept: return "kept";
  }
  return "applied";
}

std::string_view health_name(Health::State state) {
  switch (state) {
    case Health::State::ready: return "ready";
    case Health::State::progressing: return "progressing";
    case Health::State::failed: return "failed";
    case Health::State::unknown: return "unknown";
  }
  return "unknown";
}

/// One owned object as it is now: its entry, and its health or that it is gone.
struct Owned {
  InventoryEntry entry;
  std::string health;
};

Result<std::vector<Owned>> look(Environment& environment, const Inventory& inventory) {
  std::vector<render::ObjectId> ids;
  ids.reserve(inventory.entries.size());
  for (const auto& entry : inventory.entries) ids.push_back(entry.id);
  GITOPSCTL_TRY(const auto live, environment.get_many(ids));
  std::vector<Owned> out;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::string health = "missing";
    if (live[i]) health = live[i]->deleting ? "terminating" : std::string(health_name(environment.health(*live[i]).state));
    out.push_back({inventory.entries[i], std::move(health)});
  }
  return out;
}

}  // namespace

Result<int> run_tree(const Invocation& invocation) {
  Terminal& terminal = invocation.terminal();
  GITOPSCTL_TRY(const auto session, Session::open(invocation));
  GITOPSCTL_TRY(const Target target, invocation.target());
  GITOPSCTL_TRY(const auto bound, session->channel(target.channel));
  GITOPSCTL_TRY(auto inventories,
                list_inventories(*bound.environment, bound.key.installation, bound.key.repository, bound.key.channel));
  Value::List list;
  std::string text = terminal_safe(target.channel) + '\n';
  bool found = false;
  for (const auto& inventory : inventories.readable) {
    if (!target.release.empty() && inventory.identity.release != target.release) continue;
    found = true;
    GITOPSCTL_TRY(const auto owned, look(*bound.environment, inventory));
    text += "├─ " + terminal_safe(inventory.identity.release) + "  " + short_id(inventory.commit) + "  " +
            short_id(inventory.render_digest) + '\n';
    Value::List objects;
    for (std::size_t i = 0; i < owned.size(); ++i) {
      const auto& [entry, health] = owned[i];
      const Tint tint = health == "ready" ? Tint::good : health == "progressing" ? Tint::warn : Tint::bad;
      text += std::string(i + 1 < owned.size() ? "│  ├─ " : "│  └─ ") + terminal_safe(entry.id.to_string()) + "  " +
              tinted(health, tint, terminal.colour_out());
      if (entry.state != EntryState::applied) text += "  (" + std::string(entry_state(entry.state)) + ')';
      text += '\n';
      objects.push_back(make_map({{"group", Value::string(entry.id.group)},
                                  {"kind", Value::string(entry.id.kind)},
                                  {"namespace", Value::string(entry.id.namespace_)},
                                  {"name", Value::string(entry.id.name)},
                                  {"uid", Value::string(entry.uid)},
                                  {"state", Value::string(entry_state(entry.state))},
                                  {"health", Value::string(health)}}));
    }
    list.push_back(make_map({{"release", Value::string(inventory.identity.release)},
                             {"namespace", Value::string(inventory.release_namespace)},
                             {"commit", Value::string(inventory.commit)},
                             {"renderDigest", Value::string(inventory.render_digest)},
                             {"phase", Value::string(inventory.phase)},
                             {"objects", Value::list(std::move(objects))}}));
  }
  std::vector<Error> errors;
  for (const auto& unreadable : inventories.unreadable) {
    if (!target.release.empty() && unreadable.release != target.release) continue;
    found = true;
    for (const auto& error : unreadable.errors) errors.push_back(error.in("release '" + unreadable.release + "'"));
  }
  if (!found && !target.release.empty()) {
    return Error(ErrorCode::not_found, "channel '" + target.channel + "' owns nothing of a release '" + target.release + "'")
        .with_hint("see gitopsctl tree " + target.channel);
  }
  if (invocation.output() == OutputFormat::table) {
    terminal.out(text);
    if (!errors.empty()) return combine(std::move(errors));
    return 0;
  }
  GITOPSCTL_CHECK(print_value(
      terminal, make_map({{"channel", Value::string(target.channel)}, {"releases", Value::list(std::move(list))}}),
      invocation.output()));
  // What can be read is shown all the same; what cannot is said afterwards, and decides the exit code.
  if (!errors.empty()) return combine(std::move(errors));
  return 0;
}

}  // namespace gitopsctl::agent::cli
