#pragma once

#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/environment/environment.hpp"
#include "agent/reconcile/agent.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent {

/// Which of several agents of one installation works: the one that holds the installation's lease. The others look every
/// second whether they are to take over, and do nothing else.
///
/// It saves work, and keeps what is written outside of environments (candidates) from being written twice; what an
/// environment holds is safe without it, by the lease that each channel has (docs/decisions/0016).
class Leadership {
 public:
  /// A leader that dies is followed after so long, one that ends in peace within a second.
  static constexpr Millis span{15'000};

  /// `environment`, which holds the lease, and `clock` must outlive it.
  /// `channels`: the leases of the channels, which are looked at while it waits, so that what a dead leader was writing is
  /// taken over as soon as it may be.
  Leadership(Environment& environment, std::string lease, std::string holder, std::vector<std::string> channels,
             Clock& clock, LogSink log);

  /// Waits until this agent leads; false when stopped before.
  bool wait(const std::stop_token& stop);
  /// Holds on to what wait() got: returns when stopped, or when it is lost or too old to be believed. Then the work must
  /// end, and give_up() be called.
  void keep(const std::stop_token& stop);
  /// Lets another one begin at once; to be called when nothing works any more. An error means that it waits for the span.
  void give_up();

  /// Thread-safe: why nobody knows whether this agent is to work; empty when that is known.
  [[nodiscard]] std::string problem() const;
  [[nodiscard]] bool leads() const;
  /// Thread-safe: it leads at this very moment, and nobody else has since wait() returned, also when this process stood
  /// still meanwhile.
  [[nodiscard]] bool certain() const;

 private:
  [[nodiscard]] Result<void> acquire();
  void set_problem(std::string problem);

  Environment& environment_;
  const std::string name_;
  const std::string holder_;
  const std::vector<std::string> channels_;
  Clock& clock_;
  LogSink log_;
  std::string told_;  ///< what was logged last of a wait

  mutable std::mutex mutex_;
  std::optional<Lease> lease_;
  Millis believed_until_{0};  ///< by the monotonic clock
  std::string problem_ = "nobody knows yet which agent of this installation is to work";
};

}  // namespace gitopsctl::agent
