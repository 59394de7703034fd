#include <doctest/doctest.h>

#include <string>

#include "base/yaml/yaml.hpp"

using namespace gitopsctl;

TEST_SUITE("base/yaml/located") {
  TEST_CASE("every node has its place, by pointer") {
    const auto located = *parse_located_yaml(
        "# head\n"
        "releases:\n"
        "  - name: web\n"
        "    values: {a/b: 1, c~d: [x, \"y\"]}\n"
        "  - name: db\n"
        "empty:\n",
        "ch.yaml");
    const auto& marks = *located.marks;
    CHECK(located.value.find("releases")->size() == 2);
    CHECK(marks.value("") == Location{"ch.yaml", 2, 1});
    CHECK(marks.key("/releases") == Location{"ch.yaml", 2, 1});
    CHECK(marks.value("/releases") == Location{"ch.yaml", 3, 3});
    CHECK(marks.value("/releases/0") == Location{"ch.yaml", 3, 5});
    CHECK(marks.key("/releases/1") == Location{"ch.yaml", 5, 5});
    CHECK(marks.key("/releases/1/name") == Location{"ch.yaml", 5, 5});
    CHECK(marks.value("/releases/1/name") == Location{"ch.yaml", 5, 11});
    CHECK(marks.key("/releases/0/values/a~1b") == Location{"ch.yaml", 4, 14});
    CHECK(marks.value("/releases/0/values/c~0d/1") == Location{"ch.yaml", 4, 31});
    CHECK(marks.key("/empty") == Location{"ch.yaml", 6, 1});
  }

  TEST_CASE("what has no place of its own is at the nearest node above it") {
    const auto located = *parse_located_yaml("base: &b {x: [1]}\nuse:\n  <<: *b\n  y: 1\ncopy: *b\n", "f");
    const auto& marks = *located.marks;
    CHECK(located.value.find_path({"use", "x"}) != nullptr);
    CHECK(marks.value("/use/x/0") == Location{"f", 3, 3});
    CHECK(marks.key("/use/nothing") == Location{"f", 3, 3});
    CHECK(marks.value("/copy/x/0") == Location{"f", 5, 7});
    CHECK(marks.value("/missing/0/x") == Location{"f", 1, 1});
  }

  TEST_CASE("of equal keys the last one is found, as in the value") {
    const auto located = *parse_located_yaml("a: 1\na: 2\n", "f");
    CHECK(located.value.find("a")->as_int() == 2);
    CHECK(located.marks->value("/a") == Location{"f", 2, 4});
  }

  TEST_CASE("an empty text is null at its beginning; a second document is an error") {
    const auto empty = *parse_located_yaml("# nothing\n", "f");
    CHECK(empty.value.is_null());
    CHECK(empty.marks->value("/a") == Location{"f", 1, 1});
    CHECK(parse_located_yaml("---\n", "f").ok());
    const auto second = parse_located_yaml("a: 1\n---\nb: 2\n", "f");
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().to_string() == "f:2:1: a second YAML document begins here, expected only one");
  }
}
