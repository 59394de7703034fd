#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json/json.hpp"
#include "base/text/escape.hpp"
#include "base/yaml/yaml.hpp"
#include "channels/secrets/secrets.hpp"
#include "channels/secrets/sops.hpp"
#include "tests/parity/sops_generator.hpp"
#include "tests/support/not_run.hpp"
#include "tests/support/scratch.hpp"

// Documents that the real sops encrypts, decrypted by ours: the same values, and nothing from a file that somebody changed.

using namespace gitopsctl;
using namespace gitopsctl::channels::secrets;
using support::run_program;
using support::ScratchDir;
using tests::SopsGenerator;

namespace {

/// The real programs, and three keys.
struct Peers {
  std::string sops;
  std::vector<std::string> keys;
  std::vector<std::string> recipients;
  ScratchDir scratch;

  [[nodiscard]] std::vector<AgeIdentity> identity(std::size_t index) const {
    std::vector<AgeIdentity> out;
    auto read = AgeIdentity::parse(keys[index]);
    REQUIRE(read.ok());
    CHECK(read->recipient() == recipients[index]);
    out.push_back(std::move(read).value());
    return out;
  }
  /// The environment without the configuration of who runs the test.
  [[nodiscard]] std::vector<std::string> environment(std::size_t index) const {
    return {"HOME=" + scratch.path(), "XDG_CONFIG_HOME=" + scratch.path(), "SOPS_AGE_KEY=" + keys[index],
            "SOPS_AGE_KEY_FILE=", "SOPS_DISABLE_VERSION_CHECK=1"};
  }
  std::string encrypt(const std::string& text, const std::string& type, std::vector<std::string> flags) const {
    const std::string path = scratch / "plain";
    std::ofstream(path, std::ios::binary) << text;
    std::vector<std::string> command{sops, "--encrypt", "--input-type", type, "--output-type", type};
    command.insert(command.end(), std::make_move_iterator(flags.begin()), std::make_move_iterator(flags.end()));
    command.push_back(path);
    return run_program(command, environment(0));
  }
  std::string decrypt(const std::string& text, const std::string& type, std::size_t key) const {
    const std::string path = scratch / "encrypted";
    std::ofstream(path, std::ios::binary) << text;
    return run_program({sops, "--decrypt", "--input-type", type, "--output-type", type, path}, environment(key));
  }
};

std::unique_ptr<Peers> peers(const char* check) {
  const auto sops = tests::need_peer("sops", check);
  const auto keygen = tests::need_peer("age-keygen", check);
  if (!sops || !keygen) return nullptr;
  auto out = std::make_unique<Peers>();
  out->sops = *sops;
  for (int i = 0; i < 3; ++i) {
    const std::string printed = run_program({*keygen});
    const std::size_t secret = printed.find("AGE-SECRET-KEY-1");
    const std::size_t open = printed.find("age1");
    out->keys.push_back(printed.substr(secret, printed.find('\n', secret) - secret));
    out->recipients.push_back(printed.substr(open, printed.find('\n', open) - open));
  }
  return out;
}

SopsStore store_of(const std::string& type) {
  if (type == "yaml") return SopsStore::yaml;
  if (type == "json") return SopsStore::json;
  return type == "dotenv" ? SopsStore::dotenv : SopsStore::binary;
}

Result<std::string> ours(const std::string& text, const std::string& type, const std::vector<AgeIdentity>& identities) {
  GITOPSCTL_TRY(SopsDocument document, read_sops(text, store_of(type), "file"));
  GITOPSCTL_TRY(const SecretBytes plain, decrypt_sops(std::move(document), identities, 4U << 20U, "file"));
  return std::string(plain.view());
}

std::string why(const Result<std::string>& result) { return result.ok() ? "ok" : result.error().to_string(); }

/// All documents of a text in one comparable form.
std::string meaning(const std::string& text, const std::string& type) {
  if (type == "dotenv" || type == "binary") return text;
  const auto documents = parse_yaml_stream(text);
  REQUIRE_MESSAGE(documents.ok(), documents.error().to_string());
  std::string out;
  for (const auto& document : *documents) out += canonical_json(document.value) + "\n";
  return out;
}

std::vector<std::string> rule(SopsGenerator& generator) {
  switch (generator.below(6)) {
    case 0: return {"--unencrypted-suffix", "_enc"};
    case 1: return {"--encrypted-suffix", "_enc"};
    case 2: return {"--encrypted-regex", "^(data|pass.*|key_enc)$"};
    case 3: return {"--unencrypted-regex", "^(user|list)$"};
    default: return {};
  }
}

struct Counts {
  int compared = 0;
  int refused = 0;
  int harmless = 0;
};

/// A file with one thing wrong is refused, or what is wrong with it does not matter: the values are the same.
void check_damage(const std::string& damaged, const std::string& type, const std::vector<AgeIdentity>& identities,
                  const std::string& plain, Counts& counts) {
  const auto read = ours(damaged, type, identities);
  if (!read.ok()) {
    ++counts.refused;
    CHECK(terminal_safe(read.error().message()) == read.error().message());
    return;
  }
  ++counts.harmless;
  if (meaning(*read, type) != meaning(plain, type)) FAIL_CHECK("other values out of a changed file: " << damaged);
}

}  // namespace

TEST_SUITE("sops/documents") {
  TEST_CASE("what sops encrypts comes out as it went in") {
    const auto real = peers("documents encrypted by sops");
    if (!real) return;
    Counts counts;
    for (const std::string type : {"yaml", "json", "dotenv", "binary"}) {
      for (unsigned seed = 0; seed < (type == "yaml" ? 60U : 25U); ++seed) {
        SopsGenerator generator(seed * 7 + static_cast<unsigned>(type.size()));
        const std::string text = type == "yaml"     ? generator.yaml()
                                 : type == "json"   ? generator.json()
                                 : type == "dotenv" ? generator.dotenv()
                                                    : generator.binary();
        std::vector<std::string> flags = type == "binary" ? std::vector<std::string>() : rule(generator);
        if (generator.chance(3)) flags.emplace_back("--mac-only-encrypted");
        const std::size_t key = generator.below(3);
        std::string recipients = real->recipients[key];
        for (std::size_t other = 0; other < 3; ++other) {
          if (other == key || generator.chance(2)) continue;
          recipients =
              generator.chance(2) ? recipients + "," + real->recipients[other] : real->recipients[other] + "," + recipients;
        }
        flags.insert(flags.end(), {"--age", recipients});
        const std::string encrypted = real->encrypt(text, type, flags);
        const auto plain = ours(encrypted, type, real->identity(key));
        CAPTURE(type);
        CAPTURE(seed);
        CAPTURE(encrypted.substr(0, 4000));
        REQUIRE_MESSAGE(plain.ok(), why(plain));
        CHECK(meaning(*plain, type) == meaning(real->decrypt(encrypted, type, key), type));
        if (type != "yaml" && type != "dotenv") CHECK(meaning(*plain, type) == meaning(text, type));
        if (type == "dotenv") CHECK(*plain == text);
        ++counts.compared;
      }
    }
    MESSAGE(counts.compared << " documents compared");
  }

  TEST_CASE("who is no recipient gets nothing") {
    const auto real = peers("documents for others");
    if (!real) return;
    for (const std::string type : {"yaml", "json", "dotenv", "binary"}) {
      const std::string text = type == "dotenv" ? "A=canary\n" : type == "binary" ? "canary" : R"({"a": "canary"})";
      const auto encrypted = real->encrypt(text, type, {"--age", real->recipients[0] + "," + real->recipients[1]});
      const auto read = ours(encrypted, type, real->identity(2));
      REQUIRE_FALSE(read.ok());
      CHECK(read.error().code() == ErrorCode::forbidden);
      CHECK(read.error().hint().find(real->recipients[1]) != std::string::npos);
      CHECK(ours(encrypted, type, real->identity(1)).ok());
    }
  }

  TEST_CASE("a changed or cut file gives no other values") {
    const auto real = peers("changed documents");
    if (!real) return;
    const auto identities = real->identity(0);
    Counts counts;
    for (const std::string type : {"yaml", "json", "dotenv", "binary"}) {
      for (unsigned seed = 0; seed < 5; ++seed) {
        SopsGenerator generator(seed + 1000);
        const std::string text = type == "yaml" ? generator.covered_yaml()
                                 : type == "json"
                                     ? std::string(R"({"a": "one", "b": {"c": [1, 2.5, true, "x"], "d": "two"}})")
                                 : type == "dotenv" ? std::string("A=one\nB=two\\nlines\nC=three\n")
                                                    : std::string("some bytes");
        const auto encrypted = real->encrypt(text, type, {"--age", real->recipients[0]});
        const auto plain = ours(encrypted, type, identities);
        REQUIRE_MESSAGE(plain.ok(), why(plain));
        for (int i = 0; i < 300; ++i) {
          std::string damaged = encrypted;
          damaged[generator.below(damaged.size())] ^= static_cast<char>(1U << generator.below(7));
          check_damage(damaged, type, identities, *plain, counts);
        }
        for (int i = 0; i < 100; ++i) {
          check_damage(encrypted.substr(0, generator.below(encrypted.size())), type, identities, *plain, counts);
        }
      }
    }
    CHECK(counts.refused > counts.harmless);
    MESSAGE(counts.refused << " refused, " << counts.harmless << " where nothing of the values changed");
  }

  TEST_CASE("values that were moved, swapped or taken out are noticed") {
    const auto real = peers("moved values");
    if (!real) return;
    const auto identities = real->identity(0);
    const auto encrypted = real->encrypt("a: one\nb: two\nlist: [x, y]\n", "yaml", {"--age", real->recipients[0]});
    const auto line = [&](const std::string& key) {
      const std::size_t at = encrypted.find(key + ": ENC");
      return encrypted.substr(at, encrypted.find('\n', at) + 1 - at);
    };
    const auto replaced = [&](const std::string& from, const std::string& to) {
      std::string out = encrypted;
      return out.replace(out.find(from), from.size(), to);
    };
    const auto refused = [&](const std::string& text) {
      const auto read = ours(text, "yaml", identities);
      REQUIRE_FALSE(read.ok());
      CHECK(read.error().code() == ErrorCode::invalid_input);
    };
    refused(replaced(line("a"), ""));
    refused(replaced(line("a"), "a: one\n"));
    refused(replaced(line("a"), "a" + line("b").substr(1)));
    refused(replaced("type:str]", "type:int]"));
    refused(replaced("type:str]", "type:comment]"));
    // The items of a list have the same place, so only the sum tells them apart.
    const std::size_t first = encrypted.find("- ENC");
    const std::size_t second = encrypted.find("- ENC", first + 1);
    const auto one = encrypted.substr(first, encrypted.find('\n', first) - first);
    const auto two = encrypted.substr(second, encrypted.find('\n', second) - second);
    std::string swapped = encrypted;
    swapped.replace(second, two.size(), one);
    swapped.replace(first, one.size(), two);
    refused(swapped);
    refused(encrypted + "extra: plain\n");
    // Only these keys name what is left as it is.
    refused(replaced(line("a"), line("a") + "new_unencrypted: x\n"));
  }

  TEST_CASE("what only the program can decrypt is refused with a way out") {
    const auto real = peers("documents that need the program");
    if (!real) return;
    const auto identities = real->identity(0);
    std::ofstream(real->scratch / ".sops.yaml")
        << "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [" << real->recipients[0]
        << "]\n      - age: [" << real->recipients[1] << "]\n";
    for (const std::string type : {"yaml", "dotenv"}) {
      const auto shamir =
          real->encrypt(type == "yaml" ? "a: canary\n" : "A=canary\n", type, {"--config", real->scratch / ".sops.yaml"});
      CHECK(shamir.find("shamir") != std::string::npos);
      const auto read = ours(shamir, type, identities);
      REQUIRE_FALSE(read.ok());
      CHECK(read.error().code() == ErrorCode::unsupported);
      CHECK(read.error().message().find("Shamir") != std::string::npos);
      CHECK(read.error().hint().find("command") != std::string::npos);
    }
    std::filesystem::remove(real->scratch / ".sops.yaml");
    std::ofstream(real->scratch / "rules.yaml")
        << "creation_rules:\n  - encrypted_comment_regex: 'sops:enc'\n    age: " << real->recipients[0] << "\n";
    const auto commented =
        real->encrypt("# sops:enc\na: canary\nb: open\n", "yaml", {"--config", real->scratch / "rules.yaml"});
    const auto read = ours(commented, "yaml", identities);
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code() == ErrorCode::unsupported);
  }

  TEST_CASE("the program as a provider gives the same as this process") {
    const auto real = peers("sops as a program");
    if (!real) return;
    std::filesystem::create_directories(real->scratch / "secrets");
    const std::vector<std::pair<std::string, std::string>> documents{{"yaml", "b: one\na: [1, x]\n"},
                                                                     {"json", R"({"b": "one", "a": [1, "x"]})"},
                                                                     {"env", "B=one\nA=two\\nlines\n"},
                                                                     {"bin", "bytes"}};
    for (const auto& [end, text] : documents) {
      const std::string type = end == "env" ? "dotenv" : end == "bin" ? "binary" : end;
      std::ofstream(real->scratch / ("secrets/doc." + end)) << real->encrypt(text, type, {"--age", real->recipients[0]});
      const auto fetch = [&](bool program) {
        SopsProviderConfig config{"secrets", "." + end, "", {}};
        if (program) config.command = {real->sops};
        SecretsConfig all;
        all.default_provider = "sops";
        all.providers.emplace("sops", config);
        SecretContext context;
        context.directory = real->scratch.path();
        context.environment = {{"SOPS_AGE_KEY", real->keys[0]}, {"HOME", real->scratch.path()}};
        context.hide = [](std::string_view) {};
        const auto secret = Secrets(std::move(all), context).resolve({"", "doc", "", ""}, {});
        REQUIRE_MESSAGE(secret.ok(), secret.error().to_string());
        return std::string(secret->bytes.view());
      };
      CHECK(meaning(fetch(false), type) == meaning(fetch(true), type));
    }
    // Without a key both say so.
    SecretsConfig all;
    all.default_provider = "sops";
    all.providers.emplace("sops", SopsProviderConfig{"secrets", ".yaml", "", {real->sops}});
    SecretContext context;
    context.directory = real->scratch.path();
    context.environment = {{"HOME", real->scratch.path()}};
    const auto secret = Secrets(std::move(all), context).resolve({"", "doc", "", ""}, {});
    REQUIRE_FALSE(secret.ok());
    CHECK(secret.error().code() == ErrorCode::forbidden);
  }
}
