#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl {

/// UTC, in milliseconds since 1970, as stored and printed everywhere.
using TimePoint = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;
using Millis = std::chrono::milliseconds;

/// The one clock: everything that asks for the time or sleeps does so through it, so that tests own time.
/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall time; may jump.
  [[nodiscard]] virtual TimePoint now() const = 0;
  /// Never goes back; only differences mean anything.
  [[nodiscard]] virtual Millis monotonic() const = 0;
  /// Sleeps until `span` has passed or `stop` is requested; true when the whole span passed.
  virtual bool sleep(Millis span, std::stop_token stop) = 0;
};

/// The machine's clock; lives as long as the program.
[[nodiscard]] Clock& system_clock();

/// A clock that stands still until told. sleep() advances it and returns at once.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimePoint start) : now_(start) {}
  [[nodiscard]] TimePoint now() const override;
  [[nodiscard]] Millis monotonic() const override;
  bool sleep(Millis span, std::stop_token stop) override;
  void advance(Millis span);

 private:
  mutable std::mutex mutex_;
  TimePoint now_;
  Millis monotonic_{0};
};

/// When an operation must have ended. Copies are cheap.
class Deadline {
 public:
  /// Never passes.
  Deadline() = default;
  Deadline(const Clock& clock, Millis span) : clock_(&clock), at_(clock.monotonic() + span) {}
  [[nodiscard]] bool passed() const { return clock_ != nullptr && clock_->monotonic() >= at_; }
  /// Time left, never negative; the largest value when there is no deadline.
  [[nodiscard]] Millis left() const;
  /// The earlier of this one and `span` from now.
  [[nodiscard]] Deadline at_most(const Clock& clock, Millis span) const;

 private:
  const Clock* clock_ = nullptr;
  Millis at_{0};
};

/// What every operation that can block takes: stop when told, end by then.
struct Interrupt {
  std::stop_token stop;
  Deadline deadline;

  /// `cancelled` or `timeout` when it is time to give up, naming `what`.
  [[nodiscard]] Result<void> check(std::string_view what) const;
};

/// RFC 3339 in UTC: `2026-11-21T12:00:00Z`, with `.123` only when there are milliseconds.
[[nodiscard]] std::string format_time(TimePoint at);
/// Reads RFC 3339 with any offset.
[[nodiscard]] Result<TimePoint> parse_time(std::string_view text);
/// Reads Go's duration syntax (`1h30m`, `10m0s`, `1.5s`, `300ms`); must not be negative, at most 10 years.
[[nodiscard]] Result<Millis> parse_duration(std::string_view text);
/// Go's way of printing: `10m0s`, `1.5s`, `300ms`.
[[nodiscard]] std::string format_duration(Millis span);

}  // namespace gitopsctl
