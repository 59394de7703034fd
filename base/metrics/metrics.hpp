#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitopsctl::metrics {

/// Label names and values of one series, for example {{"channel", "prod"}}. Names are our own words; values may be any text.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// A number that only grows. Thread-safe.
class Counter {
 public:
  /// Adds `amount`, which must not be negative (a negative one is ignored).
  void add(double amount = 1) noexcept {
    if (amount > 0) value_.fetch_add(amount, std::memory_order_relaxed);
  }
  [[nodiscard]] double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// A number that goes up and down. Thread-safe.
class Gauge {
 public:
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(double amount) noexcept { value_.fetch_add(amount, std::memory_order_relaxed); }
  [[nodiscard]] double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// How often which sizes were seen. Thread-safe; a reader may see an observation in its bucket before it is in the sum.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void observe(double value) noexcept;

  [[nodiscard]] const std::vector<double>& bounds() const noexcept { return bounds_; }
  /// Observations per bucket, not added up; the last one is above every bound.
  [[nodiscard]] std::vector<std::uint64_t> counts() const;
  [[nodiscard]] double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
  std::atomic<double> sum_{0};
};

/// Upper bounds in seconds from 5 ms to 10 minutes: from one render to a slow deployment.
[[nodiscard]] std::vector<double> duration_bounds();

/// Every metric of the program, and their text for Prometheus. Thread-safe. Asking twice for the same name and labels gives
/// the same series. Asking for a name with another type is a programming mistake and aborts.
/// A family holds at most `max_series` series, since label values come from repositories: what comes later shares one
/// series whose values are all `other`.
class Registry {
 public:
  static constexpr std::size_t max_series = 10'000;

  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  [[nodiscard]] std::shared_ptr<Counter> counter(std::string_view name, std::string_view help, const Labels& labels = {});
  [[nodiscard]] std::shared_ptr<Gauge> gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  /// `bounds` ascending; those of the first call for `name` hold for all its series.
  [[nodiscard]] std::shared_ptr<Histogram> histogram(std::string_view name, std::string_view help,
                                                     const std::vector<double>& bounds, const Labels& labels = {});
  /// Forgets every series, of every family, that has all of `labels` (a channel that went away). Holders keep theirs,
  /// unseen.
  void remove(const Labels& labels);

  /// The text exposition format 0.0.4: families by name, series by labels, so that equal states give equal bytes.
  [[nodiscard]] std::string exposition() const;

 private:
  struct Family;
  struct Series;
  enum class Type : std::uint8_t { counter, gauge, histogram };
  Series& series(std::string_view name, std::string_view help, Type type, const Labels& labels);

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Family>, std::less<>> families_;
};

/// The registry of the process.
[[nodiscard]] Registry& registry();

/// Puts the process's own figures into `registry` under the names that Prometheus' clients use: process_cpu_seconds_total,
/// process_resident_memory_bytes, process_open_fds, process_start_time_seconds. Called before each exposition.
void update_process_metrics(Registry& registry);

}  // namespace gitopsctl::metrics
