#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/not_run.hpp"
#include "tests/support/peer_group.hpp"
#include "tests/support/ram_dir.hpp"

namespace gitopsctl::tests {
namespace {

namespace fs = std::filesystem;

TEST_CASE("a peer ends with the thread that started it") {
  if (!need_peer("etcd", "peers end with who started them")) return;
  const support::RamDir directory(0);
  support::PeerGroup peers(directory.path());
  const std::string client = "http://127.0.0.1:" + std::to_string(support::free_port());
  const std::string peer = "http://127.0.0.1:" + std::to_string(support::free_port());
  bool ran = false;
  std::thread([&] {
    peers.start("etcd", {"--data-dir=" + (directory / "data"), "--listen-client-urls=" + client,
                         "--advertise-client-urls=" + client, "--listen-peer-urls=" + peer,
                         "--initial-advertise-peer-urls=" + peer, "--name=test", "--initial-cluster=test=" + peer});
    // The signal is set once the log has its first line, which the program itself writes.
    ran = peers.wait_until("etcd", [&] { return !peers.end_of_log("etcd").empty(); }, std::chrono::seconds{60});
  }).join();
  CHECK(ran);
  for (int i = 0; i < 500 && peers.runs("etcd"); ++i) std::this_thread::sleep_for(std::chrono::milliseconds{20});
  CHECK_FALSE(peers.runs("etcd"));
  CHECK_THROWS_WITH(peers.check(), doctest::Contains("etcd has ended by itself"));
}

TEST_CASE("directories of killed processes are swept, those in use are not") {
  const support::RamDir used(0);
  const fs::path dead = fs::path(used.path()).parent_path() / "gitopsctl-ram-dead00";
  fs::create_directories(dead / "data");
  std::ofstream(dead.string() + ".lock").flush();
  const support::RamDir next(0);
  CHECK_FALSE(fs::exists(dead));
  CHECK_FALSE(fs::exists(dead.string() + ".lock"));
  CHECK(fs::exists(used.path()));
  CHECK(fs::path(next.path()).parent_path() == dead.parent_path());
}

}  // namespace
}  // namespace gitopsctl::tests
