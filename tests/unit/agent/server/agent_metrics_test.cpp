#include "agent/server/agent_metrics.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace gitopsctl;
using namespace gitopsctl::agent;

TEST_SUITE("server") {
  TEST_CASE("the agent's figures come out, counters only grow, and every name is in the document") {
    metrics::Registry registry;
    AgentFigures figures;
    figures.polls = 5;
    figures.git_bytes = 1234;
    AgentFigures::Channel channel;
    channel.repository = "shop";
    channel.channel = "prod";
    channel.runs = 3;
    channel.created = 7;
    channel.ready = true;
    channel.last_run_ms = 250;
    figures.channels.push_back(channel);
    update_agent_metrics(registry, figures);
    figures.polls = 6;
    update_agent_metrics(registry, figures);
    const std::string text = registry.exposition();
    const auto has = [&text](const std::string& line) {
      return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
    };
    CHECK(has("gitopsctl_polls_total 6"));
    CHECK(has("gitopsctl_git_bytes_total 1234"));
    CHECK(has("gitopsctl_reconcile_total{repository=\"shop\",channel=\"prod\"} 3"));
    CHECK(has("gitopsctl_object_changes_total{repository=\"shop\",channel=\"prod\",action=\"create\"} 7"));
    CHECK(has("gitopsctl_channel_ready{repository=\"shop\",channel=\"prod\"} 1"));
    CHECK(has("gitopsctl_reconcile_last_duration_seconds{repository=\"shop\",channel=\"prod\"} 0.25"));

    std::ifstream in(std::filesystem::path(GITOPSCTL_SOURCE_DIR) / "docs/metrics.md");
    const std::string document{std::istreambuf_iterator<char>(in), {}};
    for (std::size_t at = text.find("# TYPE "); at != std::string::npos; at = text.find("# TYPE ", at + 1)) {
      const std::string name = text.substr(at + 7, text.find(' ', at + 7) - at - 7);
      CHECK_MESSAGE(document.find("`" + name + "`") != std::string::npos, name << " is not in docs/metrics.md");
    }
  }
}
