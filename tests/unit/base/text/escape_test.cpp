#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

#include "base/text/escape.hpp"

using namespace gitopsctl;

namespace {
template <std::size_t N>
std::string suggest(std::string_view word, const std::array<std::string_view, N>& candidates) {
  return did_you_mean(word, candidates.data(), candidates.size());
}
}  // namespace

TEST_SUITE("base/text/escape") {
  TEST_CASE("terminal_safe shows what would move the cursor or hide text") {
    CHECK(terminal_safe("plain é 日本 😀") == "plain é 日本 😀");
    CHECK(terminal_safe("\x1b[31mred") == "\\x1b[31mred");
    CHECK(terminal_safe(std::string_view("a\0b", 3)) == "a\\x00b");
    CHECK(terminal_safe("\x7f") == "\\x7f");
    CHECK(terminal_safe("a\nb\tc\r") == "a\\x0ab\\x09c\\x0d");
    CHECK(terminal_safe("a\nb\tc\r", true) == "a\nb\tc\\x0d");
    CHECK(terminal_safe("\xC2\x9B"
                        "31m") == "\\u{009b}31m");
    CHECK(terminal_safe("a\xE2\x80\xAE"
                        "b") == "a\\u{202e}b");
    CHECK(terminal_safe("a\xE2\x81\xA6"
                        "b") == "a\\u{2066}b");
    CHECK(terminal_safe("\xF3\xA0\x81\x81") == "\\u{e0041}");
    CHECK(terminal_safe("\xff\xc3") == "\\xff\\xc3");
    CHECK(terminal_safe("\xed\xa0\x80") == "\\xed\\xa0\\x80");
  }

  TEST_CASE("markdown_text leaves no markup, mention, link or HTML alive") {
    CHECK(markdown_text("a *b* _c_ `d`") == "a \\*b\\* \\_c\\_ \\`d\\`");
    CHECK(markdown_text("<script>&") == "&lt;script&gt;&amp;");
    CHECK(markdown_text("@team fixes #12") == "&#64;team fixes &#35;12");
    CHECK(markdown_text("[x](http://y)") == "\\[x\\]\\(http&#58;//y\\)");
    CHECK(markdown_text("see WWW.example.com 1.2.3") == "see WWW&#46;example.com 1.2.3");
    CHECK(markdown_text("1. first") == "1\\. first");
    CHECK(markdown_text("a\n# b") == "a &#35; b");
    CHECK(markdown_text("a|b") == "a\\|b");
    CHECK(markdown_text("\x1b[0m") == "\\\\x1b\\[0m");
  }

  TEST_CASE("markdown_code outgrows every run of backticks inside") {
    CHECK(markdown_code("a") == "`a`");
    CHECK(markdown_code("a`b") == "``a`b``");
    CHECK(markdown_code("`a") == "`` `a ``");
    CHECK(markdown_code("a``b`") == "``` a``b` ```");
    CHECK(markdown_code(" a ") == "`  a  `");
    CHECK(markdown_code("a\nb") == "`a b`");
    CHECK(markdown_code("") == "` `");
  }

  TEST_CASE("markdown_fence outgrows every run of backticks inside") {
    CHECK(markdown_fence("a\n", "yaml") == "```yaml\na\n```\n");
    CHECK(markdown_fence("a", "") == "```\na\n```\n");
    CHECK(markdown_fence("```\nx\n````\n", "diff") == "`````diff\n```\nx\n````\n`````\n");
    CHECK(markdown_fence("a", "ya`ml\n<b>") == "```yamlb\na\n```\n");
    CHECK(markdown_fence("", "") == "```\n```\n");
  }

  TEST_CASE("truncate_utf8 cuts between characters") {
    CHECK(truncate_utf8("abc", 3) == "abc");
    CHECK(truncate_utf8("abc", 2) == "ab");
    CHECK(truncate_utf8("aé", 2) == "a");
    CHECK(truncate_utf8("é", 1).empty());
    CHECK(truncate_utf8("😀x", 4) == "😀");
    CHECK(truncate_utf8("😀x", 3).empty());
    CHECK(truncate_utf8("", 0).empty());
    CHECK(truncate_utf8("\x80\x80\x80\x80\x80\x80", 5).size() == 5);
  }

  TEST_CASE("valid_utf8 refuses overlong forms, surrogates and cut characters") {
    CHECK(valid_utf8(""));
    CHECK(valid_utf8("é日😀"));
    CHECK_FALSE(valid_utf8("\xC0\x80"));
    CHECK_FALSE(valid_utf8("\xE0\x80\x80"));
    CHECK_FALSE(valid_utf8("\xED\xA0\x80"));
    CHECK_FALSE(valid_utf8("\xF4\x90\x80\x80"));
    CHECK_FALSE(valid_utf8("\xE2\x82"));
    CHECK_FALSE(valid_utf8("\xff"));
  }

  TEST_CASE("did_you_mean finds typing mistakes and nothing else") {
    constexpr std::array<std::string_view, 8> keys{"releases", "namespace", "values",     "valuesFiles",
                                                   "chart",    "driver",    "kubeconfig", "sync"};
    CHECK(suggest("relaeses", keys) == "releases");
    CHECK(suggest("namepsace", keys) == "namespace");
    CHECK(suggest("Chart", keys) == "chart");
    CHECK(suggest("vales", keys) == "values");
    CHECK(suggest("valueFiles", keys) == "valuesFiles");
    CHECK(suggest("snyc", keys) == "sync");
    CHECK(suggest("gate", keys).empty());
    CHECK(suggest("x", keys).empty());
    CHECK(suggest("", keys).empty());
    CHECK(suggest("completely-different", keys).empty());
    CHECK(suggest(std::string(100000, 'a'), keys).empty());
    CHECK(did_you_mean("a", nullptr, 0).empty());
  }
}
