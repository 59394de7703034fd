#include "agent/cli/leader.hpp"
#include "agent/cli/print_value.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/table.hpp"
#include "agent/cli/watching.hpp"

namespace gitopsctl::agent::cli {

namespace {

Tint tint_of(std::string_view state) {
  if (state == "Deployed") return Tint::good;
  if (state == "Failed" || state == "Unknown") return Tint::bad;
  return Tint::warn;
}

std::string number(const Value& body, std::string_view key) {
  const Value* value = body.find_path({"status", key});
  return value == nullptr || !value->is_int() ? std::string("-") : std::to_string(value->as_int());
}

void print_tables(Terminal& terminal, const std::vector<ChannelView>& views, const std::vector<LeaderView>& leaders) {
  const bool colour = terminal.colour_out();
  Table channels({"CHANNEL", "STATE", "DEPLOYED", "BRANCH", "RELEASES", "OBJECTS", "MESSAGE"});
  Table releases({"RELEASE", "STATE", "REVISION", "DIGEST", "OBJECTS", "MESSAGE"});
  for (const auto& view : views) {
    const std::string& name = view.bound.key.channel;
    if (view.channel.is_null()) {
      channels.add({name, "Unknown", "-", "-", "-", "-", "no agent has worked on it yet"}, Tint::bad, 1);
      continue;
    }
    const auto at = [&](std::string_view key) { return std::string(view.channel.string_at({"status", key})); };
    std::string message;
    if (const Value* ready = find_condition(view.channel, "Ready"); ready != nullptr)
      message = ready->string_at({"message"});
    if (const Value* source = find_condition(view.channel, "SourceReady");
        source != nullptr && source->string_at({"status"}) != "True") {
      message = std::string(source->string_at({"reason"})) + ": " + std::string(source->string_at({"message"}));
    }
    std::string state = shown_state(view.channel);
    if (state.empty()) state = "Waiting";
    channels.add({name, state, short_id(at("revision")), short_id(at("tip")),
                  number(view.channel, "readyReleases") + "/" + number(view.channel, "releases"),
                  number(view.channel, "objects"), message},
                 tint_of(state), 1);
    for (const auto& release : view.releases) {
      std::string said;
      if (const Value* ready = find_condition(release, "Ready"); ready != nullptr) said = ready->string_at({"message"});
      const std::string release_state = shown_state(release);
      releases.add({name + '/' + std::string(release.string_at({"spec", "release"})), release_state,
                    short_id(release.string_at({"status", "revision"})),
                    short_id(release.string_at({"status", "renderDigest"})), number(release, "objects"), said},
                   tint_of(release_state), 1);
    }
  }
  terminal.out(channels.text(colour));
  if (!releases.empty()) terminal.out('\n' + releases.text(colour));
  for (const auto& leader : leaders) {
    const std::string where = leaders.size() > 1 ? leader.environment + ": " : "";
    terminal.out('\n' + where + leader.text(system_clock().now()) + '\n');
  }
}

Value as_data(const std::vector<ChannelView>& views, const std::vector<LeaderView>& leaders) {
  Value::List list;
  for (const auto& view : views) {
    Value::List releases;
    for (const auto& release : view.releases) releases.push_back(release);
    list.push_back(make_map({{"channel", Value::string(view.bound.key.channel)},
                             {"repository", Value::string(view.bound.key.repository)},
                             {"environment", Value::string(view.bound.binding->environment)},
                             {"object", view.channel},
                             {"releases", Value::list(std::move(releases))}}));
  }
  Value out = make_map({{"channels", Value::list(std::move(list))}});
  Value::List leading;
  for (const auto& leader : leaders) leading.push_back(leader.data());
  if (!leading.empty()) out.set("leaders", Value::list(std::move(leading)));
  return out;
}

}  // namespace

Result<int> run_status(const Invocation& invocation) {
  Terminal& terminal = invocation.terminal();
  GITOPSCTL_TRY(const auto session, Session::open(invocation));
  GITOPSCTL_TRY(const Target target, invocation.target());
  GITOPSCTL_TRY(const auto channels, session->channels(target));
  const auto print = [&]() -> Result<int> {
    std::vector<ChannelView> views;
    bool ready = true;
    for (const auto& channel : channels) {
      GITOPSCTL_TRY(auto view, read_channel(channel, target.release));
      ready = ready && obstacles(view).empty();
      views.push_back(std::move(view));
    }
    const auto leaders = find_leaders(channels);
    if (invocation.output() == OutputFormat::table) {
      print_tables(terminal, views, leaders);
    } else {
      GITOPSCTL_CHECK(print_value(terminal, as_data(views, leaders), invocation.output()));
    }
    GITOPSCTL_CHECK(terminal.flush());
    return ready ? 0 : 1;
  };
  if (!invocation.is_set("watch")) return print();
  return watch_changes(channels, print);
}

}  // namespace gitopsctl::agent::cli
