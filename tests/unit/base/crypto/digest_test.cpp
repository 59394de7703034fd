#include <doctest/doctest.h>

#include <set>

#include "base/crypto/digest.hpp"

using namespace gitopsctl;

TEST_SUITE("crypto") {
  TEST_CASE("digests are those of the standards") {
    // FIPS 180-4 and RFC 4231 examples.
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha1_hex("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hmac_sha256_hex("Jefe", "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hmac_sha256_hex("", "") == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    Sha256 sum;
    sum.add("a");
    sum.add("bc");
    CHECK(sum.hex() == sha256_hex("abc"));
  }

  TEST_CASE("fields cannot run into each other") {
    Sha256 a, b;
    a.add_field("ab");
    a.add_field("c");
    b.add_field("a");
    b.add_field("bc");
    CHECK(a.hex() != b.hex());
  }

  TEST_CASE("base64 comes back as it went, and errors name Go's offset") {
    for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
      CHECK(*base64_decode(base64_encode(text)) == text);
    }
    CHECK(*base64_decode("Zm9v\nYmFy\r\n") == "foobar");
    CHECK(base64_decode("Zm9v!").error().message() == "illegal base64 data at input byte 4");
    CHECK(base64_decode("Zg").error().message() == "illegal base64 data at input byte 0");
    CHECK_FALSE(base64_decode("Zg=").ok());
    CHECK_FALSE(base64_decode("Zg==x").ok());
    CHECK_FALSE(base64_decode("=").ok());
  }

  TEST_CASE("ULIDs are unique and sort by time") {
    std::set<std::string> seen;
    std::string last;
    for (int i = 0; i < 1000; ++i) {
      const std::string next = make_ulid(1'700'000'000'000);
      CHECK(last < next);
      last = next;
      seen.insert(next);
    }
    CHECK(seen.size() == 1000);
    CHECK(make_ulid(1'700'000'000'000) < make_ulid(1'700'000'000'001));
  }
}
