#include <doctest/doctest.h>

#ifdef GITOPSCTL_CRASH_TESTS

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/process/crash_point.hpp"
#include "channels/candidate/candidate.hpp"
#include "tests/support/git_server.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::support;

// SIGKILL at every named point of fetch and candidate, in a process of its own (this program again, running the first case).

namespace {

/// Fetch, build the candidate, fetch: what a tick does. An empty text is success.
std::string one_tick(const std::string& directory, const std::string& url) {
  RemoteConfig config;
  config.name = "shop";
  config.url = url;
  auto mirror = Mirror::open(directory, config);
  if (!mirror) return mirror.error().to_string();
  if (!(*mirror)->notes().empty()) return "set aside: " + (*mirror)->notes().front();
  const auto follow = [&]() -> Result<void> {
    GITOPSCTL_TRY(const auto listing, (*mirror)->list_remote({}));
    return (*mirror)->fetch(listing, {}, {});
  };
  if (const auto fetched = follow(); !fetched) return fetched.error().to_string();
  CandidateRequest request;
  request.branch = "main";
  request.source = (*mirror)->refs().at("refs/heads/main");
  request.parent_channel = "prod";
  request.paths = {"apps"};
  const auto built = build_candidate(**mirror, request, {});
  if (!built) return built.error().to_string();
  if (const auto fetched = follow(); !fetched) return fetched.error().to_string();
  return (*mirror)->refs().contains("refs/heads/candidates/main") ? "" : "no candidate";
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_SUITE("git/crash") {
  TEST_CASE("work that is killed" * doctest::skip()) {
    const char* directory = std::getenv("GITOPSCTL_TEST_MIRROR");
    const char* url = std::getenv("GITOPSCTL_TEST_URL");
    if (directory == nullptr || url == nullptr) return;  // run by hand with --no-skip
    CHECK(one_tick(directory, url) == "");
  }

  TEST_CASE("killed at any point of fetch and candidate, the next start finds the old or the new state and goes on") {
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    for (const bool http : {true, false}) {
      for (const auto name : crash_point_names()) {
        if (!name.starts_with("fetch.") && !name.starts_with("candidate.")) continue;
        for (const bool first_fetch : {true, false}) {
          CAPTURE(http);
          CAPTURE(name);
          CAPTURE(first_fetch);
          GitServer server;
          ScratchDir scratch;
          auto repository = server.repository("shop.git");
          const auto old = repository.commit("main", {{"apps/web", "1"}, {"src", "x"}});
          const std::string url = http ? server.url() + "/shop.git" : repository.path();
          const std::string directory = scratch / "mirror";
          if (!first_fetch) {
            REQUIRE(one_tick(directory, url) == "");
            repository.commit("main", {{"apps/web", "2"}});
          }
          const auto tip = repository.tip("main");
          const std::string log = scratch / "log";
          bool killed = false;
          try {
            run_program({self, "--no-skip", "--test-case=work that is killed"},
                        {"GITOPSCTL_CRASH_AT=" + std::string(name), "GITOPSCTL_CRASH_LOG=" + log,
                         "GITOPSCTL_TEST_MIRROR=" + directory, "GITOPSCTL_TEST_URL=" + url});
          } catch (const std::runtime_error&) {
            killed = true;
          }
          CHECK(killed);
          CHECK(read_file(log).ends_with(std::string(name) + "\n"));
          {
            RemoteConfig config;
            config.url = url;
            const auto mirror = Mirror::open(directory, config);
            REQUIRE(mirror.ok());
            CHECK((*mirror)->notes().empty());
            const auto refs = (*mirror)->refs();
            if (const auto found = refs.find("refs/heads/main"); found != refs.end()) {
              CHECK((found->second == old || found->second == tip));
              CHECK((*mirror)->tree(found->second).ok());
            } else {
              CHECK(first_fetch);
            }
          }
          CHECK(one_tick(directory, url) == "");
          CHECK(repository.git({"show", "candidates/main:apps/web"}) == (first_fetch ? "1" : "2"));
          CHECK(repository.git({"rev-list", "--count", "--first-parent", "candidates/main", "^main"}) == "1");
          run_program({"git", "-C", directory, "fsck", "--strict"});
          repository.git({"fsck", "--strict"});
          // No half pack is left behind.
          for (const auto& entry : std::filesystem::directory_iterator(directory + "/objects/pack")) {
            CHECK(entry.path().filename().string().find("_git2_") == std::string::npos);
          }
        }
      }
    }
  }
}

#endif
