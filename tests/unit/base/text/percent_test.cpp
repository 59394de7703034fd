#include "base/text/percent.hpp"

#include <doctest/doctest.h>

using namespace gitopsctl;

TEST_SUITE("text/percent") {
  TEST_CASE("what is encoded is decoded, and nothing else") {
    CHECK(percent_decode("").empty());
    CHECK(percent_decode("/a%20b%2Fc%2f%41") == "/a b/c/A");
    CHECK(percent_decode("100%") == "100%");
    CHECK(percent_decode("%4") == "%4");
    CHECK(percent_decode("%zz%4g") == "%zz%4g");
    CHECK(percent_decode("%2541") == "%41");
    CHECK(percent_decode("%00") == std::string(1, '\0'));
    CHECK(percent_decode("a+b") == "a+b");
  }
}
