#include "agent/kube/connection_pool.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gitopsctl::agent {
namespace {

/// How long a waiting caller goes without a look at its deadline.
constexpr Millis look_every{500};

}  // namespace

ConnectionPool::ConnectionPool(unsigned most, const Clock& clock) : most_(most), clock_(clock), limit_(most) {
  idle_.reserve(most);  // so that release() need not allocate
}

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
  outdated = take_outdated(tls_version);
  std::unique_ptr<channels::HttpClient> http;
  if (!idle_.empty()) {
    http = std::move(idle_.back().http);
    idle_.pop_back();
  }
  ++running_;
  peak_ = std::max(peak_, running_);
  Lease lease(*this, std::move(http), tls_version, epoch_);
  lock.unlock();
  if (lease.http_ == nullptr) lease.http_ = connect();
  return lease;
}

std::vector<ConnectionPool::Idle> ConnectionPool::take_outdated(std::uint64_t tls_version) {
  std::vector<Idle> outdated;
  const Millis now = clock_.monotonic();
  const auto first = std::stable_partition(idle_.begin(), idle_.end(), [&](const Idle& idle) {
    return idle.tls_version == tls_version && now - idle.since < idle_limit;
  });
  std::move(first, idle_.end(), std::back_inserter(outdated));
  idle_.erase(first, idle_.end());
  return outdated;
}

void ConnectionPool::learn(const Lease& lease) noexcept {
  using Outcome = Lease::Outcome;
  if (lease.outcome_ == Outcome::too_much || lease.outcome_ == Outcome::slow) {
    good_in_a_row_ = 0;
    // Requests that were under way together are one overload, however many of them are told so.
    if (lease.epoch_ != epoch_) return;
    const unsigned least = lease.outcome_ == Outcome::slow ? std::max(1U, most_ / 4) : 1U;
    if (limit_ <= least) return;
    limit_ = std::max(least, limit_ / 2);
    ++epoch_;
  } else if (lease.outcome_ == Outcome::well && limit_ < most_ && ++good_in_a_row_ >= limit_) {
    ++limit_;
    good_in_a_row_ = 0;
  }
}

void ConnectionPool::release(Lease& lease) noexcept {
  std::unique_ptr<channels::HttpClient> surplus;  // closed outside of the lock
  {
    const std::lock_guard lock(mutex_);
    --running_;
    learn(lease);
    if (lease.http_ != nullptr) {
      if (idle_.size() < limit_) {
        idle_.push_back({std::move(lease.http_), lease.tls_version_, clock_.monotonic()});
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

unsigned ConnectionPool::idle() const {
  const std::lock_guard lock(mutex_);
  return static_cast<unsigned>(idle_.size());
}

unsigned ConnectionPool::peak() const {
  const std::lock_guard lock(mutex_);
  return peak_;
}

}  // namespace gitopsctl::agent
