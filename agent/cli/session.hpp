#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/cli/invocation.hpp"
#include "agent/config/agent_config.hpp"
#include "agent/control/control.hpp"
#include "agent/environment/environment.hpp"
#include "base/result/result.hpp"
#include "channels/git/mirror.hpp"

namespace gitopsctl::agent::cli {

/// A channel that the agent's file binds to an environment.
struct BoundChannel {
  ChannelKey key;
  const BindingConfig* binding = nullptr;
  Environment* environment = nullptr;
};

/// What the verbs that talk to an environment have in common: the agent's file, its environments, its channels. It never
/// opens the agent's store. Lives as long as the verb runs.
class Session {
 public:
  /// Reads the agent's file (`--config`).
  static Result<std::unique_ptr<Session>> open(const Invocation& invocation);

  [[nodiscard]] const AgentConfig& config() const noexcept { return config_; }
  /// The channel of that name; `--repo` decides between two repositories. `not_found` names the channels there are.
  Result<BoundChannel> channel(const std::string& name);
  /// The channels that the verb's first argument means: one, or all when it was not given.
  Result<std::vector<BoundChannel>> channels(const Target& target);
  /// The installation's key of the environment a channel lands in.
  Result<std::string> installation_key(const BoundChannel& channel);
  /// A mirror of the channel's repository for reading revisions, fetched now. Kept in the user's cache, apart from the
  /// agent's. Takes as long as the repository's timeout and the size of what is new allow.
  Result<std::unique_ptr<channels::Mirror>> mirror(const BoundChannel& channel);

 private:
  Session(AgentConfig config, std::string repository, std::string environment)
      : config_(std::move(config)), repository_(std::move(repository)), environment_(std::move(environment)) {}
  Result<BoundChannel> bind(const BindingConfig& binding);

  AgentConfig config_;
  std::string repository_;   ///< --repo
  std::string environment_;  ///< --context
  std::map<std::string, std::unique_ptr<Environment>> environments_;
};

/// Who gives a command, for reasons and approvals: `--as`, else the user of this session at this machine.
[[nodiscard]] std::string current_user();
/// A token for `gitopsctl.dev/requestedAt` that no other request has.
[[nodiscard]] std::string request_token();

}  // namespace gitopsctl::agent::cli
