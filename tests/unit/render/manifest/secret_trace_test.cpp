#include "render/manifest/secret_trace.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render;

namespace {

std::vector<Object> objects_of(std::string_view text) {
  auto objects = read_objects(text, "t.yaml", "web");
  REQUIRE_MESSAGE(objects.ok(), (objects.ok() ? "" : objects.error().to_string()));
  return *std::move(objects);
}

/// The paths of one object as `a/b`, sorted.
std::string found(const SecretTrace& trace, std::string_view text) {
  const auto paths = trace.find(objects_of(text));
  if (!paths.ok()) return "ERROR " + paths.error().to_string();
  std::string out;
  for (const auto& path : *paths) {
    out += out.empty() ? "" : " ";
    for (std::size_t i = 0; i < path.keys.size(); ++i) out += (i == 0 ? "" : "/") + path.keys[i];
  }
  return out;
}

constexpr std::string_view head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";

std::string in_data(const SecretTrace& trace, const std::string& value) {
  return found(trace, std::string(head) + "data: {other: x, a: " + canonical_json(Value::string(value)) + "}\n");
}

SecretTrace knowing(std::string_view text) {
  SecretTrace out;
  out.learn_text(text);
  return out;
}

}  // namespace

TEST_SUITE("secret trace") {
  TEST_CASE("a value is found whatever stands around it") {
    const auto trace = knowing("p\"ss w0rd");
    CHECK(in_data(trace, "p\"ss w0rd") == "data/a");
    CHECK(in_data(trace, "postgres://user:p\"ss w0rd@host/db") == "data/a");
    CHECK(in_data(trace, R"({"password":"p\"ss w0rd"})") == "data/a");
    CHECK(in_data(trace, base64_encode("p\"ss w0rd")) == "data/a");
    CHECK(in_data(trace, base64_encode("user=p\"ss w0rd\n")) == "data/a");
    CHECK(in_data(trace, "p_ss w0rd").empty());
  }

  TEST_CASE("plain words are found in values and are no reason against names and keys") {
    const auto trace = knowing("name");
    CHECK(in_data(trace, "a name") == "data/a");
    CHECK(found(trace, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: my-name}\ndata: {name: x}\n").empty());
  }

  TEST_CASE("a host or a user that is short is no reason against names") {
    const auto trace = knowing("db-1");
    CHECK(in_data(trace, "tcp://db-1:5432") == "data/a");
    CHECK(found(trace, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: my-db-1}\n").empty());
  }

  TEST_CASE("short values where they are all of it, and what everybody knows not at all") {
    SecretTrace trace = knowing("pw1");
    CHECK(in_data(trace, "pw1") == "data/a");
    CHECK(in_data(trace, "xpw1").empty());
    trace = {};
    trace.allow("web-1");
    for (const char* text : {"true", "false", "", "web-1"}) trace.learn_text(text);
    CHECK(trace.empty());
    CHECK(in_data(trace, "web-1").empty());
  }

  TEST_CASE("numbers as templates print them") {
    SecretTrace trace;
    trace.learn(make_map({{"a", Value::float64(12345678)}, {"b", Value::int64(7)}}));
    CHECK(in_data(trace, "12345678") == "data/a");
    CHECK(in_data(trace, "pin 1.2345678e+07") == "data/a");
    CHECK(found(trace, std::string(head) + "x: {b: [{z: 12345678}]}\n") == "x/b/z");
    CHECK(found(trace, std::string(head) + "x: 7\n").empty());
  }

  TEST_CASE("lines of a longer value, however they are indented") {
    const auto trace = knowing("-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nAAAA\n-----END KEY-----\n");
    CHECK(in_data(trace, "key: |\n    MIIEvQIBADANBgkq\n") == "data/a");
    CHECK(in_data(trace, "AAA").empty());
  }

  TEST_CASE("lists are hidden by the key above them, secrets by themselves, and their metadata is not") {
    const auto trace = knowing("s3cret-value");
    CHECK(found(trace,
                "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, args: [--p=s3cret-value]}, "
                "{name: b, env: [{name: X, value: s3cret-value}]}]}\n") == "spec/containers/args spec/containers/env/value");
    CHECK(found(trace,
                "apiVersion: v1\nkind: Secret\nmetadata: {name: s, annotations: {a: s3cret-value}}\n"
                "stringData: {a: s3cret-value}\ndata: {b: czNjcmV0LXZhbHVl}\n") == "metadata/annotations/a");
    CHECK(found(trace, std::string(head) + "data: {s3cret-value: x}\n") == "data");
  }

  TEST_CASE("what cannot be hidden is refused, without a word of it") {
    const auto trace = knowing("s3cret-value");
    for (const char* text : {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a-s3cret-value}\n",
                             "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: s3cret-value}\n",
                             "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, s3cret-value: b}\n",
                             "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ns3cret-value: b\n"}) {
      CAPTURE(text);
      const auto paths = trace.find(objects_of(text));
      REQUIRE(!paths.ok());
      CHECK(paths.error().code() == ErrorCode::forbidden);
      CHECK(paths.error().to_string().find("s3cret") == std::string::npos);
      CHECK(paths.error().where().file == "t.yaml");
    }
  }

  TEST_CASE("very many places are hidden from above") {
    const auto trace = knowing("s3cret-value");
    std::string text(head);
    text += "data:\n";
    for (int i = 0; i < 200; ++i) text += "  k" + std::to_string(i) + ": s3cret-value\n";
    CHECK(found(trace, text) == "data");
    std::string annotated = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  annotations:\n";
    for (int i = 0; i < 200; ++i) annotated += "    k" + std::to_string(i) + ": s3cret-value\n";
    CHECK(found(trace, annotated) == "metadata/annotations");
  }

  TEST_CASE("secrets among objects of the API, in lists too, and nothing else of them") {
    auto body = parse_yaml(
        "apiVersion: v1\nkind: SecretList\nitems:\n"
        "- {apiVersion: v1, kind: Secret, metadata: {name: visible-1}, data: {a: czNjcmV0LXZhbHVl}}\n"
        "- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: visible-2}}\n");
    REQUIRE(body.ok());
    SecretTrace trace;
    trace.learn_object(*body);
    CHECK(in_data(trace, "s3cret-value") == "data/a");
    CHECK(in_data(trace, "czNjcmV0LXZhbHVl") == "data/a");
    CHECK(in_data(trace, "visible-1").empty());
    CHECK(in_data(trace, "visible-2").empty());
  }

  TEST_CASE("messages lose the values, plain words too") {
    SecretTrace trace = knowing("opensesame");
    trace.learn_text("s3cret-value");
    CHECK(trace.scrub("a opensesame b " + base64_encode("s3cret-value")) == "a (redacted) b (redacted)");
    const auto error =
        trace.scrub(Error(ErrorCode::invalid_input, "bad s3cret-value").in("opensesame").with_hint("opensesame"));
    CHECK(error.to_string().find("s3cret") == std::string::npos);
    CHECK(error.to_string().find("opensesame") == std::string::npos);
    CHECK(error.hint() == "(redacted)");
  }
}
