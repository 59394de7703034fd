#pragma once

#include <string>
#include <vector>

#include "agent/cli/invocation.hpp"
#include "agent/reconcile/render_stage.hpp"
#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"
#include "channels/model/channel.hpp"

namespace gitopsctl::agent::cli {

/// A channel as it renders from one tree.
struct RenderedChannel {
  channels::Channel channel;
  std::vector<RenderState> states;  ///< of channel.releases, in their order

  [[nodiscard]] std::vector<channels::RenderedRelease> releases(const std::string& only = {}) const;
};

/// Loads and renders a channel; mistakes of releases are in their states. Without an installation key seeded values are
/// masked.
[[nodiscard]] Result<RenderedChannel> render_channel(const FileTreePtr& tree, const std::string& channel,
                                                     const std::string& channel_file, const std::string& installation_key,
                                                     const std::string& identity_prefix, const ChartAccess& charts = {},
                                                     const SourceAccess& sources = {});
/// An error when the channel has no release of that name; nothing for an empty name.
[[nodiscard]] Result<void> require_release(const channels::Channel& channel, const std::string& release);
/// What `gitopsctl render` prints for a channel from `tree`.
[[nodiscard]] Result<int> print_rendering(const Invocation& invocation, const FileTreePtr& tree,
                                          const std::string& channel_file, const ChartAccess& charts = {});

}  // namespace gitopsctl::agent::cli
