#include <algorithm>

#include "agent/cli/runs.hpp"
#include "agent/cli/switching.hpp"

namespace gitopsctl::agent::cli {

Result<int> run_sync(const Invocation& invocation) {
  GITOPSCTL_TRY(const auto session, Session::open(invocation));
  GITOPSCTL_TRY(const auto channels, session->channels({std::string(invocation.argument(0)), {}}));
  std::vector<std::string> tokens;
  for (const auto& channel : channels) {
    GITOPSCTL_TRY(auto token, request_sync(channel));
    tokens.push_back(std::move(token));
    if (!invocation.is_set("wait")) invocation.terminal().out("asked for " + channel.key.channel + '\n');
  }
  if (!invocation.is_set("wait")) return 0;
  const Millis span = invocation.duration("timeout").value_or(Millis(300'000));
  int code = 0;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    GITOPSCTL_TRY(const int one, wait_for_sync(invocation.terminal(), channels[i], tokens[i], span));
    if (one == 0) invocation.terminal().out(channels[i].key.channel + " is where its branch says\n");
    code = std::max(code, one);
  }
  return code;
}

}  // namespace gitopsctl::agent::cli
