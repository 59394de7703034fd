#include "agent/kube/connection_pool.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gitopsctl::agent {
namespace {

/// How long a waiting caller goes without a look at its deadline.
constexpr Millis look_every{500};

}  // namespace

ConnectionPool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)),
      http_(std::move(other.http_)),
      tls_version_(other.tls_version_),
      epoch_(other.epoch_),
      outcome_(other.outcome_) {}

ConnectionPool::Lease::~Lease() {
  if (pool_ != nullptr) pool_->release(*this);
}

Result<ConnectionPool::Lease> ConnectionPool::acquire(std::uint64_t tls_version, const Connect& connect,
                                                      const Interrupt& interrupt) {
  std::vector<Idle> outdated;  // closed outside of the lock
  std::unique_lock lock(mutex_);
  while (running_ >= limit_) {
    freed_.wait_for(lock, interrupt.stop, std::min(look_every, interrupt.deadline.left()),
                    [&] { return running_ < limit_; });
    if (running_ >= limit_) GITOPSCTL_CHECK(interrupt.check("waiting for a connection"));
  }
  ++running_;
  peak_ = std::max(peak_, running_);
  const auto first_outdated =
      std::stable_partition(idle_.begin(), idle_.end(), [&](const Idle& idle) { return idle.tls_version == tls_version; });
  std::move(first_outdated, idle_.end(), std::back_inserter(outdated));
  idle_.erase(first_outdated, idle_.end());
  std::unique_ptr<channels::HttpClient> http;
  if (!idle_.empty()) {
    http = std::move(idle_.back().http);
    idle_.pop_back();
  }
  Lease lease(*this, std::move(http), tls_version, epoch_);
  lock.unlock();
  if (lease.http_ == nullptr) lease.http_ = connect();
  return lease;
}

void ConnectionPool::release(Lease& lease) noexcept {
  std::unique_ptr<channels::HttpClient> surplus;  // closed outside of the lock
  {
    const std::lock_guard lock(mutex_);
    --running_;
    if (lease.outcome_ == Lease::Outcome::too_much) {
      good_in_a_row_ = 0;
      // Requests that were under way together are one overload, however many of them are told so.
      if (lease.epoch_ == epoch_) {
        limit_ = std::max(1U, limit_ / 2);
        ++epoch_;
      }
    } else if (lease.outcome_ == Lease::Outcome::well && limit_ < most_ && ++good_in_a_row_ >= limit_) {
      ++limit_;
      good_in_a_row_ = 0;
    }
    if (lease.http_ != nullptr) {
      if (idle_.size() < limit_) {
        idle_.push_back({std::move(lease.http_), lease.tls_version_});
      } else {
        surplus = std::move(lease.http_);
      }
    }
  }
  freed_.notify_all();
}

unsigned ConnectionPool::limit() const {
  const std::lock_guard lock(mutex_);
  return limit_;
}

unsigned ConnectionPool::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

unsigned ConnectionPool::peak() const {
  const std::lock_guard lock(mutex_);
  return peak_;
}

}  // namespace gitopsctl::agent
