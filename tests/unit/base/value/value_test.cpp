#include <doctest/doctest.h>

#include "base/value/value.hpp"

using namespace gitopsctl;

TEST_SUITE("value") {
  TEST_CASE("containers are shared, and a deep copy is not") {
    Value a = Value::map();
    a.set("list", Value::list({Value::int64(1)}));
    const Value same = a;
    const Value copy = a.deep_copy();
    a.set("x", Value::string("y"));
    CHECK(same.find("x") != nullptr);
    CHECK(copy.find("x") == nullptr);
    CHECK(a.same_container(same));
    CHECK_FALSE(a.same_container(copy));
  }

  TEST_CASE("maps are in bytewise order and the last of equal keys wins") {
    const Value map = Value::map(Value::Members{
        {SharedString("b"), Value::int64(1)}, {SharedString("a"), Value::int64(2)}, {SharedString("b"), Value::int64(3)}});
    REQUIRE(map.as_map().size() == 2);
    CHECK(map.as_map()[0].key.view() == "a");
    CHECK(map.find("b")->as_int() == 3);
  }

  TEST_CASE("Go's equality tells types apart, JSON's does not") {
    CHECK_FALSE(deep_equal(Value::go_int(1), Value::float64(1)));
    CHECK(json_equal(Value::go_int(1), Value::float64(1)));
    CHECK_FALSE(deep_equal(Value::nil_list(), Value::list()));
    CHECK(json_equal(Value::nil_list(), Value::null()));
    CHECK_FALSE(deep_equal(Value::map(), Value::map(MapType::values)));
    CHECK_FALSE(json_equal(Value::string("1"), Value::int64(1)));
  }

  TEST_CASE("reading as another kind is harmless") {
    const Value text = Value::string("x");
    CHECK(text.as_int() == 0);
    CHECK(text.as_list().empty());
    CHECK(text.find("a") == nullptr);
    CHECK(Value::null().string_at({"a", "b"}).empty());
  }
}

TEST_SUITE("value") {
  TEST_CASE("a value nested a million times is copied, compared and released without a deep stack") {
    Value deep = Value::string("end");
    for (int i = 0; i < 1'000'000; ++i) {
      Value outer = i % 2 == 0 ? Value::map() : Value::list();
      if (i % 2 == 0) {
        outer.set("a", std::move(deep));
      } else {
        outer.push_back(std::move(deep));
      }
      deep = std::move(outer);
    }
    const Value copy = deep.deep_copy();
    CHECK_FALSE(copy.same_container(deep));
    CHECK_FALSE(deep_equal(make_map({{"a", Value::null()}}), deep));
    static_cast<void>(json_equal(copy, deep));
    deep = Value::null();
  }
}
