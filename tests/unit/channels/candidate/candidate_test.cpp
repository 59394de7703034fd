#include "channels/candidate/candidate.hpp"

#include <doctest/doctest.h>

#include "tests/support/git_server.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::support;

namespace {

using State = CandidateOutcome::State;

struct Fixture {
  Fixture() : repository(server.repository("shop.git")) {
    repository.commit("main", {{"apps/web", "1"}, {"src/code", "x"}});
    mirror = open("m");
  }
  std::unique_ptr<Mirror> open(const std::string& name) {
    RemoteConfig config;
    config.name = "shop";
    config.url = server.url() + "/shop.git";
    auto opened = Mirror::open(scratch / name, config);
    REQUIRE(opened.ok());
    pull(**opened);
    return std::move(opened).value();
  }
  static void pull(Mirror& mirror) {
    const auto listing = mirror.list_remote({});
    REQUIRE(listing.ok());
    REQUIRE(mirror.fetch(*listing, {}, {}).ok());
  }
  CandidateOutcome build(Mirror& on, const std::string& branch) const {
    CandidateRequest request;
    request.branch = branch;
    request.source = on.refs().at("refs/heads/" + branch);
    request.parent_channel = "prod";
    request.paths = {"apps", "ci/channels"};
    request.now = TimePoint(Millis(1'767'225'600'000));
    auto built = build_candidate(on, request, {});
    REQUIRE_MESSAGE(built.ok(), (built.ok() ? "" : built.error().to_string()));
    return *built;
  }
  std::string git(const std::vector<std::string>& arguments) const { return repository.git(arguments); }

  GitServer server;
  ScratchRepo repository;
  ScratchDir scratch;
  std::unique_ptr<Mirror> mirror;
};

}  // namespace

TEST_SUITE("candidate") {
  TEST_CASE("tree, parents, subject and trailers are as promised") {
    Fixture f;
    auto built = f.build(*f.mirror, "main");
    CHECK(built.state == State::pushed);
    CHECK(built.missing_paths == std::vector<std::string>{"ci/channels"});
    CHECK(f.git({"ls-tree", "-r", "--name-only", "candidates/main"}) == "apps/web");
    // Without a channel tip the source is the only parent.
    CHECK(f.git({"log", "-1", "--format=%P", "candidates/main"}) == f.repository.tip("main"));
    CHECK(f.git({"log", "-1", "--format=%s", "candidates/main"}) == "Release candidate: main");
    CHECK(f.git({"log", "-1", "--format=%(trailers:key=Source-commit,valueonly)", "candidates/main"}) ==
          f.repository.tip("main") + "\n");
    CHECK(f.git({"log", "-1", "--format=%(trailers:key=Source-branch,valueonly)", "candidates/main"}) == "main\n");
    CHECK(f.git({"log", "-1", "--format=%(trailers:key=Gitopsctl-Version,valueonly)", "candidates/main"}).size() > 1);

    f.repository.commit("releases/prod", {{"apps/web", "0"}});
    Fixture::pull(*f.mirror);
    built = f.build(*f.mirror, "main");
    CHECK(built.state == State::pushed);
    CHECK(f.git({"log", "-1", "--format=%P", "candidates/main"}) ==
          f.repository.tip("releases/prod") + " " + f.repository.tip("main"));
  }

  TEST_CASE("removal: what was built is removed, by compare-and-swap; what was not stays") {
    Fixture f;
    CHECK(*remove_candidate(*f.mirror, "main", {}) == CandidateRemoval::gone);
    const auto built = f.build(*f.mirror, "main");
    CHECK(*remove_candidate(*f.mirror, "main", {}) == CandidateRemoval::gone);  // of the last fetch
    Fixture::pull(*f.mirror);
    const auto behind = f.open("behind");
    SUBCASE("removed") {
      CHECK(*remove_candidate(*f.mirror, "main", {}) == CandidateRemoval::removed);
      CHECK(f.git({"for-each-ref", "refs/heads/candidates"}).empty());
      // Somebody else who looked before does it again: it is gone, which is what was wanted.
      CHECK(remove_candidate(*behind, "main", {}).ok());
    }
    SUBCASE("moved since it was looked at") {
      f.git({"update-ref", "refs/heads/candidates/main", f.repository.tip("main")});
      CHECK(*remove_candidate(*behind, "main", {}) == CandidateRemoval::lost_race);
      CHECK(f.repository.tip("candidates/main") == f.repository.tip("main"));
    }
    SUBCASE("a commit of somebody, also one that looks alike") {
      const std::string source = f.repository.tip("main");
      std::string message = f.git({"log", "-1", "--format=%B", built.commit});
      message.erase(message.find_last_not_of('\n') + 1);
      const auto outcome = [&](const std::string& author, const std::string& text) {
        const std::string person = author + " <x@localhost> 1767225600 +0000";
        const auto commit = f.repository.git(
            {"hash-object", "-t", "commit", "-w", "--stdin"},
            "tree " + built.tree + "\nparent " + source + "\nauthor " + person + "\ncommitter " + person + "\n\n" + text);
        f.git({"update-ref", "refs/heads/candidates/main", commit});
        Fixture::pull(*f.mirror);
        const auto removed = remove_candidate(*f.mirror, "main", {});
        REQUIRE(removed.ok());
        return *removed;
      };
      CHECK(outcome("Ada", "mine\n") == CandidateRemoval::not_ours);
      CHECK(outcome("Ada", message + "\n") == CandidateRemoval::not_ours);
      CHECK(outcome("gitopsctl", message + "\n\nAnd something that I want to keep.\n") == CandidateRemoval::not_ours);
      CHECK(outcome("gitopsctl", "Release candidate: main\n\nSource-commit: " + source + "\n") ==
            CandidateRemoval::not_ours);
      std::string other = message;
      other.replace(other.find("candidate: main"), 15, "candidate: made");
      CHECK(outcome("gitopsctl", other + "\n") == CandidateRemoval::not_ours);
      other = message;
      other.replace(other.find(source), source.size(), built.commit);
      CHECK(outcome("gitopsctl", other + "\n") == CandidateRemoval::not_ours);
      CHECK(outcome("gitopsctl", message + "\n") == CandidateRemoval::removed);  // the same, as built by another version
    }
  }

  TEST_CASE("nothing is pushed when neither the tree nor the channel's tip changed") {
    Fixture f;
    f.repository.commit("releases/prod", {{"apps/web", "0"}});
    Fixture::pull(*f.mirror);
    const auto first = f.build(*f.mirror, "main");
    Fixture::pull(*f.mirror);
    CHECK(f.build(*f.mirror, "main").state == State::up_to_date);
    f.repository.commit("main", {{"src/code", "changed outside of the paths"}});
    Fixture::pull(*f.mirror);
    const auto same = f.build(*f.mirror, "main");
    CHECK(same.state == State::up_to_date);
    CHECK(same.commit == first.commit);
    f.repository.commit("main", {{"apps/web", "2"}});
    Fixture::pull(*f.mirror);
    CHECK(f.build(*f.mirror, "main").state == State::pushed);
  }

  TEST_CASE("branches with slashes get candidates, channel and candidate branches do not") {
    Fixture f;
    f.repository.commit("feature/x", {{"apps/web", "3"}});
    Fixture::pull(*f.mirror);
    CHECK(f.build(*f.mirror, "feature/x").state == State::pushed);
    CHECK(f.git({"show", "candidates/feature/x:apps/web"}) == "3");
    for (const auto* branch : {"releases/prod", "candidates/main", "../x"}) {
      CandidateRequest request;
      request.branch = branch;
      request.source = f.repository.tip("main");
      request.paths = {"apps"};
      CHECK_FALSE(build_candidate(*f.mirror, request, {}).ok());
    }
  }

  TEST_CASE("two builders at once: one pushes, the other lost the race") {
    Fixture f;
    auto other = f.open("other");
    CHECK(f.build(*f.mirror, "main").state == State::pushed);
    f.repository.git({"update-ref", "-d", "refs/heads/candidates/main"});
    const auto changed = f.repository.commit("candidates/main", {{"apps/web", "by somebody else"}});
    CHECK(f.build(*other, "main").state == State::lost_race);
    CHECK(f.repository.tip("candidates/main") == changed);
    Fixture::pull(*other);
    CHECK(f.build(*other, "main").state == State::pushed);
  }

  TEST_CASE("promotion gives exactly the candidate's tree, whatever was there") {
    Fixture f;
    f.repository.commit("a", {{"apps/only-in-a", "1"}});
    f.repository.commit("b", {{"apps/only-in-b", "1"}});
    Fixture::pull(*f.mirror);
    const auto a = f.build(*f.mirror, "a");
    const auto b = f.build(*f.mirror, "b");
    Fixture::pull(*f.mirror);
    const TimePoint now(Millis(1'767'225'600'000));
    const auto first = promote_candidate(*f.mirror, a.commit, "test", "Promote a", now, {});
    REQUIRE(first.ok());
    CHECK(f.repository.tip("releases/test") == *first);
    const auto stale = promote_candidate(*f.mirror, b.commit, "test", "Promote b", now, {});
    REQUIRE_FALSE(stale.ok());  // the mirror has not seen that the channel exists now
    CHECK(stale.error().code() == ErrorCode::conflict);
    Fixture::pull(*f.mirror);
    const auto second = promote_candidate(*f.mirror, b.commit, "test", "Promote b", now, {});
    REQUIRE(second.ok());
    CHECK(f.git({"rev-parse", "releases/test^{tree}"}) == b.tree);
    CHECK(f.git({"ls-tree", "-r", "--name-only", "releases/test"}) == "apps/only-in-b");
    CHECK(f.git({"log", "-1", "--format=%P", "releases/test"}) == *first + " " + b.commit);
    Fixture::pull(*f.mirror);
    CHECK(promote_candidate(*f.mirror, b.commit, "test", "again", now, {}).value_or("") == *second);
  }
}
