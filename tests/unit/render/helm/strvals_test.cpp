#include "render/helm/strvals.hpp"

#include <doctest/doctest.h>

#include "base/json/json.hpp"

using namespace gitopsctl;
using namespace gitopsctl::render::helm;

namespace {

// What is set, as JSON, or the error.
std::string set(std::string_view text, SetStyle style = SetStyle::typed, std::string_view before = "{}") {
  Value values = parse_json(before, {}, false).value();
  const auto file = [](const std::string& path) -> Result<std::string> { return "<" + path + ">"; };
  const auto done = parse_set(text, style, values, file);
  return done.ok() ? to_json(values, {.escape_html = false}).value() : done.error().message();
}

}  // namespace

TEST_SUITE("helm/strvals") {
  TEST_CASE("--set gives booleans, null and integers their types and leaves the rest strings") {
    CHECK(set("a=1,b=true,c=FALSE,d=Null,e=x") == R"({"a":1,"b":true,"c":false,"d":null,"e":"x"})");
    CHECK(set("a=0,b=007,c=1.5,d=-3,e=1e3") == R"({"a":0,"b":"007","c":"1.5","d":-3,"e":"1e3"})");
    CHECK(set("a=9223372036854775807,b=9223372036854775808") == R"({"a":9223372036854775807,"b":"9223372036854775808"})");
    CHECK(set("a=,b=") == R"({"a":"","b":""})");
    CHECK(set("a= 1") == R"({"a":" 1"})");
    CHECK(set("a=b=c") == R"({"a":"b=c"})");
  }

  TEST_CASE("paths make tables and lists") {
    CHECK(set("a.b.c=1,a.d=2") == R"({"a":{"b":{"c":1},"d":2}})");
    CHECK(set("a[0].b=1,a[1]=x") == R"({"a":[{"b":1},"x"]})");
    CHECK(set("a[2]=x") == R"({"a":[null,null,"x"]})");
    CHECK(set("a[0][1]=x") == R"({"a":[[null,"x"]]})");
    CHECK(set(R"(a\.b=1,c=x\,y,d\[0\]=2)") == R"({"a.b":1,"c":"x,y","d[0]":2})");
    CHECK(set("a.c=2", SetStyle::typed, R"({"a":{"b":1}})") == R"({"a":{"b":1,"c":2}})");
    CHECK(set("a[1]=9", SetStyle::typed, R"({"a":[1,2,3]})") == R"({"a":[1,9,3]})");
    CHECK(set("a[0]") == R"({"a":[]})");
  }

  TEST_CASE("braces make lists") {
    CHECK(set("a={1,x,true}") == R"({"a":[1,"x",true]})");
    CHECK(set("a={}") == R"({"a":[""]})");
    CHECK(set("a={x},b=1") == R"({"a":["x"],"b":1})");
    CHECK(set("a[1]={x,y}") == R"({"a":[null,["x","y"]]})");
  }

  TEST_CASE("the other styles") {
    CHECK(set("a=1,b=true", SetStyle::string) == R"({"a":"1","b":"true"})");
    CHECK(set("a={1,2}", SetStyle::string) == R"({"a":["1","2"]})");
    CHECK(set("a=dir/x,b.c=y", SetStyle::file) == R"({"a":"<dir/x>","b":{"c":"<y>"}})");
    CHECK(set(R"(a=1,b={c},d\e)", SetStyle::literal) == R"({"a":"1,b={c},d\\e"})");
    CHECK(set("a.b[1]=x,y", SetStyle::literal) == R"({"a":{"b":[null,"x,y"]}})");
    CHECK(set(R"(a={"x":[1,2.5,"},"]},b= ,c[0]="s" ,d=true)", SetStyle::json) ==
          R"({"a":{"x":[1,2.5,"},"]},"b":null,"c":["s"],"d":true})");
    CHECK(set("a=", SetStyle::json) == R"({"a":null})");
  }

  TEST_CASE("mistakes have Helm's texts") {
    CHECK(set("a") == R"(key "a" has no value)");
    CHECK(set("a,b=1") == R"(key "a" has no value (cannot end with ,))");
    CHECK(set("a=1,b") == R"(key "b" has no value)");
    CHECK(set("a.=1") == R"(key map "a" has no value)");
    CHECK(set("a[0]b=1") == R"(unexpected data at end of array index: "b")");
    CHECK(set("a[-1]=1") == "negative -1 index not allowed");
    CHECK(set("a[x]=1") == R"(error parsing index: strconv.Atoi: parsing "x": invalid syntax)");
    CHECK(set("a[65537]=1") == "index of 65537 is greater than maximum supported index of 65536");
    CHECK(set("a={x,y") == "list must terminate with '}'");
    CHECK(set("a.b=1", SetStyle::typed, R"({"a":"s"})") ==
          "unable to parse key: interface conversion: interface {} is string, not map[string]interface {}");
    CHECK(set("a[0]=1", SetStyle::typed, R"({"a":null})") ==
          "unable to parse key: interface conversion: interface {} is nil, not []interface {}");
    std::string deep = "a";
    for (int i = 0; i < 31; ++i) deep += ".a";
    CHECK(set(deep + "=1") == "value name nested level is greater than maximum supported nested level of 30");
    CHECK(set("a=\xff") == "the text is not UTF-8");
  }
}
