#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/process/child.hpp"
#include "tests/support/kube_proxy.hpp"

namespace gitopsctl::support {

/// When a client is killed: at its `nth` mutating request, before it is forwarded or when the answer is there and the client
/// does not have it.
struct WriteKill {
  std::uint64_t nth = 1;
  Moment moment = Moment::before_forwarding;
  /// Counts only those that WriteKillerOptions::name_of calls so: where requests go out side by side, their order is another
  /// one every time. Empty: all.
  std::string name = {};

  /// `write 3 before` or `write 3 after`, with the name in the place of `write`.
  [[nodiscard]] std::string to_string() const;
};

/// How a client ended that ran behind a proxy.
struct WatchedRun {
  ExitStatus status;
  bool timed_out = false;  ///< it was ended because it went on for too long
  bool reached = false;    ///< it was killed at the request that was meant
  std::string output;      ///< standard output and error
  /// `METHOD TARGET` of the mutating requests in the order of their arrival, with ` -> STATUS` where the server answered.
  /// Those that arrived after the kill are left out, since they went nowhere; those that a fault met are empty.
  std::vector<std::string> writes;
  /// What WriteKillerOptions::name_of calls them.
  std::vector<std::string> names;
};

/// How writes are looked at. Both are called from several threads.
struct WriteKillerOptions {
  /// A name for a write that is the same in every run.
  std::function<std::string(const SeenRequest& request, std::string_view body)> name_of = {};
  /// Called for each write that is forwarded, right before it is; the client waits for it.
  std::function<void(const SeenRequest& request, std::string_view body)> meanwhile = {};
};

/// Runs programs that are clients of an API server, and kills them (SIGKILL, with their process group) at their writes. No
/// write that comes after the kill reaches the server. Those that were on their way to it at that moment do, and have been
/// answered when run() returns. Runs side by side are independent.
class WriteKiller {
 public:
  /// Makes the command of a client that talks to this proxy.
  using MakeCommand = std::function<Command(const KubeProxy& proxy)>;

  WriteKiller(const ControlPlane& plane, MakeCommand make_command, WriteKillerOptions options = {})
      : plane_(&plane), make_command_(std::move(make_command)), options_(std::move(options)) {}

  /// One run, killed or (without `kill`) left alone, with these faults. Thread-safe. Throws std::runtime_error when the
  /// client cannot be started.
  [[nodiscard]] WatchedRun run(const std::optional<WriteKill>& kill, const std::vector<Fault>& faults = {},
                               std::chrono::milliseconds limit = std::chrono::minutes{2}) const;

 private:
  const ControlPlane* plane_;
  MakeCommand make_command_;
  WriteKillerOptions options_;
};

/// Both moments of each of `writes` requests.
[[nodiscard]] std::vector<WriteKill> every_write_kill(std::uint64_t writes);

}  // namespace gitopsctl::support
