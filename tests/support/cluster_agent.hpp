#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/process/child.hpp"
#include "base/process/spawn.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::support {

/// One agent of a cluster.
struct ClusterAgentOptions {
  std::string kubeconfig;  ///< what it says
  std::string installation = "default";
  std::string repository;  ///< path or URL of the one repository, named `shop`
  std::vector<std::string> channels;
  std::string poll = "500ms";
  std::string drift = "5s";
  std::vector<std::pair<std::string, std::string>> environment = {};  ///< more variables
};

/// The real agent as a process that works in a cluster, with a state directory of its own that outlives the process. Its log
/// is in there. Not thread-safe.
class ClusterAgent {
 public:
  explicit ClusterAgent(ClusterAgentOptions options);
  ~ClusterAgent();
  ClusterAgent(const ClusterAgent&) = delete;
  ClusterAgent& operator=(const ClusterAgent&) = delete;

  /// Starts it. Throws std::runtime_error when it does not come to listen within a minute.
  void start();
  [[nodiscard]] bool runs();
  /// How a stop went.
  struct Stopped {
    int exit_code = 0;  ///< 128 and the number of the signal that it needed
    std::chrono::milliseconds took{0};
  };
  /// SIGTERM, and SIGKILL after 20 s.
  Stopped stop();
  void kill();
  /// SIGSTOP and SIGCONT: the time goes on without it.
  void pause();
  void go_on();

  /// Status and body of one GET; 0 when there is no answer.
  [[nodiscard]] std::pair<int, std::string> get(const std::string& path) const;
  /// `gitopsctl ARGUMENTS… --config …`.
  [[nodiscard]] CapturedOutput run(const std::vector<std::string>& arguments) const;
  [[nodiscard]] std::string log() const;
  /// How the agent is called in leases; empty before its first start.
  [[nodiscard]] std::string holder() const;
  [[nodiscard]] std::string path() const { return directory_.path(); }

 private:
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> variables() const;

  ScratchDir directory_;
  ClusterAgentOptions options_;
  std::optional<ChildProcess> process_;
  std::uint16_t port_ = 0;
};

}  // namespace gitopsctl::support
