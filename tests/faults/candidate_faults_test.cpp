#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "agent/reconcile/repository_watcher.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/git_server.hpp"

// Candidates of source branches that are gone are removed, and nothing that only looks gone is.

using namespace gitopsctl;
using namespace gitopsctl::support;

namespace {

const std::string channel_text =
    "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: prod\ncandidate: {paths: [deploy, .gitopsctl]}\nreleases: []\n";

/// A watcher on a real server behind a proxy that can do harm.
struct Watched {
  explicit Watched(std::vector<std::string> sources = {}) : proxy(server.port()), repository(server.repository("shop.git")) {
    for (const std::string branch : {"main", "feature", "team/feature"}) push(branch, "1");
    agent::RepositoryConfig config;
    config.name = "shop";
    config.remote.name = "shop";
    config.remote.url = proxy.url() + "/shop.git";
    config.source_branches = std::move(sources);
    watcher = std::make_unique<agent::RepositoryWatcher>(
        config, std::vector<agent::BoundChannel>{{"prod", ""}}, directory.path(), nullptr, system_clock(),
        [this](std::string_view level, const std::string& text) { log.push_back(std::string(level) + ": " + text); },
        [](const agent::SourceView&) {});
  }

  void push(const std::string& branch, const std::string& text) {
    repository.commit(branch, {{".gitopsctl/channels/prod.yaml", channel_text}, {"deploy/a.yaml", text}});
  }
  bool tick() { return watcher->tick({}); }
  void remove(const std::string& branch) { repository.git({"update-ref", "-d", "refs/heads/" + branch}); }
  [[nodiscard]] bool has(const std::string& branch) const {
    return !repository.git({"for-each-ref", "refs/heads/" + branch}).empty();
  }
  [[nodiscard]] std::size_t said(const std::string& part) const {
    return static_cast<std::size_t>(
        std::count_if(log.begin(), log.end(), [&](const auto& line) { return line.find(part) != std::string::npos; }));
  }
  void fault(Fault::Kind kind, std::int64_t bytes) {
    Fault harm;
    harm.kind = kind;
    harm.bytes = bytes;
    proxy.set({harm});
  }

  GitServer server;
  FaultProxy proxy;
  ScratchRepo repository;
  ScratchDir directory;
  std::vector<std::string> log;
  std::unique_ptr<agent::RepositoryWatcher> watcher;
};

}  // namespace

TEST_SUITE("candidates of deleted branches") {
  TEST_CASE("gone in two listings in a row: removed, and built again when the branch comes back") {
    Watched w;
    REQUIRE(w.tick());
    REQUIRE(w.tick());
    for (const std::string branch : {"candidates/main", "candidates/feature", "candidates/team/feature"}) {
      REQUIRE_MESSAGE(w.has(branch), branch);
    }
    w.remove("feature");
    w.remove("team/feature");
    REQUIRE(w.tick());
    CHECK(w.has("candidates/feature"));
    REQUIRE(w.tick());
    CHECK_FALSE(w.has("candidates/feature"));
    CHECK_FALSE(w.has("candidates/team/feature"));
    CHECK(w.has("candidates/main"));
    CHECK(w.said("candidates/feature is removed") == 1);
    for (int i = 0; i < 3; ++i) REQUIRE(w.tick());
    CHECK(w.said("is removed") == 2);
    w.push("feature", "2");
    REQUIRE(w.tick());
    CHECK(w.has("candidates/feature"));
  }

  TEST_CASE("a branch that is missing once, or between failures, is not gone") {
    Watched w;
    REQUIRE(w.tick());
    REQUIRE(w.tick());
    const auto tip = w.repository.tip("feature");
    w.remove("feature");
    REQUIRE(w.tick());
    SUBCASE("it comes back") {
      w.repository.git({"update-ref", "refs/heads/feature", tip});
      REQUIRE(w.tick());
      w.remove("feature");
    }
    SUBCASE("no answer in between") {
      w.fault(Fault::Kind::drop, 0);
      for (int i = 0; i < 3; ++i) CHECK_FALSE(w.tick());
      w.proxy.clear();
    }
    SUBCASE("a listing that is cut in between") {
      w.fault(Fault::Kind::truncate, 60);
      for (int i = 0; i < 3; ++i) CHECK_FALSE(w.tick());
      w.proxy.clear();
    }
    REQUIRE(w.tick());
    CHECK(w.has("candidates/feature"));
    REQUIRE(w.tick());
    CHECK_FALSE(w.has("candidates/feature"));
  }

  TEST_CASE("what somebody else keeps there, or what no pattern of ours covers, stays") {
    SUBCASE("a commit of somebody") {
      Watched w;
      REQUIRE(w.tick());
      w.repository.git({"update-ref", "refs/heads/candidates/feature", w.repository.tip("main")});
      w.repository.git({"update-ref", "refs/heads/candidates/mine", w.repository.tip("main")});
      w.remove("feature");
      for (int i = 0; i < 5; ++i) REQUIRE(w.tick());
      CHECK(w.has("candidates/feature"));
      CHECK(w.has("candidates/mine"));
      CHECK(w.said("candidates/mine stays") == 1);  // said once
      CHECK(w.said("candidates/feature stays") == 1);
    }
    SUBCASE("a branch that is no source any more") {
      Watched all;
      REQUIRE(all.tick());
      REQUIRE(all.has("candidates/feature"));
      // The same repository, watched for other branches.
      all.remove("feature");
      agent::RepositoryConfig config;
      config.name = "other";
      config.remote.name = "other";
      config.remote.url = all.proxy.url() + "/shop.git";
      config.source_branches = {"main", "team/*"};
      agent::RepositoryWatcher narrow(
          config, {{"prod", ""}}, all.directory.path(), nullptr, system_clock(), [](std::string_view, const std::string&) {},
          [](const agent::SourceView&) {});
      for (int i = 0; i < 4; ++i) REQUIRE(narrow.tick({}));
      CHECK(all.has("candidates/feature"));
    }
    SUBCASE("all of them, when nothing but candidates is listed") {
      Watched w;
      REQUIRE(w.tick());
      for (const std::string branch : {"main", "feature", "team/feature"}) w.remove(branch);
      for (int i = 0; i < 5; ++i) REQUIRE(w.tick());
      for (const std::string branch : {"main", "feature", "team/feature"}) CHECK(w.has("candidates/" + branch));
    }
  }
}
