#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/process/child.hpp"
#include "channels/http/client.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/process_usage.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::support {

/// Says that a benchmark did not run because programs for its control plane are not here; true when it did. Fails the run
/// (exit code 1 of `code`) where CI=true.
[[nodiscard]] bool lacks_control_plane(const char* bench, int& code);
/// Gives a control plane the kinds of gitopsctl.dev and the home namespace.
void install_gitopsctl(ControlPlane& plane);

/// One installation for benchmarks: a repository with one channel `prod`, an agent's file that lands it in `plane`, and the
/// release programs beside this benchmark. Throws std::runtime_error when something does not work.
class BenchAgent {
 public:
  /// `poll`: how often the agent looks at the repository.
  BenchAgent(const ControlPlane& plane, const std::string& name, const std::string& poll = "1s");
  ~BenchAgent();
  BenchAgent(const BenchAgent&) = delete;
  BenchAgent& operator=(const BenchAgent&) = delete;

  /// Commits to `releases/prod`; returns the commit.
  std::string commit(const std::map<std::string, std::string>& files) { return repository_.commit("releases/prod", files); }
  /// Makes the installation's key, which an agent would make at its first start.
  void make_key();
  /// Starts `gitopsctl agent`.
  void start();
  void stop();
  [[nodiscard]] pid_t pid() const { return process_ ? process_->pid() : 0; }
  /// `gitopsctl WORDS… --config`, measured.
  [[nodiscard]] MeasuredRun run(std::vector<std::string> words) const;
  /// The status of the Channel object: its commit when the state is Deployed, else empty.
  [[nodiscard]] std::string deployed() const;
  /// Waits until deployed() is `commit`.
  void wait_for(const std::string& commit, double seconds) const;
  /// What /metrics says of a figure of the channel; 0 when it is not there.
  [[nodiscard]] double metric(const std::string& name) const;
  [[nodiscard]] std::string log() const;

 private:
  const ControlPlane& plane_;
  std::string name_;
  std::unique_ptr<channels::HttpClient> http_;  ///< one connection, so that looking costs the server little
  ScratchDir directory_;
  ScratchRepo repository_;
  std::uint16_t port_;
  std::optional<ChildProcess> process_;
};

/// Requests that the API server answered, by `VERB resource`, since it was started; watches left out.
[[nodiscard]] std::map<std::string, double> server_requests(const ControlPlane& plane);

/// Processor time of the API server and etcd that this process started.
[[nodiscard]] double server_processor_s();
/// How a figure stands to its limit, in a word.
[[nodiscard]] const char* met(bool good) noexcept;

}  // namespace gitopsctl::support
