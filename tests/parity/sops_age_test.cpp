#include <doctest/doctest.h>

#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/crypto/digest.hpp"
#include "channels/secrets/age.hpp"
#include "tests/support/not_run.hpp"
#include "tests/support/scratch.hpp"

// Files that the real age encrypts, which is what the data keys of sops are wrapped in.

using namespace gitopsctl;
using namespace gitopsctl::channels::secrets;
using support::run_program;

namespace {

struct Key {
  std::string secret;
  std::string recipient;
};

Key new_key(const std::string& keygen) {
  const std::string printed = run_program({keygen});
  const std::size_t secret = printed.find("AGE-SECRET-KEY-1");
  const std::size_t open = printed.find("age1");
  return {printed.substr(secret, printed.find('\n', secret) - secret),
          printed.substr(open, printed.find('\n', open) - open)};
}

std::vector<AgeIdentity> identity(const Key& key) {
  auto read = parse_age_identities("# comment\n\n" + key.secret + "\n", "key.txt");
  REQUIRE(read.ok());
  return std::move(read).value();
}

}  // namespace

TEST_SUITE("sops/age") {
  TEST_CASE("files of every length that matters, armored and not, for one and for several") {
    const auto age = tests::need_peer("age", "files encrypted by age");
    const auto keygen = tests::need_peer("age-keygen", "files encrypted by age");
    if (!age || !keygen) return;
    const std::vector<Key> keys{new_key(*keygen), new_key(*keygen), new_key(*keygen)};
    std::mt19937 random(1);
    int compared = 0;
    for (const std::size_t size : {0U, 1U, 15U, 16U, 48U, 65535U, 65536U, 65537U, 131072U, 200'000U}) {
      std::string text;
      for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(random() % 256);
      for (const bool armor : {false, true}) {
        std::vector<std::string> command{*age, "-e"};
        if (armor) command.emplace_back("-a");
        const std::size_t count = 1 + random() % 2;
        for (std::size_t i = 0; i < count; ++i) command.insert(command.end(), {"-r", keys[i].recipient});
        const std::string file = run_program(command, {}, text);
        const auto plain = decrypt_age(file, identity(keys[count - 1]), 1U << 20U);
        REQUIRE_MESSAGE(plain.ok(), plain.error().to_string());
        CHECK(plain->view() == text);
        const auto other = decrypt_age(file, identity(keys[2]), 1U << 20U);
        REQUIRE_FALSE(other.ok());
        CHECK(other.error().code() == ErrorCode::forbidden);
        if (size > 0) {
          const auto large = decrypt_age(file, identity(keys[0]), size - 1);
          REQUIRE_FALSE(large.ok());
          CHECK(large.error().code() == ErrorCode::too_large);
        }
        compared += 1;
      }
    }
    MESSAGE(compared << " files compared");
  }

  TEST_CASE("every changed bit and every cut is noticed") {
    const auto age = tests::need_peer("age", "changed files of age");
    const auto keygen = tests::need_peer("age-keygen", "changed files of age");
    if (!age || !keygen) return;
    const Key key = new_key(*keygen);
    const auto identities = identity(key);
    const std::string text = "a secret of some length";
    const std::string file = run_program({*age, "-e", "-r", key.recipient}, {}, text);
    for (std::size_t i = 0; i < file.size(); ++i) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        std::string changed = file;
        changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ (1U << bit));
        const auto read = decrypt_age(changed, identities, 1U << 20U);
        if (read.ok()) FAIL_CHECK("bit " << bit << " of byte " << i << " does not matter");
      }
      if (decrypt_age(file.substr(0, i), identities, 1U << 20U).ok())
        FAIL_CHECK("a file of " << i << " bytes is taken for whole");
    }
    CHECK_FALSE(decrypt_age(file + "x", identities, 1U << 20U).ok());
    const std::string armored = run_program({*age, "-e", "-a", "-r", key.recipient}, {}, text);
    int harmless = 0;
    for (std::size_t i = 0; i < armored.size(); ++i) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        std::string changed = armored;
        changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ (1U << bit));
        const auto read = decrypt_age(changed, identities, 1U << 20U);
        if (!read.ok()) continue;
        ++harmless;
        CHECK(read->view() == text);
      }
      if (i + 1 < armored.size() && decrypt_age(armored.substr(0, i), identities, 1U << 20U).ok()) {
        FAIL_CHECK("an armored file of " << i << " bytes is taken for whole");
      }
    }
    CHECK(harmless <= 3);  // the line end behind it may be another blank
    std::string lines;
    for (const char c : armored) lines += c == '\n' ? std::string("\r\n") : std::string(1, c);
    const auto read = decrypt_age("\n \r\n" + lines + "\n\n", identities, 1U << 20U);
    REQUIRE_MESSAGE(read.ok(), read.error().to_string());
    CHECK(read->view() == text);
    // The last chunk of a longer file left out, at exactly its end.
    const std::string longer = run_program({*age, "-e", "-r", key.recipient}, {}, std::string(65536 + 10, 'x'));
    CHECK_FALSE(decrypt_age(longer.substr(0, longer.size() - 10 - 16), identities, 1U << 20U).ok());
  }

  TEST_CASE("the vectors of the format") {
    const auto vectors = tests::need_peer("agevectors", "the vectors of the age format");
    if (!vectors) return;
    std::string text = run_program({*vectors});
    int read = 0;
    int unsupported = 0;
    while (!text.empty()) {
      const std::size_t line = text.find('\n');
      std::istringstream head(text.substr(0, line));
      std::string name;
      std::string expected;
      std::size_t size = 0;
      head >> name >> expected >> size;
      const std::size_t end = text.find("\n\n", line);
      REQUIRE(end != std::string::npos);
      const std::string keys = text.substr(line + 1, end - line);
      const std::string file = text.substr(end + 2, size);
      text.erase(0, end + 2 + size);
      CAPTURE(name);
      const auto identities = parse_age_identities(keys, name);
      if (!identities.ok()) {
        // Hybrid keys, and passphrases, which are no identities here.
        CHECK((identities.error().code() == ErrorCode::unsupported || keys.empty()));
        ++unsupported;
        continue;
      }
      const auto plain = decrypt_age(file, *identities, 64U << 20U);
      const std::string outcome = plain.ok() ? "success:" + sha256_hex(plain->view()) : plain.error().to_string();
      if (expected.starts_with("success:")) {
        CHECK(outcome == expected);
      } else {
        CHECK_MESSAGE(!plain.ok(), expected);
        if (expected == "no-match" && !plain.ok()) CHECK(plain.error().code() == ErrorCode::forbidden);
      }
      ++read;
    }
    CHECK(read > 80);
    MESSAGE(read << " vectors, " << unsupported << " of kinds that are not supported");
  }
}
