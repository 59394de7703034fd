#include <doctest/doctest.h>

#include <set>
#include <string>

#include "render/functions/functions.hpp"
#include "tests/support/function_cases.hpp"

using namespace gitopsctl;
using namespace gitopsctl::tests;

namespace {
std::string error_of(std::string_view expression) {
  const auto outcome = evaluate_function_case(expression, "a: 1\n");
  CHECK(outcome.is_error);
  return outcome.text;
}
std::string text_of(std::string_view expression) {
  const auto outcome = evaluate_function_case(expression, "a: 1\n");
  CHECK_FALSE(outcome.is_error);
  return outcome.text;
}
}  // namespace

TEST_SUITE("functions/bounds") {
  TEST_CASE("texts beyond 64 MiB are refused before they are made") {
    for (const auto* expression : {
             R"({{ repeat 100000000 "ab" }})",
             R"({{ indent 100000000 "a" }})",
             R"({{ nindent 9223372036854775807 "a\nb" }})",
             R"({{ $s := repeat 60000000 "a" }}{{ replace "a" "bb" $s }})",
             R"({{ $s := repeat 60000000 "a" }}{{ replace "" "b" $s }})",
             R"({{ $s := repeat 1000000 "a" }}{{ join $s (until 100) }})",
             R"({{ $s := repeat 10000 "a" }}{{ wrapWith 1 $s $s }})",
             R"({{ $s := repeat 60000000 "a" }}{{ regexReplaceAll "a" $s "bb" }})",
             R"({{ $s := repeat 60000000 "a" }}{{ b64enc $s }})",
         }) {
      CAPTURE(expression);
      CHECK(error_of(expression).find("67108864 bytes") != std::string::npos);
    }
  }

  TEST_CASE("TOML that the library stumbles over is an error") {
    // A date with a `T` and no time met an assertion, a letter that is no ASCII the end of a table.
    for (const auto* text :
         {R"(d = 1979-05-27T)", R"(d = 1979-05-27T\x03)", R"(\u0394 = 1)", R"(a = \u0394)", R"(_h\u03943.5s&)"}) {
      const auto shown = text_of("{{ fromToml (printf \"%s\" \"" + std::string(text) + "\") | toJson }}");
      CHECK_MESSAGE(shown.find("Error") != std::string::npos, shown);
    }
    CHECK(text_of("{{ fromToml (print (repeat 63 \"a.\") \"b = 1\") | toJson }}").find("Error") == std::string::npos);
    CHECK(text_of("{{ fromToml (print (repeat 64 \"a . \") \"'b' = 1\") | toJson }}").find("nested too deep") !=
          std::string::npos);
    CHECK(text_of("{{ fromToml (print \"[\" (repeat 100000 \"a.\") \"b]\") | toJson }}").find("nested too deep") !=
          std::string::npos);
    CHECK(text_of("{{ fromToml (print \"a = '\" (repeat 100 \"...\") \"'\") | toJson }}").find("...") != std::string::npos);
    CHECK(text_of("{{ fromToml (repeat 2000000 \"#\") | toJson }}").find("longer than the limit") != std::string::npos);
  }

  TEST_CASE("lists beyond ten million items are refused before they are made") {
    for (const auto* expression : {R"({{ until 10000001 }})", R"({{ untilStep 0 9223372036854775807 1 }})",
                                   R"({{ seq 1 100000000 }})", R"({{ splitList "" (repeat 10000002 "a") }})"}) {
      CAPTURE(expression);
      CHECK(error_of(expression).find("10000000 items") != std::string::npos);
    }
    CHECK(text_of("{{ len (until 100000) }}") == "\"100000\"");
  }

  TEST_CASE("a map that holds itself ends in an error, not in a crash") {
    for (const auto* function : {"toYaml", "toJson", "toToml", "deepCopy", "toRawJson", "toString"}) {
      CAPTURE(function);
      const std::string expression = R"({{ $d := dict }}{{ $_ := set $d "self" $d }}{{ )" + std::string(function) + " $d }}";
      CHECK(error_of(expression).find("1000 levels") != std::string::npos);
    }
    CHECK(error_of(R"({{ $a := dict }}{{ $_ := set $a "x" $a }}{{ $b := dict }}{{ $_ := set $b "x" $b }}{{ merge $a $b }})")
              .find("nested deeper") != std::string::npos);
  }

  TEST_CASE("shared subtrees that multiply end in an error") {
    std::string expression = R"({{ $a := list 1 2 3 4 5 6 7 8 9 10 }})";
    for (int i = 0; i < 9; ++i) expression += "{{ $a = list $a $a $a $a $a $a $a $a $a $a }}";
    CHECK(error_of(expression + "{{ toYaml $a }}").find("10000000 nodes") != std::string::npos);
  }

  TEST_CASE("patterns and random texts are bounded") {
    CHECK(error_of(R"({{ regexFind (repeat 70000 "a") "a" }})").find("65536") != std::string::npos);
    CHECK(error_of(R"({{ regexFind "((a{1000}){1000}){1000}" "a" }})").find("error parsing regexp") != std::string::npos);
    CHECK(error_of("{{ randAlphaNum 100000000 }}").find("random characters") != std::string::npos);
    CHECK(error_of("{{ fromYaml (repeat 2000 \"[\") | toJson }}{{ fail \"x\" }}") == "x");
  }

  TEST_CASE("a function that is not there is a parse error") {
    CHECK(error_of("{{ env \"HOME\" }}").find("function \"env\" not defined") != std::string::npos);
    CHECK(error_of("{{ expandenv \"$HOME\" }}").find("function \"expandenv\" not defined") != std::string::npos);
  }

  TEST_CASE("every name stands in one table only, with a body") {
    std::set<std::string_view> names;
    for (const auto table : render::all_functions()) {
      for (const auto& row : table) {
        CAPTURE(std::string(row.name));
        CHECK(names.insert(row.name).second);
        const bool has_body = row.body != nullptr;
        CHECK(has_body);
        CHECK((!row.variadic || !row.parameters.empty()));
      }
    }
    CHECK(names.size() > 200);
  }
}
