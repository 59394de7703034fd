#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"
#include "tests/support/processor_time.hpp"

using namespace gitopsctl;
using namespace std::string_literals;

namespace {

/// What a text means, as JSON; errors as `! message`.
std::string read(const std::string& text, const YamlOptions& options = {}) {
  const auto value = parse_yaml(text, options, "f.yaml");
  if (!value.ok()) return "! " + value.error().message();
  return to_json(*value, {.escape_html = false}).value_or("! json");
}

std::string floats(const std::string& text) { return read(text, {.numbers = YamlNumbers::float64}); }
std::string v3(const std::string& text) { return read(text, {.profile = YamlProfile::go_v3}); }

}  // namespace

TEST_SUITE("base/yaml/reader") {
  TEST_CASE("plain scalars follow Go's YAML 1.1 words") {
    CHECK(read("[y, Y, yes, Yes, YES, on, On, ON, true, True, TRUE]") ==
          "[true,true,true,true,true,true,true,true,true,true,true]");
    CHECK(read("[n, N, no, No, NO, off, Off, OFF, false, False, FALSE]") ==
          "[false,false,false,false,false,false,false,false,false,false,false]");
    CHECK(read("[yEs, oN, tRUE, nUll]") == R"(["yEs","oN","tRUE","nUll"])");
    CHECK(read("[~, null, Null, NULL, ]") == "[null,null,null,null]");
    CHECK(read("a:") == R"({"a":null})");
    CHECK(read("[0x1F, 0b11, 0o17, 0777, 08, 0123456789, 1_000, +1, -1]") == "[31,3,15,511,8,123456789,1000,1,-1]");
    CHECK(read("[1.5, .5, 5., 1e3, 1.0, -0.0]") == "[1.5,0.5,5,1000,1,0]");
    CHECK(read("[12:30, 1:2:3, 2001-01-01, 2001-01-01T00:00:00Z]") ==
          R"(["12:30","1:2:3","2001-01-01","2001-01-01T00:00:00Z"])");
    CHECK(read("[1e400, 0x, 0o9, 1.2.3, _1, 1e, .]") == R"(["1e400","0x","0o9","1.2.3","_1","1e","."])");
    CHECK(read("12345678901234567890") == "12345678901234567000");
    CHECK(read(".inf") == "! json: unsupported value: +Inf");
  }

  TEST_CASE("numbers are of the kind that was asked for") {
    CHECK(parse_yaml("1")->kind() == Kind::int64);
    CHECK(parse_yaml("1.0")->kind() == Kind::int64);
    CHECK(parse_yaml("1.5")->kind() == Kind::float64);
    CHECK(parse_yaml("1e19")->kind() == Kind::float64);
    CHECK(parse_yaml("1", {.numbers = YamlNumbers::float64})->kind() == Kind::float64);
    CHECK(parse_yaml("1.0", {.profile = YamlProfile::go_v3})->kind() == Kind::float64);
    CHECK(floats("9007199254740993") == "9007199254740992");
    CHECK(read("9007199254740993") == "9007199254740993");
  }

  TEST_CASE("errors of a text with secrets quote nothing of it, and have the same place and kind") {
    const std::vector<std::string> texts = {
        "password: *S3cret",      "a: &S3cret [*S3cret]",   "? {S3cret: x}\n: 1", "? [S3cret]\n: 1",
        "a: &x [S3cret]\n*x : 1", "password: !!int S3cret", "null: S3cret",       "12345678901234567890: S3cret",
    };
    for (const auto& text : texts) {
      CAPTURE(text);
      for (const auto profile : {YamlProfile::go_v2_json, YamlProfile::go_v3}) {
        const auto full = parse_yaml(text, {.profile = profile}, "f.yaml");
        const auto quiet = parse_yaml(text, {.profile = profile, .quote_content = false}, "f.yaml");
        REQUIRE(quiet.ok() == full.ok());
        if (full.ok()) continue;  // v3 knows more keys
        CHECK_MESSAGE(full.error().message().find("S3cret") != std::string::npos, full.error().message());
        CHECK_MESSAGE(quiet.error().message().find("S3cret") == std::string::npos, quiet.error().message());
        CHECK(quiet.error().where() == full.error().where());
        CHECK(quiet.error().where().line > 0);
        CHECK(quiet.error().message().size() > 20);
      }
    }
    const YamlOptions unique{.unique_keys = true, .quote_content = false};
    CHECK(parse_yaml("S3cret: 1\nS3cret: 2", unique).error().message() == "key is already set at line 1");
    CHECK(read("a: *S3cret", {.quote_content = false}) == "! yaml: unknown anchor referenced");
  }

  TEST_CASE("keys become text") {
    CHECK(read("on: 1\nn: 2\n1: 3\n1.5: 4\n0x10: 5\n\"yes\": 6") == R"({"1":3,"1.5":4,"16":5,"false":2,"true":1,"yes":6})");
    CHECK(read("null: 1") == "! unsupported map key of type: %!s(<nil>), key: <nil>, value: 1");
    CHECK(read("[a]: 1") == "! yaml: invalid map key: []interface {}{\"a\"}");
    CHECK(read("{null: 1, a: {b: 2}}\n") == "! unsupported map key of type: %!s(<nil>), key: <nil>, value: 1");
    CHECK(read("a: {null: 1}\na: 2") == R"({"a":2})");
    CHECK(read("a: 1\nb: 2\na: 3") == R"({"a":3,"b":2})");
  }

  TEST_CASE("merges are applied where they stand") {
    CHECK(read("x: &x {a: 1, b: 1}\nz:\n  a: 0\n  <<: *x") == R"({"x":{"a":1,"b":1},"z":{"a":1,"b":1}})");
    CHECK(read("x: &x {a: 1}\nz:\n  <<: *x\n  a: 0") == R"({"x":{"a":1},"z":{"a":0}})");
    CHECK(read("<<: [{a: 1}, {a: 2, b: 3}]") == R"({"a":1,"b":3})");
    CHECK(read("<<: 1") == "! yaml: map merge requires map or sequence of maps as the value");
    CHECK(read("\"<<\": {a: 1}") == R"({"<<":{"a":1}})");
    SUBCASE("but never override in YAML v3") {
      CHECK(v3("x: &x {a: 1, b: 1}\nz:\n  a: 0\n  <<: *x") == R"({"x":{"a":1,"b":1},"z":{"a":0,"b":1}})");
      CHECK(v3("<<: [{a: 1}, {a: 2, b: 3}]\nc: 4") == R"({"a":1,"b":3,"c":4})");
    }
  }

  TEST_CASE("aliases get containers of their own") {
    auto value = *parse_yaml("a: &x [1]\nb: *x\nc: {<<: {d: *x}}");
    CHECK_FALSE(value.find("a")->same_container(*value.find("b")));
    CHECK_FALSE(value.find("a")->same_container(*value.find_path({"c", "d"})));
    CHECK(read("*x") == "! yaml: unknown anchor 'x' referenced");
    CHECK(read("&x [*x]") == "! yaml: anchor 'x' value contains itself");
    CHECK(read("&a k: &b v\n*a : *b") == R"({"k":"v"})");
  }

  TEST_CASE("tags") {
    CHECK(read("[!!str 12, !!int \"12\", !!float 1, !!bool yes, !!null ~, !x 12, ! 12]") ==
          R"(["12",12,1,true,null,"12","12"])");
    CHECK(read("!!binary aGVsbG8=") == R"("hello")");
    CHECK(read("!!binary /w==") == "\"\xEF\xBF\xBD\"");
    CHECK(read("!!binary x") == "! yaml: !!binary value contains invalid base64 data");
    CHECK(read("!!int x") == "! yaml: cannot decode !!str `x` as a !!int");
    CHECK(read("!e!x y") == "! yaml: found undefined tag handle");
  }

  TEST_CASE("the profile of YAML v3") {
    CHECK(v3("[yes, on, y, true, True]") == R"(["yes","on","y",true,true])");
    CHECK(v3("[0o17, 0777, 0x1F]") == "[15,511,31]");
    CHECK(v3("1: a\non: b") == R"({"1":"a","on":"b"})");
    CHECK(v3("a: 1\nb: 2\na: 3") == "! yaml: unmarshal errors:\n  line 3: mapping key \"a\" already defined at line 1");
  }

  TEST_CASE("errors have the words and lines of go-yaml, and the true place beside them") {
    CHECK(read("a: b: c") == "! yaml: mapping values are not allowed in this context");
    CHECK(read("x:\n\ty: 1") == "! yaml: line 2: found character that cannot start any token");
    CHECK(read("a: 1\nb: [1, 2\nc: 3") == "! yaml: line 2: did not find expected ',' or ']'");
    CHECK(read("a: \"x") == "! yaml: found unexpected end of stream");
    CHECK(read("a:\n  - b\n c: 1") == "! yaml: line 2: did not find expected key");
    CHECK(read("- a\nb: 1") == "! yaml: line 1: did not find expected '-' indicator");
    CHECK(read("a\nb: 1") == "! yaml: line 2: mapping values are not allowed in this context");
    CHECK(read("k1\nk2: v\nk3") == "! yaml: line 2: mapping values are not allowed in this context");
    CHECK(read("a: \x01") == "! yaml: control characters are not allowed");
    CHECK(read("a: \xff") == "! yaml: invalid leading UTF-8 octet");
    const auto error = parse_yaml("a: 1\nb:\n  - x\n c: 2\n", {}, "dir/f.yaml").error();
    CHECK(error.code() == ErrorCode::invalid_input);
    CHECK(error.where() == Location{"dir/f.yaml", 4, 2});
    CHECK(parse_yaml("a: 1\nb: \x01", {}, "f").error().where() == Location{"f", 2, 0});
    CHECK(parse_yaml("a: 1\nb: !!int x", {}, "f").error().where() == Location{"f", 2, 4});
  }

  TEST_CASE("encodings and line ends") {
    CHECK(read("") == "null");
    CHECK(read("\xEF\xBB\xBF"
               "a: 1") == R"({"a":1})");
    CHECK(read("a: 1\r\nb: |\r\n  x\r\n  y\r\n") == R"({"a":1,"b":"x\ny\n"})");
    CHECK(read("\xFF\xFE"
               "a\0:\0 \0\xE9\0"s) == "{\"a\":\"é\"}");
    CHECK(read("\xFE\xFF\0a\0:\0 \0\xE9"s) == "{\"a\":\"é\"}");
    CHECK(read("\xFF\xFE"
               "a\0\0"s) == "! yaml: incomplete UTF-16 character");
  }

  TEST_CASE("only the first document is read; what follows is not even scanned") {
    CHECK(read("a: 1\n---\n{[") == R"({"a":1})");
    CHECK(read("a: 1\n...\n\x01\x01\x01\x01" + std::string(600, '\x01')) != R"({"a":1})");  // read in blocks of 512 bytes
    CHECK(read("a: 1\n---\n" + std::string(2000, 'x') + "\x01") == R"({"a":1})");
  }

  TEST_CASE("a first document is known to be alone, or not") {
    const auto alone = *parse_first_yaml("# c\na: 1\n");
    CHECK(alone.alone);
    CHECK(alone.document.line == 2);
    CHECK(alone.document.value.find("a")->as_int() == 1);
    CHECK(parse_first_yaml("a: 1\n---\n")->alone == false);
    CHECK(parse_first_yaml("a: 1\n---\n{[")->alone == false);
    CHECK(parse_first_yaml("a: 1\n...\n{[")->alone == false);
    CHECK(parse_first_yaml("a: 1\n...\n")->alone);
    CHECK(parse_first_yaml("")->document.value.is_null());
    CHECK(parse_first_yaml("a: [\n").error().message() == parse_yaml("a: [\n").error().message());
  }

  TEST_CASE("a stream gives its documents with their lines, without the empty ones") {
    const auto documents = *parse_yaml_stream("# c\n---\n---\na: 1\n---\n# only a comment\n---\n\n- 2\n...\n---\n~\n");
    REQUIRE(documents.size() == 2);
    CHECK(documents[0].line == 4);
    CHECK(documents[0].value.find("a")->as_int() == 1);
    CHECK(documents[1].line == 9);
    CHECK(documents[1].value.is_list());
    CHECK(parse_yaml_stream("")->empty());
    CHECK(parse_yaml_stream("a: &x 1\n---\nb: *x").error().message() == "yaml: unknown anchor 'x' referenced");
    CHECK(parse_yaml_stream("a: 1\n---\nb: [\n").error().message() == "yaml: line 3: did not find expected node content");
  }

  TEST_CASE("limits") {
    const auto code = [](const std::string& text, const YamlOptions& options = {}) {
      const auto value = parse_yaml(text, options);
      return value.ok() ? std::string("ok") : std::string(code_name(value.error().code()));
    };
    CHECK(code(std::string(999, '[') + std::string(999, ']')) == "ok");
    CHECK(code(std::string(1001, '[')) == "TooLarge");
    CHECK(code("abc", {.max_bytes = 2}) == "TooLarge");
    CHECK(code("{a: [b, c], d: e}", {.max_nodes = 9}) == "ok");  // the document is one of them
    CHECK(code("{a: [b, c], d: e}", {.max_nodes = 7}) == "TooLarge");
    CHECK(code("[&x [1, 2, 3], *x, *x, *x]", {.max_nodes = 12}) == "TooLarge");
    CHECK(parse_located_yaml("[a, a, a]", "f", {.max_nodes = 3}).error().where().to_string() == "f:1:5");
    std::string deep;
    for (int i = 0; i < 1001; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    CHECK(code(deep) == "TooLarge");
    // Aliases that nest deeper than any text could.
    std::string chain = "a0: &a0 [1]\n";
    for (int i = 1; i < 2000; ++i)
      chain += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
    CHECK(code(chain) == "TooLarge");
    std::string documents;
    for (int i = 0; i < 20; ++i) documents += "---\n";
    CHECK(parse_yaml_stream(documents, {.max_documents = 10}).error().code() == ErrorCode::too_large);
    CHECK(parse_yaml_stream(documents, {.max_documents = 20}).ok());
  }

  TEST_CASE("alias bombs are refused at once, large honest documents are not") {
    std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
    for (char c = 'b'; c <= 'i'; ++c) {
      const std::string previous = "*" + std::string(1, static_cast<char>(c - 1));
      bomb += std::string(1, c) + ": &" + c + " [" + previous;
      for (int i = 0; i < 8; ++i) bomb += "," + previous;
      bomb += "]\n";
    }
    const auto start = support::processor_time();
    CHECK(read(bomb) == "! yaml: document contains excessive aliasing");
    CHECK(support::processor_time() - start < std::chrono::seconds(5));
    std::string honest = "base: &b {a: 1, b: 2, c: 3}\n";
    for (int i = 0; i < 3000; ++i) honest += "k" + std::to_string(i) + ": {<<: *b, n: " + std::to_string(i) + "}\n";
    CHECK(parse_yaml(honest).ok());
    CHECK(parse_yaml(honest, {.max_alias_nodes = 5000}).error().code() == ErrorCode::too_large);
  }

  TEST_CASE("time grows with the input only") {
    const auto quick = [](const std::string& text) {
      const auto start = support::processor_time();
      (void)parse_yaml_stream(text);
      return support::processor_time() - start < std::chrono::seconds(10);
    };
    std::string many_keys;
    for (int i = 0; i < 100'000; ++i)
      many_keys += "k" + std::to_string(i * 7919 % 100'003) + ": &a" + std::to_string(i) + " 1\n";
    CHECK(quick(many_keys));
    std::string flow = "[";
    for (int i = 0; i < 200'000; ++i) flow += "{a: b}, ";
    CHECK(quick(flow + "]"));
    CHECK(quick(std::string(1'000'000, '\n') + "a"));
    CHECK(quick("\"" + std::string(1'000'000, ' ') + "\n\n" + std::string(100'000, '\n') + "\""));
    CHECK(quick("a " + std::string(500'000, '\n') + " b"));
    CHECK(quick("a: |\n" + std::string(500'000, '\n') + "  x"));
    std::string question;
    for (int i = 0; i < 100'000; ++i) question += "? ";
    CHECK(quick(question));
    CHECK(quick(std::string(300'000, '!')));
    std::string nulls;
    for (int i = 0; i < 200'000; ++i) nulls += "~: 1\n";
    CHECK(quick(nulls));
  }

  TEST_CASE("equal keys are an error for configuration, with both places") {
    const auto result = parse_yaml("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\na: 2\n", {.unique_keys = true}, "c.yaml");
    REQUIRE_FALSE(result.ok());
    const auto errors = result.error().flatten();
    REQUIRE(errors.size() == 2);
    CHECK(errors[0].to_string() == "c.yaml:5:3: key \"c\" is already set at line 3");
    CHECK(errors[1].to_string() == "c.yaml:6:1: key \"a\" is already set at line 1");
    CHECK(parse_yaml("x: &x {a: 1}\ny: {<<: *x, a: 2}", {.unique_keys = true}).ok());
  }
}
