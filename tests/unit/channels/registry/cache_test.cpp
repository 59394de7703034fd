#include "channels/registry/cache.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/crypto/digest.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
namespace fs = std::filesystem;

namespace {

std::string blob_file(const std::string& directory, const std::string& digest) {
  return directory + "/blobs/sha256/" + digest.substr(7, 2) + "/" + digest.substr(7);
}

void age(const std::string& file, int hours) {
  fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(hours));
}

}  // namespace

TEST_SUITE("registry/cache") {
  TEST_CASE("what was put is there, under its digest, for its owner alone") {
    const support::ScratchDir directory;
    ChartCache cache(directory / "charts");
    CHECK_FALSE(cache.get("sha256:" + sha256_hex("x")));
    const auto digest = cache.put("x");
    CHECK(digest == "sha256:" + sha256_hex("x"));
    CHECK(cache.get(digest) == "x");
    CHECK(ChartCache(directory / "charts").get(digest) == "x");
    struct stat info{};
    REQUIRE(::stat(blob_file(directory / "charts", digest).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);
    REQUIRE(::stat((directory / "charts").c_str(), &info) == 0);
    CHECK((info.st_mode & 0077U) == 0U);
  }

  TEST_CASE("nothing else can be asked for") {
    const support::ScratchDir directory;
    ChartCache cache(directory.path());
    std::ofstream(directory / "secret") << "x";
    for (const char* digest : {"", "sha256:", "sha256:../../../secret", "secret", "../secret", "sha512:aa"}) {
      CHECK_FALSE(cache.get(digest));
    }
  }

  TEST_CASE("a damaged file counts as not there, and goes") {
    const support::ScratchDir directory;
    ChartCache cache(directory.path());
    const auto digest = cache.put("content");
    const auto file = blob_file(directory.path(), digest);
    SUBCASE("changed") { std::ofstream(file, std::ios::trunc) << "c0ntent"; }
    SUBCASE("cut off") { fs::resize_file(file, 3); }
    SUBCASE("empty") { fs::resize_file(file, 0); }
    CHECK_FALSE(cache.get(digest));
    CHECK_FALSE(fs::exists(file));
    CHECK(cache.put("content") == digest);
    CHECK(cache.get(digest) == "content");
  }

  TEST_CASE("a link in the place of a file is not followed") {
    const support::ScratchDir directory;
    ChartCache cache(directory.path());
    const auto digest = cache.put("content");
    const auto file = blob_file(directory.path(), digest);
    std::ofstream(directory / "other") << "content";
    fs::remove(file);
    fs::create_symlink(directory / "other", file);
    CHECK_FALSE(cache.get(digest));
  }

  TEST_CASE("what was used longest ago goes first, and what is new stays") {
    const support::ScratchDir directory;
    ChartCache cache(directory.path(), 1000);
    const auto a = cache.put(std::string(400, 'a'));
    const auto b = cache.put(std::string(400, 'b'));
    age(blob_file(directory.path(), a), 2);
    age(blob_file(directory.path(), b), 1);
    CHECK(cache.get(a));  // used now
    const auto c = cache.put(std::string(400, 'c'));
    CHECK(cache.get(c));
    CHECK(cache.get(a));
    CHECK_FALSE(cache.get(b));
    // More than it may hold at all: returned, not kept.
    const auto large = cache.put(std::string(2000, 'd'));
    CHECK_FALSE(cache.get(large));
    CHECK(cache.get(c));
  }

  TEST_CASE("what a killed process left is cleaned up") {
    const support::ScratchDir directory;
    ChartCache cache(directory.path(), 100);
    std::ofstream(directory / "new-dead") << "half";
    age(directory / "new-dead", 2);
    std::ofstream(directory / "new-alive") << "half";
    cache.put("x");
    CHECK_FALSE(fs::exists(directory / "new-dead"));
    CHECK(fs::exists(directory / "new-alive"));
  }

  TEST_CASE("pins are of what was asked for, and whole") {
    const support::ScratchDir directory;
    ChartCache cache(directory.path());
    const std::string digest = "sha256:" + std::string(64, 'd');
    CHECK_FALSE(cache.pin("key"));
    cache.set_pin("key", {"1.2.3", digest, digest});
    REQUIRE(cache.pin("key"));
    CHECK(cache.pin("key")->version == "1.2.3");
    CHECK_FALSE(cache.pin("other"));
    // A pin that was copied to another name is not believed.
    fs::copy_file(directory.path() + "/pins/" + sha256_hex("key"), directory.path() + "/pins/" + sha256_hex("other"));
    CHECK_FALSE(cache.pin("other"));
    std::ofstream(directory.path() + "/pins/" + sha256_hex("key"), std::ios::trunc) << "{";
    CHECK_FALSE(cache.pin("key"));
  }

  TEST_CASE("without a directory, or with one that cannot be written, nothing is kept and nothing fails") {
    ChartCache none("");
    CHECK(none.put("x") == "sha256:" + sha256_hex("x"));
    CHECK_FALSE(none.get("sha256:" + sha256_hex("x")));
    ChartCache impossible("/proc/nowhere/charts");
    CHECK(impossible.put("x") == "sha256:" + sha256_hex("x"));
    impossible.set_pin("k", {"1.0.0", "sha256:" + std::string(64, 'd'), "sha256:" + std::string(64, 'd')});
    CHECK_FALSE(impossible.pin("k"));
  }
}

TEST_SUITE("concurrency registry/cache") {
  TEST_CASE("many threads put, get and evict") {
    const support::ScratchDir directory;
    ChartCache cache(directory.path(), 4000);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&cache] {
        for (int i = 0; i < 50; ++i) {
          const std::string content(300, static_cast<char>('a' + i % 20));
          const auto digest = cache.put(content);
          if (const auto got = cache.get(digest)) CHECK(*got == content);
          cache.set_pin("k", {"1.0.0", digest, digest});
          static_cast<void>(cache.pin("k"));
        }
      });
    }
  }
}
