#include "invoke-compat/collection/names.hpp"

#include <doctest/doctest.h>

using namespace gitopsctl::invoke;

TEST_SUITE("invoke: names") {
  TEST_CASE("underscores inside become dashes") {
    CHECK(dashed_name("build_image") == "build-image");
    CHECK(dashed_name("_hidden_") == "_hidden_");
    CHECK(dashed_name("a__b") == "a--b");
    CHECK(dashed_name("_") == "_");
    CHECK(dashed_name("") == "");
  }

  TEST_CASE("of several underscores at an end only the outermost stays, as in invoke") {
    CHECK(dashed_name("__a_b_") == "_-a-b_");
    CHECK(dashed_name("___") == "_-_");
  }

  TEST_CASE("underscores beside a dot are at an end as well") {
    CHECK(dashed_name("db_admin._raw_") == "db-admin._raw_");
    CHECK(dashed_name("a_.b_c") == "a_.b-c");
  }

  TEST_CASE("without automatic dashes it goes the other way") {
    CHECK(underscored_name("build-image") == "build_image");
    CHECK(underscored_name("-a-b-") == "-a_b-");
    CHECK(underscored_name("a.b-c") == "a.b_c");
  }

  TEST_CASE("an argument's name loses its underscores at the ends") {
    CHECK(argument_name("my_opt") == "my-opt");
    CHECK(argument_name("__my_opt_") == "my-opt");
    CHECK(argument_name("_w") == "w");
    CHECK(argument_name("__") == "");
  }

  TEST_CASE("one character gets one dash") {
    CHECK(flag_spelling("x") == "-x");
    CHECK(flag_spelling("é") == "-é");
    CHECK(flag_spelling("my-opt") == "--my-opt");
    CHECK(flag_spelling("-") == "--");
  }
}
