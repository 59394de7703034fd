#include "render/manifest/redact.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"
#include "tests/support/processor_time.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render;

namespace {

Value yaml(std::string_view text) {
  auto value = parse_yaml(text);
  REQUIRE_MESSAGE(value.ok(), (value.ok() ? "" : value.error().to_string()));
  return std::move(value).value();
}

const std::string canary = "CANARY-7f3a9c\"line";

/// No form of the canary may be anywhere in `text`.
void check_clean(const std::string& text) {
  CHECK_MESSAGE(text.find("CANARY") == std::string::npos, text);
  for (std::size_t shift = 0; shift < 3; ++shift) {
    // The part of the base64 text that does not depend on what stands around the value.
    const auto encoded = base64_encode(std::string(shift, 'x') + canary).substr(shift == 0 ? 0 : 4, 12);
    CHECK_MESSAGE(text.find(encoded) == std::string::npos, text);
  }
}

Value secret_with_canary() {
  Value body = yaml(
      "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations: {team: a}\n  managedFields: [{v: x}]\ntype: "
      "Opaque\n"
      "data: {number: 5, empty: null}\nstringData: {list: [1]}\nstringdata: {typo: x}\n");
  body.child_map("data").set("a", Value::string(base64_encode(canary)));
  body.child_map("stringData").set("b", Value::string(canary));
  body.child_map("stringdata").set("typo", Value::string(canary));
  Value& metadata = body.child_map("metadata");
  Value& annotations = metadata.child_map("annotations");
  annotations.set("kubectl.kubernetes.io/last-applied-configuration",
                  Value::string("{\"stringData\":" + canonical_json(Value::string(canary)) + "}"));
  annotations.set("copy", Value::string("the value is " + canary));
  annotations.set("copy64", Value::string(base64_encode(canary)));
  return body;
}

/// The JSON of a value given in YAML, for comparing.
std::string json(std::string_view text) { return canonical_json(yaml(text)); }

}  // namespace

TEST_SUITE("redact") {
  TEST_CASE("a Secret keeps its keys and loses every value, whatever its type") {
    const Value body = secret_with_canary();
    const Value hidden = redact(body, {});
    check_clean(canonical_json(hidden));
    CHECK(canonical_json(*hidden.find("data")) == json("{a: (redacted), number: (redacted), empty: null}"));
    CHECK(canonical_json(*hidden.find("stringData")) == json("{b: (redacted), list: (redacted)}"));
    CHECK(canonical_json(*hidden.find("stringdata")) == json("{typo: (redacted)}"));
    CHECK(hidden.string_at({"metadata", "annotations", "team"}) == "a");
    CHECK(hidden.string_at({"metadata", "annotations", "copy"}) == "(redacted)");
    CHECK(hidden.string_at({"type"}) == "Opaque");
    CHECK(hidden.find_path({"metadata", "managedFields"}) == nullptr);
    // The original is as it was, and shares nothing with the copy.
    CHECK(body.string_at({"stringData", "b"}) == canary);
    CHECK_FALSE(hidden.find("metadata")->same_container(*body.find("metadata")));
  }

  TEST_CASE("data that is no map is hidden as a whole") {
    CHECK(redact(yaml("{kind: Secret, data: [CANARY]}"), {}).string_at({"data"}) == "(redacted)");
    CHECK(redact(yaml("{kind: Secret, stringData: CANARY}"), {}).string_at({"stringData"}) == "(redacted)");
  }

  TEST_CASE("Secrets inside List kinds, also without a kind of their own") {
    const Value list = yaml(
        "{apiVersion: v1, kind: List, items: [{kind: ConfigMap, data: {a: open}},"
        " {kind: List, items: [{kind: Secret, data: {a: Q0FOQVJZ}}]}]}");
    const auto text = canonical_json(redact(list, {}));
    CHECK(text.find("Q0FOQVJZ") == std::string::npos);
    CHECK(text.find("open") != std::string::npos);
    const Value typed = yaml("{kind: SecretList, items: [{metadata: {name: a}, data: {a: Q0FOQVJZ}}]}");
    CHECK(canonical_json(redact(typed, {})).find("Q0FOQVJZ") == std::string::npos);
  }

  TEST_CASE("with a key the marker shows a change and not the value") {
    const auto marker = [](std::string_view value, std::string_view key) {
      Value body = yaml("{kind: Secret, stringData: {}}");
      body.child_map("stringData").set("p", Value::string(value));
      return std::string(redact(body, key).string_at({"stringData", "p"}));
    };
    CHECK(marker("one", "key") == marker("one", "key"));
    CHECK(marker("one", "key") != marker("two", "key"));
    CHECK(marker("one", "key") != marker("one", "other key"));
    CHECK(marker("one", "key").starts_with("(redacted, hmac "));
    CHECK(marker("one", "key").size() == std::string("(redacted, hmac )").size() + 16);
    // data and stringData of one value agree.
    const Value data = yaml("{kind: Secret, data: {p: b25l}}");
    CHECK(redact(data, "key").string_at({"data", "p"}) == marker("one", "key"));
    // The same value under another key does not look the same.
    const Value other = yaml("{kind: Secret, stringData: {q: one}}");
    CHECK(redact(other, "key").string_at({"stringData", "q"}) != marker("one", "key"));
  }

  TEST_CASE("what holds no secret comes back as it is") {
    const Value body = yaml("{kind: ConfigMap, metadata: {name: c}, data: {a: b}}");
    CHECK(redact(body, {}).same_container(body));
    CHECK_FALSE(holds_secrets(body, {{"ConfigMap", "other", {"data", "a"}}}));
  }

  TEST_CASE("sensitive paths: dots in keys, lists, wildcards, files inside of texts") {
    const auto hide = [](std::string_view body, std::string_view path, const char* kind = "", const char* name = "") {
      auto keys = parse_key_path(path);
      REQUIRE(keys.ok());
      return canonical_json(redact(yaml(body), {}, {{kind, name, *keys}}));
    };
    CHECK(hide("{kind: A, data: {a.b: CANARY, c: x}}", "data.a\\.b") == json("{kind: A, data: {a.b: (redacted), c: x}}"));
    CHECK(hide("{kind: A, env: [{name: a, value: CANARY}, {name: b, value: 7}]}", "env.value") ==
          json("{kind: A, env: [{name: a, value: (redacted)}, {name: b, value: (redacted)}]}"));
    CHECK(hide("{kind: A, data: {a: CANARY, b: CANARY}}", "data.*") ==
          json("{kind: A, data: {a: (redacted), b: (redacted)}}"));
    CHECK(hide("{kind: A, data: {app.yaml: 'password: CANARY'}}", "data.app\\.yaml.password") ==
          json("{kind: A, data: {app.yaml: (redacted)}}"));
    CHECK(hide("{kind: A, spec: {auth: {u: CANARY, p: [CANARY]}}}", "spec.auth") ==
          json("{kind: A, spec: {auth: (redacted)}}"));
    const std::string body = "{kind: A, metadata: {name: m}, v: x}";
    CHECK(hide(body, "v", "B") == json(body));
    CHECK(hide(body, "v", "A", "other") == json(body));
    CHECK(hide(body, "v", "A", "m") == json("{kind: A, metadata: {name: m}, v: (redacted)}"));
  }

  TEST_CASE("a value that an annotation contains is found whatever other values there are") {
    // `abcdx` begins like the text and sorts behind `abcd`; both must not keep each other from being found.
    Value body = yaml("{kind: Secret, metadata: {annotations: {}}, stringData: {a: abcdx, b: abcd, c: bcdef, d: zzz}}");
    Value& annotations = body.child_map("metadata").child_map("annotations");
    for (const auto* text : {"-abcdw-", "abcd", "0bcdef", "abcf", "zzzzz", "bcd", ""})
      annotations.set(text, Value::string(text));
    const std::string start(100, 'k');
    body.child_map("stringData").set("long", Value::string(start + "1"));
    annotations.set("long", Value::string("x" + start + "1"));
    annotations.set("short", Value::string(start.substr(0, 60)));
    const Value hidden = redact(body, {});
    for (const auto& [key, value] : hidden.find_path({"metadata", "annotations"})->as_map()) {
      const auto name = key.view();
      const bool secret = name == "-abcdw-" || name == "abcd" || name == "0bcdef" || name == "long";
      CAPTURE(name);
      CHECK((value.as_string() == redacted_marker) == secret);
    }
  }

  TEST_CASE("time grows with the input only") {
    Value body = yaml("{kind: Secret, metadata: {annotations: {}}, data: {}}");
    Value& data = body.child_map("data");
    Value& annotations = body.child_map("metadata").child_map("annotations");
    for (int i = 0; i < 100'000; ++i) {
      data.set("k" + std::to_string(1'000'000 + i), Value::string(base64_encode("value " + std::to_string(i * 7919))));
    }
    for (int i = 0; i < 1000; ++i) {
      annotations.set("a" + std::to_string(1'000 + i), Value::string("val" + std::string(100, 'x') + std::to_string(i)));
    }
    const auto start = support::processor_time();
    const Value hidden = redact(body, {});
    SecretScrubber scrubber;
    scrubber.learn(body, {});
    const auto took = support::processor_time() - start;
    CHECK(took < std::chrono::seconds(10));
    CHECK(hidden.find("data")->as_map().back().value.as_string() == redacted_marker);
    CHECK(hidden.string_at({"metadata", "annotations", "a1000"}).starts_with("valx"));
    CHECK(scrubber.scrub("no value 7919 here") == "no (redacted) here");
  }

  TEST_CASE("a sensitive value is hidden in the copy that an annotation holds") {
    Value body = yaml("{kind: ConfigMap, metadata: {name: c}, data: {token: CANARY-long}}");
    const std::string copy = canonical_json(body);
    body.child_map("metadata")
        .child_map("annotations")
        .set("kubectl.kubernetes.io/last-applied-configuration", Value::string(copy));
    check_clean(canonical_json(redact(body, {}, {{"", "", {"data", "token"}}})));
  }

  TEST_CASE("key paths") {
    CHECK(parse_key_path("a.b\\.c.d\\\\e").value() == std::vector<std::string>{"a", "b.c", "d\\e"});
    for (const auto* wrong : {"", ".", "a.", ".a", "a..b", "a\\", "a\\x"}) CHECK_FALSE(parse_key_path(wrong).ok());
  }
}

TEST_SUITE("redact_pair") {
  TEST_CASE("says added, removed and changed, and nothing else") {
    const Value before = yaml("{kind: Secret, stringData: {same: CANARY1, changed: CANARY2, removed: CANARY3}}");
    const Value after = yaml("{kind: Secret, stringData: {same: CANARY1, changed: CANARY4, added: CANARY5}}");
    const auto [a, b] = redact_pair(before, after, {});
    CHECK(canonical_json(*a.find("stringData")) ==
          json("{changed: '(redacted, before)', removed: (redacted), same: (redacted)}"));
    CHECK(canonical_json(*b.find("stringData")) ==
          json("{changed: '(redacted, after)', added: (redacted), same: (redacted)}"));
  }

  TEST_CASE("either side says Secret: both are hidden") {
    const auto [a, b] =
        redact_pair(yaml("{kind: Secret, data: {x: CANARY1}}"), yaml("{kind: ConfigMap, data: {x: CANARY2}}"), {});
    check_clean(canonical_json(a));
    check_clean(canonical_json(b));
    const auto [c, d] = redact_pair(Value(), yaml("{data: {x: CANARY2}}"), {}, true);
    CHECK(c.is_null());
    check_clean(canonical_json(d));
  }

  TEST_CASE("list items are matched by name, so an inserted one does not make the others look changed") {
    const std::vector<SensitivePath> sensitive = {{"", "", {"env", "value"}}};
    const auto [a, b] =
        redact_pair(yaml("{kind: A, env: [{name: x, value: p}, {name: z, value: q}]}"),
                    yaml("{kind: A, env: [{name: m, value: o}, {name: x, value: p}, {name: z, value: z}]}"), sensitive);
    CHECK(canonical_json(*a.find("env")) == json("[{name: x, value: (redacted)}, {name: z, value: '(redacted, before)'}]"));
    CHECK(canonical_json(*b.find("env")) ==
          json("[{name: m, value: (redacted)}, {name: x, value: (redacted)}, {name: z, value: '(redacted, after)'}]"));
  }
}

TEST_SUITE("secret scrubber") {
  TEST_CASE("takes values out of messages in every form") {
    SecretScrubber scrubber;
    scrubber.learn(secret_with_canary(), {});
    const auto text = scrubber.scrub("raw " + canary + " base64 " + base64_encode(canary) + " json " +
                                     canonical_json(Value::string(canary)) + " end");
    check_clean(text);
    CHECK(text.ends_with(" end"));
    const auto error = Error(ErrorCode::invalid_input, "bad value " + canary)
                           .with_hint("not " + canary)
                           .in("step " + canary)
                           .also({Error(ErrorCode::invalid_input, canary)});
    for (const auto& one : scrubber.scrub(error).flatten()) check_clean(one.to_string() + one.hint());
  }

  TEST_CASE("a value is found before and after longer ones, at any place and whatever else begins like it") {
    SecretScrubber scrubber;
    scrubber.learn(yaml("{kind: Secret, stringData: {a: CANARY-1, b: CANARY-12, c: X-CANARY-1}}"), {});
    CHECK(scrubber.scrub("CANARY-1") == "(redacted)");
    CHECK(scrubber.scrub("CANARY-12") == "(redacted)");
    CHECK(scrubber.scrub("it is X-CANARY-1") == "it is (redacted)");
    CHECK(scrubber.scrub("CANARY-") == "CANARY-");
  }

  TEST_CASE("single lines of a key, and no common words") {
    SecretScrubber scrubber;
    scrubber.learn(yaml("kind: Secret\nstringData:\n  key: |\n    -----BEGIN KEY-----\n    bG9uZyBsaW5lIG9mIGEga2V5\n"
                        "    -----END KEY-----\n  user: postgres\n  flag: 'true'\n"),
                   {});
    CHECK(scrubber.scrub("near bG9uZyBsaW5lIG9mIGEga2V5 it failed") == "near (redacted) it failed");
    CHECK(scrubber.scrub("postgres is true") == "postgres is true");
  }
}
