#include "render/helm/path_match.hpp"

#include <doctest/doctest.h>

#include <string>

#include "render/helm/glob.hpp"
#include "render/helm/ignore_rules.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render::helm;

TEST_SUITE("helm/path_match") {
  TEST_CASE("shell patterns") {
    CHECK(path_match("abc", "abc"));
    CHECK(path_match("*", "abc"));
    CHECK(path_match("*c", "abc"));
    CHECK(path_match("a*", "a"));
    CHECK(path_match("a*b*c*d*e*/f", "axbxcxdxexxx/f"));
    CHECK_FALSE(path_match("a*/b", "a/c/b"));
    CHECK_FALSE(path_match("*", "a/b"));
    CHECK(path_match("a*b?c*x", "abxbbxdbxebxczzx"));
    CHECK_FALSE(path_match("a*b?c*x", "abxbbxdbxebxczzy"));
    CHECK(path_match("ab[c-e]", "abd"));
    CHECK_FALSE(path_match("ab[^c-e]", "abd"));
    CHECK(path_match("a[^a]b",
                     "a\xE2\x98\xBA"
                     "b"));
    CHECK(path_match("a?b",
                     "a\xE2\x98\xBA"
                     "b"));
    CHECK(path_match("a\\*b", "a*b"));
    CHECK(path_match("[\\]a]", "]"));
    CHECK_FALSE(path_match("?", "/"));
    CHECK_FALSE(path_match("", "a"));
    CHECK(path_match("", ""));
  }

  TEST_CASE("a pattern with many stars takes no exponential time") {
    const std::string pattern = [] {
      std::string out;
      for (int i = 0; i < 200; ++i) out += "*a";
      return out + "b";
    }();
    CHECK_FALSE(path_match(pattern, std::string(20'000, 'a')));
  }

  TEST_CASE("patterns that are none") {
    for (const auto* pattern : {"[", "[]a]", "[-]", "[x-]", "[-x]", "[^", "[^bc", "a[", "[a-b-c]", "a\\"}) {
      CAPTURE(pattern);
      REQUIRE_FALSE(check_pattern(pattern).ok());
      CHECK(check_pattern(pattern).error().message() == "syntax error in pattern");
    }
    CHECK(check_pattern("a[b-d]\\[").ok());
  }
}

TEST_SUITE("helm/ignore_rules") {
  TEST_CASE("rules of a .helmignore") {
    const auto rules = IgnoreRules::parse("\xEF\xBB\xBF# comment\n\n *.swp \n/ci\ndocs/\na/b*\n", "x").value();
    CHECK(rules.ignores("x.swp", false));
    CHECK(rules.ignores("deep/x.swp", false));
    CHECK(rules.ignores("ci", true));
    CHECK_FALSE(rules.ignores("x/ci", true));
    CHECK(rules.ignores("docs", true));
    CHECK(rules.ignores("x/docs", true));
    CHECK_FALSE(rules.ignores("docs", false));
    CHECK(rules.ignores("a/bc", false));
    CHECK_FALSE(rules.ignores("x/a/bc", false));
    CHECK(rules.ignores("templates/.hidden.yaml", false));
    CHECK_FALSE(rules.ignores("templates/x.yaml", false));
    CHECK_FALSE(rules.ignores("", true));
  }

  TEST_CASE("rules match what their patterns match") {
    const std::string names[] = {"",     "a", "b",  "ab", "abc", "a.b",      "x.swp",
                                 ".swp", "*", "a*", "\\", "[a",  "\xC3\xA9", "\xC3\xA9.b"};
    const std::string patterns[] = {"a",    "ab*",  "*b",    "*.b", "*.swp", "a?c",       "[ab]",      "a[b-c]c", "\\*",
                                    "a\\*", "*a*b", "*\\.b", "?.b", "*",     "\xC3\xA9*", "*\xC3\xA9", "a.",      "*[a]"};
    for (const auto& pattern : patterns) {
      const auto rules = IgnoreRules::parse(pattern, "x").value();
      const auto whole = IgnoreRules::parse("/" + pattern, "x").value();
      for (const auto& name : names) {
        CAPTURE(pattern);
        CAPTURE(name);
        if (name.empty()) continue;
        CHECK(rules.ignores(name, false) == path_match(pattern, name));
        CHECK(rules.ignores("d/" + name, false) == path_match(pattern, name));
        CHECK(whole.ignores(name, false) == path_match(pattern, name));
        CHECK(whole.ignores("d/" + name, false) == path_match(pattern, "d/" + name));
      }
    }
  }

  TEST_CASE("a negated rule ignores what it does not match") {
    const auto rules = IgnoreRules::parse("!keep*\n", "x").value();
    CHECK(rules.ignores("other", false));
    CHECK_FALSE(rules.ignores("keep.txt", false));
  }

  TEST_CASE("mistakes are located") {
    const auto stars = IgnoreRules::parse("a\n\n**/x\n", "app/.helmignore");
    REQUIRE_FALSE(stars.ok());
    CHECK(stars.error().to_string() == "app/.helmignore:3: double-star (**) syntax is not supported");
    CHECK(IgnoreRules::parse("[", "f").error().to_string() == "f:1: syntax error in pattern");
  }
}

TEST_SUITE("helm/glob") {
  TEST_CASE("globs become regular expressions") {
    CHECK(glob_regex("*.yaml") == R"(^(?s:[^/]*\.yaml)$)");
    CHECK(glob_regex("conf/**") == "^(?s:conf/.*)$");
    CHECK(glob_regex("a?[a-c][!x]") == "^(?s:a[^/][a-c][^x])$");
    CHECK(glob_regex("{a,b{c,d}}.txt") == R"(^(?s:(?:a|b(?:c|d))\.txt)$)");
    CHECK(glob_regex(R"(\*x)") == R"(^(?s:\*x)$)");
    CHECK_FALSE(glob_regex("{a").has_value());
    CHECK_FALSE(glob_regex("[a").has_value());
    CHECK_FALSE(glob_regex("a\\").has_value());
  }
}
