#include "channels/ssh/keys.hpp"

#include <doctest/doctest.h>

#include "base/crypto/ssh_key.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;

TEST_SUITE("ssh/keys") {
  TEST_CASE("a deploy key of our own making can be used") {
    const auto key = make_ssh_key("gitopsctl lab/shop");
    REQUIRE(key.ok());
    const auto checked = check_private_key(key->private_text, "");
    CHECK_MESSAGE(checked.ok(), (checked.ok() ? "" : checked.error().to_string()));
  }

  TEST_CASE("what is no key is said to be none, and nothing of it is shown") {
    for (const std::string text : {"", "\n", "canary", "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary", "ssh-rsa canary",
                                   "PuTTY-User-Key-File-3: canary", "-----BEGIN CERTIFICATE-----\ncanary\n"}) {
      const auto checked = check_private_key(text, "canary");
      REQUIRE_FALSE(checked.ok());
      CHECK(checked.error().code() == ErrorCode::invalid_input);
      CHECK_FALSE(checked.error().hint().empty());
      CHECK(checked.error().to_string().find("canary") == std::string::npos);
    }
  }

  TEST_CASE("known_hosts: nothing of use is an error that says how to get it") {
    for (const std::string text :
         {"", "# only a comment\n", "other ssh-ed25519 AAAA\n", "h nonsense AAAA\n", "h\n", ",,\n", "!\n",
          "|1|x|y ssh-ed25519 AAAA\n", "@cert-authority * ssh-ed25519 AAAA\n", "@other h a b\n"}) {
      CAPTURE(text);
      const auto checked = check_known_hosts(text, "h");
      REQUIRE_FALSE(checked.ok());
      CHECK(checked.error().code() == ErrorCode::invalid_input);
      CHECK_FALSE(checked.error().hint().empty());
    }
    CHECK_FALSE(check_known_hosts(std::string("h\0x", 3), "h").ok());
  }
}
