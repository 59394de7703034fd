#include "base/crypto/ssh_key.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/process/spawn.hpp"
#include "tests/support/not_run.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;

TEST_SUITE("base/crypto/ssh_key") {
  TEST_CASE("every pair is another one, and says who it is for") {
    const auto one = make_ssh_key("gitopsctl shop");
    const auto two = make_ssh_key("gitopsctl shop");
    REQUIRE(one.ok());
    REQUIRE(two.ok());
    CHECK(one->public_text.starts_with("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"));
    CHECK(one->public_text.ends_with(" gitopsctl shop"));
    CHECK(one->public_text != two->public_text);
    CHECK(one->private_text != two->private_text);
    CHECK(make_ssh_key("")->public_text.find(' ', 12) == std::string::npos);
  }

  TEST_CASE("a comment cannot add a line to a file of keys") {
    CHECK_FALSE(make_ssh_key("a\nssh-rsa AAAA").ok());
    CHECK_FALSE(make_ssh_key(std::string(257, 'a')).ok());
  }

  TEST_CASE("ssh-keygen reads both halves, and they belong together") {
    constexpr const char* program = "/usr/bin/ssh-keygen";
    if (!std::filesystem::exists(program)) {
      tests::not_run("base/crypto: what ssh-keygen reads of our keys", "there is no /usr/bin/ssh-keygen");
      return;
    }
    const support::ScratchDir directory;
    // Comments of every length modulo eight: the padding differs.
    for (const std::string comment : {"", "a", "ab", "abc", "abcd", "abcde", "abcdef", "gitopsctl shop@prod"}) {
      const auto key = make_ssh_key(comment);
      REQUIRE(key.ok());
      const std::string path = directory / "key";
      std::ofstream(path, std::ios::trunc) << key->private_text;
      REQUIRE(::chmod(path.c_str(), 0600) == 0);
      CapturedCommand command;
      command.command.program = program;
      command.command.arguments = {"-y", "-f", path};
      const auto ran = run_command(command, {});
      REQUIRE(ran.ok());
      CHECK_MESSAGE(ran->status.exit_code == 0, ran->err);
      CHECK(ran->out == key->public_text + "\n");
    }
  }
}
