#include "agent/reconcile/agent.hpp"

#include <doctest/doctest.h>

#include "channels/store/store.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;

TEST_SUITE("agent/reconcile agent") {
  TEST_CASE("history of long ago goes when the agent starts") {
    const support::ScratchDir directory;
    ManualClock clock(*parse_time("2026-11-21T12:00:00Z"));
    const auto ids = [&] {
      const auto store = *channels::Store::open(directory / "store.db", clock);
      std::string out;
      for (const auto& one : *store->deployments("shop", "test", 100)) out += one.id + ' ';
      for (const auto& one : *store->audit_trail("", 100)) out += one.id + ' ';
      return out;
    };
    {
      const auto store = *channels::Store::open(directory / "store.db", clock);
      for (const int days : {400, 366, 364, 1}) {
        channels::DeploymentRecord record;
        record.id = "d" + std::to_string(days);
        record.repository = "shop";
        record.channel = "test";
        record.outcome = "succeeded";
        record.started = clock.now() - std::chrono::days(days);
        REQUIRE(store->finish_deployment(record, {}).ok());
        REQUIRE(store->audit({"a" + std::to_string(days), record.started, "ada", "suspend", "shop/test", ""}).ok());
      }
    }
    AgentConfig config;
    config.state_directory = directory.path();
    config.store_path = directory / "store.db";
    config.environments.push_back({"local", EnvironmentKind::embedded, directory / "env.db", {}, {}});
    REQUIRE(Agent::create(config, clock, [](std::string_view, const std::string&) {}).ok());
    CHECK(ids() == "d1 d364 a1 a364 ");
  }
}
