#include "invoke-compat/listing/columns.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace gitopsctl::invoke;

namespace {

using Lines = std::vector<std::string>;

}  // namespace

TEST_SUITE("invoke: columns") {
  TEST_CASE("texts are wrapped between words, and blanks go at the ends of lines only") {
    CHECK(wrap("aaa bbb ccc", 7) == Lines{"aaa bbb", "ccc"});
    CHECK(wrap("aaa   bbb", 20) == Lines{"aaa   bbb"});
    CHECK(wrap("aaa   bbb", 5) == Lines{"aaa", "bbb"});
    CHECK(wrap("", 10) == Lines{});
    CHECK(wrap("   ", 10) == Lines{});
    CHECK(wrap("  a", 10) == Lines{"  a"});
  }

  TEST_CASE("tabs and line ends become blanks") {
    CHECK(wrap("Tab\there\nthere\vx", 40) == Lines{"Tab     here there x"});
    CHECK(wrap("a\n\tb", 40) == Lines{"a         b"});
  }

  TEST_CASE("words that are too long are cut, behind a hyphen where there is one") {
    CHECK(wrap("abcdefgh", 3) == Lines{"abc", "def", "gh"});
    CHECK(wrap("x abcdefgh", 4) == Lines{"x ab", "cdef", "gh"});
    CHECK(wrap("1-23456789", 6) == Lines{"1-", "234567", "89"});
    CHECK(wrap("abc", 0) == Lines{"a", "b", "c"});
  }

  TEST_CASE("a blank stays at the end where a long word would begin and has no room") {
    CHECK(wrap("aa bb cccccccccc", 6) == Lines{"aa bb ", "cccccc", "cccc"});
  }

  TEST_CASE("hyphenated words break behind hyphens between letters, dashes between words") {
    CHECK(wrap("well-known fact", 6) == Lines{"well-", "known", "fact"});
    CHECK(wrap("e-mail", 3) == Lines{"e-", "mai", "l"});
    CHECK(wrap("a-b-cd ef", 5) == Lines{"a-b-", "cd ef"});
    CHECK(wrap("one--two", 5) == Lines{"one--", "two"});
    CHECK(wrap("--no-dedupe and", 10) == Lines{"--no-", "dedupe and"});
  }

  TEST_CASE("lengths count characters") {
    CHECK(length_of("été") == 3);
    CHECK(length_of("a\xff") == 2);
    CHECK(wrap("ééé ééé", 3) == Lines{"ééé", "ééé"});
  }

  TEST_CASE("labels are padded to the longest and texts stand beside them") {
    CHECK(print_columns({{"a", "one two three"}, {"été", ""}, {"b", "x"}}, 17) ==
          "  a     one two\n"
          "        three\n"
          "  été\n"
          "  b     x\n"
          "\n");
  }

  TEST_CASE("deviation 13: beside a label as wide as the terminal there is nothing, below it there is") {
    CHECK(print_columns({{"a-long-label", "text"}, {"b", ""}}, 18) ==
          "  a-long-label\n"
          "       text\n"
          "  b\n"
          "\n");
    CHECK(print_columns({{"label", "ab"}}, 0) == "  label\n       a\n       b\n\n");
  }
}
