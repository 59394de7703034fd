#include "agent/cli/print_value.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/table.hpp"
#include "agent/cli/watching.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent::cli {

namespace {

void print_obstacle(Terminal& terminal, const Obstacle& obstacle) {
  const bool colour = terminal.colour_out();
  std::string name = obstacle.channel;
  if (!obstacle.release.empty()) name += '/' + obstacle.release;
  std::string line = tinted(terminal_safe(name), Tint::warn, colour) + ": " + terminal_safe(obstacle.state);
  if (!obstacle.where.empty()) line += " at " + terminal_safe(obstacle.where);
  terminal.out(line + "\n    " + terminal_safe(obstacle.what) + '\n');
  if (!obstacle.command.empty()) terminal.out("    → " + terminal_safe(obstacle.command) + '\n');
}

Value as_data(const std::vector<Obstacle>& all) {
  Value::List list;
  for (const auto& obstacle : all) {
    list.push_back(make_map({{"channel", Value::string(obstacle.channel)},
                             {"release", Value::string(obstacle.release)},
                             {"state", Value::string(obstacle.state)},
                             {"message", Value::string(obstacle.what)},
                             {"where", Value::string(obstacle.where)},
                             {"next", Value::string(obstacle.command)}}));
  }
  return make_map({{"obstacles", Value::list(std::move(list))}});
}

}  // namespace

Result<int> run_why(const Invocation& invocation) {
  Terminal& terminal = invocation.terminal();
  GITOPSCTL_TRY(const auto session, Session::open(invocation));
  GITOPSCTL_TRY(const Target target, invocation.target());
  GITOPSCTL_TRY(const auto channels, session->channels(target));
  std::vector<Obstacle> all;
  for (const auto& channel : channels) {
    GITOPSCTL_TRY(const auto view, read_channel(channel, target.release));
    for (auto& obstacle : obstacles(view)) all.push_back(std::move(obstacle));
  }
  if (invocation.output() != OutputFormat::table) {
    GITOPSCTL_CHECK(print_value(terminal, as_data(all), invocation.output()));
  } else {
    for (const auto& obstacle : all) print_obstacle(terminal, obstacle);
    if (all.empty()) terminal.err("everything is where its branch says\n");
  }
  return all.empty() ? 0 : 1;
}

}  // namespace gitopsctl::agent::cli
