#include "agent/reconcile/repository_watcher.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

#include "channels/git/pkt_line.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/git_server.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::support;

namespace {

std::string channel_file(const std::string& name, const std::string& candidate) {
  return "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: " + name + "\nreleases: []\ncandidate: " + candidate + "\n";
}

/// A watcher over a repository on this machine's disk, without an agent around it.
struct Watched {
  explicit Watched(std::vector<BoundChannel> channels) : repository(scratch / "shop.git") {
    RepositoryConfig config;
    config.remote.url = repository.path();
    watch(config, std::move(channels));
  }
  Watched(const ScratchRepo& remote, const channels::RemoteConfig& how) : repository(remote) {
    RepositoryConfig config;
    config.remote = how;
    watch(config, {{"prod", ""}});
  }
  void watch(RepositoryConfig& config, std::vector<BoundChannel> channels) {
    config.name = "shop";
    config.remote.name = "shop";
    watcher = std::make_unique<RepositoryWatcher>(
        config, std::move(channels), scratch.path(), nullptr, system_clock(),
        [this](std::string_view level, const std::string& text) { said.push_back(std::string(level) + ": " + text); },
        [](const SourceView&) {});
  }
  bool tick() const { return watcher->tick({}); }
  [[nodiscard]] long said_with(const std::string& part) const {
    return std::ranges::count_if(said, [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }
  [[nodiscard]] bool has(const std::string& branch) const {
    return !repository.git({"for-each-ref", "refs/heads/" + branch}).empty();
  }

  ScratchDir scratch;
  ScratchRepo repository;
  std::vector<std::string> said;
  std::unique_ptr<RepositoryWatcher> watcher;
};

}  // namespace

TEST_SUITE("repository_watcher") {
  TEST_CASE("a candidate of which one channel cannot be read is not built, and that is said once") {
    Watched f(std::vector<BoundChannel>{{"test", ""}, {"prod", ""}});
    const std::string prod = ".gitopsctl/channels/prod.yaml";
    f.repository.commit("releases/test", {{"x", "1"}});
    f.repository.commit("main", {{"for-test", "1"},
                                 {"for-prod", "1"},
                                 {".gitopsctl/channels/test.yaml", channel_file("test", "{paths: [for-test]}")},
                                 {prod, "releases: [ {{{ \n"}});
    CHECK(f.tick());
    CHECK(f.tick());
    CHECK_FALSE(f.has("candidates/main"));
    CHECK(f.said_with("candidate of main is not built") == 1);
    CHECK(f.said_with("prod.yaml") == 1);

    f.repository.commit("main", {{prod, channel_file("prod", "{paths: [for-prod], parent: test}")}});
    CHECK(f.tick());
    REQUIRE(f.has("candidates/main"));
    CHECK(f.repository.git({"ls-tree", "-r", "--name-only", "candidates/main"}) == "for-prod\nfor-test");
    CHECK(f.repository.git({"log", "-1", "--format=%P", "candidates/main"}) ==
          f.repository.tip("releases/test") + " " + f.repository.tip("main"));

    // A commit that breaks it again leaves the candidate that was whole.
    const auto whole = f.repository.tip("candidates/main");
    f.repository.commit("main", {{"for-test", "2"}, {prod, "kind: Channel\n"}});
    CHECK(f.tick());
    CHECK(f.repository.tip("candidates/main") == whole);
    CHECK(f.said_with("candidate of main is not built") == 2);
  }

  TEST_CASE("a clone may take longer than a listing, as long as it arrives") {
    GitServer server;
    const ScratchRepo repository = server.repository("shop.git");
    std::string noise;
    for (unsigned seed = 1, i = 0; i < 640'000; ++i) {
      seed = seed * 1664525U + 1013904223U;
      noise += static_cast<char>(seed >> 24U);
    }
    repository.commit("releases/prod", {{"a", noise}});
    FaultProxy proxy(server.port());
    Fault slow;
    slow.kind = Fault::Kind::drip;
    slow.method = "POST";
    slow.bytes = 32'000;
    slow.wait = std::chrono::milliseconds(260);
    proxy.set({slow});  // some five seconds, at twice the least rate
    channels::RemoteConfig how;
    how.url = proxy.url() + "/shop.git";
    how.timeout = Millis(4'000);
    Watched f(repository, how);
    const auto start = std::chrono::steady_clock::now();
    CHECK_MESSAGE(f.tick(), (f.said.empty() ? "" : f.said.back()));
    CHECK(std::chrono::steady_clock::now() - start > std::chrono::seconds(4));

    // A server that says much and sends nothing is not waited for that long.
    repository.commit("releases/prod", {{"a", "2"}});
    std::string chatter;
    channels::git::append_pkt(chatter, "packfile\n");
    for (int i = 0; i < 10'000; ++i) channels::git::append_pkt(chatter, "\2still counting\n");
    Fault talk = slow;
    talk.kind = Fault::Kind::answer;
    talk.status = 200;
    talk.headers = {{"Content-Type", "application/x-git-upload-pack-result"}};
    talk.body = chatter;
    talk.bytes = 100;
    proxy.clear();
    const auto mirror = channels::Mirror::open(f.watcher->mirror_directory(), how);
    REQUIRE(mirror.ok());
    const auto listing = (*mirror)->list_remote({});
    REQUIRE(listing.ok());
    proxy.set({talk});
    const auto before = std::chrono::steady_clock::now();
    const auto fetched = (*mirror)->fetch(*listing, {}, {});
    REQUIRE_FALSE(fetched.ok());
    CHECK_MESSAGE(fetched.error().code() == ErrorCode::timeout, fetched.error().to_string());
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(30));
  }

  TEST_CASE("a channel that the commit does not have adds nothing to the candidate") {
    Watched f(std::vector<BoundChannel>{{"test", ""}, {"prod", ""}});
    f.repository.commit("main",
                        {{"for-test", "1"}, {".gitopsctl/channels/test.yaml", channel_file("test", "{paths: [for-test]}")}});
    CHECK(f.tick());
    REQUIRE(f.has("candidates/main"));
    CHECK(f.repository.git({"ls-tree", "-r", "--name-only", "candidates/main"}) == "for-test");
  }

  TEST_CASE("the binding's own channel file says what a candidate holds") {
    Watched f(std::vector<BoundChannel>{{"prod", "deploy/production.yaml"}});
    f.repository.commit("main", {{"here", "1"},
                                 {"deploy/production.yaml", channel_file("prod", "{paths: [here]}")},
                                 {".gitopsctl/channels/prod.yaml", channel_file("prod", "{paths: [deploy]}")}});
    CHECK(f.tick());
    REQUIRE(f.has("candidates/main"));
    CHECK(f.repository.git({"ls-tree", "-r", "--name-only", "candidates/main"}) == "here");
  }
}
