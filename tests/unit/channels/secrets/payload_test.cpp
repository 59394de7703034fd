#include "channels/secrets/payload.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/channels/secrets/secrets_fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels::secrets;
using tests::has;
using tests::why;

namespace {

const std::string one = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {k: canary-value}\n";
const std::string placed = "apiVersion: v1\nkind: Secret\nmetadata: {name: b, namespace: web}\n";

std::string refused(const std::string& text, const std::string& namespace_) {
  const auto read = read_secret_manifest(text, namespace_);
  REQUIRE_FALSE(read.ok());
  std::string all;
  for (const auto& error : read.error().flatten())
    all += std::string(code_name(error.code())) + " " + error.to_string() + " [" + error.hint() + "]\n";
  CHECK_FALSE(has(all, "canary"));
  return all;
}

}  // namespace

TEST_SUITE("secrets/uses") {
  TEST_CASE("a manifest: one or more objects, each with a namespace of its own or the release's") {
    auto read = read_secret_manifest(one + "---\n" + placed, "web");
    REQUIRE_MESSAGE(read.ok(), why(read));
    REQUIRE(read->size() == 2);
    CHECK((*read)[0].namespace_ == "web");
    CHECK((*read)[1].namespace_ == "web");
    CHECK((*read)[1].line == 6);
    read = read_secret_manifest("---\n" + placed + "---\n", "");
    REQUIRE_MESSAGE(read.ok(), why(read));
    CHECK(read->front().namespace_ == "web");
  }

  TEST_CASE("what is no manifest") {
    CHECK(has(refused(one, ""), "no namespace"));
    CHECK(has(refused(placed, "other"), "Forbidden"));
    CHECK(has(refused("", "web"), "no object"));
    CHECK(has(refused("just canary text\n", "web"), "no object"));
    CHECK(has(refused("kind: [canary\n", "web"), "no YAML"));
    CHECK(has(refused("kind: canary\nkind: canary\n", "web"), "no YAML"));
    CHECK(has(refused("metadata: {name: a, namespace: [canary]}\nkind: A\napiVersion: v1\n", ""), "no text"));
    // All at once, each with its line.
    const auto all = refused("metadata: {name: a}\n---\napiVersion: v1\nkind: A\n---\n- canary\n---\n" + placed, "other");
    for (const auto* part : {"1: an object of it has no apiVersion", "no kind", "3: an object of it has no metadata.name",
                             "6: a document of it is no object", "8: an object of it has another namespace"}) {
      CHECK_MESSAGE(has(all, part), all);
    }
    CHECK(has(refused(std::string(3000, '['), "web"), "TooLarge"));
  }

  TEST_CASE("values: one map") {
    const auto read = read_secret_values("a: 1\nb: {c: x}\n");
    REQUIRE_MESSAGE(read.ok(), why(read));
    CHECK(read->find("a")->is_float());
    CHECK(read_secret_values(R"({"a": "json"})").ok());
    for (const auto* text :
         {"", "null\n", "- canary\n", "canary\n", "a: 1\n---\nb: canary\n", "a: {canary\n", "a: 1\na: canary\n"}) {
      const auto bad = read_secret_values(text);
      REQUIRE_FALSE(bad.ok());
      CHECK(bad.error().code() == ErrorCode::invalid_input);
      CHECK_FALSE(has(why(bad), "canary"));
    }
  }

  TEST_CASE("the words that must not be seen") {
    const auto read = read_secret_manifest(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: secret-name}\ntype: Opaque\ndata: {k: Y2FuYXJ5}\nstringData: {x: "
        "\"hunter2\", y: abc}\n",
        "ns");
    REQUIRE_MESSAGE(read.ok(), why(read));
    const auto words = secret_words(read->front().object);
    for (const auto* word : {"Y2FuYXJ5", "canary", "hunter2"}) CHECK(std::ranges::find(words, word) != words.end());
    for (const auto* word : {"secret-name", "Opaque", "Secret", "abc"}) CHECK(std::ranges::find(words, word) == words.end());
    const auto values = secret_words(*read_secret_values("a: [{b: deep-value}]\nkind: spoken\n"));
    CHECK(values == std::vector<std::string>{"deep-value", "spoken"});
  }
}
