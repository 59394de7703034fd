#include "invoke-compat/listing/docstring.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace gitopsctl::invoke;

TEST_SUITE("invoke: docstrings") {
  TEST_CASE("the first line that is not blank") {
    CHECK(first_line("") == "");
    CHECK(first_line(" \n\t ") == "");
    CHECK(first_line("one\ntwo") == "one");
    CHECK(first_line("\n\n   one  two  \r\nthree") == "one  two  ");
    CHECK(first_line("one\u2028two") == "one");
  }

  TEST_CASE("the indentation of all lines but the first goes, and blank ends") {
    using Lines = std::vector<std::string>;
    CHECK(clean_lines("") == Lines{});
    CHECK(clean_lines("   one") == Lines{"one"});
    CHECK(clean_lines("one\n    two\n      three\n\n  ") == Lines{"one", "two", "  three"});
    CHECK(clean_lines("\n    one\n\n    \ttab\n  two\n") == Lines{"  one", "", "      tab", "two"});
    CHECK(clean_lines("one\n\n\n") == Lines{"one"});
  }
}
