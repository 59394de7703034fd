#include "channels/ssh/address.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace gitopsctl;
using namespace gitopsctl::channels;

namespace {

struct Case {
  const char* text;
  const char* user;
  const char* host;
  const char* port;
  const char* path;
};

}  // namespace

TEST_SUITE("ssh/address") {
  TEST_CASE("addresses are read by Git's rules") {
    const std::array<Case, 12> cases{{
        {"ssh://git@example.org/a/b.git", "git", "example.org", "22", "/a/b.git"},
        {"ssh://git@Example.ORG:2222/a/b.git", "git", "example.org", "2222", "/a/b.git"},
        {"ssh://git@example.org:/a", "git", "example.org", "22", "/a"},
        {"ssh://git@[2001:db8::1]:2222/a", "git", "2001:db8::1", "2222", "/a"},
        {"ssh://git@[::1]/a", "git", "::1", "22", "/a"},
        {"ssh://git@h/~me/a", "git", "h", "22", "~me/a"},
        {"ssh://git@h/a%20b%27c", "git", "h", "22", "/a b'c"},
        {"git@github.com:org/repo.git", "git", "github.com", "22", "org/repo.git"},
        {"git@h:/abs/path", "git", "h", "22", "/abs/path"},
        {"git@h:a%20b", "git", "h", "22", "a%20b"},
        {"git@[::1]:path", "git", "::1", "22", "path"},
        {"org-1@ssh.example.com:22/x", "org-1", "ssh.example.com", "22", "22/x"},
    }};
    for (const auto& c : cases) {
      CAPTURE(c.text);
      const auto read = SshAddress::parse(c.text);
      REQUIRE_MESSAGE(read.ok(), (read.ok() ? "" : read.error().to_string()));
      CHECK(read->user == c.user);
      CHECK(read->host == c.host);
      CHECK(read->port == c.port);
      CHECK(read->path == c.path);
    }
  }

  TEST_CASE("what cannot be used is refused, and no password is shown") {
    for (const auto* text : {"ssh://example.org/a",
                             "example.org:a",
                             "ssh://git:canary@h/a",
                             "git:canary@h:a",
                             "ssh://git@h",
                             "ssh://git@h/",
                             "git@h:",
                             "ssh://git@h:0/a",
                             "ssh://git@h:70000/a",
                             "ssh://git@h:x/a",
                             "ssh://git@/a",
                             "ssh://git@-oProxy/a",
                             "git@-x:a",
                             "-git@h:a",
                             "git@h:-a",
                             "ssh://git@h/a%0Ab",
                             "ssh://git@h/a%00b",
                             "ssh://git@[::1/a",
                             "git@[::1:a",
                             "ssh://git@h h/a",
                             "ssh://gi t@h/a",
                             "ssh://git@[h]/a",
                             "/a/b",
                             "https://h/a"}) {
      CAPTURE(text);
      const auto read = SshAddress::parse(text);
      REQUIRE_FALSE(read.ok());
      CHECK(read.error().code() == ErrorCode::invalid_input);
      CHECK(read.error().to_string().find("canary") == std::string::npos);
      CHECK_FALSE(read.error().hint().empty());
    }
    CHECK_FALSE(SshAddress::parse("git@h:" + std::string(5000, 'a')).ok());
  }

  TEST_CASE("an address prints and is named for known_hosts") {
    CHECK(SshAddress::parse("git@h:a b")->shown() == "ssh://git@h/a b");
    CHECK(SshAddress::parse("ssh://git@[::1]:23/a")->shown() == "ssh://git@[::1]:23/a");
    CHECK(SshAddress::parse("git@h:a")->known_hosts_name() == "h");
    CHECK(SshAddress::parse("ssh://git@h:23/a")->known_hosts_name() == "[h]:23");
    CHECK(SshAddress::parse("ssh://git@[::1]/a")->known_hosts_name() == "::1");
  }

  TEST_CASE("a word for a shell is quoted as Git does") {
    CHECK(shell_quote("a b") == "'a b'");
    CHECK(shell_quote("it's!") == "'it'\\''s'\\!''");
    CHECK(shell_quote("$x`y`\"\\") == "'$x`y`\"\\'");
    CHECK(shell_quote("") == "''");
  }
}
