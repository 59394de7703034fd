#include "base/time/clock.hpp"

#include <algorithm>

namespace gitopsctl {

namespace {

class SystemClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); }
  Millis monotonic() const override {
    return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch());
  }
  bool sleep(Millis span, std::stop_token stop) override {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, span, [] { return false; });
    return !stop.stop_requested();
  }
};

}  // namespace

Clock& system_clock() {
  static auto* const clock = new SystemClock;  // never destroyed: what goes last at the end of the process still asks for it
  return *clock;
}

TimePoint ManualClock::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

Millis ManualClock::monotonic() const {
  const std::lock_guard lock(mutex_);
  return monotonic_;
}

bool ManualClock::sleep(Millis span, std::stop_token stop) {
  if (stop.stop_requested()) return false;
  advance(span);
  return true;
}

void ManualClock::advance(Millis span) {
  const std::lock_guard lock(mutex_);
  now_ += span;
  monotonic_ += span;
}

Millis Deadline::left() const {
  if (clock_ == nullptr) return Millis::max();
  return std::max(Millis{0}, at_ - clock_->monotonic());
}

Deadline Deadline::at_most(const Clock& clock, Millis span) const { return left() < span ? *this : Deadline(clock, span); }

Result<void> Interrupt::check(std::string_view what) const {
  if (stop.stop_requested()) return Error(ErrorCode::cancelled, std::string(what) + " was cancelled");
  if (deadline.passed()) return Error(ErrorCode::timeout, std::string(what) + " took too long");
  return {};
}

}  // namespace gitopsctl
