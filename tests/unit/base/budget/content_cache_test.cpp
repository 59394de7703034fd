#include "base/budget/content_cache.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gitopsctl;

TEST_SUITE("base/budget/content_cache") {
  TEST_CASE("what was made of a text is found by text and key") {
    ContentCache<int, std::string> cache(3, 100);
    CHECK_FALSE(cache.find("a", 1));
    cache.insert("a", 1, "one");
    cache.insert("a", 2, "two");
    CHECK(cache.find("a", 1) == "one");
    CHECK(cache.find("a", 2) == "two");
    CHECK_FALSE(cache.find("a", 3));
    CHECK_FALSE(cache.find("b", 1));
  }

  TEST_CASE("what was used longest ago goes first") {
    ContentCache<int, int> cache(2, 100);
    cache.insert("a", 0, 1);
    cache.insert("b", 0, 2);
    CHECK(cache.find("a", 0) == 1);
    cache.insert("c", 0, 3);
    CHECK_FALSE(cache.find("b", 0));
    CHECK(cache.find("a", 0) == 1);
    CHECK(cache.find("c", 0) == 3);
  }

  TEST_CASE("the texts together have a bound") {
    ContentCache<int, int> cache(10, 8);
    cache.insert("123456789", 0, 1);
    CHECK_FALSE(cache.find("123456789", 0));
    cache.insert("12345", 0, 2);
    cache.insert("678", 0, 3);
    CHECK(cache.find("12345", 0) == 2);
    cache.insert("9", 0, 4);
    CHECK_FALSE(cache.find("678", 0));
    CHECK(cache.find("9", 0) == 4);
  }
}
