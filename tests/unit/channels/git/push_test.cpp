#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "channels/git/mirror.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/git_server.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::support;

namespace {

struct Fixture {
  explicit Fixture(bool use_http) : http(use_http), repository(server.repository("shop.git")) {
    source = repository.commit("main", {{"kept/a", "1"}, {"kept/b!", "2"}, {"dropped/c", "3"}, {"top", "4"}});
  }
  std::unique_ptr<Mirror> open(const std::string& name) {
    RemoteConfig config;
    config.name = "shop";
    config.url = http ? server.url() + "/shop.git" : repository.path();
    auto mirror = Mirror::open(scratch / name, config);
    REQUIRE(mirror.ok());
    pull(**mirror);
    return std::move(mirror).value();
  }
  static void pull(Mirror& mirror) {
    const auto listing = mirror.list_remote({});
    REQUIRE(listing.ok());
    const auto fetched = mirror.fetch(*listing, {}, {});
    REQUIRE_MESSAGE(fetched.ok(), (fetched.ok() ? "" : fetched.error().to_string()));
  }
  static CommitId write(Mirror& mirror, const CommitId& parent, const std::string& message) {
    std::vector<std::string> missing;
    const auto tree = mirror.write_subset(parent, {"kept"}, missing);
    REQUIRE(tree.ok());
    NewCommit commit;
    commit.tree = *tree;
    commit.parents = {parent};
    commit.message = message;
    const auto id = mirror.write_commit(commit);
    REQUIRE(id.ok());
    return *id;
  }
  bool http;
  GitServer server;
  ScratchRepo repository;
  ScratchDir scratch;
  CommitId source;
};

ErrorCode code_of(const Result<void>& result) {
  REQUIRE_FALSE(result.ok());
  return result.error().code();
}

}  // namespace

TEST_SUITE("git/push") {
  TEST_CASE("a push creates, moves and deletes, and only from what is expected") {
    for (const bool http : {true, false}) {
      CAPTURE(http);
      Fixture f(http);
      auto mirror = f.open("m");
      const auto one = Fixture::write(*mirror, f.source, "one");
      const auto two = Fixture::write(*mirror, one, "two");
      const std::string ref = "refs/heads/candidates/main";
      auto pushed = mirror->push(ref, "", one, {});
      REQUIRE_MESSAGE(pushed.ok(), (pushed.ok() ? "" : pushed.error().to_string()));
      CHECK(f.repository.tip(ref) == one);
      CHECK(f.repository.git({"ls-tree", "-r", "--name-only", ref}) == "kept/a\nkept/b");
      CHECK(mirror->push(ref, "", one, {}).ok());  // there already: what was asked for holds
      CHECK(code_of(mirror->push(ref, "", two, {})) == ErrorCode::conflict);
      CHECK(code_of(mirror->push(ref, f.source, two, {})) == ErrorCode::conflict);
      CHECK(f.repository.tip(ref) == one);
      REQUIRE(mirror->push(ref, one, two, {}).ok());
      CHECK(f.repository.tip(ref) == two);
      // Backwards, too: a push of ours is never refused for not being a fast-forward.
      REQUIRE(mirror->push(ref, two, one, {}).ok());
      CHECK(code_of(mirror->push(ref, two, "", {})) == ErrorCode::conflict);
      REQUIRE(mirror->push(ref, one, "", {}).ok());
      CHECK(f.repository.git({"for-each-ref", ref}).empty());
      f.repository.git({"fsck", "--strict"});
      CHECK(code_of(mirror->push(ref, "", std::string(40, 'a'), {})) == ErrorCode::not_found);
      CHECK(code_of(mirror->push("candidates/x", "", one, {})) == ErrorCode::invalid_input);
      CHECK(code_of(mirror->push("refs/heads/../x", "", one, {})) == ErrorCode::invalid_input);
    }
  }

  TEST_CASE("a hook's no is forbidden and says why") {
    Fixture f(true);
    const std::string hook = f.repository.path() + "/hooks/pre-receive";
    std::filesystem::create_directories(f.repository.path() + "/hooks");
    std::ofstream(hook) << "#!/bin/sh\necho 'branch is protected' >&2\nexit 1\n";
    std::filesystem::permissions(hook, std::filesystem::perms::owner_all);
    auto mirror = f.open("m");
    const auto pushed = mirror->push("refs/heads/x", "", Fixture::write(*mirror, f.source, "x"), {});
    CHECK(code_of(pushed) == ErrorCode::forbidden);
    CHECK(pushed.error().hint().find("branch is protected") != std::string::npos);
  }

  TEST_CASE("a repository that may not be pushed to says so") {
    GitServerOptions options;
    options.allow_push = false;
    GitServer server(options);
    ScratchDir scratch;
    auto repository = server.repository("shop.git");
    const auto id = repository.commit("main", {{"kept/a", "1"}});
    RemoteConfig config;
    config.url = server.url() + "/shop.git";
    auto mirror = Mirror::open(scratch / "m", config);
    REQUIRE(mirror.ok());
    Fixture::pull(**mirror);
    CHECK(code_of((*mirror)->push("refs/heads/x", "", id, {})) == ErrorCode::forbidden);
  }

  TEST_CASE("a checked-out branch of a repository on disk is not pushed to") {
    ScratchDir scratch;
    ScratchRepo repository(scratch / "work", false);
    const auto id = repository.commit("main", {{"kept/a", "1"}});
    RemoteConfig config;
    config.url = scratch / "work";
    auto mirror = Mirror::open(scratch / "m", config);
    REQUIRE(mirror.ok());
    Fixture::pull(**mirror);
    const auto next = Fixture::write(**mirror, id, "x");
    CHECK(code_of((*mirror)->push("refs/heads/main", id, next, {})) == ErrorCode::forbidden);
    CHECK((*mirror)->push("refs/heads/other", "", next, {}).ok());
  }

  TEST_CASE("only objects that the remote lacks are sent") {
    Fixture f(true);
    std::string noise;
    for (unsigned i = 0, state = 7; i < 300'000; ++i) {
      state = state * 1664525U + 1013904223U;
      noise += static_cast<char>(state >> 24U);
    }
    f.source = f.repository.commit("main", {{"kept/large", noise}});
    FaultProxy proxy(f.server.port());
    RemoteConfig config;
    config.url = proxy.url() + "/shop.git";
    auto mirror = Mirror::open(f.scratch / "m", config);
    REQUIRE(mirror.ok());
    Fixture::pull(**mirror);
    const auto id = Fixture::write(**mirror, f.source, "x");
    proxy.forget_seen();
    REQUIRE((*mirror)->push("refs/heads/candidates/main", "", id, {}).ok());
    REQUIRE(proxy.seen().size() == 2);
    CHECK(proxy.seen()[1].request_bytes < 2'000);
  }
}

TEST_SUITE("git/subset") {
  TEST_CASE("listed files and directories stay, the rest goes, and what is not there is named") {
    Fixture f(false);
    auto mirror = f.open("m");
    std::vector<std::string> missing;
    const auto kept = mirror->write_subset(f.source, {"kept/**", "top", "gone/file", "top/below", "kept/zzz"}, missing);
    REQUIRE(kept.ok());
    CHECK(missing == std::vector<std::string>{"gone/file", "kept/zzz", "top/below"});
    CHECK(mirror->write_subset(f.source, {"top", "kept"}, missing).value_or("") == *kept);
    CHECK(missing.empty());
    CHECK(mirror->write_subset(f.source, {"kept/a", "kept/b", "top"}, missing).value_or("") == *kept);
    const auto all = mirror->write_subset(f.source, {"**"}, missing);
    CHECK(all.value_or("") == mirror->commit(f.source)->tree);
    const auto none = mirror->write_subset(f.source, {"nothing"}, missing);
    CHECK(none.value_or("") == Mirror::empty_tree);
    CHECK(mirror->write_subset(f.source, {"kept/*.yaml"}, missing).error().code() == ErrorCode::unsupported);
    CHECK(mirror->write_subset(f.source, {"../x"}, missing).error().code() == ErrorCode::forbidden);
    CHECK(mirror->write_subset(f.source, {"/kept"}, missing).error().code() == ErrorCode::forbidden);
    CHECK(mirror->write_subset(std::string(40, 'a'), {"kept"}, missing).error().code() == ErrorCode::not_found);

    NewCommit commit;
    commit.tree = *kept;
    commit.parents = {f.source};
    commit.message = "subset";
    commit.at = TimePoint(Millis(1'767'225'600'000));
    const auto id = mirror->write_commit(commit);
    REQUIRE(id.ok());
    CHECK(mirror->write_commit(commit).value_or("") == *id);  // same input, same commit
    run_program({"git", "-C", f.scratch / "m", "fsck", "--strict"});
    CHECK(run_program({"git", "-C", f.scratch / "m", "ls-tree", "-r", *id}).find("100755") != std::string::npos);
    commit.author_name = "Eve <eve@example.org> 1 +0000\ncommitter x";
    CHECK(mirror->write_commit(commit).error().code() == ErrorCode::invalid_input);
  }
}

TEST_SUITE("concurrency: git push") {
  TEST_CASE("of many writers exactly one wins each round") {
    for (const bool http : {true, false}) {
      CAPTURE(http);
      Fixture f(http);
      constexpr int writers = 4;
      std::vector<std::unique_ptr<Mirror>> mirrors;
      std::vector<CommitId> commits;
      for (int i = 0; i < writers; ++i) {
        mirrors.push_back(f.open("m" + std::to_string(i)));
        commits.push_back(Fixture::write(*mirrors.back(), f.source, "writer " + std::to_string(i)));
      }
      for (const auto& [expected, ref] :
           std::vector<std::pair<CommitId, std::string>>{{"", "refs/heads/candidates/new"}, {f.source, "refs/heads/main"}}) {
        std::atomic<int> won{0};
        std::atomic<int> lost{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < writers; ++i) {
          threads.emplace_back([&, i, from = expected, to = ref] {
            const auto pushed =
                mirrors[static_cast<std::size_t>(i)]->push(to, from, commits[static_cast<std::size_t>(i)], {});
            if (pushed.ok()) ++won;
            if (!pushed.ok() && pushed.error().code() == ErrorCode::conflict) ++lost;
          });
        }
        for (auto& thread : threads) thread.join();
        CHECK(won == 1);
        CHECK(lost == writers - 1);
      }
    }
  }
}
