#include "render/schema/schema.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "base/json/json.hpp"
#include "render/functions/go_address.hpp"
#include "render/functions/go_json.hpp"
#include "render/functions/go_url.hpp"
#include "render/schema/exact_number.hpp"
#include "render/schema/words.hpp"

// What the real helm says of a thousand schemas is compared in tests/parity; here are the shapes of the answers, and the
// bounds.

using namespace gitopsctl;
using namespace gitopsctl::render;
using schema::ExactNumber;
using schema::Schema;

namespace {

std::string problems(const std::string& text, const std::string& value) {
  const auto schema = Schema::compile(text);
  if (!schema.ok()) return schema.error().message();
  const auto parsed = parse_go_json(value);
  REQUIRE(parsed.ok());
  const auto found = schema->problems(*parsed);
  return found.ok() ? *found : found.error().message();
}

}  // namespace

TEST_SUITE("schema") {
  TEST_CASE("causes stand below what they cause, and a reference with one cause is the cause") {
    CHECK(problems(R"({"type":"object"})", "{}").empty());
    CHECK(problems(R"({"required":["a","b"],"properties":{"n":{"type":"integer"}}})", R"({"n":1.5})") ==
          "- at '': missing properties 'a', 'b'\n- at '/n': got number, want integer");
    CHECK(problems(R"({"properties":{"v":{"anyOf":[{"type":"string","minLength":3},{"minimum":5,"multipleOf":2}]}}})",
                   R"({"v":3})") ==
          "- at '/v': 'anyOf' failed\n  - at '/v': got number, want string\n  - at '/v': validation failed\n"
          "    - at '/v': minimum: got 3, want 5\n    - at '/v': multipleOf: got 3, want 2");
    const std::string referring =
        R"({"properties":{"v":{"$ref":"#/$defs/p"}},"$defs":{"p":{"$ref":"#/$defs/q"},"q":{"minLength":3,"pattern":"^b"}}})";
    CHECK(problems(referring, R"({"v":"a"})") ==
          "- at '/v': validation failed\n  - at '/v': minLength: got 1, want 3\n"
          "  - at '/v': 'a' does not match pattern '^b'");
    CHECK(problems(referring, R"({"v":"bcd"})").empty());
    CHECK(problems(R"({"properties":{"a/b~c":{"enum":["it's",1.50,null]}}})", R"({"a/b~c":2})") ==
          "- at '/a~1b~0c': value must be one of 'it\\'s', 1.50, <nil>");
  }

  TEST_CASE("what may be a secret is not repeated") {
    const auto schema = Schema::compile(
        R"({"$schema":"http://json-schema.org/draft-07/schema#","properties":{"p":{"pattern":"^x"},"f":{"format":"uri"},"n":{"maximum":5}}})");
    REQUIRE(schema.ok());
    const auto value = parse_go_json(R"({"p":"se'cret","f":"%zz-secret","n":123456})");
    REQUIRE(value.ok());
    CHECK(schema->problems(*value, false).value_or("failed") ==
          "- at '/f': is not valid uri\n- at '/n': maximum: want 5\n- at '/p': does not match pattern '^x'");
  }

  TEST_CASE("the draft decides which keywords there are, and whether formats count") {
    const auto with = [](const std::string& draft) {
      return R"({"$schema":")" + draft + R"(","properties":{"v":{"format":"ipv4","if":{"type":"string"},"then":false}}})";
    };
    CHECK(problems(with("http://json-schema.org/draft-06/schema#"), R"({"v":"x"})") ==
          "- at '/v': 'x' is not valid ipv4: expected four decimals");
    CHECK(problems(with("https://json-schema.org/draft/2020-12/schema"), R"({"v":"x"})") == "- at '/v': false schema");
    CHECK(problems(R"({"$schema":"http://json-schema.org/draft-07/schema#","type":"strin"})", "{}") ==
          "\"file:///values.schema.json#\" is not valid against metaschema: jsonschema validation failed with "
          "'http://json-schema.org/draft-07/schema#'\n- at '/type': 'anyOf' failed\n"
          "  - at '/type': value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'\n"
          "  - at '/type': got string, want array");
  }

  TEST_CASE("nothing outside of the schema is read") {
    for (const std::string url : {"file:///etc/passwd", "http://127.0.0.1:1/x", "https://example.com/y#/z"}) {
      CAPTURE(url);
      const auto refused = Schema::compile(R"({"properties":{"v":{"$ref":")" + url + R"("}}})");
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error().code() == ErrorCode::unsupported);
      CHECK(refused.error().message().find("failing loading \"" + url.substr(0, url.find('#')) + "\"") == 0);
      CHECK_FALSE(refused.error().hint().empty());
      CHECK_FALSE(Schema::compile(R"({"$schema":")" + url + R"("})").ok());
    }
    const auto permissive = Schema::compile(R"({"properties":{"v":{"$ref":"urn:example:a"},"w":{"$ref":"urn:example:a"}}})");
    REQUIRE(permissive.ok());
    CHECK(permissive->unresolved() == std::vector<std::string>{"urn:example:a"});
    const auto parsed = parse_go_json(R"({"v":1})");
    CHECK(permissive->problems(*parsed).value_or("failed").empty());
  }

  TEST_CASE("a schema that grows without end is given up") {
    // Every level asks twice for the next: 2^40 steps.
    std::string doubling = R"({"$ref":"#/$defs/d0","$defs":{)";
    for (int i = 0; i < 40; ++i) {
      const std::string next = R"({"$ref":"#/$defs/d)" + std::to_string(i + 1) + R"("})";
      doubling += "\"d" + std::to_string(i) + R"(":{"allOf":[)" + next + ',' + next + "]},";
    }
    doubling += R"("d40":{"type":"object"}}})";
    CHECK(problems(doubling, "{}").find("takes more than 5000000 steps") != std::string::npos);

    std::string deep = "{}";
    for (int i = 0; i < 900; ++i) deep = R"({"v":)" + deep + "}";
    CHECK(problems(R"({"properties":{"v":{"$ref":"#"}},"required":["v"]})", deep).find("missing property 'v'") !=
          std::string::npos);
    // The value is let go of where it was made: its own depth is the reader's bound.
    std::string nested = R"({"type":"object"})";
    for (int i = 0; i < 990; ++i) nested = R"({"not":)" + nested + "}";
    CHECK(problems(nested, "{}").empty());
    CHECK(problems(nested + "x", "{}") == "invalid character after top-level value");
    CHECK(problems(R"({"$ref":"#"})", "{}") ==
          "- at '': both /$ref and  resolve to \"file:///values.schema.json#\" causing reference cycle");

    // Many mistakes in many places make no endless text.
    std::string list = "[1";
    for (int i = 0; i < 100'000; ++i) list += ",1";
    const auto text = problems(R"({"properties":{"v":{"items":{"type":"string"}}}})", R"({"v":)" + list + "]}");
    CHECK(text.size() <= Schema::max_text + 8);
    CHECK(text.ends_with("\n…"));
  }

  TEST_CASE("numbers are compared as they are written") {
    const auto number = [](std::string_view text) {
      auto out = ExactNumber::parse(text);
      REQUIRE(out);
      return *out;
    };
    CHECK(number("0.10").compare(number("1e-1")) == 0);
    CHECK(number("-2").compare(number("1")) < 0);
    CHECK(number("-20").compare(number("-3")) < 0);
    CHECK(number("123456789012345678901").compare(number("123456789012345678900")) > 0);
    CHECK(number("0").compare(number("-0.0")) == 0);
    CHECK(number("1e3").is_integer());
    CHECK_FALSE(number("1.5").is_integer());
    CHECK(number("0.3").is_multiple_of(number("0.1")));
    CHECK_FALSE(number("0.35").is_multiple_of(number("0.1")));
    CHECK_FALSE(number("15").is_multiple_of(number("10")));
    CHECK(number("1e300").is_multiple_of(number("7e-5")) == false);
    CHECK(number("7e300").is_multiple_of(number("7e-5")));
    CHECK_FALSE(number("1").is_multiple_of(number("0")));
    CHECK(number("12e2").to_integer() == 1200);
    CHECK(number("1e30").to_integer() == std::numeric_limits<std::int64_t>::max());
    for (const std::string_view bad : {"", "-", "x", "1x", "1e", "1e2000000", "."}) CHECK_FALSE(ExactNumber::parse(bad));
  }

  TEST_CASE("numbers in messages are grouped as English has it") {
    CHECK(schema::grouped(std::int64_t{1'234'567}) == "1,234,567");
    CHECK(schema::grouped(std::int64_t{-999}) == "-999");
    CHECK(schema::grouped(-12345.678) == "-12,345.678");
    CHECK(schema::grouped(1e6) == "1×10⁰⁶");
    CHECK(schema::grouped(1.5e-7) == "1.5×10⁻⁰⁷");
    CHECK(schema::grouped(-0.0) == "0");
  }

  TEST_CASE("JSON keeps the text of its numbers") {
    const auto value = parse_go_json_numbers(R"({"a":[1.50,-0,1e400]})");
    REQUIRE(value.ok());
    CHECK(value->find("a")->as_list()[0].as_object()->print() == "1.50");
    CHECK(value->find("a")->as_list()[2].as_object()->print() == "1e400");
    CHECK(parse_go_json_numbers("").error().message() == "EOF");
    CHECK(parse_go_json_numbers("{\"a\"").error().message() == "unexpected EOF");
    CHECK(parse_go_json_numbers("{}x").error().message() == "invalid character after top-level value");
    CHECK(parse_go_json("{\"a\"").error().message() == "unexpected end of JSON input");
  }

  TEST_CASE("references are resolved as Go's net/url does it") {
    const auto resolved = [](std::string_view base, std::string_view reference) {
      const auto from = GoUrl::parse(base);
      const auto to = GoUrl::parse(reference);
      REQUIRE(from.ok());
      REQUIRE(to.ok());
      return from->resolve(*to).to_string();
    };
    CHECK(resolved("http://a/b/c/d?q", "../g") == "http://a/b/g");
    CHECK(resolved("http://a/b/c/d?q", "./") == "http://a/b/c/");
    CHECK(resolved("http://a/b/c/d?q", "..") == "http://a/b/");
    CHECK(resolved("http://a/b/c/d?q", "../../../g") == "http://a/g");
    CHECK(resolved("http://a/b/c/d?q", "") == "http://a/b/c/d?q");
    CHECK(resolved("http://a/b/c/d?q", "?y") == "http://a/b/c/d?y");
    CHECK(resolved("http://a/b/c/d?q", "//h/x/../y") == "http://h/y");
    CHECK(resolved("http://a/b", "urn:x:y") == "urn:x:y");
    CHECK(resolved("file:///values.schema.json", "") == "file:///values.schema.json");
    CHECK(resolved("urn:a:b", "") == "urn:a:b");
    CHECK(go_path_escape("a/b c%&") == "a%2Fb%20c%25&");
    CHECK(go_path_unescape("a%2Fb").value_or("") == "a/b");
    CHECK(go_path_unescape("%zz").error().message() == "invalid URL escape \"%zz\"");
  }

  TEST_CASE("addresses are refused with the words of Go's netip") {
    CHECK(parse_go_address("10.0.0.1").ok());
    CHECK(parse_go_address("fe80::1%eth0")->zone == "eth0");
    CHECK(parse_go_address("::ffff:1.2.3.4").ok());
    CHECK(parse_go_address("1.2.3").error().message() == "ParseAddr(\"1.2.3\"): IPv4 address too short");
    CHECK(parse_go_address("1::2::3").error().message() == "ParseAddr(\"1::2::3\"): multiple :: in address (at \":3\")");
    CHECK(parse_go_address("x").error().message() == "ParseAddr(\"x\"): unable to parse IP");
  }
}
