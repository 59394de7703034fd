#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "agent/config/agent_config.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent {

/// The running agent: one watcher thread per repository (lists, fetches, builds candidates) and one worker thread per
/// binding (runs the channel). Triggers are levels, not edges: a lost wake-up is made good by the next tick.
class Agent {
 public:
  /// Opens everything. Errors: state directory in use by another agent (`conflict`), a store or environment of a newer
  /// version (`newer_schema`), unusable paths.
  static Result<std::unique_ptr<Agent>> create(AgentConfig config, Clock& clock);
  ~Agent();

  /// Runs until `stop` is requested; returns when every thread has ended.
  void run(std::stop_token stop);
  /// One look at every repository and one run of every channel, on this thread (`gitopsctl agent --once`). Returns false
  /// when any channel failed.
  bool run_once(std::stop_token stop);

  /// True when every repository was looked at and every channel was run at least once.
  [[nodiscard]] bool ready() const;

 private:
  struct State;
  explicit Agent(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::agent
