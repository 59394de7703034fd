#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/process/child.hpp"

namespace gitopsctl::support {

/// Peers (find_peer()) that run as servers, one of each name, each with its log in one directory. They end at once with the
/// object, and with the thread that started them: the kernel kills them then (PR_SET_PDEATHSIG), also when this process
/// crashes. Not thread-safe.
class PeerGroup {
 public:
  /// Logs go to `directory`/NAME.log; they are added to when a peer is started again.
  explicit PeerGroup(std::string directory) : directory_(std::move(directory)) {}
  ~PeerGroup();
  PeerGroup(const PeerGroup&) = delete;
  PeerGroup& operator=(const PeerGroup&) = delete;

  /// Throws std::runtime_error when it is not here or cannot be started.
  void start(const std::string& name, const std::vector<std::string>& arguments,
             const std::vector<std::pair<std::string, std::string>>& environment = {});
  /// SIGTERM and after `grace` SIGKILL. Nothing when it does not run.
  void stop(const std::string& name, std::chrono::milliseconds grace);
  [[nodiscard]] bool runs(const std::string& name);
  /// Asks `ready` until it is true; false when it was not within `limit`, or when the peer has ended.
  bool wait_until(const std::string& name, const std::function<bool()>& ready, std::chrono::milliseconds limit);
  /// Throws std::runtime_error when a peer that was started and not stopped has ended.
  void check();
  /// The last lines that it logged.
  [[nodiscard]] std::string end_of_log(const std::string& name) const;

 private:
  std::string directory_;
  std::map<std::string, ChildProcess> processes_;
};

/// A port of 127.0.0.1 that nobody listened on a moment ago.
[[nodiscard]] std::uint16_t free_port();

}  // namespace gitopsctl::support
