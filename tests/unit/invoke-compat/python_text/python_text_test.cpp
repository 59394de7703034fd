#include "invoke-compat/python_text/python_text.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace gitopsctl::invoke;

TEST_SUITE("invoke: python text") {
  TEST_CASE("a literal has single quotes, unless that would need an escape") {
    CHECK(python_repr("x y") == "'x y'");
    CHECK(python_repr("it's") == "\"it's\"");
    CHECK(python_repr("it's \"so\"") == R"('it\'s "so"')");
    CHECK(python_repr("\"") == "'\"'");
    CHECK(python_repr("") == "''");
  }

  TEST_CASE("what cannot be printed is escaped") {
    CHECK(python_repr("a\nb\tc\r\\") == R"('a\nb\tc\r\\')");
    CHECK(python_repr(std::string_view("\0\x1b\x7f", 3)) == R"('\x00\x1b\x7f')");
    CHECK(python_repr("é 漢") == "'é 漢'");
    CHECK(python_repr("\u00a0\u200b\U000e0001") == R"('\xa0\u200b\U000e0001')");
    CHECK(python_repr("a\xff") == R"('a\udcff')");
  }

  TEST_CASE("whole numbers are read with blanks, signs and underscores") {
    CHECK(parse_python_int("8") == 8);
    CHECK(parse_python_int(" 8 \n") == 8);
    CHECK(parse_python_int("\u00a08\x1f") == 8);
    CHECK(parse_python_int("+7") == 7);
    CHECK(parse_python_int("-5") == -5);
    CHECK(parse_python_int("1_0") == 10);
    CHECK(parse_python_int("007") == 7);
    CHECK(parse_python_int("-9223372036854775808") == INT64_MIN);
    for (const auto* wrong :
         {"", " ", "-", "+-5", "--5", "1__0", "_1", "1_", "0x1", "1.5", "x", "1 0", "9223372036854775808"}) {
      CAPTURE(wrong);
      CHECK_FALSE(parse_python_int(wrong));
    }
  }

  TEST_CASE("numbers are read with exponents, infinities and what is none") {
    CHECK(parse_python_float("1.5") == 1.5);
    CHECK(parse_python_float(" -.5e1 ") == -5.0);
    CHECK(parse_python_float("5.") == 5.0);
    CHECK(parse_python_float("1_0.0_1") == 10.01);
    CHECK(parse_python_float("+Infinity") == INFINITY);
    CHECK(parse_python_float("-inf") == -INFINITY);
    CHECK(std::isnan(parse_python_float("NaN").value_or(0)));
    CHECK(parse_python_float("1e999") == INFINITY);
    CHECK(parse_python_float("-1e-999") == 0.0);
    for (const auto* wrong : {"", ".", "e5", "1e", "1_.5", "0x1p3", "1,5", "in f", "1e5.5"}) {
      CAPTURE(wrong);
      CHECK_FALSE(parse_python_float(wrong));
    }
  }
}
