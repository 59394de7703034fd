#include <algorithm>

#include "agent/cli/print_value.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/table.hpp"
#include "agent/cli/watching.hpp"

namespace gitopsctl::agent::cli {

namespace {

struct Line {
  std::string channel;
  Event event;
};

Result<std::vector<Line>> collect(const std::vector<BoundChannel>& channels, const std::string& release) {
  std::vector<Line> out;
  for (const auto& channel : channels) {
    GITOPSCTL_TRY(auto events, list_events(*channel.environment, channel.key));
    for (auto& event : events) {
      if (release.empty() || event.release == release) out.push_back({channel.key.channel, std::move(event)});
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const Line& a, const Line& b) { return a.event.at < b.event.at; });
  return out;
}

std::vector<std::string> cells(const Line& line) {
  const std::string about = line.event.release.empty() ? line.channel : line.channel + '/' + line.event.release;
  return {format_time(line.event.at), line.event.type, line.event.reason, about, line.event.message};
}

Value as_data(const std::vector<Line>& lines) {
  Value::List list;
  for (const auto& line : lines) {
    list.push_back(make_map({{"at", Value::string(format_time(line.event.at))},
                             {"type", Value::string(line.event.type)},
                             {"reason", Value::string(line.event.reason)},
                             {"channel", Value::string(line.channel)},
                             {"release", Value::string(line.event.release)},
                             {"message", Value::string(line.event.message)}}));
  }
  return make_map({{"events", Value::list(std::move(list))}});
}

}  // namespace

Result<int> run_events(const Invocation& invocation) {
  Terminal& terminal = invocation.terminal();
  GITOPSCTL_TRY(const auto session, Session::open(invocation));
  GITOPSCTL_TRY(const Target target, invocation.target());
  GITOPSCTL_TRY(const auto channels, session->channels(target));
  const auto limit = static_cast<std::size_t>(invocation.integer("limit", 20));
  TimePoint last{};
  std::size_t at_last = 0;
  bool first = true;
  const auto print = [&]() -> Result<int> {
    GITOPSCTL_TRY(auto lines, collect(channels, target.release));
    if (first) {
      if (lines.size() > limit) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(limit));
    } else {
      // Only what came after the last line that was printed; several events may share its millisecond.
      std::size_t skipped = 0;
      std::erase_if(
          lines, [&](const Line& line) { return line.event.at < last || (line.event.at == last && skipped++ < at_last); });
    }
    for (const auto& line : lines) {
      if (line.event.at != last) at_last = 0;
      last = line.event.at;
      ++at_last;
    }
    if (invocation.output() != OutputFormat::table) {
      if (first || !lines.empty()) GITOPSCTL_CHECK(print_value(terminal, as_data(lines), invocation.output()));
    } else if (!lines.empty()) {
      Table table({"AT", "TYPE", "REASON", "ABOUT", "MESSAGE"});
      for (const auto& line : lines) table.add(cells(line), line.event.type == "Warning" ? Tint::warn : Tint::none, 1);
      const std::string text = table.text(terminal.colour_out());
      terminal.out(first ? text : text.substr(text.find('\n') + 1));
    } else if (first) {
      terminal.err("nothing happened yet\n");
    }
    first = false;
    GITOPSCTL_CHECK(terminal.flush());
    return 0;
  };
  if (!invocation.is_set("follow")) return print();
  return watch_changes(channels, print);
}

}  // namespace gitopsctl::agent::cli
