#include "agent/reconcile/agent.hpp"

#include "agent/cli/runs.hpp"
#include "agent/config/agent_config.hpp"
#include "agent/server/agent_metrics.hpp"
#include "agent/server/http_server.hpp"
#include "base/log/log.hpp"
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

/// The HTTP server when the file or the flag asks for one; empty otherwise.
Result<std::unique_ptr<HttpServer>> serve(const AgentConfig& config, const Agent& agent) {
  if (config.listen.empty()) return std::unique_ptr<HttpServer>{};
  ServerQuestions questions;
  questions.not_ready = [&agent] {
    return agent.ready() ? std::string{} : std::string("not every repository and channel was looked at yet");
  };
  questions.metrics = [&agent] {
    update_agent_metrics(metrics::registry(), agent.figures());
    return metrics::registry().exposition();
  };
  GITOPSCTL_TRY(auto server, HttpServer::start(config.listen, std::move(questions)));
  log::info("serving /healthz, /readyz and /metrics", {{"listen", config.listen}, {"port", server->port()}});
  return server;
}

}  // namespace

Result<int> run_agent(const Invocation& invocation) {
  // Before any thread starts: threads inherit what is done to signals here.
  const std::stop_token stop = stop_on_signals();
  GITOPSCTL_TRY(AgentConfig config, load_agent_config(invocation.config_path()));
  if (invocation.given("listen")) config.listen = invocation.text("listen");
  GITOPSCTL_TRY(const auto format, log::parse_format(config.log_format));
  GITOPSCTL_TRY(const auto level, log::parse_level(config.log_level));
  log::configure(format, level);
  GITOPSCTL_TRY(const auto agent, Agent::create(config, system_clock(), to_log));
  if (invocation.is_set("once")) return agent->run_once(stop) ? 0 : 1;
  GITOPSCTL_TRY(const auto server, serve(config, *agent));
  log::info("the agent works", {{"channels", config.bindings.size()}, {"repositories", config.repositories.size()}});
  GITOPSCTL_CHECK(agent->run(stop));
  log::info("the agent stopped");
  return 0;
}

}  // namespace gitopsctl::agent::cli
