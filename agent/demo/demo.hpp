#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "agent/demo/cluster.hpp"
#include "base/result/result.hpp"

namespace gitopsctl::agent::demo {

struct DemoOptions {
  std::string directory;                  ///< where to work; empty: a new temporary directory, removed at the end
  bool keep = false;                      ///< leave everything running until stopped
  std::string program;                    ///< the gitopsctl to show
  std::optional<ClusterOptions> cluster;  ///< land there instead of in files
  bool colour = false;
  std::function<void(std::string_view)> say;  ///< where the words go
  std::stop_token stop;
};

/// Shows the whole road on this machine: makes a repository from the embedded files, serves it over HTTP with `git
/// http-backend`, starts an agent on embedded environments, and goes from the first push to a mass delete that is held.
/// With a cluster: it gets the chart of the agent without its pod, the agent has the rights of that chart's account alone,
/// and at the end everything is removed again. Every step runs, and prints, what a person would type. Fails at the first
/// step whose outcome is not what it should be.
[[nodiscard]] Result<void> run_demo(const DemoOptions& options);

}  // namespace gitopsctl::agent::demo
