#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/cli/session.hpp"
#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"
#include "channels/git/mirror.hpp"

namespace gitopsctl::agent::cli {

/// The commits of a channel's repository: that of the agent's file when it binds the channel, else the repository that the
/// current directory is in.
class Revisions {
 public:
  static Result<std::unique_ptr<Revisions>> open(const Invocation& invocation, const std::string& channel);
  /// The same for who needs the installation's key: that is asked for while the repository is fetched.
  static Result<std::unique_ptr<Revisions>> open_with_key(const Invocation& invocation, const std::string& channel);

  /// A branch, tag or commit. A branch that a clone knows only from its origin is found too.
  Result<channels::CommitId> resolve(const std::string& revision);
  /// The tip of `releases/<channel>`.
  Result<channels::CommitId> tip();
  Result<FileTreePtr> tree(const channels::CommitId& commit) { return mirror_->tree(commit); }

  /// The environment side, when the agent's file binds the channel.
  [[nodiscard]] const std::optional<BoundChannel>& bound() const noexcept { return bound_; }
  [[nodiscard]] Session* session() const noexcept { return session_.get(); }
  /// The agent's file; null when there is none.
  [[nodiscard]] const AgentConfig* config() const noexcept { return session_ ? &session_->config() : nullptr; }
  [[nodiscard]] std::string channel_file() const { return bound_ ? bound_->binding->channel_file : std::string(); }
  /// installation/repository/channel/, as seeds and identities have it.
  [[nodiscard]] std::string identity_prefix() const;
  /// The installation's key; empty without an environment, and when it was not asked for.
  [[nodiscard]] const std::string& installation_key() const noexcept { return key_; }

 private:
  static Result<std::unique_ptr<Revisions>> open(const Invocation& invocation, const std::string& channel, bool with_key);

  std::string channel_;
  std::unique_ptr<Session> session_;
  std::optional<BoundChannel> bound_;
  std::unique_ptr<channels::Mirror> mirror_;
  std::string key_;
};

}  // namespace gitopsctl::agent::cli
