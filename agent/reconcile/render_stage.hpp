#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/isolate/render_rules.hpp"
#include "agent/reconcile/release_charts.hpp"
#include "agent/reconcile/release_sources.hpp"
#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/model/channel.hpp"
#include "channels/plan/change_set.hpp"
#include "render/inputs/inputs.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent {

/// What is known of a release's rendering without keeping its text: enough to tell that it would come out the same.
struct RenderState {
  std::string settings;                       ///< hash of the release's own settings
  std::vector<TreeDependency> dependencies;   ///< what was read from the tree
  std::vector<channels::ChartRecord> charts;  ///< that were fetched for it
  std::vector<SourceRead> reads;              ///< what it read of the environment
  std::string key;                            ///< hash of settings and all that was read: the render's identity
  std::string render_digest;
  std::string seal_digest;
  std::vector<Error> errors;  ///< it did not render
  std::vector<std::string> warnings;
  /// What is not to be shown: what the release says, and where values of Secrets went that the render read.
  std::vector<render::SensitivePath> sensitive;
  std::vector<render::ObjectId> ids;               ///< of the rendered objects; stay when the set is dropped
  std::shared_ptr<const render::RenderedSet> set;  ///< only while a run needs it
};

/// Renders the releases of a channel, each once per content: a release whose settings and files are unchanged, and what it
/// read of the environment, keeps its state. One per channel; not thread-safe from outside, renders on several threads
/// inside.
class RenderStage {
 public:
  struct Options {
    std::string installation_key;
    std::string identity_prefix;  ///< installation/repository/channel/
    unsigned threads = 2;
    RenderRules rules = {};
    ChartFetch charts = {};     ///< empty: releases with charts elsewhere fail
    SourceAccess sources = {};  ///< empty: releases with valuesFrom fail, and lookups find nothing
  };
  explicit RenderStage(Options options) : options_(std::move(options)) {}

  /// Brings the states of all releases of `channel` up to date with `tree`. Errors of releases are in their states. The
  /// settings of a channel that is the very same object as the last time are not compared again.
  Result<void> update(const std::shared_ptr<const channels::Channel>& channel, const FileTreePtr& tree,
                      const Interrupt& interrupt);
  [[nodiscard]] const SourceAccess& sources() const noexcept { return options_.sources; }
  /// The state of a release of the last update.
  [[nodiscard]] const RenderState& state(const std::string& release) const { return states_.at(release); }
  /// Makes sure that `state(release).set` is there (renders again when it was dropped).
  Result<void> materialise(const channels::Release& release, const FileTreePtr& tree);
  /// A state of `release` rendered from `tree`; what the render throws (memory can run out) is an error of the release.
  [[nodiscard]] RenderState render_one(const channels::Release& release, const FileTreePtr& tree,
                                       const Interrupt& interrupt = {}) const;
  /// Drops all sets.
  void release_memory();
  /// Makes all states anew: see ChannelRunner::gather_memory().
  void gather_memory();
  /// Renders done since the stage was made.
  [[nodiscard]] std::uint64_t renders() const noexcept { return renders_; }

 private:
  Options options_;
  std::map<std::string, RenderState> states_;
  std::shared_ptr<const channels::Channel> channel_;  ///< of the last update
  std::uint64_t renders_ = 0;
};

/// Inputs of a render as a release of a channel file describes them.
[[nodiscard]] Result<render::RenderInputs> make_render_inputs(const channels::Release& release, FileTreePtr tree,
                                                              const std::string& installation_key,
                                                              const std::string& identity);
/// Hash of everything in `release` that can change its rendering.
[[nodiscard]] std::string settings_hash(const channels::Release& release);
/// Renders one release, noting what it read. Errors and warnings are fit to be kept and published: they quote nothing of
/// what is rendered, and no value of a secret. With `quote_content` they are as the render says them, for the terminal of
/// who renders by hand. `charts` gets what the release wants from elsewhere,
/// `sources` what it takes from the environment.
[[nodiscard]] RenderState render_with_notes(const channels::Release& release, const FileTreePtr& tree,
                                            const std::string& installation_key, const std::string& identity,
                                            bool quote_content = false, const ChartAccess& charts = {},
                                            const RenderRules& rules = {}, const SourceAccess& sources = {});
/// A state as one side of a rendered comparison.
[[nodiscard]] channels::RenderedRelease to_rendered(const channels::Channel& channel, const channels::Release& release,
                                                    const RenderState& state);

}  // namespace gitopsctl::agent
