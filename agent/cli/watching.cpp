#include "agent/cli/watching.hpp"

#include <algorithm>

#include "base/process/signals.hpp"

namespace gitopsctl::agent::cli {

namespace {

std::string text_at(const Value& value, std::initializer_list<std::string_view> path) {
  return std::string(value.string_at(path));
}

const Value* condition(const Value& body, std::string_view type) { return find_condition(body, type); }

void add_errors(const Value& body, const Obstacle& base, std::vector<Obstacle>& out) {
  const Value* errors = body.find_path({"status", "errors"});
  if (errors == nullptr) return;
  for (const auto& error : errors->as_list()) {
    Obstacle next = base;
    next.what = text_at(error, {"message"});
    next.where = text_at(error, {"where"});
    next.command = text_at(error, {"hint"});
    if (next.command.empty()) {
      // A mistake in a file waits for a commit; anything else (the environment, the network) is tried again by the agent.
      next.command = next.where.empty() ? "it is tried again by itself; if it stays so: gitopsctl doctor"
                                        : "mend it and push the channel's branch; the next commit is tried at once";
    }
    out.push_back(std::move(next));
  }
}

/// A suspension that the agent has not told of yet: a switch holds from the moment it is set, not from the next report on.
void add_suspension(const Value& body, Obstacle base, std::vector<Obstacle>& out) {
  if (!is_suspended(body) || base.state == "Suspended") return;
  const std::string by = text_at(body, {"spec", "suspendedBy"}), reason = text_at(body, {"spec", "suspendReason"});
  base.state = "Suspended";
  base.what = base.release.empty() ? "suspend: the channel is suspended" : "the release is suspended";
  if (!by.empty()) base.what += " by " + by;
  if (!reason.empty()) base.what += ": " + reason;
  base.command = "gitopsctl resume " + base.channel + (base.release.empty() ? "" : '/' + base.release);
  out.push_back(std::move(base));
}

}  // namespace

std::string shown_state(const Value& body) { return is_suspended(body) ? "Suspended" : text_at(body, {"status", "state"}); }

Result<ChannelView> read_channel(const BoundChannel& bound, const std::string& release) {
  ChannelView view;
  view.bound = bound;
  GITOPSCTL_TRY(const auto live, find_channel(*bound.environment, bound.key));
  if (live) view.channel = live->body;
  Value probe = make_map({{"metadata", Value::map()}});
  describe_owner(probe, bound.key);
  GITOPSCTL_TRY(auto objects,
                bound.environment->list(
                    {std::string(channels::api_group), "Release", "",
                     "gitopsctl.dev/channel-id=" + text_at(probe, {"metadata", "labels", "gitopsctl.dev/channel-id"})}));
  for (auto& object : objects) {
    if (release.empty() || object.body.string_at({"spec", "release"}) == release) view.releases.push_back(object.body);
  }
  std::sort(view.releases.begin(), view.releases.end(), [](const Value& a, const Value& b) {
    return a.string_at({"spec", "release"}) < b.string_at({"spec", "release"});
  });
  if (!release.empty() && view.releases.empty()) {
    return Error(ErrorCode::not_found, "channel '" + bound.key.channel + "' has no release '" + release + "'")
        .with_hint("see gitopsctl status " + bound.key.channel);
  }
  return view;
}

std::vector<Obstacle> obstacles(const ChannelView& view) {
  std::vector<Obstacle> out;
  const std::string& channel = view.bound.key.channel;
  if (view.channel.is_null()) {
    out.push_back({channel, "", "Unknown", "no agent has worked on it yet", "", "gitopsctl agent"});
    return out;
  }
  if (const Value* source = condition(view.channel, "SourceReady");
      source != nullptr && source->string_at({"status"}) != "True") {
    const Value* known = view.channel.find_path({"status", "source"});
    const Value& said = known == nullptr ? *source : *known;
    out.push_back({channel, "", text_at(said, {"reason"}), text_at(said, {"message"}), "", text_at(said, {"hint"})});
  }
  const std::string state = text_at(view.channel, {"status", "state"});
  if (const Value* guards = view.channel.find_path({"status", "guards"}); guards != nullptr) {
    for (const auto& guard : guards->as_list()) {
      out.push_back({channel, "", state, text_at(guard, {"guard"}) + ": " + text_at(guard, {"message"}), "",
                     text_at(guard, {"command"})});
    }
  }
  add_suspension(view.channel, {channel, "", state, "", "", ""}, out);
  add_errors(view.channel, {channel, "", state, "", "", ""}, out);
  if (const Value* rollback = view.channel.find_path({"spec", "rollback"}); rollback != nullptr && rollback->is_map()) {
    out.push_back({channel, "", "RolledBack",
                   "it stays at " + text_at(*rollback, {"revision"}).substr(0, 12) +
                       " until the branch renders to something else than the digest that is held",
                   "", "push a fix to releases/" + channel + ", or gitopsctl resume " + channel});
  }
  for (const auto& release : view.releases) {
    const std::string release_state = text_at(release, {"status", "state"});
    const std::string name = text_at(release, {"spec", "release"});
    add_suspension(release, {channel, name, release_state, "", "", ""}, out);
    if (release_state == "Deployed") continue;
    const std::size_t before = out.size();
    add_errors(release, {channel, name, release_state, "", "", ""}, out);
    if (out.size() == before) {
      out.push_back({channel, name, release_state, text_at(release, {"status", "waitsFor"}), "",
                     text_at(release, {"status", "command"})});
    }
  }
  return out;
}

Result<int> watch_changes(const std::vector<BoundChannel>& channels, const std::function<Result<int>()>& print) {
  const std::stop_token stop = stop_on_signals();
  GITOPSCTL_TRY(int code, print());
  std::vector<std::uint64_t> seen(channels.size(), 0);
  for (std::size_t i = 0; i < channels.size(); ++i) {
    GITOPSCTL_TRY(seen[i], channels[i].environment->version());
  }
  while (!stop.stop_requested()) {
    system_clock().sleep(Millis(250), stop);
    bool changed = false;
    for (std::size_t i = 0; i < channels.size(); ++i) {
      GITOPSCTL_TRY(const auto now, channels[i].environment->version());
      changed = changed || now != seen[i];
      seen[i] = now;
    }
    if (changed && !stop.stop_requested()) {
      GITOPSCTL_TRY(code, print());
    }
  }
  return code;
}

}  // namespace gitopsctl::agent::cli
