#include "agent/reconcile/channel_worker.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

#include "tests/unit/agent/reconcile/runner_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::tests;

// The threads' work without the threads: one watcher and one worker on a real repository.

namespace {

namespace fs = std::filesystem;

Files files_of(const std::string& value) {
  return {{".gitopsctl/channels/test.yaml", channel_file({release("web")})}, {"web/a.yaml", config_map("a", value)}};
}

class WorkerFixture {
 public:
  WorkerFixture() { open(); }

  /// What a new process makes.
  void open() {
    worker.reset();
    watcher.reset();
    RepositoryConfig config;
    config.name = "shop";
    config.remote.name = "shop";
    config.remote.url = repository.path();
    config.candidates = false;
    config.poll.interval = Millis(5);
    const LogSink log = [this](std::string_view /*level*/, const std::string& text) {
      const std::lock_guard lock(mutex);
      lines.push_back(text);
    };
    watcher = std::make_unique<RepositoryWatcher>(config, std::vector<BoundChannel>{{"test", ""}}, directory.path(), nullptr,
                                                  system_clock(), log, [this](const SourceView& view) {
                                                    if (worker) worker->source_changed(view);
                                                  });
    ChannelWorker::Setup setup;
    setup.runner.key = {"home", "shop", "test"};
    setup.runner.installation_key = std::string(32, 'k');
    setup.runner.holder = "agent-1";
    setup.remote = config.remote;
    worker = std::make_unique<ChannelWorker>(setup, spy, nullptr, *watcher, system_clock(), log);
  }
  std::size_t line_count() {
    const std::lock_guard lock(mutex);
    return lines.size();
  }
  std::string value() {
    const auto live = environment->get({"", "ConfigMap", "shop", "a"});
    REQUIRE(live.ok());
    return *live ? std::string((*live)->body.string_at({"data", "value"})) : "";
  }
  [[nodiscard]] std::string packs() const { return directory / "mirrors/shop.git/objects/pack"; }

  support::ScratchDir directory;
  support::ScratchRepo repository{directory / "shop.git"};
  std::unique_ptr<Environment> environment = *open_embedded_environment(directory / "env.db", system_clock());
  support::SpyEnvironment spy{*environment};
  std::mutex mutex;
  std::vector<std::string> lines;
  std::unique_ptr<RepositoryWatcher> watcher;
  std::unique_ptr<ChannelWorker> worker;
};

}  // namespace

TEST_SUITE("concurrency: agent/reconcile channel worker") {
  TEST_CASE("a channel of many objects is looked at less often") {
    CHECK(drift_pause(Millis(30'000), 0) == Millis(30'000));
    CHECK(drift_pause(Millis(30'000), 600) == Millis(30'000));
    CHECK(drift_pause(Millis(30'000), 5'000) == Millis(250'000));
    CHECK(drift_pause(Millis(600'000), 5'000) == Millis(600'000));
  }

  TEST_CASE_FIXTURE(WorkerFixture, "a status that cannot be written is tried again after a pause, not at once") {
    repository.commit("releases/test", files_of("1"));
    std::atomic<int> tries{0};
    spy.before_write([&](const std::string& write) -> std::optional<Error> {
      if (write.starts_with("put Channel/")) {
        ++tries;
        return Error(ErrorCode::unavailable, "the disk is full");
      }
      return std::nullopt;
    });
    REQUIRE(watcher->tick({}));
    {
      std::jthread thread([&](const std::stop_token& stop) { worker->run(stop); });
      std::this_thread::sleep_for(Millis(1'500));
    }
    CHECK(tries >= 1);
    CHECK(tries < 10);
    CHECK(line_count() < 10);
    CHECK(value() == "1");  // the run itself does not depend on it
  }

  TEST_CASE_FIXTURE(WorkerFixture, "the watcher tidies the mirror between runs, while the worker lives") {
    std::jthread thread([&](const std::stop_token& stop) { watcher->run(stop); });
    for (int i = 0; i < 40; ++i) {
      repository.commit("releases/test", files_of(std::to_string(i)));
      const auto wanted = watcher->poll_now();
      while (watcher->done() < wanted) std::this_thread::sleep_for(Millis(2));
      REQUIRE(worker->run_once({}));
      REQUIRE(value() == std::to_string(i));
    }
    const auto count = [&] {
      std::error_code ignored;
      std::size_t found = 0;
      for (const auto& entry : fs::directory_iterator(packs(), ignored))
        found += entry.path().extension() == ".pack" ? 1U : 0U;
      return found;
    };
    for (int i = 0; i < 500 && count() > 20; ++i) std::this_thread::sleep_for(Millis(10));
    CHECK(count() <= 20);
    CHECK(worker->run_once({}));
  }

  TEST_CASE_FIXTURE(WorkerFixture, "damage that only the worker meets is mended by the watcher's next look") {
    repository.commit("releases/test", files_of("1"));
    REQUIRE(watcher->tick({}));
    REQUIRE(worker->run_once({}));
    repository.commit("releases/test", files_of("2"));
    REQUIRE(watcher->tick({}));
    // The bytes of one file are gone; commit and trees, which an opening mirror looks at, are there.
    worker.reset();
    watcher.reset();
    const auto blob = repository.git({"rev-parse", "releases/test:web/a.yaml"});
    std::string without;
    const auto all = repository.git({"rev-list", "--objects", "--no-object-names", "--all"});
    for (std::size_t at = 0; at < all.size(); at += 41) {
      if (all.substr(at, 40) != blob) without += all.substr(at, 40) + "\n";
    }
    for (const auto& entry : fs::directory_iterator(packs())) fs::remove(entry.path());
    repository.git({"pack-objects", "-q", packs() + "/pack"}, without);
    open();
    REQUIRE(watcher->tick({}));
    CHECK_FALSE(worker->run_once({}));
    CHECK(value() == "1");
    CHECK(watcher->tick({}));
    CHECK(worker->run_once({}));
    CHECK(value() == "2");
    CHECK_FALSE(fs::exists(directory / "mirrors/shop.git/gitopsctl-suspect"));
  }

  TEST_CASE_FIXTURE(WorkerFixture, "what is remembered of branches goes with them") {
    repository.commit("releases/test", files_of("1"));
    for (int i = 0; i < 5; ++i) repository.commit("feature-" + std::to_string(i), files_of("2"));
    // Of this one also what was said about it.
    repository.commit("feature-0", {{".gitopsctl/channels/test.yaml", "releases: [ {{{ \n"}});
    worker.reset();
    RepositoryConfig config;
    config.name = "other";
    config.remote.url = repository.path();
    RepositoryWatcher builder(
        config, {{"test", ""}}, directory.path(), nullptr, system_clock(), [](std::string_view, const std::string&) {},
        [](const SourceView&) {});
    REQUIRE(builder.tick({}));
    CHECK(builder.remembered_branches() == 6);
    for (int i = 0; i < 5; ++i) repository.git({"update-ref", "-d", "refs/heads/feature-" + std::to_string(i)});
    REQUIRE(builder.tick({}));
    CHECK(builder.remembered_branches() == 0);
  }
}
