#include "channels/secrets/age.hpp"

#include <doctest/doctest.h>

#include "channels/secrets/bech32.hpp"
#include "channels/secrets/crypt.hpp"
#include "tests/unit/channels/secrets/secrets_fixture.hpp"
#include "tests/unit/channels/secrets/sops_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels::secrets;
using tests::has;
using tests::why;

namespace {

std::vector<AgeIdentity> identities(const std::string& text = tests::fixture_key) {
  auto read = parse_age_identities(text, "key.txt");
  REQUIRE_MESSAGE(read.ok(), why(read));
  return std::move(read).value();
}

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

const std::string mac(43, 'A');
const std::string stanza = "-> X25519 " + mac + "\n" + mac + "\n";

}  // namespace

TEST_SUITE("secrets/crypt") {
  TEST_CASE("vectors of the standards") {
    // RFC 7748, 6.1
    const auto alice = from_hex("77076d0a7318a57d3c16c17251b26645df4ecb6a2c7a0d3d3f0d9b0c0d6c4a2a");
    const auto bob = from_hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    CHECK(*x25519_public(bob) == from_hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
    CHECK_FALSE(x25519_public("short").ok());
    const auto one = x25519_shared(alice, *x25519_public(bob));
    const auto other = x25519_shared(bob, *x25519_public(alice));
    REQUIRE(one);
    REQUIRE(other);
    CHECK(one->view() == other->view());
    CHECK_FALSE(x25519_shared(bob, std::string(32, '\0')));
    // RFC 5869, A.1 (its first 32 bytes of output) and A.3
    CHECK(hkdf_sha256(std::string(22, '\x0b'), from_hex("000102030405060708090a0b0c"), from_hex("f0f1f2f3f4f5f6f7f8f9"))
              .view() == from_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"));
    CHECK(hkdf_sha256(std::string(22, '\x0b'), "", "").view() ==
          from_hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"));
    // The GCM specification, test case 13: nothing at all under a key of zeros.
    const auto empty =
        open_aes256_gcm(std::string(32, '\0'), std::string(12, '\0'), "", from_hex("530f8afbc74536b9a963b4f1c4cb738b"), "");
    REQUIRE(empty);
    CHECK(empty->empty());
    CHECK_FALSE(open_aes256_gcm(std::string(32, '\0'), std::string(12, '\0'), "", std::string(16, 'x'), ""));
    CHECK_FALSE(open_aes256_gcm(std::string(31, '\0'), std::string(12, '\0'), "", std::string(16, 'x'), ""));
    CHECK_FALSE(open_aes256_gcm(std::string(32, '\0'), "", "", std::string(16, 'x'), ""));
    CHECK_FALSE(open_chacha20_poly1305(std::string(32, '\0'), std::string(12, '\0'), "short"));
  }

  TEST_CASE("base64 in one spelling only") {
    CHECK(*strict_base64("YQ==", true) == "a");
    CHECK(*strict_base64("YWI", false) == "ab");
    CHECK(strict_base64("", true)->empty());
    for (const auto* text : {"YQ", "YQ=", "YR==", "Y===", "YQ==\n", "Y Q=", "YQ==YQ==", "____"})
      CHECK_FALSE(strict_base64(text, true));
    for (const auto* text : {"YQ==", "Y", "YR", "YWJ"}) CHECK_FALSE(strict_base64(text, false));
  }

  TEST_CASE("bech32 as BIP 173 has it") {
    for (const auto* text :
         {"A12UEL5L", "a12uel5l",
          "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs", "?1ezyfcl"}) {
      CHECK(decode_bech32(text));
    }
    // Wrong sums, two cases in one, no prefix, no separator, a sign that is none.
    for (const auto* text : {"A12UEL5M", "A12uEL5L", "1nwldj5", "pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "a1", ""}) {
      CHECK_FALSE(decode_bech32(text));
    }
    CHECK(decode_bech32(encode_bech32("age", "some bytes"))->bytes == "some bytes");
  }
}

TEST_SUITE("secrets/age") {
  TEST_CASE("identities and their recipients") {
    CHECK(identities().front().recipient() == tests::fixture_recipient);
    CHECK(identities(std::string("# created: today\r\n\r\n  ") + tests::fixture_key + "  \r\n").size() == 1);
    const auto refused = [](const std::string& text) {
      const auto read = parse_age_identities(text, "key.txt");
      REQUIRE_FALSE(read.ok());
      CHECK_FALSE(has(why(read), "QTHZLMT3PRS6K5ECN"));
      return read.error();
    };
    std::string key = tests::fixture_key;
    CHECK(refused("").code() == ErrorCode::invalid_input);
    CHECK(refused("# only\n").code() == ErrorCode::invalid_input);
    CHECK(refused("\n" + key.substr(0, key.size() - 1)).where() == Location{"key.txt", 2, 0});
    key[20] = key[20] == 'Q' ? 'P' : 'Q';
    CHECK(refused(key).code() == ErrorCode::invalid_input);
    CHECK(refused(tests::fixture_recipient).code() == ErrorCode::invalid_input);
    CHECK(refused("AGE-PLUGIN-YUBIKEY-1XXX").code() == ErrorCode::unsupported);
    CHECK(refused("AGE-SECRET-KEY-PQ-1XXX").code() == ErrorCode::unsupported);
    std::string many;
    for (int i = 0; i < 65; ++i) many += std::string(tests::fixture_key) + "\n";
    CHECK(refused(many).code() == ErrorCode::too_large);
  }

  TEST_CASE("a file that age wrote") {
    const auto plain = decrypt_age(tests::fixture_age, identities(), 100);
    REQUIRE_MESSAGE(plain.ok(), why(plain));
    CHECK(plain->view() == "hello age\n");
    CHECK(decrypt_age(tests::fixture_age, identities(), 9).error().code() == ErrorCode::too_large);
    CHECK(decrypt_age(tests::fixture_age, {}, 100).error().code() == ErrorCode::forbidden);
  }

  TEST_CASE("heads that are malformed") {
    const std::string version = "age-encryption.org/v1\n";
    const std::string good = version + stanza + "--- " + mac + "\npayload";
    const auto header = parse_age_header(good);
    REQUIRE_MESSAGE(header.ok(), why(header));
    CHECK(header->stanzas.size() == 1);
    CHECK(header->payload == "payload");
    CHECK(header->authenticated == version + stanza + "---");
    CHECK(parse_age_header(version + "-> grease a b\n\n--- " + mac + "\n").ok());
    CHECK(
        parse_age_header(version + "-> x\n" + std::string(64, 'A') + "\n\n--- " + mac + "\n")->stanzas.front().body.size() ==
        48);
    for (const std::string& text :
         {std::string(), std::string("age-encryption.org/v2\n"), version, version + stanza, version + "--- " + mac + "\n",
          version + stanza + "--- " + mac, version + stanza + "--- " + mac + "A\n", version + stanza + "---" + mac + "\n",
          version + "-> \n\n--- " + mac + "\n", version + "-> a  b\n\n--- " + mac + "\n",
          version + "-> a \n\n--- " + mac + "\n", version + "-> \x01\n\n--- " + mac + "\n",
          version + "-> a\n" + std::string(65, 'A') + "\n--- " + mac + "\n",
          version + "-> a\n" + std::string(64, 'A') + "\n--- " + mac + "\n", version + "-> a\nAB\n--- " + mac + "\n",
          version + "x\n" + stanza + "--- " + mac + "\n", "age-encryption.org/v1\r\n" + stanza}) {
      const auto read = parse_age_header(text);
      CHECK_MESSAGE(!read.ok(), text);
    }
    std::string many = version;
    for (std::size_t i = 0; i < max_age_stanzas + 2; ++i) many += stanza;
    CHECK(parse_age_header(many + "--- " + mac + "\n").error().code() == ErrorCode::too_large);
  }

  TEST_CASE("parts that cannot be for a key") {
    const auto code = [](const std::string& head) {
      return decrypt_age("age-encryption.org/v1\n" + head + "--- " + mac + "\n" + std::string(64, 'p'), identities(), 100)
          .error()
          .code();
    };
    CHECK(code("-> X25519 " + mac + "\n" + mac + "\n") == ErrorCode::invalid_input);  // of low order
    CHECK(code("-> X25519\n" + mac + "\n") == ErrorCode::invalid_input);
    CHECK(code("-> X25519 " + mac + " x\n" + mac + "\n") == ErrorCode::invalid_input);
    CHECK(code("-> X25519 AAAA\n" + mac + "\n") == ErrorCode::invalid_input);
    CHECK(code("-> scrypt salt 18\n" + mac + "\n") == ErrorCode::unsupported);
    CHECK(code("-> scrypt salt 18\n" + mac + "\n-> other\n\n") == ErrorCode::invalid_input);
    CHECK(code("-> ssh-ed25519 a b\n" + mac + "\n") == ErrorCode::forbidden);
  }

  TEST_CASE("armor") {
    const std::string begin = "-----BEGIN AGE ENCRYPTED FILE-----\n";
    const std::string end = "-----END AGE ENCRYPTED FILE-----\n";
    CHECK(*remove_age_armor(begin + "YWJj\n" + end) == "abc");
    CHECK(*remove_age_armor(" \n" + begin + std::string(64, 'A') + "\nYQ==\n" + end + "\n\t") ==
          std::string(48, '\0') + "a");
    CHECK(*remove_age_armor("age-encryption.org/v1\n") == "age-encryption.org/v1\n");
    for (const std::string& text :
         {begin, begin + "YWJj\n", begin + "YWJj", begin + "YWJj\n" + end + "x", begin + "YQ==\nYQ==\n" + end,
          begin + "YWJj\nYWJj\n" + end, begin + "\n" + end, begin + "Y Jj\n" + end,
          begin + std::string(68, 'A') + "\n" + end, begin + "YQ\n" + end, begin + " YWJj\n" + end,
          "-----BEGIN AGE ENCRYPTED FILE-----x\nYWJj\n" + end, begin + "YWJj\n " + end}) {
      CHECK_MESSAGE(!remove_age_armor(text).ok(), text);
    }
  }
}
