#include "base/text/regex.hpp"

#include <doctest/doctest.h>

using namespace gitopsctl;

namespace {
std::shared_ptr<const Regex> compiled(std::string_view pattern) {
  auto regex = Regex::compile(pattern);
  REQUIRE_MESSAGE(regex.ok(), pattern);
  return *regex;
}
std::string replaced(std::string_view pattern, std::string_view text, std::string_view by) {
  return compiled(pattern)->replace_all(text, by, 1000).value();
}
std::string all(std::string_view pattern, std::string_view text, std::int64_t limit = -1) {
  std::string out;
  for (const auto& span : compiled(pattern)->find_all(text, limit))
    out += "[" + std::string(text.substr(span.begin, span.end - span.begin)) + "]";
  return out;
}
std::string pieces(std::string_view pattern, std::string_view text, std::int64_t limit) {
  std::string out;
  for (const auto piece : compiled(pattern)->split(text, limit)) out += "[" + std::string(piece) + "]";
  return out;
}
std::string error_of(std::string_view pattern) {
  const auto regex = Regex::compile(pattern);
  return regex.ok() ? "" : regex.error().message();
}
}  // namespace

TEST_SUITE("text/regex") {
  TEST_CASE("matching") {
    CHECK(compiled("^a+$")->matches("aaa"));
    CHECK_FALSE(compiled("^a+$")->matches("aaa\n"));
    CHECK(compiled("(?m)^b$")->matches("a\nb\nc"));
    CHECK(compiled("(?<year>[0-9]{4})")->matches("in 2026"));
    CHECK(compiled("[]a]")->matches("]"));
    CHECK(compiled("\\Q(?<\\E")->matches("(?<"));
    CHECK(compiled("[(?<]x")->matches("<x"));
    CHECK_FALSE(compiled("x")->find("abc").has_value());
  }
  TEST_CASE("all matches leave out empty ones next to a match") {
    CHECK(all("a*", "baaac") == "[][aaa][]");
    CHECK(all("", "aé") == "[][][]");
    CHECK(all("[0-9]+", "1 22 333", 2) == "[1][22]");
    CHECK(all("a", "aaa", 0).empty());
    CHECK(all("^a", "aaa") == "[a]");
    CHECK(all("\\b", "ab cd") == "[][][][]");
  }
  TEST_CASE("replacement syntax") {
    CHECK(replaced("a(x*)b", "-ab-axxb-", "${1}W") == "-W-xxW-");
    CHECK(replaced("a(x*)b", "-ab-axxb-", "$1W") == "---");
    CHECK(replaced("a(?P<n>x*)b", "-axxb-", "<$n>$$${n}") == "-<xx>$xx-");
    CHECK(replaced("a", "banana", "$0$0") == "baanaanaa");
    CHECK(replaced("a", "a", "$9|${|$|${a b}") == "|${|$|${a b}");
    CHECK(replaced("", "ab", "-") == "-a-b-");
    CHECK(replaced("a*", "baaac", "x") == "xbxcx");
    CHECK(compiled("a")->replace_all_literal("aba", "$1", 100).value() == "$1b$1");
    CHECK(compiled("a")->replace_all("aaa", "0123456789", 20).error().code() == ErrorCode::too_large);
  }
  TEST_CASE("split") {
    CHECK(pieces(",", "a,b,c", -1) == "[a][b][c]");
    CHECK(pieces(",", "a,b,c", 2) == "[a][b,c]");
    CHECK(pieces(",", "a,b,c", 0).empty());
    CHECK(pieces("x*", "axbxc", -1) == "[a][b][c]");
    CHECK(pieces("", "abc", -1) == "[a][b][c]");
    CHECK(pieces("a", "", -1) == "[]");
    CHECK(pieces("a", "banana", -1) == "[b][n][n][]");
    CHECK(pieces("a+", "baaac", 1) == "[baaac]");
  }
  TEST_CASE("errors as Go words them") {
    CHECK(error_of("[a") == "error parsing regexp: missing closing ]: `[a`");
    CHECK(error_of("(a") == "error parsing regexp: missing closing ): `(a`");
    CHECK(error_of("a)") == "error parsing regexp: unexpected ): `a)`");
    CHECK(error_of("*a") == "error parsing regexp: missing argument to repetition operator: `*`");
    CHECK(error_of("a**") == "error parsing regexp: invalid nested repetition operator: `**`");
    CHECK(error_of("a\\") == "error parsing regexp: trailing backslash at end of expression: ``");
    CHECK(error_of("\\y") == "error parsing regexp: invalid escape sequence: `\\y`");
    CHECK(error_of("(?=a)") == "error parsing regexp: invalid or unsupported Perl syntax: `(?=`");
    CHECK(error_of("[b-a]") == "error parsing regexp: invalid character class range: `b-a`");
    CHECK(error_of("a{1001}") == "error parsing regexp: invalid repeat count: `{1001}`");
    CHECK(error_of("\\pX") == "error parsing regexp: invalid character class range: `\\pX`");
    CHECK(Regex::compile(std::string(70'000, 'a')).error().code() == ErrorCode::too_large);
  }
  TEST_CASE("quoting") { CHECK(regex_quote_meta("a.b[c]$") == "a\\.b\\[c\\]\\$"); }
}
