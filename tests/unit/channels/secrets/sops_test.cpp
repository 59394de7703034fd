#include "channels/secrets/sops.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support/scratch.hpp"
#include "tests/unit/channels/secrets/secrets_fixture.hpp"
#include "tests/unit/channels/secrets/sops_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels::secrets;
using support::ScratchDir;
using tests::fetched;
using tests::has;
using tests::SecretsFixture;
using tests::why;

namespace {

Result<std::string> decrypted(const std::string& text, SopsStore store) {
  GITOPSCTL_TRY(SopsDocument document, read_sops(text, store, "file"));
  GITOPSCTL_TRY(const auto identities, parse_age_identities(tests::fixture_key, "key.txt"));
  GITOPSCTL_TRY(const SecretBytes plain, decrypt_sops(std::move(document), identities, max_secret_bytes, "file"));
  return std::string(plain.view());
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, from);
  return text.replace(at, from.size(), to);
}

std::string kind_of(const std::string& text, SopsStore store = SopsStore::yaml) {
  const auto read = decrypted(text, store);
  REQUIRE_FALSE(read.ok());
  return std::string(code_name(read.error().code())) + ": " + why(read);
}

const std::string plain_yaml =
    "empty: \"\"\nlist:\n- one\n- deep: two\nnote_unencrypted: open\nnothing: null\n\"on\": true\npassword: |\n  hunter2\n"
    "port: 5432\nratio: 0.5\nuser: admin\nwhen: \"2001-12-14T00:00:00Z\"\n---\nsecond: document\n";

}  // namespace

TEST_SUITE("secrets/sops") {
  TEST_CASE("documents of every store, as sops wrote them") {
    const auto yaml = decrypted(tests::fixture_yaml, SopsStore::yaml);
    REQUIRE_MESSAGE(yaml.ok(), why(yaml));
    CHECK(*yaml == plain_yaml);
    const auto json = decrypted(tests::fixture_json, SopsStore::json);
    REQUIRE_MESSAGE(json.ok(), why(json));
    CHECK(*json == "{\"data\":{\"x\":[1,2.5,true,null]},\"password\":\"hunter2\",\"user\":\"admin\"}\n");
    CHECK(*decrypted(tests::fixture_dotenv, SopsStore::dotenv) == "# about\nUSER=admin\nTEXT=two\\nlines\n");
    CHECK(*decrypted(tests::fixture_binary, SopsStore::binary) == std::string("\0\1binary\xFF", 9));
  }

  TEST_CASE("the kind of a file is known by its end") {
    CHECK(*sops_store_of("a.enc.yaml") == SopsStore::yaml);
    CHECK(*sops_store_of("a.yml") == SopsStore::yaml);
    CHECK(*sops_store_of("a.json") == SopsStore::json);
    CHECK(*sops_store_of("a.env") == SopsStore::dotenv);
    CHECK(*sops_store_of("a.txt") == SopsStore::binary);
    CHECK(sops_store_of("a.ini").error().code() == ErrorCode::unsupported);
  }

  TEST_CASE("what is no encrypted file") {
    for (const auto* text : {"", "a: canary\n", "- canary\n", "canary\n", "a: [canary\n", "sops: canary\n",
                             "sops: {mac: x}\n", "a: 1\na: canary\nsops: {}\n", "1: canary\n", "a: !custom canary\n"}) {
      const auto said = kind_of(text);
      CHECK_FALSE(has(said, "canary"));
      CHECK_MESSAGE((has(said, "InvalidInput") || has(said, "Unsupported")), said);
    }
    CHECK(has(kind_of("a: canary\n"), "sops encrypt"));
    for (const auto* text : {"", "[]", "{\"a\": canary}", "{\"a\": 1}", "{\"a\": 1, \"a\": 2, \"sops\": {}}"}) {
      CHECK(has(kind_of(text, SopsStore::json), "InvalidInput"));
    }
    CHECK(has(kind_of("A=canary\n", SopsStore::dotenv), "InvalidInput"));
    CHECK(has(kind_of("canary\n", SopsStore::dotenv), "InvalidInput: file:1: "));
    CHECK(has(kind_of("a: &x 1\nb: *x\n"), "Unsupported: file:1: "));
    CHECK(has(kind_of(std::string(200, '[')), "TooLarge"));
    CHECK(has(kind_of("a: " + std::string(max_sops_file_bytes, 'x')), "TooLarge"));
    std::string many = "a: [";
    for (std::size_t i = 0; i <= max_sops_nodes; ++i) many += "1,";
    CHECK(has(kind_of(many + "1]"), "TooLarge"));
    CHECK(has(kind_of("a: 18446744073709551615\n"), "Unsupported"));
  }

  TEST_CASE("a changed file is refused, with the line and without the value") {
    const std::string yaml = tests::fixture_yaml;
    CHECK(has(kind_of(replaced(yaml, "data:EBwRMpo=", "data:EBwRMpp=")), "InvalidInput: file:2"));
    CHECK(has(kind_of(replaced(yaml, "\nuser: ", "\nuser2: ")), "place"));
    CHECK(has(kind_of(replaced(yaml, "\nport: ENC", "\nport: 5432 #ENC")), "must be encrypted is not"));
    CHECK(has(kind_of(replaced(yaml, "type:int]", "type:blob]")), "type"));
    CHECK(has(kind_of(replaced(yaml, "note_unencrypted: open", "note_unencrypted: shut")), "MAC"));
    CHECK(has(kind_of(replaced(yaml, "2026-11-23T09:04:19Z", "2026-11-23T09:04:18Z")), "MAC"));
    CHECK(has(kind_of(replaced(yaml, "second: ENC", "second: ''\nthird: ENC")), "InvalidInput"));
    // Who it is for is found out by trying.
    CHECK(decrypted(replaced(yaml, "recipient: age140", "recipient: age150"), SopsStore::yaml).ok());
    CHECK(has(kind_of(replaced(yaml, "    - ENC", "    - extra\n    - ENC")), "InvalidInput"));
    // Values that are not encrypted are in the sum only where it is over all.
    CHECK(decrypted(replaced(tests::fixture_json, "\"admin\"", "\"other\""), SopsStore::json).ok());
    CHECK(has(kind_of(replaced(tests::fixture_json, "\"mac_only_encrypted\": true", "\"mac_only_encrypted\": false"),
                      SopsStore::json),
              "MAC"));
  }

  TEST_CASE("rules of what is encrypted, of which there is one at most") {
    const std::string yaml = tests::fixture_yaml;
    const std::string suffix = "unencrypted_suffix: _unencrypted";
    CHECK(has(kind_of(replaced(yaml, suffix, "unencrypted_suffix: _x")), "must be encrypted is not"));
    CHECK(decrypted(replaced(yaml, "    " + suffix + "\n", ""), SopsStore::yaml).ok());
    CHECK(has(kind_of(replaced(yaml, suffix, "unencrypted_suffix: a\n    encrypted_suffix: b")), "more than one rule"));
    CHECK(has(kind_of(replaced(yaml, suffix, "encrypted_regex: '('")), "regular expression"));
    CHECK(has(kind_of(replaced(yaml, suffix, "encrypted_comment_regex: x")), "Unsupported"));
    CHECK(decrypted(replaced(yaml, suffix, "unencrypted_regex: '^note'"), SopsStore::yaml).ok());
  }

  TEST_CASE("keys that are not ours") {
    const std::string yaml = tests::fixture_yaml;
    CHECK(has(kind_of(replaced(yaml, "    age:\n", "    key_groups:\n")), "Shamir"));
    CHECK(has(kind_of(replaced(yaml, "    age:\n",
                               "    shamir_threshold: 2\n    key_groups:\n      - age: [{enc: x}]\n    age:\n")),
              "Shamir"));
    CHECK(has(kind_of(replaced(yaml, "    age:\n", "    pgp:\n")), "Unsupported"));
    CHECK(has(kind_of(replaced(yaml, "    age:\n", "    pgp:\n")), "command"));
    CHECK(has(kind_of(replaced(yaml, "        - enc: |\n", "        - enc: canary\n          other: |\n")), "InvalidInput"));
    auto other = AgeIdentity::parse("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX");
    std::vector<AgeIdentity> none;
    if (other.ok()) none.push_back(std::move(other).value());
    auto document = read_sops(yaml, SopsStore::yaml, "file");
    REQUIRE(document.ok());
    const auto read = decrypt_sops(std::move(document).value(), none, max_secret_bytes, "file");
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code() == ErrorCode::forbidden);
    CHECK(has(read.error().hint(), tests::fixture_recipient));
  }

  TEST_CASE("numbers and times as they are summed up") {
    const auto number = [](double value) {
      SopsNode node;
      node.kind = SopsNode::Kind::floating;
      node.floating = value;
      return sops_scalar_text(node);
    };
    CHECK(number(1) == "1");
    CHECK(number(-0.25) == "-0.25");
    CHECK(number(1e21) == "1000000000000000000000");
    CHECK(number(1e23) == "100000000000000000000000");
    CHECK(number(1.5e-7) == "0.00000015");
    CHECK(number(123456789.125) == "123456789.125");
    CHECK(number(0) == "0");
    CHECK(sops_timestamp("2001-12-14") == "2001-12-14T00:00:00Z");
    CHECK(sops_timestamp("2001-1-2 3:4:5.10") == "2001-01-02T03:04:05.1Z");
    CHECK(sops_timestamp("2001-12-14t21:59:43.10-05:00") == "2001-12-14T21:59:43.1-05:00");
    CHECK(sops_timestamp("2000-02-29T00:00:00Z") == "2000-02-29T00:00:00Z");
    for (const auto* text : {"", "2001", "2001-13-01", "2001-02-29", "2001-12-14T21:59:43", "2001-12-14 21:59:43Z",
                             "2001-12-14T25:00:00Z", "x"}) {
      CHECK(sops_timestamp(text).empty());
    }
  }

  TEST_CASE("as a provider: the key from the file, or from the environment") {
    ScratchDir scratch;
    SecretsFixture fixture;
    fixture.context.directory = scratch.path();
    std::filesystem::create_directories(scratch / "secrets");
    std::ofstream(scratch / "secrets/doc.enc.yaml") << tests::fixture_yaml;
    std::ofstream(scratch / "secrets/doc.json") << tests::fixture_json;
    std::ofstream(scratch / "keys.txt") << "# mine\n" << tests::fixture_key << "\n";
    std::filesystem::create_symlink("/etc/hostname", scratch / "secrets/link.enc.yaml");
    const auto sops = [&](const std::string& more) {
      return fixture.secrets("{cache: none, providers: {sops: {kind: sops, dir: secrets" + more + "}}}");
    };
    CHECK(has(fetched(*sops(", keyFile: keys.txt"), "doc"), "user: admin"));
    CHECK(fetched(*sops(", keyFile: keys.txt, suffix: .json"), "sops:doc#password") == "hunter2");
    CHECK(has(fetched(*sops(""), "doc"), "Forbidden: secret sops:doc: there is no age identity"));
    fixture.context.environment = {{"SOPS_AGE_KEY", tests::fixture_key}};
    const auto one = sops("")->resolve({"", "doc", "", ""}, {});
    REQUIRE_MESSAGE(one.ok(), why(one));
    CHECK(one->version == "2026-11-23T09:04:19Z");
    fixture.context.environment = {{"SOPS_AGE_KEY_FILE", scratch / "keys.txt"}};
    CHECK(has(fetched(*sops(""), "doc"), "user: admin"));
    fixture.context.environment = {{"SOPS_AGE_KEY", "AGE-SECRET-KEY-1CANARY"}};
    CHECK(has(fetched(*sops(""), "doc"), "InvalidInput"));
    CHECK_FALSE(has(fetched(*sops(""), "doc"), "CANARY"));
    CHECK(has(fetched(*sops(", keyFile: keys.txt"), "none"), "NotFound"));
    CHECK(has(fetched(*sops(", keyFile: keys.txt"), "link"), "Forbidden"));
    CHECK(has(fetched(*sops(", keyFile: keys.txt"), "../keys"), "Forbidden"));
    CHECK(has(fetched(*sops(", keyFile: keys.txt"), "sops:doc@1"), "InvalidInput"));
  }

  TEST_CASE("with a program: its words, its bounds, and nothing of what it says") {
    ScratchDir scratch;
    SecretsFixture fixture;
    fixture.context.directory = scratch.path();
    fixture.context.environment = {{"PATH", "/usr/bin:/bin"}, {"MARK", "given"}};
    std::filesystem::create_directories(scratch / "secrets");
    std::ofstream(scratch / "secrets/doc.enc.yaml") << "the file";
    const std::string program = scratch / "sops";
    const auto run = [&](const std::string& script) {
      std::ofstream(program) << "#!/bin/sh\n" << script;
      ::chmod(program.c_str(), 0755);
      auto secrets = fixture.secrets("{cache: none, providers: {sops: {kind: sops, dir: secrets, command: [" + program +
                                     ", '$x y']}}}");
      return fetched(*secrets, "doc");
    };
    CHECK(run("echo \"$*|$MARK|$1\"; cat\n") ==
          "$x y --decrypt --input-type yaml --output-type yaml /dev/stdin|given|$x y\nthe file");
    CHECK(has(run("echo canary; echo canary >&2; exit 128\n"), "Forbidden"));
    const auto failed = run("echo canary; echo canary >&2; exit 51\n");
    CHECK(has(failed, "InvalidInput"));
    CHECK(has(failed, "(51)"));
    CHECK_FALSE(has(failed, "canary"));
    CHECK(has(run("head -c 3000000 /dev/zero\n"), "TooLarge"));
  }
}
