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

/// A channel that the agent's file binds to an environment, or that a cluster says it has.
struct BoundChannel {
  ChannelKey key;
  const BindingConfig* binding = nullptr;
  Environment* environment = nullptr;
};

/// What the verbs that talk to an environment have in common: its environments, its channels. It never opens the agent's
/// store. Lives as long as the verb runs.
class Session {
 public:
  /// Reads the agent's file (`--config`). Where there is none, and none was named, the channels are those that have a
  /// Channel object in the cluster of `--kubeconfig` and `--context`, or of the usual kubeconfig.
  static Result<std::unique_ptr<Session>> open(const Invocation& invocation);
  /// The same without a look at a cluster that was not asked for: `not_found` when there is no file.
  static Result<std::unique_ptr<Session>> open_named(const Invocation& invocation);

  [[nodiscard]] const AgentConfig& config() const noexcept { return config_; }
  /// The channel of that name; `--repo` decides between two repositories. `not_found` names the channels there are.
  Result<BoundChannel> channel(const std::string& name);
  /// The channels that the verb's first argument means: one, or all when it was not given.
  Result<std::vector<BoundChannel>> channels(const Target& target);
  /// The installation's key of the environment a channel lands in.
  Result<std::string> installation_key(const BoundChannel& channel);
  /// True when it is known where the channel's repository is: not of a session without the agent's file.
  [[nodiscard]] bool knows_repository(const BoundChannel& channel) const;
  /// A mirror of the channel's repository for reading revisions, fetched now. Kept in the user's cache, apart from the
  /// agent's. Takes as long as the repository's timeout and the size of what is new allow.
  Result<std::unique_ptr<channels::Mirror>> mirror(const BoundChannel& channel);

 private:
  Session(AgentConfig config, std::string repository, std::string environment)
      : config_(std::move(config)), repository_(std::move(repository)), environment_(std::move(environment)) {}
  static Result<std::unique_ptr<Session>> open_cluster(const Invocation& invocation);
  Result<void> find_channels();
  Result<BoundChannel> bind(const BindingConfig& binding);
  /// What the channels are listed in, for people.
  [[nodiscard]] std::string source() const;

  AgentConfig config_;
  std::string repository_;   ///< --repo
  std::string environment_;  ///< --context, of the agent's file
  std::map<std::string, std::unique_ptr<Environment>> environments_;
};

/// Who gives a command, for reasons and approvals: `--as`, else the user of this session at this machine.
[[nodiscard]] std::string current_user();
/// A token for `gitopsctl.dev/requestedAt` that no other request has.
[[nodiscard]] std::string request_token();

}  // namespace gitopsctl::agent::cli
