#include "base/text/quoted.hpp"

#include <doctest/doctest.h>

using namespace gitopsctl;

TEST_SUITE("text/quoted") {
  TEST_CASE("signs in quotes do not count") {
    const auto none = std::string_view::npos;
    CHECK(find_unquoted("a,b", ',', 0) == 1);
    CHECK(find_unquoted("a,b,c", ',', 2) == 3);
    CHECK(find_unquoted(R"("a,b",c)", ',', 0) == 5);
    CHECK(find_unquoted(R"("a\",b",c)", ',', 0) == 7);
    CHECK(find_unquoted(R"("a\"",b)", ',', 0) == 5);
    CHECK(find_unquoted(R"("a",\,)", ',', 0) == 3);
    CHECK(find_unquoted(R"(x\,y)", ',', 0) == 2);  // outside of quotes a backslash is a byte like others
    CHECK(find_unquoted("\"a,", ',', 0) == none);
    CHECK(find_unquoted("", ',', 0) == none);
    CHECK(find_unquoted("a", ',', 9) == none);
    CHECK(find_unquoted("\"\\", ',', 0) == none);
  }
}
