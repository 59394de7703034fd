#include "invoke-compat/collection/names.hpp"

#include <doctest/doctest.h>

using gitopsctl::invoke::dashed_name;

TEST_SUITE("invoke: names") {
  TEST_CASE("underscores inside become dashes") {
    CHECK(dashed_name("build_image") == "build-image");
    CHECK(dashed_name("_hidden_") == "_hidden_");
    CHECK(dashed_name("__a_b_") == "__a-b_");
    CHECK(dashed_name("___") == "___");
    CHECK(dashed_name("") == "");
  }
}
