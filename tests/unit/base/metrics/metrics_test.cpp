#include "base/metrics/metrics.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <thread>

using namespace gitopsctl::metrics;

TEST_SUITE("metrics") {
  TEST_CASE("the exposition is what Prometheus reads, in a fixed order") {
    Registry registry;
    registry.counter("b_total", "Things with \\ and\nlines.", {{"channel", "te\"st\\\n"}})->add(3);
    registry.counter("b_total", "ignored", {{"channel", "prod"}})->add();
    registry.gauge("a_ready", "Ready.")->set(-1.5);
    const auto seconds = registry.histogram("c_seconds", "Spans.", {0.5, 1});
    seconds->observe(0.5);
    seconds->observe(0.75);
    seconds->observe(7);
    CHECK(registry.exposition() ==
          "# HELP a_ready Ready.\n"
          "# TYPE a_ready gauge\n"
          "a_ready -1.5\n"
          "# HELP b_total Things with \\\\ and\\nlines.\n"
          "# TYPE b_total counter\n"
          "b_total{channel=\"prod\"} 1\n"
          "b_total{channel=\"te\\\"st\\\\\\n\"} 3\n"
          "# HELP c_seconds Spans.\n"
          "# TYPE c_seconds histogram\n"
          "c_seconds_bucket{le=\"0.5\"} 1\n"
          "c_seconds_bucket{le=\"1\"} 2\n"
          "c_seconds_bucket{le=\"+Inf\"} 3\n"
          "c_seconds_sum 8.25\n"
          "c_seconds_count 3\n");
  }

  TEST_CASE("numbers of every kind") {
    Registry registry;
    const auto text = [&registry](double value) {
      registry.gauge("g", "G.")->set(value);
      const std::string all = registry.exposition();
      return all.substr(all.rfind(' ') + 1);
    };
    CHECK(text(0) == "0\n");
    CHECK(text(1e9) == "1000000000\n");
    CHECK(text(0.1) == "0.1\n");
    CHECK(text(1e300) == "1e+300\n");
    CHECK(text(std::numeric_limits<double>::infinity()) == "+Inf\n");
    CHECK(text(-std::numeric_limits<double>::infinity()) == "-Inf\n");
    CHECK(text(std::numeric_limits<double>::quiet_NaN()) == "NaN\n");
  }

  TEST_CASE("a counter never goes back") {
    Counter counter;
    counter.add(2);
    counter.add(-1);
    CHECK(counter.value() == 2);
  }

  TEST_CASE("text from repositories cannot break a line or fill the memory") {
    Registry registry;
    registry.counter("x_total", "X.", {{"release", "a\xff\x1b"}})->add();
    CHECK(registry.exposition().find("release=\"a\\\\xff") != std::string::npos);
    for (std::size_t i = 0; i < Registry::max_series + 50; ++i) {
      registry.counter("many_total", "Many.", {{"release", std::to_string(i)}})->add();
    }
    CHECK(registry.counter("many_total", "Many.", {{"release", "other"}})->value() == 50);
  }

  TEST_CASE("series of something that went away are forgotten") {
    Registry registry;
    const auto held = registry.gauge("a", "A.", {{"repository", "r"}, {"channel", "old"}});
    registry.gauge("a", "A.", {{"repository", "r"}, {"channel", "new"}})->set(1);
    registry.remove({{"repository", "r"}, {"channel", "old"}});
    held->set(5);
    CHECK(registry.exposition() == "# HELP a A.\n# TYPE a gauge\na{repository=\"r\",channel=\"new\"} 1\n");
  }

  TEST_CASE("the process's own figures") {
    Registry registry;
    update_process_metrics(registry);
    update_process_metrics(registry);
    CHECK(registry.gauge("process_resident_memory_bytes", "")->value() > 1e5);
    CHECK(registry.gauge("process_open_fds", "")->value() > 2);
    CHECK(registry.gauge("process_start_time_seconds", "")->value() > 1.6e9);
    CHECK(registry.counter("process_cpu_seconds_total", "")->value() >= 0);
  }
}

TEST_SUITE("concurrency: metrics") {
  TEST_CASE("counting, asking and printing at once") {
    Registry registry;
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&registry, t] {
        for (int i = 0; i < 500; ++i) {
          registry.counter("n_total", "N.", {{"t", std::to_string(i % 7)}})->add();
          registry.histogram("h_seconds", "H.", duration_bounds())->observe(0.01 * i);
          if (i % 50 == t) (void)registry.exposition();
          if (i % 100 == t) registry.remove({{"t", "99"}});
        }
      });
    }
    threads.clear();
    double total = 0;
    for (int i = 0; i < 7; ++i) total += registry.counter("n_total", "N.", {{"t", std::to_string(i)}})->value();
    CHECK(total == 2000);
    CHECK(registry.exposition().find("h_seconds_count 2000\n") != std::string::npos);
  }
}
