#include "channels/git/ref_file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels::git;
using namespace gitopsctl::support;

TEST_SUITE("git/ref_file") {
  TEST_CASE("only a file that is not there is no refs") {
    const ScratchDir scratch;
    const std::string id(40, 'a');
    REQUIRE(read_refs(scratch.path()).ok());
    CHECK(read_refs(scratch.path())->empty());
    REQUIRE(write_refs(scratch.path(), {{"refs/heads/main", id}}).ok());
    CHECK(*read_refs(scratch.path()) == RefMap{{"refs/heads/main", id}});

    // A name in its place that opens and does not read, and one that does not open, also for root.
    const std::string file = scratch / "packed-refs";
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    const auto unreadable = read_refs(scratch.path());
    REQUIRE_FALSE(unreadable.ok());
    CHECK(unreadable.error().code() == ErrorCode::unavailable);
    std::filesystem::remove(file);
    std::filesystem::create_symlink("packed-refs", file);
    REQUIRE_FALSE(read_refs(scratch.path()).ok());
    // What cannot be read is not replaced: the refs of others would go with it.
    CHECK_FALSE(write_refs(scratch.path(), {{"refs/heads/main", id}}).ok());
    CHECK(std::filesystem::is_symlink(file));
  }

  TEST_CASE("refs of others in the file stay") {
    const ScratchDir scratch;
    const std::string theirs = std::string(40, 'b') + " refs/tags/v1\n^" + std::string(40, 'c') + "\n";
    std::ofstream(scratch / "packed-refs") << theirs;
    REQUIRE(write_refs(scratch.path(), {{"refs/heads/main", std::string(40, 'a')}}).ok());
    std::ifstream written(scratch / "packed-refs");
    const std::string text((std::istreambuf_iterator<char>(written)), {});
    CHECK(text.find(theirs) != std::string::npos);
    CHECK(read_refs(scratch.path())->size() == 1);
  }
}
