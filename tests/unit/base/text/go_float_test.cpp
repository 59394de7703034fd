#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>

#include "base/text/go_format.hpp"

using gitopsctl::go_format_float;
using gitopsctl::json_format_float;

TEST_SUITE("base/text/go_float") {
  TEST_CASE("%v of a float64 changes to the exponent form where Go does") {
    CHECK(go_format_float(0.0) == "0");
    CHECK(go_format_float(-0.0) == "-0");
    CHECK(go_format_float(0.1) == "0.1");
    CHECK(go_format_float(1.10) == "1.1");
    CHECK(go_format_float(100000.0) == "100000");
    CHECK(go_format_float(999999.0) == "999999");
    CHECK(go_format_float(1000000.0) == "1e+06");
    CHECK(go_format_float(1234567.0) == "1.234567e+06");
    CHECK(go_format_float(123456.75) == "123456.75");
    CHECK(go_format_float(0.0001) == "0.0001");
    CHECK(go_format_float(0.00001) == "1e-05");
    CHECK(go_format_float(1e21) == "1e+21");
    CHECK(go_format_float(-1.5e300) == "-1.5e+300");
    CHECK(go_format_float(5e-324) == "5e-324");
    CHECK(go_format_float(std::numeric_limits<double>::max()) == "1.7976931348623157e+308");
    CHECK(go_format_float(std::nan("")) == "NaN");
    CHECK(go_format_float(INFINITY) == "+Inf");
    CHECK(go_format_float(-INFINITY) == "-Inf");
  }

  TEST_CASE("encoding/json keeps the plain form from 1e-6 up to below 1e21") {
    CHECK(json_format_float(0.0) == "0");
    CHECK(json_format_float(-0.0) == "-0");
    CHECK(json_format_float(1000000.0) == "1000000");
    CHECK(json_format_float(1e20) == "100000000000000000000");
    CHECK(json_format_float(1e21) == "1e+21");
    CHECK(json_format_float(0.000001) == "0.000001");
    CHECK(json_format_float(0.0000001) == "1e-7");
    CHECK(json_format_float(1.5e-9) == "1.5e-9");
    CHECK(json_format_float(1e-10) == "1e-10");
    CHECK(json_format_float(1e300) == "1e+300");
    CHECK(json_format_float(9007199254740993.0) == "9007199254740992");
    CHECK(json_format_float(3.25) == "3.25");
  }

  TEST_CASE("both forms read back as the same number") {
    std::mt19937_64 random(7);
    for (int i = 0; i < 20000; ++i) {
      const std::uint64_t bits = random();
      double number = 0;
      static_assert(sizeof bits == sizeof number);
      std::memcpy(&number, &bits, sizeof number);
      if (!std::isfinite(number)) continue;
      CHECK(std::strtod(go_format_float(number).c_str(), nullptr) == number);
      CHECK(std::strtod(json_format_float(number).c_str(), nullptr) == number);
    }
  }
}
