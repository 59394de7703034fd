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
    watcher = std::make_unique<RepositoryWatcher>(config, std::vector<std::string>{"test"}, directory.path(), nullptr,
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
}
