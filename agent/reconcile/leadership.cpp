#include "agent/reconcile/leadership.hpp"

#include <utility>

namespace gitopsctl::agent {

namespace {

constexpr Millis renewal = Leadership::span / 3;
// How often one that waits looks, and one that could not renew tries again.
constexpr Millis look{1'000};
// So long before its lease ends a leader stops: what it has begun needs time to end as well.
constexpr Millis margin{2'000};

}  // namespace

Leadership::Leadership(Environment& environment, std::string lease, std::string holder, std::vector<std::string> channels,
                       Clock& clock, LogSink log)
    : environment_(environment),
      name_(std::move(lease)),
      holder_(std::move(holder)),
      channels_(std::move(channels)),
      clock_(clock),
      log_(std::move(log)) {}

Result<void> Leadership::acquire() {
  const Millis asked = clock_.monotonic();
  GITOPSCTL_TRY(auto lease, environment_.acquire_lease(name_, holder_, span));
  const std::lock_guard lock(mutex_);
  believed_until_ = asked + span - margin;
  if (lease_ && lease_->fence != lease.fence) return Error(ErrorCode::conflict, "somebody else had the lease meanwhile");
  lease_ = std::move(lease);
  problem_.clear();
  return {};
}

bool Leadership::wait(const std::stop_token& stop) {
  Millis noted = clock_.monotonic() - renewal;
  while (!stop.stop_requested()) {
    const auto acquired = acquire();
    if (acquired.ok()) {
      told_.clear();
      return true;
    }
    if (acquired.error().code() == ErrorCode::cancelled) return false;
    const std::string why = acquired.error().to_string();
    const bool other = acquired.error().code() == ErrorCode::conflict;
    set_problem(other ? "" : "whether another agent works is not known: " + why);
    if (why != told_) log_(other ? "info" : "warn", "this agent waits: " + why);
    told_ = why;
    if (clock_.monotonic() - noted >= renewal) {
      noted = clock_.monotonic();
      environment_.note_leases(channels_);
    }
    clock_.sleep(look, stop);
  }
  return false;
}

void Leadership::keep(const std::stop_token& stop) {
  for (Millis pause = renewal; clock_.sleep(pause, stop);) {
    const auto renewed = acquire();
    if (renewed.ok()) {
      pause = renewal;
      continue;
    }
    if (stop.stop_requested()) return;
    const bool lost = renewed.error().code() == ErrorCode::conflict;
    if (lost || !certain()) {
      log_("warn", "this agent stops working: " + renewed.error().to_string());
      set_problem(lost ? "" : "whether another agent works is not known: " + renewed.error().to_string());
      return;
    }
    pause = look;
  }
}

void Leadership::give_up() {
  std::optional<Lease> lease;
  {
    const std::lock_guard lock(mutex_);
    lease = std::exchange(lease_, std::nullopt);
  }
  if (!lease) return;
  if (const auto released = environment_.release_lease(*lease); !released.ok()) {
    log_("info", "the lease of this agent is not given back and ends by itself: " + released.error().to_string());
  }
}

void Leadership::set_problem(std::string problem) {
  const std::lock_guard lock(mutex_);
  problem_ = std::move(problem);
}

std::string Leadership::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

bool Leadership::certain() const {
  const std::lock_guard lock(mutex_);
  return lease_.has_value() && clock_.monotonic() + look < believed_until_;
}

bool Leadership::leads() const {
  const std::lock_guard lock(mutex_);
  return lease_.has_value();
}

}  // namespace gitopsctl::agent
