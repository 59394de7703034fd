#include "agent/reconcile/agent.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <system_error>
#include <thread>
#include <tuple>
#include <vector>

#include "agent/control/lease_names.hpp"
#include "agent/environment/environment.hpp"
#include "agent/environments/environments.hpp"
#include "agent/reconcile/channel_worker.hpp"
#include "agent/reconcile/chart_fetch.hpp"
#include "agent/reconcile/leadership.hpp"
#include "agent/reconcile/repository_watcher.hpp"
#include "base/crypto/digest.hpp"
#include "base/files/private_directory.hpp"
#include "base/result/no_throw.hpp"
#include "channels/store/store.hpp"

namespace gitopsctl::agent {

namespace {

// After a part of the agent failed in a way that it does not know how to handle.
constexpr Millis restart_pause{10'000};
// How long history is kept, how many deployments of a channel, and how often that is looked after (docs/formats/store.md).
constexpr Millis history_age = std::chrono::days(365);
constexpr std::size_t history_rows = 10'000;
constexpr Millis tidy_interval = std::chrono::days(1);

/// Holds a state directory for one agent, until the process ends however it ends.
class DirectoryLock {
 public:
  static Result<std::unique_ptr<DirectoryLock>> take(const std::string& directory) {
    const std::string path = directory + "/agent.lock";
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return Error(ErrorCode::unavailable, "cannot open '" + path + "': " + std::strerror(errno));
    auto lock = std::unique_ptr<DirectoryLock>(new DirectoryLock(file));
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
      return Error(ErrorCode::conflict, "another agent works in '" + directory + "'")
          .with_hint("stop it, or give this one a `stateDirectory` of its own");
    }
    return lock;
  }
  ~DirectoryLock() { ::close(file_); }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int file) : file_(file) {}
  int file_;
};

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "agent";
}

/// A name for this agent that is the same after a restart: its leases are taken up again at once, which is safe because the
/// directory lock keeps a second agent of this name away.
Result<std::string> load_holder(const std::string& directory) {
  const std::string path = directory + "/agent.id";
  std::string id(320, '\0');
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    const auto size = ::read(file, id.data(), id.size());
    ::close(file);
    if (size >= 16) {
      id.resize(static_cast<std::size_t>(size));
      return id;
    }
  }
  id = host_name() + '-' + hex_encode(random_bytes(8));
  const std::string fresh = path + ".new";
  file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || ::write(file, id.data(), id.size()) != static_cast<ssize_t>(id.size()) || ::fsync(file) != 0 ||
      ::rename(fresh.c_str(), path.c_str()) != 0) {
    const int code = errno;
    if (file >= 0) ::close(file);
    return Error(ErrorCode::unavailable, "cannot write '" + path + "': " + std::strerror(code));
  }
  ::close(file);
  return id;
}

Result<std::jthread> start_thread(std::function<void()> work) {
  try {
    return std::jthread(std::move(work));
  } catch (const std::system_error& problem) {
    return Error(ErrorCode::unavailable, std::string("a thread cannot be started: ") + problem.what());
  }
}

/// Runs one part of the agent until it is stopped: what it throws costs a pause, not the process and with it all others.
void keep_going(Clock& clock, const LogSink& log, const std::stop_token& stop, const std::function<void()>& part) {
  while (!stop.stop_requested()) {
    const auto ended = no_throw("a part of the agent", [&]() -> Result<void> {
      part();
      return {};
    });
    if (ended.ok()) return;
    const auto told = no_throw("the log", [&]() -> Result<void> {
      log("error", ended.error().to_string() + "; it goes on in " + format_duration(restart_pause));
      return {};
    });
    static_cast<void>(told.ok());  // who cannot be told now is told the next time
    clock.sleep(restart_pause, stop);
  }
}

}  // namespace

struct Agent::State {
  AgentConfig config;
  Clock& clock;
  LogSink log;
  std::stop_source closing = {};  ///< ends requests of environments; after the runs were told to stop
  bool once = false;              ///< a person wants this agent to work, whoever leads
  std::unique_ptr<DirectoryLock> lock = {};
  std::unique_ptr<channels::Store> store = {};
  std::map<std::string, std::unique_ptr<Environment>> environments = {};  ///< by environment_identity()
  std::vector<std::unique_ptr<RepositoryWatcher>> watchers = {};
  std::vector<std::unique_ptr<ChannelWorker>> workers = {};
  std::unique_ptr<Leadership> leadership = {};  ///< null: nobody else can be working in these environments
};

/// The lease of the installation is in the first cluster that the agent works in. Null where there is none: the state
/// directory, which no other agent may use, decides who works then.
std::unique_ptr<Leadership> Agent::make_leadership(State& state, const std::string& holder) {
  const AgentConfig& config = state.config;
  Environment* place = nullptr;
  std::vector<std::string> leases;
  for (const auto& binding : config.bindings) {
    const EnvironmentConfig* environment = config.environment(binding.environment);
    if (environment == nullptr || environment->kind != EnvironmentKind::cluster) continue;
    if (place == nullptr) place = state.environments.at(environment_identity(config, binding)).get();
    leases.push_back(channel_lease_name({config.installation, binding.repository, binding.channel}));
  }
  if (place == nullptr) return nullptr;
  return std::make_unique<Leadership>(*place, leader_lease_name(config.installation), holder, std::move(leases), state.clock,
                                      state.log);
}

Agent::Agent(std::unique_ptr<State> state) : state_(std::move(state)) {}
Agent::~Agent() = default;

Result<std::unique_ptr<Agent>> Agent::create(AgentConfig config, Clock& clock, LogSink log, const std::stop_token& stop) {
  auto state = std::unique_ptr<State>(new State{.config = std::move(config), .clock = clock, .log = std::move(log)});
  const std::stop_callback close(stop, [closing = state->closing]() mutable { closing.request_stop(); });
  const AgentConfig& c = state->config;
  std::error_code failed = make_private_directory(c.state_directory);
  if (!failed) failed = make_private_directory(c.state_directory + "/mirrors");
  if (failed) {
    return Error(ErrorCode::unavailable, "cannot make the state directory '" + c.state_directory + "': " + failed.message())
        .with_hint("set `stateDirectory` to a place that the agent may write to");
  }
  GITOPSCTL_TRY(state->lock, DirectoryLock::take(c.state_directory));
  GITOPSCTL_TRY(const std::string holder, load_holder(c.state_directory));
  GITOPSCTL_TRY(state->store, channels::Store::open(c.store_path, clock));
  if (auto closed = state->store->close_interrupted(); closed.ok() && *closed > 0) {
    state->log("info", std::to_string(*closed) + " deployments were interrupted; they are taken up again");
  }
  if (auto released = state->store->release_claims(); !released.ok()) {
    state->log("warn", "queue: " + released.error().to_string());
  }
  // Bindings with the same rights in one place share their environment.
  std::map<std::string, std::string> keys;
  for (const auto& binding : c.bindings) {
    const std::string identity = environment_identity(c, binding);
    auto& environment = state->environments[identity];
    if (environment) continue;
    GITOPSCTL_TRY(environment, open_environment(c, binding, Opener::agent, clock, state->closing.get_token()));
    GITOPSCTL_TRY(keys[identity], load_environment_key(c, binding, *environment, Opener::agent));
  }

  for (const auto& repository : c.repositories) {
    std::vector<BoundChannel> bound;
    for (const auto& binding : c.bindings) {
      if (binding.repository == repository.name) bound.push_back({binding.channel, binding.channel_file});
    }
    State* raw = state.get();
    const std::string name = repository.name;
    state->watchers.push_back(std::make_unique<RepositoryWatcher>(repository, std::move(bound), c.state_directory,
                                                                  state->store.get(), clock, state->log,
                                                                  [raw, name](const SourceView& view) {
                                                                    for (std::size_t i = 0; i < raw->workers.size(); ++i) {
                                                                      if (raw->config.bindings[i].repository == name)
                                                                        raw->workers[i]->source_changed(view);
                                                                    }
                                                                  }));
  }
  state->leadership = make_leadership(*state, holder);
  const ChartFetch charts = make_chart_fetch(c.charts, clock);
  for (const auto& binding : c.bindings) {
    const std::string identity = environment_identity(c, binding);
    ChannelWorker::Setup setup;
    setup.runner.key = {c.installation, binding.repository, binding.channel};
    setup.runner.environment_name = binding.environment;
    setup.runner.channel_file = binding.channel_file;
    setup.runner.namespaces = binding.namespaces;
    setup.runner.installation_key = keys.at(identity);
    setup.runner.holder = holder;
    if (state->leadership) setup.runner.leads = [raw = state.get()] { return raw->once || raw->leadership->certain(); };
    setup.runner.render_threads = c.render_threads;
    setup.runner.render_rules = {c.render_limits, c.render_isolate};
    setup.runner.charts = charts;
    setup.remote = c.repository(binding.repository)->remote;
    setup.drift_interval = c.drift_interval;
    RepositoryWatcher* watcher = nullptr;
    for (auto& candidate : state->watchers) {
      if (candidate->name() == binding.repository) watcher = candidate.get();
    }
    state->workers.push_back(std::make_unique<ChannelWorker>(std::move(setup), *state->environments.at(identity),
                                                             state->store.get(), *watcher, clock, state->log));
  }
  auto agent = std::unique_ptr<Agent>(new Agent(std::move(state)));
  agent->tidy_history();
  return agent;
}

Result<void> Agent::run(const std::stop_token& stop) {
  // Runs are told first, and only then is what they wait for let go: so none of them takes that for a failure.
  std::stop_source runs;
  const std::stop_callback close(stop, [&] {
    runs.request_stop();
    state_->closing.request_stop();
  });
  if (!state_->leadership) return work(runs.get_token());
  Leadership& leadership = *state_->leadership;
  while (leadership.wait(runs.get_token())) {
    state_->log("info", "this agent works now");
    for (auto& worker : state_->workers) worker->begin_anew();
    std::stop_source term;
    const std::stop_callback end(runs.get_token(), [&term] { term.request_stop(); });
    GITOPSCTL_TRY(std::jthread keeper, start_thread([&] {
                    leadership.keep(term.get_token());
                    term.request_stop();
                  }));
    const auto worked = work(term.get_token());
    term.request_stop();
    keeper.join();
    leadership.give_up();
    GITOPSCTL_CHECK(worked);
  }
  return {};
}

Result<void> Agent::work(const std::stop_token& stop) {
  std::stop_source all;
  const std::stop_callback forward(stop, [&all] { all.request_stop(); });
  std::vector<std::jthread> threads;
  auto started = no_throw("the agent", [&]() -> Result<void> {
    const auto start = [&](auto& part) {
      threads.emplace_back([this, &part, token = all.get_token()] {
        keep_going(state_->clock, state_->log, token, [&] { part->run(token); });
      });
    };
    for (auto& watcher : state_->watchers) start(watcher);
    for (auto& worker : state_->workers) start(worker);
    return {};
  });
  if (!started.ok()) {
    all.request_stop();
    return started;
  }
  while (state_->clock.sleep(tidy_interval, stop)) tidy_history();
  return {};
}

/// History of long ago goes: the store is to stay as small as it is useful.
void Agent::tidy_history() {
  const auto pruned = state_->store->prune_history(history_age, history_rows);
  if (!pruned.ok()) state_->log("warn", "old history cannot be removed: " + pruned.error().to_string());
}

bool Agent::run_once(const std::stop_token& stop) {
  const std::stop_callback close(stop, [this] { state_->closing.request_stop(); });
  state_->once = true;
  bool ok = true;
  for (auto& worker : state_->workers) worker->note_request();
  for (auto& watcher : state_->watchers) ok = watcher->tick(stop) && ok;
  for (auto& worker : state_->workers) ok = worker->run_once(stop) && ok;
  return ok;
}

std::string Agent::not_ready() const {
  // One that waits for its turn does all that it is to do.
  if (state_->leadership && !state_->leadership->leads()) return state_->leadership->problem();
  const bool looked =
      std::all_of(state_->watchers.begin(), state_->watchers.end(), [](const auto& watcher) { return watcher->done() > 0; });
  const bool ran =
      std::all_of(state_->workers.begin(), state_->workers.end(), [](const auto& worker) { return worker->ran(); });
  std::string out = looked && ran ? "" : "not every repository and channel was looked at yet";
  for (const auto& worker : state_->workers) {
    const std::string blocked = worker->blocked();
    if (!blocked.empty()) out += (out.empty() ? "" : "\n") + blocked;
  }
  return out;
}

AgentFigures Agent::figures() const {
  AgentFigures out;
  for (const auto& watcher : state_->watchers) watcher->add_figures(out);
  for (const auto& worker : state_->workers) out.channels.push_back(worker->figures());
  if (state_->leadership) out.leads = state_->leadership->leads();
  return out;
}

}  // namespace gitopsctl::agent
