#include "agent/cli/print_value.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/table.hpp"
#include "agent/cli/watching.hpp"

namespace gitopsctl::agent::cli {

Result<int> run_history(const Invocation& invocation) {
  Terminal& terminal = invocation.terminal();
  GITOPSCTL_TRY(const auto session, Session::open(invocation));
  GITOPSCTL_TRY(const Target target, invocation.target());
  GITOPSCTL_TRY(const auto bound, session->channel(target.channel));
  GITOPSCTL_TRY(const auto view, read_channel(bound, target.release));
  const auto limit = static_cast<std::size_t>(invocation.integer("limit", 20));
  Value::List lines;
  if (const Value* history = view.channel.find_path({"status", "history"}); history != nullptr) {
    for (const auto& line : history->as_list()) {
      if (lines.size() < limit) lines.push_back(line);
    }
  }
  if (invocation.output() != OutputFormat::table) {
    GITOPSCTL_CHECK(print_value(
        terminal, make_map({{"channel", Value::string(target.channel)}, {"deployments", Value::list(std::move(lines))}}),
        invocation.output()));
    return 0;
  }
  Table table({"STARTED", "COMMIT", "DIGEST", "TRIGGER", "OUTCOME", "MESSAGE"});
  for (const auto& line : lines) {
    const auto at = [&](std::string_view key) { return std::string(line.string_at({key})); };
    table.add(
        {at("started"), short_id(at("commit")), short_id(at("renderDigest")), at("trigger"), at("outcome"), at("message")},
        at("outcome") == "succeeded" ? Tint::good : Tint::bad, 4);
  }
  if (table.empty()) {
    terminal.err("nothing was deployed yet\n");
  } else {
    terminal.out(table.text(terminal.colour_out()));
  }
  return 0;
}

}  // namespace gitopsctl::agent::cli
