#include "base/text/json_pointer.hpp"

#include <doctest/doctest.h>

#include "base/text/ascii.hpp"

using namespace gitopsctl;

TEST_SUITE("text/json_pointer") {
  TEST_CASE("a key and its step") {
    CHECK(pointer_step("a/b~c~1") == "a~1b~0c~01");
    for (const std::string_view key : {"", "plain", "/", "~", "~1", "~0~1/", "a/b~c"}) {
      CHECK(pointer_key(pointer_step(key)) == key);
    }
  }

  TEST_CASE("what no step can hold stays as it is") {
    CHECK(pointer_key("a~2b~") == "a~2b~");
    CHECK(pointer_key("~01") == "~1");
  }
}

TEST_SUITE("text/ascii") {
  TEST_CASE("only the letters of ASCII fold") {
    CHECK(ascii_equal_fold("API-Version", "apiVERSION-") == false);
    CHECK(ascii_equal_fold("apiVersion", "APIVERSION"));
    CHECK_FALSE(ascii_equal_fold("apiVersion", "apiVersions"));
    CHECK_FALSE(ascii_equal_fold("@[", "`{"));
    CHECK_FALSE(ascii_equal_fold("É", "é"));
    CHECK(ascii_equal_fold("", ""));
  }
}
