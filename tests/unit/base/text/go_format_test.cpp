#include "base/text/go_format.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

namespace gitopsctl {
namespace {

std::string f(std::string_view format, const std::vector<Value>& operands) { return go_sprintf(format, operands); }
Value s(std::string_view text) { return Value::string(text); }
Value i(std::int64_t number) { return Value::go_int(number); }
Value d(double number) { return Value::float64(number); }

}  // namespace

// Expected texts come from Go 1.26; tests/parity/gotemplate_test.cpp compares many more with it.
TEST_SUITE("go format") {
  TEST_CASE("%v of every kind") {
    CHECK(go_format(Value()) == "<nil>");
    CHECK(go_format(Value::boolean(true)) == "true");
    CHECK(go_format(Value::int64(-5)) == "-5");
    CHECK(go_format(Value::uint8(200)) == "200");
    CHECK(go_format(d(1e6)) == "1e+06");
    CHECK(go_format(d(999999)) == "999999");
    CHECK(go_format(Value::list({i(1), s("b"), Value(), Value::list()})) == "[1 b <nil> []]");
    CHECK(go_format(make_map({{"b", i(1)}, {"a", Value()}})) == "map[a:<nil> b:1]");
    CHECK(go_format(Value::nil_list()) == "[]");
    CHECK(go_format(Value::nil_map()) == "map[]");
    CHECK(go_format(Value::list({Value::uint8(104), Value::uint8(105)}, ListType::uint8)) == "[104 105]");
  }

  TEST_CASE("what an action writes") {
    CHECK(go_print(Value()) == "<no value>");
    CHECK(go_print(Value::absent()) == "<no value>");
    CHECK(go_print(Value::list({Value()})) == "[<nil>]");
  }

  TEST_CASE("print and println") {
    const std::vector<Value> operands = {i(1), s("a"), i(2), i(3), Value(), s("b"), s("c")};
    CHECK(go_sprint(operands) == "1a2 3 <nil>bc");
    CHECK(go_sprintln(operands) == "1 a 2 3 <nil> b c\n");
    CHECK(go_sprint({}) == "");
    CHECK(go_sprintln({}) == "\n");
  }

  TEST_CASE("wrong verbs name type and value") {
    CHECK(f("%d", {s("8080")}) == "%!d(string=8080)");
    CHECK(f("%d", {d(8080)}) == "%!d(float64=8080)");
    CHECK(f("%s", {i(5)}) == "%!s(int=5)");
    CHECK(f("%t", {s("a")}) == "%!t(string=a)");
    CHECK(f("%s", {Value()}) == "%!s(<nil>)");
    CHECK(f("%d", {make_map({{"a", i(1)}})}) == "map[%!d(string=a):1]");
    CHECK(f("%5d|", {s("a")}) == "%!d(string=    a)|");
  }

  TEST_CASE("mistakes in formats") {
    CHECK(f("%d %d", {i(1)}) == "1 %!d(MISSING)");
    CHECK(f("%d", {i(1), i(2), s("x"), Value()}) == "1%!(EXTRA int=2, string=x, <nil>)");
    CHECK(f("%[5]d", {i(1)}) == "%!d(BADINDEX)");
    CHECK(f("%*d", {s("a"), i(1)}) == "%!(BADWIDTH)1");
    CHECK(f("%.*d", {i(-1), i(1)}) == "%!(BADPREC)1");
    CHECK(f("a%", {}) == "a%!(NOVERB)");
  }

  TEST_CASE("integers") {
    CHECK(f("%5d|%-5d|%05d|%+d|% d", {i(42), i(42), i(42), i(42), i(42)}) == "   42|42   |00042|+42| 42");
    CHECK(f("%x|%X|%#x|%o|%#o|%O|%b|%#b", {i(255), i(255), i(255), i(8), i(8), i(8), i(5), i(5)}) ==
          "ff|FF|0xff|10|010|0o10|101|0b101");
    CHECK(f("%c|%q|%U|%#U", {i(0x1F600), i('x'), i(0x1F600), i(0x2318)}) == "😀|'x'|U+1F600|U+2318 '⌘'");
    CHECK(f("%d", {i(std::numeric_limits<std::int64_t>::min())}) == "-9223372036854775808");
    CHECK(f("%.0d|%5.3d", {i(0), i(7)}) == "|  007");
  }

  TEST_CASE("floats") {
    CHECK(f("%08.3f|%6.2f|%.3g|%e", {d(3.14159), d(99.5), d(1234.5678), d(12345.678)}) ==
          "0003.142| 99.50|1.23e+03|1.234568e+04");
    CHECK(f("%.0f %.0f %.0f", {d(0.5), d(1.5), d(2.5)}) == "0 2 2");
    CHECK(f("%x %X %.2x", {d(1.5), d(-0.1), d(3.99)}) == "0x1.8p+00 -0X1.999999999999AP-04 0x1.ffp+01");
    CHECK(f("%b %b", {d(1), d(0)}) == "4503599627370496p-52 0p-1074");
    CHECK(f("%#g %#.0f %#v", {d(1), d(1), d(1)}) == "1.00000 1. 1");
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(f("%v %+v %5.1f|%-6f|%06f", {d(infinity), d(-infinity), d(infinity), d(infinity), d(-infinity)}) ==
          "+Inf -Inf  +Inf|+Inf  |  -Inf");
    CHECK(f("%v %6.2f|", {d(std::numeric_limits<double>::quiet_NaN()), d(std::numeric_limits<double>::quiet_NaN())}) ==
          "NaN    NaN|");
    CHECK(f("%v %v %v", {d(-0.0), d(5e-324), d(1e21)}) == "-0 5e-324 1e+21");
    CHECK(f("%b %x", {d(5e-324), d(5e-324)}) == "1p-1074 0x1p-1074");
  }

  TEST_CASE("strings") {
    CHECK(f("%5s|%-5s|%05s|%.2s", {s("é"), s("é"), s("é"), s("éab")}) == "    é|é    |0000é|éa");
    CHECK(f("%x|% x|%# x|%X|%.1x", {s("hi"), s("hi"), s("hi"), s("hi"), s("hi")}) == "6869|68 69|0x68 0x69|6869|68");
    CHECK(f("%q|%+q|%#q|%#q", {s("a\n\"é"), s("é"), s("é"), s("`")}) == "\"a\\n\\\"é\"|\"\\u00e9\"|`é`|\"`\"");
  }

  TEST_CASE("quoting") {
    CHECK(go_quote("a\x07\b\f\n\r\t\v\\\"'\x7F") == R"("a\a\b\f\n\r\t\v\\\"'\x7f")");
    CHECK(go_quote("\xC2\xA0\xE2\x80\xA8\xF3\xA0\x80\x80\xFF\xEF\xBB\xBF") == R"("\u00a0\u2028\U000e0000\xff\ufeff")");
    CHECK(go_quote_ascii("é😀") == R"("\u00e9\U0001f600")");
  }

  TEST_CASE("types and kinds") {
    CHECK(f("%T %T %T %T %T", {i(1), d(1), Value(), Value::list(), Value::map()}) ==
          "int float64 <nil> []interface {} map[string]interface {}");
    CHECK(go_type_name(Value::map(MapType::values)) == "common.Values");
    CHECK(go_type_name(Value::list({}, ListType::list)) == "[][]interface {}");
    CHECK(go_kind_name(Value()) == "invalid");
    CHECK(go_kind_name(Value::list()) == "slice");
    CHECK(go_kind_name(Value::int64(1)) == "int64");
  }

  TEST_CASE("Go syntax") {
    CHECK(f("%#v", {make_map({{"a", Value::list({i(1), s("b"), Value(), d(1.5)})}})}) ==
          R"(map[string]interface {}{"a":[]interface {}{1, "b", interface {}(nil), 1.5}})");
    CHECK(f("%#v %#v", {Value::nil_map(), Value::nil_list(ListType::string)}) ==
          "map[string]interface {}(nil) []string(nil)");
  }

  TEST_CASE("truth") {
    CHECK_FALSE(go_truth(Value()));
    CHECK_FALSE(go_truth(Value::absent()));
    CHECK_FALSE(go_truth(d(0)));
    CHECK_FALSE(go_truth(s("")));
    CHECK_FALSE(go_truth(Value::list()));
    CHECK(go_truth(s("false")));
    CHECK(go_truth(Value::list({Value()})));
    CHECK(go_truth(d(std::numeric_limits<double>::quiet_NaN())));
  }

  TEST_CASE("a cycle and a flood end") {
    Value map = Value::map();
    map.set("self", map);
    CHECK_FALSE(go_print_checked(map).ok());
    CHECK(go_print_checked(map).error().code() == ErrorCode::too_large);
    CHECK(go_format(map).size() < 100'000);
    map.set("twice", map);
    CHECK_FALSE(go_print_checked(map, 1U << 20U).ok());
    map.erase("self");
    map.erase("twice");
    const std::vector<Value> many(100, i(1));
    std::string format;
    for (int n = 0; n < 100; ++n) format += "%900000d";
    CHECK_FALSE(go_sprintf_checked(format, many, 1U << 20U).ok());
  }
}

}  // namespace gitopsctl
