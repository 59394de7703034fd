#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/http/client.hpp"

namespace gitopsctl::agent {

/// The connections of one client to one server: at most `most` requests run at once, fewer after the server said that they
/// are too many. Thread-safe.
///
/// The limit is halved by a 429, at most once for the requests that were under way together, and grows by one when as many
/// requests as it allows went well in a row. An answer that takes very long halves it too, but not below a quarter: the
/// cause can be one slow admission webhook, behind which the others must not wait.
///
/// A connection that nobody used for idle_limit is closed when another one is used: what stands between may have forgotten
/// it without a word, and it costs memory here and there.
class ConnectionPool {
 public:
  using Connect = std::function<std::unique_ptr<channels::HttpClient>()>;

  static constexpr Millis idle_limit{120'000};

  explicit ConnectionPool(unsigned most, const Clock& clock = system_clock());

  /// The right to run one request, over the connection that was used last.
  class Lease {
   public:
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    [[nodiscard]] channels::HttpClient& http() noexcept { return *http_; }
    /// What became of the request: told to the limit when the lease ends.
    void went_well() noexcept { outcome_ = Outcome::well; }
    void was_too_much() noexcept { outcome_ = Outcome::too_much; }
    void was_slow() noexcept { outcome_ = Outcome::slow; }
    /// The connection is not to be used again.
    void drop() noexcept { http_.reset(); }

   private:
    friend class ConnectionPool;
    enum class Outcome : std::uint8_t { unknown, well, too_much, slow };
    Lease(ConnectionPool& pool, std::unique_ptr<channels::HttpClient> http, std::uint64_t tls_version, std::uint64_t epoch)
        : pool_(&pool), http_(std::move(http)), tls_version_(tls_version), epoch_(epoch) {}
    ConnectionPool* pool_;
    std::unique_ptr<channels::HttpClient> http_;
    std::uint64_t tls_version_;
    std::uint64_t epoch_;
    Outcome outcome_ = Outcome::unknown;
  };

  /// Waits for the right to run a request; longest as `interrupt` says. Connections that were made for other certificates
  /// are closed. `connect` makes a new one when none is free.
  [[nodiscard]] Result<Lease> acquire(std::uint64_t tls_version, const Connect& connect, const Interrupt& interrupt);

  /// How many requests may run at once now, and how many do.
  [[nodiscard]] unsigned limit() const;
  [[nodiscard]] unsigned running() const;
  /// The most that ever ran at once.
  [[nodiscard]] unsigned peak() const;
  /// Connections that are open and not in use.
  [[nodiscard]] unsigned idle() const;

 private:
  struct Idle {
    std::unique_ptr<channels::HttpClient> http;
    std::uint64_t tls_version;
    Millis since;
  };
  /// Moves what must not be used again out of idle_.
  [[nodiscard]] std::vector<Idle> take_outdated(std::uint64_t tls_version);
  void learn(const Lease& lease) noexcept;
  void release(Lease& lease) noexcept;

  const unsigned most_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any freed_;
  std::vector<Idle> idle_;
  unsigned limit_;
  unsigned running_ = 0;
  unsigned peak_ = 0;
  unsigned good_in_a_row_ = 0;
  std::uint64_t epoch_ = 0;  ///< grows with every halving
};

}  // namespace gitopsctl::agent
