#include "channels/store/store.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "channels/store/database.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;

namespace {

namespace fs = std::filesystem;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (fs::temp_directory_path() / "gitopsctl-store-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { fs::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::string file(const std::string& name = "store.db") const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TimePoint start() { return *parse_time("2026-11-21T12:00:00Z"); }

std::unique_ptr<Store> open(const std::string& path, Clock& clock) {
  auto store = Store::open(path, clock);
  if (!store.ok()) FAIL(store.error().to_string());
  return std::move(store).value();
}

DeploymentRecord deployment(const std::string& id, TimePoint at) {
  DeploymentRecord out;
  out.id = id;
  out.repository = "shop";
  out.channel = "prod";
  out.commit = std::string(40, 'a');
  out.trigger = "poll";
  out.outcome = "running";
  out.started = at;
  return out;
}

WorkItem work(const std::string& key, const std::string& payload, int priority = 0) {
  WorkItem out;
  out.kind = "deploy";
  out.key = key;
  out.payload = payload;
  out.priority = priority;
  out.not_before = start();
  return out;
}

}  // namespace

TEST_SUITE("channels/store") {
  TEST_CASE("deployments, their releases, newest first, and what a crash left") {
    const TemporaryDirectory directory;
    ManualClock clock(start());
    auto store = open(directory.file(), clock);
    REQUIRE(store->begin_deployment(deployment("01A", start())).ok());
    auto second = deployment("01B", start() + Millis(10));
    REQUIRE(store->begin_deployment(second).ok());
    second.outcome = "succeeded";
    second.ended = start() + Millis(500);
    second.created = 3;
    DeploymentReleaseRecord release;
    release.release = "web";
    release.outcome = "succeeded";
    release.created = 3;
    release.duration = Millis(42);
    REQUIRE(store->finish_deployment(second, {release}).ok());

    store = open(directory.file(), clock);  // as after a restart
    CHECK(*store->close_interrupted() == 1);
    CHECK(*store->close_interrupted() == 0);
    const auto all = store->deployments("shop", "prod", 10);
    REQUIRE(all.ok());
    REQUIRE(all->size() == 2);
    CHECK((*all)[0].id == "01B");
    CHECK((*all)[0].created == 3);
    CHECK((*all)[0].ended == start() + Millis(500));
    CHECK((*all)[1].outcome == "interrupted");
    CHECK((*all)[1].ended == start());
    CHECK(store->deployments("shop", "prod", 1)->size() == 1);
    CHECK(store->deployments("shop", "test", 10)->empty());
    const auto releases = store->deployment_releases("01B");
    REQUIRE(releases.ok());
    REQUIRE(releases->size() == 1);
    CHECK((*releases)[0].release == "web");
    CHECK((*releases)[0].duration == Millis(42));
  }

  TEST_CASE("the audit trail is read by the beginning of its subjects") {
    const TemporaryDirectory directory;
    ManualClock clock(start());
    const auto store = open(directory.file(), clock);
    for (const auto* subject : {"shop/prod/web", "shop/prod", "shop/100%", "shop_prod"}) {
      AuditRecord record;
      record.at = start();
      record.actor = "somebody";
      record.action = "apply";
      record.subject = subject;
      REQUIRE(store->audit(record).ok());
    }
    const auto trail = store->audit_trail("shop/prod", 10);
    REQUIRE(trail.ok());
    REQUIRE(trail->size() == 2);
    CHECK((*trail)[0].subject == "shop/prod");
    CHECK((*trail)[0].id.size() == 26);
    CHECK(store->audit_trail("shop/100%", 10)->size() == 1);
    CHECK(store->audit_trail("", 10)->size() == 4);
    CHECK(store->audit_trail("", 1)->size() == 1);
  }

  TEST_CASE("work: one row per key, by priority and age, when it is due") {
    const TemporaryDirectory directory;
    ManualClock clock(start());
    const auto store = open(directory.file(), clock);
    CHECK_FALSE(store->claim("deploy")->has_value());
    REQUIRE(store->enqueue(work("a", "1")).ok());
    REQUIRE(store->enqueue(work("b", "1")).ok());
    REQUIRE(store->enqueue(work("c", "1", 5)).ok());
    REQUIRE(store->enqueue(work("a", "2")).ok());
    auto later = work("later", "1", 9);
    later.not_before = start() + Millis(1000);
    REQUIRE(store->enqueue(later).ok());
    CHECK((*store->claim("deploy"))->key == "c");
    CHECK((*store->claim("deploy"))->key == "b");
    const auto a = *store->claim("deploy");
    REQUIRE(a.has_value());
    CHECK(a->key == "a");
    CHECK(a->payload == "2");
    CHECK_FALSE(store->claim("deploy")->has_value());
    CHECK_FALSE(store->claim("candidate")->has_value());
    clock.advance(Millis(1000));
    CHECK((*store->claim("deploy"))->key == "later");
  }

  TEST_CASE("work that was queued anew while it was done is done again, and a late finisher changes nothing") {
    const TemporaryDirectory directory;
    ManualClock clock(start());
    auto store = open(directory.file(), clock);
    REQUIRE(store->enqueue(work("a", "1")).ok());
    const auto first = *store->claim("deploy");
    REQUIRE(store->enqueue(work("a", "2")).ok());
    CHECK_FALSE(store->claim("deploy")->has_value());  // never twice at once
    REQUIRE(store->finish(*first).ok());
    const auto second = *store->claim("deploy");
    REQUIRE(second.has_value());
    CHECK(second->payload == "2");
    CHECK(second->fence > first->fence);

    store = open(directory.file(), clock);  // the program died here
    CHECK(*store->release_claims() == 1);
    const auto third = *store->claim("deploy");
    REQUIRE(third.has_value());
    REQUIRE(store->finish(*second).ok());  // of the dead one
    CHECK_FALSE(store->claim("deploy")->has_value());
    REQUIRE(store->finish(*third).ok());
    CHECK(*store->release_claims() == 0);
    // A row that is new again has a fence of its own.
    REQUIRE(store->enqueue(work("a", "3")).ok());
    CHECK((*store->claim("deploy"))->fence > third->fence);
  }

  TEST_CASE("old history goes, running deployments stay") {
    const TemporaryDirectory directory;
    ManualClock clock(start());
    const auto store = open(directory.file(), clock);
    for (int i = 0; i < 10; ++i) {
      auto record = deployment("0" + std::to_string(i), start() + Millis(i * 1000));
      record.outcome = i == 0 ? "running" : "succeeded";
      DeploymentReleaseRecord release;
      release.release = "web";
      REQUIRE(store->finish_deployment(record, {release}).ok());
    }
    clock.advance(Millis(10'000));
    REQUIRE(store->prune_history(Millis(7000), 1000).ok());
    CHECK(store->deployments("shop", "prod", 100)->size() == 8);
    REQUIRE(store->prune_history(Millis(100'000), 3).ok());
    const auto left = store->deployments("shop", "prod", 100);
    REQUIRE(left->size() == 4);
    CHECK((*left)[0].id == "09");
    CHECK((*left)[3].id == "00");
    CHECK(store->deployment_releases("05")->empty());
    CHECK(store->deployment_releases("09")->size() == 1);
  }

  TEST_CASE("a file of a newer schema is refused and not touched") {
    const TemporaryDirectory directory;
    ManualClock clock(start());
    open(directory.file(), clock).reset();
    {
      sqlite3* handle = nullptr;
      REQUIRE(sqlite3_open(directory.file().c_str(), &handle) == SQLITE_OK);
      REQUIRE(sqlite3_exec(handle, "INSERT INTO schema_steps VALUES ('store', 99, 'future')", nullptr, nullptr, nullptr) ==
              SQLITE_OK);
      sqlite3_close(handle);
    }
    const auto store = Store::open(directory.file(), clock);
    REQUIRE_FALSE(store.ok());
    CHECK(store.error().code() == ErrorCode::newer_schema);
    CHECK(std::distance(fs::directory_iterator(directory.path()), fs::directory_iterator()) <= 3);
    CHECK_FALSE(Store::open(directory.file(), clock).ok());
  }

  TEST_CASE("a damaged file is set aside and a new one made") {
    const TemporaryDirectory directory;
    ManualClock clock(start());
    const auto aside = [&] {
      int count = 0;
      for (const auto& entry : fs::directory_iterator(directory.path())) {
        if (entry.path().filename().string().find(".damaged-20261121T120000Z") != std::string::npos) ++count;
      }
      return count;
    };
    SUBCASE("no database at all") {
      std::ofstream(directory.file()) << std::string(10'000, 'x');
      const auto store = open(directory.file(), clock);
      CHECK(store->enqueue(work("a", "1")).ok());
      CHECK(aside() == 1);
    }
    SUBCASE("a page overwritten") {
      {
        const auto store = open(directory.file(), clock);
        for (int i = 0; i < 500; ++i) REQUIRE(store->enqueue(work("key" + std::to_string(i), std::string(200, 'p'))).ok());
      }
      std::fstream file(directory.file(), std::ios::in | std::ios::out | std::ios::binary);
      for (int page = 4; page < 20; ++page) {
        file.seekp(std::streamoff{page} * 4096);
        file << std::string(4096, '\xA5');
      }
      file.close();
      const auto store = open(directory.file(), clock);
      CHECK_FALSE(store->claim("deploy")->has_value());
      CHECK(store->enqueue(work("a", "1")).ok());
      CHECK(aside() >= 1);
    }
    SUBCASE("two in the same second") {
      std::ofstream(directory.file()) << std::string(10'000, 'x');
      open(directory.file(), clock).reset();
      std::ofstream(directory.file()) << std::string(10'000, 'y');
      open(directory.file(), clock).reset();
      CHECK(aside() == 2);
    }
  }

  TEST_CASE("a path that cannot be written is an error, not a new store elsewhere") {
    ManualClock clock(start());
    const auto store = Store::open("/proc/gitopsctl/store.db", clock);
    REQUIRE_FALSE(store.ok());
    CHECK(store.error().code() == ErrorCode::unavailable);
  }

  TEST_CASE("a full disk fails the call, and the store goes on when there is room again") {
    const TemporaryDirectory directory;
    ManualClock clock(start());
    const auto store = open(directory.file(), clock);
    REQUIRE(store->enqueue(work("before", "1")).ok());
    // No file of this process may grow now: the kernel's answer is the one that a quota gives.
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit old_limit{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &old_limit) == 0);
    rlimit limit = old_limit;
    limit.rlim_cur = 256 << 10;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    const auto refused = store->enqueue(work("big", std::string(1 << 20, 'x')));
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &old_limit) == 0);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::unavailable);
    CHECK(store->enqueue(work("after", "1")).ok());
    CHECK((*store->claim("deploy"))->key == "before");
    CHECK((*store->claim("deploy"))->key == "after");
    CHECK_FALSE(store->claim("deploy")->has_value());
  }

  TEST_CASE("the file is for its owner only") {
    const TemporaryDirectory directory;
    ManualClock clock(start());
    const auto store = open(directory.file("deep/er/store.db"), clock);
    struct stat info{};
    REQUIRE(::stat(directory.file("deep/er/store.db").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    REQUIRE(store->enqueue(work("a", "1")).ok());
    REQUIRE(::stat(directory.file("deep/er/store.db-wal").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }

  TEST_CASE("calls from several threads") {
    const TemporaryDirectory directory;
    ManualClock clock(start());
    const auto store = open(directory.file(), clock);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 25; ++i) {
          CHECK(store->enqueue(work(std::to_string(t) + "/" + std::to_string(i), "x")).ok());
          CHECK(store->deployments("shop", "prod", 5).ok());
        }
      });
    }
    for (auto& thread : threads) thread.join();
    int claimed = 0;
    while (store->claim("deploy")->has_value()) ++claimed;
    CHECK(claimed == 100);
  }
}

TEST_SUITE("channels/store database") {
  TEST_CASE("a full disk is an error of the call, and nothing of the transaction stays") {
    const TemporaryDirectory directory;
    auto opened = Database::open(directory.file(), "store");
    REQUIRE(opened.ok());
    Database& database = **opened;
    REQUIRE(database.execute("CREATE TABLE t (x TEXT NOT NULL) STRICT").ok());
    REQUIRE(database.execute("PRAGMA max_page_count = 8").ok());
    const auto fill = [&]() -> Result<void> {
      GITOPSCTL_TRY(auto transaction, Transaction::begin(database));
      for (int i = 0; i < 100; ++i) {
        GITOPSCTL_TRY(auto insert, database.prepare("INSERT INTO t (x) VALUES (?)"));
        GITOPSCTL_CHECK(insert.bind(std::string(1000, 'x')).run());
      }
      return transaction.commit();
    };
    const auto filled = fill();
    REQUIRE_FALSE(filled.ok());
    CHECK(filled.error().code() == ErrorCode::unavailable);
    CHECK_FALSE(database.in_transaction());
    CHECK_FALSE(database.damaged());
    const auto rows = [&] {
      auto query = database.prepare("SELECT count(*) FROM t");
      REQUIRE(query.ok());
      REQUIRE(query->step().ok());
      return query->integer(0);
    };
    CHECK(rows() == 0);
    REQUIRE(database.execute("PRAGMA max_page_count = 1000000").ok());
    CHECK(fill().ok());
    CHECK(rows() == 100);
  }

  TEST_CASE("a cached statement that is being read does not disturb a second use") {
    const TemporaryDirectory directory;
    auto opened = Database::open(directory.file(), "store");
    REQUIRE(opened.ok());
    REQUIRE((*opened)->execute("CREATE TABLE t (x INTEGER NOT NULL) STRICT; INSERT INTO t VALUES (1), (2), (3)").ok());
    auto outer = (*opened)->prepare("SELECT x FROM t ORDER BY x");
    REQUIRE(outer.ok());
    REQUIRE(*outer->step());
    {
      auto inner = (*opened)->prepare("SELECT x FROM t ORDER BY x");
      REQUIRE(inner.ok());
      REQUIRE(*inner->step());
      CHECK(inner->integer(0) == 1);
    }
    REQUIRE(*outer->step());
    CHECK(outer->integer(0) == 2);
  }

  TEST_CASE("two processes that migrate at once") {
    const TemporaryDirectory directory;
    const std::array<Migration, 1> steps = {{{1, "one", "CREATE TABLE t (x INTEGER) STRICT;"}}};
    auto first = Database::open(directory.file(), "store");
    auto second = Database::open(directory.file(), "store");
    REQUIRE(first.ok());
    REQUIRE(second.ok());
    std::thread other([&] { CHECK((*second)->migrate("r", steps).ok()); });
    CHECK((*first)->migrate("r", steps).ok());
    other.join();
    CHECK((*first)->migrate("r", {}).error().code() == ErrorCode::newer_schema);
  }
}
