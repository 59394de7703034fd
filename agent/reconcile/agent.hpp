#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "agent/config/agent_config.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent {

/// What the agent tells its operator: level is `info`, `warn` or `error`; the text is one redacted line. Called from several
/// threads.
using LogSink = std::function<void(std::string_view level, const std::string& text)>;

/// Numbers for /metrics, read at any time.
struct AgentFigures {
  std::uint64_t polls = 0;
  std::uint64_t poll_failures = 0;
  std::uint64_t fetches = 0;
  std::uint64_t candidates = 0;
  std::uint64_t git_requests = 0;
  std::uint64_t git_bytes = 0;
  struct Channel {
    std::string repository;
    std::string channel;
    std::uint64_t runs = 0;
    std::uint64_t failures = 0;
    std::uint64_t renders = 0;
    std::uint64_t created = 0, updated = 0, removed = 0;
    bool ready = false;
    std::int64_t last_run_ms = 0;   ///< how long the last run took
    std::int64_t last_success = 0;  ///< seconds since 1970
  };
  std::vector<Channel> channels;
  std::optional<bool> leads;  ///< whether this one of several agents works; nothing where there can be only one
};

class Leadership;

/// The running agent: one watcher thread per repository (lists, fetches, builds candidates) and one worker thread per
/// binding (runs the channel). Of several agents of an installation in one cluster one works, and the others wait for their
/// turn (Leadership). Triggers are levels, not edges: a lost wake-up is made good by the next tick.
class Agent {
 public:
  /// Opens everything. Errors: state directory in use by another agent (`conflict`), a store of a newer version
  /// (`newer_schema`), unusable paths. An environment of a newer version is an error of its channels only, until it can be
  /// opened. `stop` ends what hangs meanwhile. `clock` must outlive the agent.
  static Result<std::unique_ptr<Agent>> create(AgentConfig config, Clock& clock, LogSink log,
                                               const std::stop_token& stop = {});
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// Runs until `stop` is requested; returns when every thread has ended: with a server that hangs, after two seconds.
  /// `unavailable` when not all of its threads can be started; then none goes on.
  Result<void> run(const std::stop_token& stop);
  /// One look at every repository and one run of every channel, on this thread (`gitopsctl agent --once`). False when any
  /// of them failed.
  bool run_once(const std::stop_token& stop);

  /// Why the agent does not do all of its work, one line per reason; empty when every repository was looked at and every
  /// channel was run at least once, and none of them is kept from working by what a newer version wrote. Thread-safe.
  [[nodiscard]] std::string not_ready() const;
  [[nodiscard]] AgentFigures figures() const;

 private:
  struct State;
  static std::unique_ptr<Leadership> make_leadership(State& state, const std::string& holder);
  void tidy_history();
  /// Every watcher and worker, until stopped.
  Result<void> work(const std::stop_token& stop);

  explicit Agent(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::agent
