#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "base/crypto/digest.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/channels/secrets/secrets_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels::secrets;
using support::ScratchDir;
using tests::fetched;
using tests::has;
using tests::SecretsFixture;
using tests::why;

namespace {

void write(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

TEST_SUITE("secrets/file") {
  TEST_CASE("the first suffix that is there, below the directory only") {
    ScratchDir scratch;
    SecretsFixture fixture;
    fixture.context.directory = scratch.path();
    write(scratch / "store/db.yml", "kind: Secret\n");
    write(scratch / "store/db.yaml", "other\n");
    write(scratch / "store/plain", "text");
    write(scratch / "store/deep/one.yaml", "deep\n");
    write(scratch / "outside.yml", "canary");
    std::filesystem::create_symlink("db.yaml", scratch / "store/inner.yml");
    std::filesystem::create_symlink("../outside.yml", scratch / "store/link.yml");
    std::filesystem::create_symlink("/etc/hostname", scratch / "store/absolute.yml");
    std::filesystem::create_directories(scratch / "store/folder.yml");
    auto secrets = fixture.secrets("providers: {local: {kind: file, dir: store, suffix: ['.yml', '.yaml', '']}}");
    CHECK(fetched(*secrets, "db") == "kind: Secret\n");
    CHECK(fetched(*secrets, "db.yaml") == "other\n");
    CHECK(fetched(*secrets, "plain") == "text");
    CHECK(fetched(*secrets, "deep/one") == "deep\n");
    CHECK(fetched(*secrets, "deep/../plain") == "text");
    CHECK(fetched(*secrets, "inner") == "other\n");
    for (const auto* name : {"../outside", "/etc/hostname", "link", "absolute", "deep/../../outside"}) {
      const auto text = fetched(*secrets, name);
      CHECK_MESSAGE(has(text, "Forbidden"), text);
      CHECK_FALSE(has(text, "canary"));
    }
    CHECK(has(fetched(*secrets, "none"), "NotFound: secret local:none: "));
    CHECK(has(fetched(*secrets, "none"), "none.yml, none.yaml, none"));
    CHECK(has(fetched(*secrets, "folder"), "NotFound"));
    CHECK(has(fetched(*secrets, "local:db@1"), "InvalidInput"));
  }

  TEST_CASE("a directory that is not there, and files that are too large") {
    ScratchDir scratch;
    SecretsFixture fixture;
    fixture.context.directory = scratch.path();
    auto secrets = fixture.secrets("providers: {local: {kind: file, dir: store}}");
    CHECK(has(fetched(*secrets, "a"), "NotFound"));
    write(scratch / "store/a", std::string((1U << 20U) + 1, 'x'));
    CHECK(has(fetched(*secrets, "a"), "TooLarge"));
    write(scratch / "store/b", std::string(1U << 20U, 'x'));
    CHECK(fetched(*secrets, "b").size() == 1U << 20U);
  }

  TEST_CASE("one field of a map in YAML or JSON") {
    ScratchDir scratch;
    SecretsFixture fixture;
    fixture.context.directory = scratch.path();
    write(scratch / "store/map", "user: admin\nport: 9007199254740993\nuse: true\nnested: {a: 1}\nnothing: null\n");
    write(scratch / "store/json", R"({"user": "json"})");
    write(scratch / "store/text", "canary: [\n");
    write(scratch / "store/list", "- canary\n");
    auto secrets = fixture.secrets("providers: {local: {kind: file, dir: store}}");
    CHECK(fetched(*secrets, "local:map#user") == "admin");
    CHECK(fetched(*secrets, "local:map#port") == "9007199254740993");
    CHECK(fetched(*secrets, "local:map#use") == "true");
    CHECK(fetched(*secrets, "local:map#nested") == "a: 1\n");
    CHECK(fetched(*secrets, "local:json#user") == "json");
    CHECK(has(fetched(*secrets, "local:map#none"), "NotFound"));
    CHECK(has(fetched(*secrets, "local:map#nothing"), "NotFound"));
    for (const auto* name : {"local:text#user", "local:list#user"}) {
      const auto text = fetched(*secrets, name);
      CHECK(has(text, "InvalidInput"));
      CHECK_FALSE(has(text, "canary"));
    }
  }
}

TEST_SUITE("secrets/env") {
  TEST_CASE("names become variables; a value, or a file that one names") {
    ScratchDir scratch;
    SecretsFixture fixture;
    fixture.context.directory = scratch.path();
    write(scratch / "value.txt", "from a file\n");
    fixture.context.environment = {{"GITOPSCTL_SECRET_A_B_C", "value"},
                                   {"GITOPSCTL_SECRET_FILE", "@value.txt"},
                                   {"GITOPSCTL_SECRET_ABSOLUTE", "@" + (scratch / "value.txt")},
                                   {"GITOPSCTL_SECRET_WRONG", "@canary-password"},
                                   {"GITOPSCTL_SECRET_PIPE", "@/dev/zero"},
                                   {"A_B_C", "no"}};
    auto secrets = fixture.secrets("providers: {env: {kind: env, prefix: GITOPSCTL_SECRET_}}");
    CHECK(fetched(*secrets, "a_b-c") == "value");
    CHECK(fetched(*secrets, "A.b_C") == "value");
    CHECK(fetched(*secrets, "file") == "from a file\n");
    CHECK(fetched(*secrets, "absolute") == "from a file\n");
    CHECK(has(fetched(*secrets, "none"), "NotFound: secret env:none: the environment has no GITOPSCTL_SECRET_NONE"));
    CHECK(has(fetched(*secrets, "a/b"), "InvalidInput"));
    // It may be a password that begins with the sign.
    CHECK(has(fetched(*secrets, "wrong"), "NotFound"));
    CHECK_FALSE(has(fetched(*secrets, "wrong"), "canary"));
    CHECK(has(fetched(*secrets, "pipe"), "InvalidInput"));
  }
}

TEST_SUITE("secrets/kubernetes") {
  TEST_CASE("a key of a Secret, decoded") {
    SecretsFixture fixture;
    std::vector<std::string> asked;
    fixture.context.read_kube_secret = [&asked](const std::string& context, const std::string& namespace_,
                                                const std::string& name, const Interrupt&) -> Result<Value> {
      asked.push_back(context + "|" + namespace_ + "|" + name);
      Value data = Value::map();
      if (name != "empty") data.set("manifest", Value::string(base64_encode("kind: Secret\n")));
      if (name == "two") data.set("other", Value::string(base64_encode("x\0y")));
      if (name == "broken") data.set("manifest", Value::string("canary!"));
      return make_map({{"kind", Value::string(name == "odd" ? "Pod" : "Secret")},
                       {"metadata", make_map({{"resourceVersion", Value::string("77")}})},
                       {"data", data}});
    };
    auto secrets = fixture.secrets(R"(
default: kube
providers:
  kube: {kind: kubernetes, namespace: ci-secrets, field: manifest}
  any: {kind: kubernetes, namespace: other, context: far}
)");
    const auto one = secrets->resolve(*parse_secret_ref("one"), {});
    REQUIRE_MESSAGE(one.ok(), why(one));
    CHECK(one->bytes.view() == "kind: Secret\n");
    CHECK(one->version == "77");
    CHECK(one->provider == "kube");
    CHECK(fetched(*secrets, "any:one") == "kind: Secret\n");
    CHECK(asked == std::vector<std::string>{"|ci-secrets|one", "far|other|one"});
    CHECK(fetched(*secrets, "kube:two#other") == "x");
    CHECK(has(fetched(*secrets, "any:two"), "several keys"));
    CHECK(has(fetched(*secrets, "kube:one#none"), "NotFound"));
    CHECK(has(fetched(*secrets, "empty"), "NotFound"));
    CHECK(has(fetched(*secrets, "broken"), "InvalidInput"));
    CHECK_FALSE(has(fetched(*secrets, "broken"), "canary"));
    CHECK(has(fetched(*secrets, "odd"), "Unavailable"));
    CHECK(has(fetched(*secrets, "kube:one@3"), "InvalidInput"));
  }

  TEST_CASE("what the API server refuses") {
    SecretsFixture fixture;
    int calls = 0;
    ErrorCode code = ErrorCode::not_found;
    fixture.context.read_kube_secret = [&](const auto&, const auto&, const auto&, const Interrupt&) -> Result<Value> {
      ++calls;
      return Error(code, "canary");
    };
    auto secrets = fixture.secrets("providers: {kube: {kind: kubernetes, namespace: ns}}");
    const auto expect = [&](ErrorCode given, const char* word, int tries) {
      code = given;
      calls = 0;
      const auto text = fetched(*secrets, "x");
      CHECK_MESSAGE(has(text, word), text);
      CHECK_FALSE(has(text, "canary"));
      CHECK(calls == tries);
    };
    expect(ErrorCode::not_found, "NotFound: secret kube:x: Secret ns/x is not there", 1);
    expect(ErrorCode::forbidden, "Forbidden", 1);
    expect(ErrorCode::unavailable, "Unavailable", 3);
    expect(ErrorCode::conflict, "Unavailable", 3);
    fixture.context.read_kube_secret = nullptr;
    CHECK(has(fetched(*fixture.secrets("providers: {kube: {kind: kubernetes, namespace: ns}}"), "x"), "Unsupported"));
  }
}
