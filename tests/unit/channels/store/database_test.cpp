#include "channels/store/database.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;

namespace {

/// Whether another process meets a lock of ours on the shared range of the file, as SQLite places it (os.h: SHARED_FIRST).
bool locked_for_others(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = 0x40000002;
    lock.l_len = 510;
    const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    const bool met = file >= 0 && ::fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    ::_exit(met ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_SUITE("channels/store database") {
  TEST_CASE("opening a file a second time leaves the locks of the first") {
    const support::ScratchDir directory;
    const std::string path = directory / "env.db";
    const auto first = Database::open(path, "environment");
    REQUIRE(first.ok());
    REQUIRE((*first)->execute("CREATE TABLE t (x INTEGER)").ok());
    REQUIRE(locked_for_others(path));
    const auto second = Database::open(path, "environment");
    REQUIRE(second.ok());
    CHECK(locked_for_others(path));
  }

  TEST_CASE("a new file is private, also behind a link that leads to none yet") {
    const support::ScratchDir directory;
    std::filesystem::create_symlink(directory / "far.db", directory / "link.db");
    for (const char* name : {"new.db", "link.db"}) {
      REQUIRE(Database::open(directory / name, "store").ok());
      struct stat info{};
      REQUIRE(::stat((directory / name).c_str(), &info) == 0);
      CHECK((info.st_mode & 0777U) == 0600U);
    }
    CHECK(std::filesystem::exists(directory / "far.db"));
  }
}
