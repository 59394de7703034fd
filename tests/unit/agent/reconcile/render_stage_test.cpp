#include <doctest/doctest.h>
#include <sys/resource.h>

#include <fstream>
#include <new>
#include <stdexcept>

#include "agent/reconcile/render_stage.hpp"
#include "tests/unit/agent/reconcile/runner_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::tests;

// A machine that has nothing left: whatever lacks, one release, one run, never the process.

namespace {

/// A tree in which reading one file runs out of memory.
class ThrowingTree final : public FileTree {
 public:
  ThrowingTree(FileTreePtr tree, std::string poisoned) : tree_(std::move(tree)), poisoned_(std::move(poisoned)) {}

 protected:
  Result<FileInfo> do_stat(const TreePath& path) const override { return raw_stat(*tree_, path); }
  Result<std::string> do_read(const TreePath& path, std::uint64_t max_bytes) const override {
    if (path.str() == poisoned_) throw std::bad_alloc();
    return raw_read(*tree_, path, max_bytes);
  }
  Result<std::vector<FileInfo>> do_list(const TreePath& path) const override { return raw_list(*tree_, path); }
  Result<std::string> do_read_link(const TreePath& path) const override { return raw_read_link(*tree_, path); }

 private:
  FileTreePtr tree_;
  std::string poisoned_;
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

/// Leaves so little address space that no thread's stack fits in.
class NoThreads {
 public:
  NoThreads() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t pages = 0;
    statm >> pages;
    ::getrlimit(RLIMIT_AS, &before_);
    rlimit limit = before_;
    limit.rlim_cur = pages * 4096 + (6U << 20U);
    ::setrlimit(RLIMIT_AS, &limit);
  }
  ~NoThreads() { ::setrlimit(RLIMIT_AS, &before_); }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_SUITE("agent/reconcile render stage") {
  TEST_CASE_FIXTURE(RunnerFixture,
                    "a render that runs out of memory fails its release; the others go on, and so does the next run") {
    const Files files{
        {"web/a.yaml", config_map("a", "1")}, {"bad/b.yaml", config_map("b", "1")}, {"db/c.yaml", config_map("c", "1")}};
    const std::vector<std::string> all{release("web"), release("bad"), release("db")};
    const auto first = commit(all, files);
    const auto whole = trees.at(first);
    trees[first] = std::make_shared<ThrowingTree>(whole, "bad/b.yaml");
    for (const unsigned threads : {1U, 4U}) {
      setup.render_threads = threads;
      restart();
      const auto result = run(first);
      CHECK(result.failed_releases == 1);
      CHECK(result.retry);
      CHECK(contains(first_error(*this, "bad"), "not enough memory"));
      CHECK(contains(first_error(*this, "bad"), ".gitopsctl/channels/test.yaml"));
      CHECK(objects().size() == 2);
    }
    trees[first] = whole;
    CHECK(run(first, "retry").state == RunState::deployed);
    CHECK(objects().size() == 3);
  }

  TEST_CASE_FIXTURE(RunnerFixture,
                    "a run that throws anywhere is a failed run, gives its lease back, and the next one mends all") {
    const auto first = commit({release("web")}, {{"web/all.yaml", config_map("a", "1") + config_map("b", "1")}});
    for (const std::string& place :
         {std::string("apply ConfigMap/shop/a"), "put ConfigMap/gitopsctl-system/" + record_name()}) {
      bool thrown = false;
      spy.before_write([&](const std::string& write) -> std::optional<Error> {
        if (write != place || thrown) return std::nullopt;
        thrown = true;
        throw std::bad_alloc();
      });
      const auto result = run(first);
      CHECK(thrown);
      CHECK(result.state == RunState::failed);
      CHECK(result.retry);
      CHECK(contains(result.message, "not enough memory"));
      CHECK(condition("Ready") == "False Failed");
      CHECK(other->acquire_lease(record_name(), "somebody", Millis(1)).ok());
      clock.advance(Millis(10));
    }
    spy.before_write({});
    CHECK(run(first, "retry").state == RunState::deployed);
    CHECK(objects().size() == 2);
  }

  TEST_CASE("without a thread to be had, the caller renders by itself") {
    if (sanitized) {
      MESSAGE("not run: sanitizers need the address space");
      return;
    }
    channels::Channel channel;
    auto tree = std::make_shared<MemoryTree>();
    for (int i = 0; i < 8; ++i) {
      channels::Release one;
      one.name = "r" + std::to_string(i);
      one.driver = channels::Driver::manifests;
      one.driver_name = "manifests";
      one.path = one.name;
      channel.releases.push_back(one);
      tree->add(*TreePath::parse(one.name + "/a.yaml"), config_map(one.name, "1"));
    }
    RenderStage stage({std::string(32, 'k'), "x/", 64});
    {
      const NoThreads none;
      CHECK(stage.update(std::make_shared<const channels::Channel>(channel), tree, {}).ok());
    }
    for (const auto& one : channel.releases) {
      CHECK(stage.state(one.name).errors.empty());
      CHECK(stage.state(one.name).ids.size() == 1);
    }
  }
}
