#include <mutex>
#include <utility>

#include "agent/cli/runs.hpp"
#include "agent/config/agent_config.hpp"
#include "agent/reconcile/agent.hpp"
#include "agent/server/agent_metrics.hpp"
#include "agent/server/http_server.hpp"
#include "base/log/log.hpp"
#include "base/process/memory.hpp"
#include "base/process/signals.hpp"

namespace gitopsctl::agent::cli {

namespace {

void to_log(std::string_view level, const std::string& text) {
  if (level == "error") {
    log::error(text);
  } else if (level == "warn") {
    log::warning(text);
  } else {
    log::info(text);
  }
}

// How often an agent that waits for a store it can write to looks again.
constexpr Millis store_patience{2'000};

/// What the server tells about an agent that may not be there yet. Thread-safe.
class Readiness {
 public:
  void waits_for(std::string reason) {
    const std::lock_guard lock(mutex_);
    reason_ = std::move(reason);
  }
  /// `agent` must outlive the server.
  void works(const Agent& agent) {
    const std::lock_guard lock(mutex_);
    agent_ = &agent;
  }
  [[nodiscard]] std::string not_ready() const {
    const std::lock_guard lock(mutex_);
    return agent_ == nullptr ? reason_ : agent_->not_ready();
  }
  [[nodiscard]] std::string metrics_text() const {
    const std::lock_guard lock(mutex_);
    if (agent_ != nullptr) update_agent_metrics(metrics::registry(), agent_->figures());
    return metrics::registry().exposition();
  }

 private:
  mutable std::mutex mutex_;
  std::string reason_ = "the agent is starting";
  const Agent* agent_ = nullptr;
};

/// The HTTP server when the file or the flag asks for one; empty otherwise.
Result<std::unique_ptr<HttpServer>> serve(const AgentConfig& config, const Readiness& readiness) {
  if (config.listen.empty()) return std::unique_ptr<HttpServer>{};
  ServerQuestions questions;
  questions.not_ready = [&readiness] { return readiness.not_ready(); };
  questions.metrics = [&readiness] { return readiness.metrics_text(); };
  GITOPSCTL_TRY(auto server, HttpServer::start(config.listen, std::move(questions)));
  log::info("serving /healthz, /readyz and /metrics", {{"listen", config.listen}, {"port", server->port()}});
  return server;
}

bool is_newer(const Result<std::unique_ptr<Agent>>& agent) {
  return !agent.ok() && agent.error().code() == ErrorCode::newer_schema;
}

/// Waits, alive but not ready, for a store that this version may write to: it may be put back or moved away at any time.
/// `agent` is what the first try came to. Null when the process is to stop before that.
Result<std::unique_ptr<Agent>> wait_for_store(Result<std::unique_ptr<Agent>> agent, const AgentConfig& config,
                                              Readiness& readiness, const std::stop_token& stop) {
  for (bool told = false; is_newer(agent); agent = Agent::create(config, system_clock(), to_log, stop)) {
    const std::string reason = agent.error().to_string() + "; " + agent.error().hint();
    if (!std::exchange(told, true)) log::error("nothing is written: " + reason);
    readiness.waits_for(reason);
    system_clock().sleep(store_patience, stop);
    if (stop.stop_requested()) return std::unique_ptr<Agent>{};
  }
  return agent;
}

}  // namespace

Result<int> run_agent(const Invocation& invocation) {
  share_memory_pools();
  // Before any thread starts: threads inherit what is done to signals here.
  const std::stop_token stop = stop_on_signals();
  GITOPSCTL_TRY(AgentConfig config, load_agent_config(invocation.config_path()));
  if (invocation.given("listen")) config.listen = invocation.text("listen");
  GITOPSCTL_TRY(const auto format, log::parse_format(config.log_format));
  GITOPSCTL_TRY(const auto level, log::parse_level(config.log_level));
  log::configure(format, level);
  auto created = Agent::create(config, system_clock(), to_log, stop);
  if (!created.ok() && (!is_newer(created) || invocation.is_set("once"))) return created.error();
  if (invocation.is_set("once")) return (*created)->run_once(stop) ? 0 : 1;
  std::unique_ptr<Agent> agent;  // outlives the server, which asks it
  Readiness readiness;
  GITOPSCTL_TRY(const auto server, serve(config, readiness));
  GITOPSCTL_TRY(agent, wait_for_store(std::move(created), config, readiness, stop));
  if (!agent) return 0;
  readiness.works(*agent);
  log::info("the agent works", {{"channels", config.bindings.size()}, {"repositories", config.repositories.size()}});
  GITOPSCTL_CHECK(agent->run(stop));
  log::info("the agent stopped");
  return 0;
}

}  // namespace gitopsctl::agent::cli
