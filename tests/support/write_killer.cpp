#include "tests/support/write_killer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <stdexcept>

#include "tests/support/scratch.hpp"

namespace gitopsctl::support {
namespace {

constexpr std::chrono::seconds answer_limit{10};

/// The client and its writes; the proxy's threads and the one that waits for the client share it.
class Watched {
 public:
  Watched(const std::optional<WriteKill>& kill, const WriteKillerOptions& options) : kill_(kill), options_(options) {}

  /// For KubeProxy::OnMutating.
  bool at_write(const SeenRequest& request, std::string_view body, Moment moment) {
    const bool before = moment == Moment::before_forwarding;
    if (!note(request, body, before)) return false;
    if (before && options_.meanwhile) options_.meanwhile(request, body);
    const std::lock_guard lock(mutex_);
    if (dead_ && before) return false;
    Write& write = writes_[request.ordinal - 1];
    if (!before) write.text += " -> " + std::to_string(request.status);
    const bool meant = kill_ && (kill_->name.empty() ? request.ordinal == kill_->nth
                                                     : write.name == kill_->name && write.nth == kill_->nth);
    const bool now = !dead_ && meant && moment == kill_->moment;
    if (now) kill_child();
    const bool goes_on = before && !now;
    if (goes_on) ++on_their_way_;
    if (!before && --on_their_way_ == 0) answered_.notify_all();
    return goes_on || (!before && !dead_);
  }

  void start(const Command& command, const StandardFiles& files) {
    const std::lock_guard lock(mutex_);
    auto child = ChildProcess::start(command, files);
    if (!child.ok()) throw std::runtime_error(child.error().to_string());
    child_.emplace(*std::move(child));
  }

  /// Waits without reaping, so that its process id stays its own while somebody may kill it; false at the limit.
  bool wait(std::chrono::milliseconds limit) {
    pollfd ended{child_->exit_descriptor(), POLLIN, 0};
    return ::poll(&ended, 1, static_cast<int>(limit.count())) > 0;
  }

  WatchedRun end() {
    std::unique_lock lock(mutex_);
    dead_ = true;
    WatchedRun out;
    out.status = child_->terminate(std::chrono::milliseconds{0});
    // One whose connection to the server broke never comes back.
    (void)answered_.wait_for(lock, answer_limit, [this] { return on_their_way_ == 0; });
    out.reached = reached_;
    for (const auto& write : writes_) {
      out.writes.push_back(write.text);
      out.names.push_back(write.name);
    }
    return out;
  }

 private:
  struct Write {
    std::string text;
    std::string name;
    std::uint64_t nth = 0;  ///< of its name
  };

  /// Gives a write that is to be forwarded its place; false when the client is dead.
  bool note(const SeenRequest& request, std::string_view body, bool before) {
    if (!before) return true;
    std::string name = options_.name_of ? options_.name_of(request, body) : std::string();
    const std::lock_guard lock(mutex_);
    if (dead_) return false;
    if (writes_.size() < request.ordinal) writes_.resize(request.ordinal);
    const auto nth = ++of_name_[name];
    writes_[request.ordinal - 1] = {request.method + " " + request.target, std::move(name), nth};
    return true;
  }

  void kill_child() {
    dead_ = true;
    pollfd ended{child_->exit_descriptor(), POLLIN, 0};
    // One that had ended by itself in this moment was not killed.
    reached_ = ::poll(&ended, 1, 0) == 0;
    child_->send(SIGKILL);
    while (::poll(&ended, 1, -1) < 0) {
    }
  }

  std::mutex mutex_;
  std::optional<WriteKill> kill_;
  const WriteKillerOptions& options_;
  std::optional<ChildProcess> child_;
  std::vector<Write> writes_;
  std::map<std::string, std::uint64_t> of_name_;
  int on_their_way_ = 0;
  std::condition_variable answered_;
  bool dead_ = false;
  bool reached_ = false;
};

std::string read_all(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::string WriteKill::to_string() const {
  return (name.empty() ? "write" : name) + ' ' + std::to_string(nth) +
         (moment == Moment::before_forwarding ? " before" : " after");
}

WatchedRun WriteKiller::run(const std::optional<WriteKill>& kill, const std::vector<Fault>& faults,
                            std::chrono::milliseconds limit) const {
  const ScratchDir scratch;
  Watched watched(kill, options_);
  KubeProxy proxy(*plane_, [&watched](const SeenRequest& request, std::string_view body, Moment moment) {
    return watched.at_write(request, body, moment);
  });
  proxy.set(faults);
  const std::string log = scratch / "output";
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("cannot write " + log);
  try {
    watched.start(make_command_(proxy), {-1, file, file});
  } catch (...) {
    close(file);
    throw;
  }
  close(file);
  const bool ended = watched.wait(limit);
  WatchedRun out = watched.end();
  out.timed_out = !ended;
  out.output = read_all(log);
  return out;
}

std::vector<WriteKill> every_write_kill(std::uint64_t writes) {
  std::vector<WriteKill> out;
  for (std::uint64_t nth = 1; nth <= writes; ++nth) {
    for (const auto moment : {Moment::before_forwarding, Moment::after_forwarding}) out.push_back({nth, moment});
  }
  return out;
}

}  // namespace gitopsctl::support
