#include <doctest/doctest.h>
#include <pthread.h>

#include <functional>

#include "base/crypto/digest.hpp"
#include "channels/candidate/candidate.hpp"
#include "channels/git/mirror.hpp"
#include "channels/git/tree_object.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::support;

namespace {

/// Runs `work` on a thread whose stack is far smaller than a program's.
void on_small_stack(std::function<void()> work) {
  pthread_attr_t attributes;
  pthread_t thread{};
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, std::size_t{512} << 10U) == 0);
  const auto run = [](void* raw) -> void* {
    (*static_cast<std::function<void()>*>(raw))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, run, &work) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

/// The id of a tree of one file, `levels` directories down, which is made in `repository`.
std::string make_deep_tree(const ScratchRepo& repository, int levels) {
  std::string id = repository.git({"hash-object", "-w", "--stdin"}, "bottom");
  std::string input;
  for (int i = 0; i < levels; ++i) {
    using git::EntryKind;
    const EntryKind kind = i == 0 ? EntryKind::file : EntryKind::directory;
    input += (i == 0 ? "100644 blob " : "040000 tree ") + id + "\td\n\n";
    const std::string bytes = git::write_tree_bytes({{"d", kind, id}});
    id = sha1_hex("tree " + std::to_string(bytes.size()) + std::string(1, '\0') + bytes);
  }
  repository.git({"mktree", "--batch", "--missing"}, input);
  return id;
}

}  // namespace

TEST_SUITE("git/pack") {
  TEST_CASE("a tree of thousands of levels is fetched and pushed on a small stack") {
    const ScratchDir scratch;
    const ScratchRepo repository(scratch / "shop.git");
    const auto deep = make_deep_tree(repository, 5000);
    const auto top = repository.git({"mktree"}, "040000 tree " + deep + "\tdeep\n100644 blob " +
                                                    repository.git({"hash-object", "-w", "--stdin"}, "x") + "\tother\n");
    const auto commit = repository.git({"commit-tree", "-m", "deep", top});
    repository.git({"update-ref", "refs/heads/main", commit});
    Result<CandidateOutcome> built = Error(ErrorCode::internal, "not run");
    on_small_stack([&] {
      RemoteConfig config;
      config.name = "shop";
      config.url = repository.path();
      auto mirror = Mirror::open(scratch / "mirror", config);
      if (!mirror) return;
      const auto listing = (*mirror)->list_remote({});
      if (!listing) return;
      if (auto fetched = (*mirror)->fetch(*listing, {}, {}); !fetched) {
        built = fetched.error();
        return;
      }
      CandidateRequest request;
      request.branch = "main";
      request.source = commit;
      request.parent_channel = "prod";
      request.paths = {"deep"};
      built = build_candidate(**mirror, request, {});
    });
    REQUIRE_MESSAGE(built.ok(), (built.ok() ? "" : built.error().to_string()));
    CHECK(repository.git({"rev-parse", "candidates/main:deep"}) == deep);
  }

  TEST_CASE("a pack holds what is new and nothing that the other side has") {
    const ScratchDir scratch;
    const ScratchRepo repository(scratch / "shop.git");
    repository.commit("main", {{"a/one", "1"}, {"b/two", "2"}});
    RemoteConfig config;
    config.name = "shop";
    config.url = repository.path();
    config.ref_prefixes = {"refs/"};
    const auto mirror = Mirror::open(scratch / "mirror", config);
    REQUIRE(mirror.ok());
    const auto pull = [&] {
      const auto listing = (*mirror)->list_remote({});
      REQUIRE(listing.ok());
      const auto fetched = (*mirror)->fetch(*listing, {}, {});
      REQUIRE_MESSAGE(fetched.ok(), (fetched.ok() ? "" : fetched.error().to_string()));
    };
    const auto count = [&] {
      const auto text = run_program({"git", "-C", scratch / "mirror", "count-objects", "-v"});
      const auto at = text.find("in-pack: ") + 9;
      return std::stoi(text.substr(at));
    };
    pull();
    CHECK(count() == 6);  // a commit, three trees, two files
    repository.commit("main", {{"a/one", "changed"}});
    pull();
    CHECK(count() == 6 + 4);  // a commit, two trees, a file
    // Tags of a file and of a tree lead to no commit; the walk over commits does not reach them.
    const auto blob = repository.git({"hash-object", "-w", "--stdin"}, "only tagged");
    repository.git({"tag", "-a", "-m", "t", "of-file", blob});
    repository.git({"tag", "-a", "-m", "t", "of-tag", "of-file"});
    repository.commit("side", {{"a/one", "1"}, {"b/three", "2"}});
    pull();
    run_program({"git", "-C", scratch / "mirror", "fsck", "--strict", "--full"});
    CHECK((*mirror)->refs().at("refs/heads/side") == repository.tip("side"));
  }
}
