#include <doctest/doctest.h>

#include <string>

#include "tests/support/template_fixture.hpp"

// Appendix A of the rendering specification: vectors checked with Go's template engine. Plain Go: missingkey=default,
// `<no value>` stays.
namespace gitopsctl::render::testing {
namespace {

struct Vector {
  std::string_view text;
  std::string_view expected;
};

constexpr Vector results[] = {
    {R"v({{.m}} {{.l}} {{.el}} {{.em}} {{.f}} {{.t}})v",
     R"v(map[a:1 b:map[c:d] z:<nil>] [1 b <nil> map[k:1]] [] map[] 1.5 true)v"},
    {R"v({{range $k,$v := .m}}{{$k}}={{$v}};{{end}})v", R"v(a=1;b=map[c:d];z=<no value>;)v"},
    {R"v({{range $i,$e := .l}}{{$i}}{{if eq $i 1}}{{continue}}{{end}}{{if eq $i 2}}{{break}}{{end}}x{{end}})v", R"v(0x12)v"},
    {R"v({{$x := 1}}{{if true}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}})v", R"v(32)v"},
    {R"v({{with $x := .s}}{{$x}}{{.}}{{end}}{{with .nul}}a{{else with .s}}{{.}}{{else}}b{{end}})v", R"v(strstrstr)v"},
    {R"v({{define "t"}}[{{.}}]{{end}}{{template "t" 5}}{{template "t"}})v", R"v([5][<no value>])v"},
    {R"v({{and .i 0 .s}}|{{or 0 "" .s .t}}|{{not .nul}}|{{or .nul .s}}|{{and .s .nul}})v", R"v(0|str|true|str|<no value>)v"},
    {R"v({{'a'}} {{0x1F}} {{0b11}} {{0o17}} {{017}} {{1_000}} {{1e3}} {{-5}} {{.5}} {{1i}})v",
     R"v(97 31 3 15 15 1000 1000 -5 0.5 (0+1i))v"},
    {R"v({{"a" -}}  b {{- "c"}})v", R"v(abc)v"},
    {R"v({{print 1 2}}|{{print "a" "b"}}|{{print 1 "a" 2 3}}|{{print .s .i}}|{{print .nul .s}}|{{print true false}})v",
     R"v(1 2|ab|1a2 3|str5|<nil>str|true false)v"},
    {R"v({{print 0.1}} {{print 100000.0}} {{print 999999.0}} {{print 1000000.0}} {{print 1234567.0}} {{print 0.0001}} {{print 0.00001}} {{print 1e21}} {{print -0.0}} {{print 1.10}})v",
     R"v(0.1 100000 999999 1e+06 1.234567e+06 0.0001 1e-05 1e+21 -0 1.1)v"},
    {R"v({{printf "%v %d %s %q %t" .m .s .i .f .t}})v",
     R"v(map[a:1 b:map[c:d] z:<nil>] %!d(string=str) %!s(int64=5) %!q(float64=1.5) true)v"},
    {R"v({{printf "%s|%d|%v" .nul .nul .nul}})v", R"v(%!s(<nil>)|%!d(<nil>)|<nil>)v"},
    {R"v({{printf "%s" .l}} {{printf "%d" .m}} {{printf "%q" .l}})v",
     R"v([%!s(int64=1) b <nil> map[k:%!s(int64=1)]] map[%!d(string=a):1 %!d(string=b):map[%!d(string=c):%!d(string=d)] %!d(string=z):<nil>] ['\x01' "b" <nil> map["k":'\x01']])v"},
    {R"v({{printf "%d %d" 1}}|{{printf "%d" 1 2}}|{{printf "%z" 1}}|{{printf "a%"}}|{{printf "%[5]d" 1}})v",
     R"v(1 %!d(MISSING)|1%!(EXTRA int=2)|%!z(int=1)|a%!(NOVERB)|%!d(BADINDEX))v"},
    {R"v({{printf "%5s|%-5s|%05d|%+d|%x|%X|%o|%O|%b|%c|%U" "a" "b" 42 42 255 255 8 8 5 'x' 0x1F600}})v",
     R"v(    a|b    |00042|+42|ff|FF|10|0o10|101|x|U+1F600)v"},
    {R"v({{printf "%08.3f|%6.2f%%|%.3s|%5t|%*d|%.3g|%e|%#x|%x" 3.14159 99.5 "abcdef" true 5 1 1234.5678 12345.678 255 "hi"}})v",
     R"v(0003.142| 99.50%|abc| true|    1|1.23e+03|1.234568e+04|0xff|6869)v"},
    {R"v({{printf "%q %+q %#q" "a\n\u00e9\u00a0\x7f\U0001F600'\"" "é" "é"}})v", R"v("a\né\u00a0\x7f😀'\"" "\u00e9" `é`)v"},
    {R"v({{printf "%T %T %T %T %T %T" .s .f .m .l .nul 1}})v",
     R"v(string float64 map[string]interface {} []interface {} <nil> int)v"},
    {R"v({{html "<a href='x'>&\""}} {{js "a'b\"<>&=\n\\"}} {{urlquery "a b&c/é~*"}})v",
     R"v(&lt;a href=&#39;x&#39;&gt;&amp;&#34; a\'b\"\u003C\u003E\u0026\u003D\u000A\\ a+b%26c%2F%C3%A9~%2A)v"},
    {R"v({{eq .f 1.5}} {{eq 1 2 3 1}} {{eq .nul 1}} {{eq .nul nil}} {{ne .nul "a"}} {{eq .m nil}} {{lt "B" "a"}} {{lt 'a' 98}})v",
     R"v(true true false true true false true true)v"},
    {R"v({{index .m "b" "c"}} {{index .l 1}} {{index .s 0}} {{len .s}} {{len .l}} {{slice .l 1 2}})v",
     R"v(d b 115 3 4 [b])v"},
    {R"v({{"x" | printf "%s %s" "a" | printf "%q"}} {{.s | len | printf "%03d"}})v", R"v("a x" 003)v"},
};

constexpr Vector errors[] = {
    {R"v({{.nul.foo}})v",
     R"v(template: output:1:6: executing "output" at <.nul.foo>: nil pointer evaluating interface {}.foo)v"},
    {R"v({{.m.z.foo}})v",
     R"v(template: output:1:4: executing "output" at <.m.z.foo>: nil pointer evaluating interface {}.foo)v"},
    {R"v({{.m.a.foo}})v",
     R"v(template: output:1:4: executing "output" at <.m.a.foo>: can't evaluate field foo in type interface {})v"},
    {R"v({{(.s).foo}})v", R"v(template: output:1:3: executing "output" at <.s>: can't evaluate field foo in type string)v"},
    {R"v({{.s "a"}})v", R"v(template: output:1:2: executing "output" at <.s>: s is not a method but has arguments)v"},
    {R"v({{"a" "b"}})v", R"v(template: output:1:2: executing "output" at <"a">: can't give argument to non-function "a")v"},
    {R"v({{nil}})v", R"v(template: output:1:2: executing "output" at <nil>: nil is not a command)v"},
    {R"v({{range .s}}a{{end}})v", R"v(template: output:1:8: executing "output" at <.s>: range can't iterate over str)v"},
    {R"v({{range .f}}a{{end}})v", R"v(template: output:1:8: executing "output" at <.f>: range can't iterate over 1.5)v"},
    {R"v({{eq .f 1}})v",
     R"v(template: output:1:2: executing "output" at <eq .f 1>: error calling eq: incompatible types for comparison)v"},
    {R"v({{eq .s 1}})v",
     R"v(template: output:1:2: executing "output" at <eq .s 1>: error calling eq: incompatible types for comparison)v"},
    {R"v({{lt .t false}})v",
     R"v(template: output:1:2: executing "output" at <lt .t false>: error calling lt: invalid type for comparison)v"},
    {R"v({{gt .nul 1}})v",
     R"v(template: output:1:2: executing "output" at <gt .nul 1>: error calling gt: invalid type for comparison)v"},
    {R"v({{eq 1}})v",
     R"v(template: output:1:2: executing "output" at <eq 1>: error calling eq: missing argument for comparison)v"},
    {R"v({{len 1 2}})v",
     R"v(template: output:1:2: executing "output" at <len>: wrong number of args for len: want 1 got 2)v"},
    {R"v({{printf 1}})v", R"v(template: output:1:9: executing "output" at <1>: expected string; found 1)v"},
    {R"v({{len .f}})v", R"v(template: output:1:2: executing "output" at <len .f>: error calling len: len of type float64)v"},
    {R"v({{len .nul}})v",
     R"v(template: output:1:2: executing "output" at <len .nul>: error calling len: len of nil pointer)v"},
    {R"v({{index .l 4}})v",
     R"v(template: output:1:2: executing "output" at <index .l 4>: error calling index: reflect: slice index out of range)v"},
    {R"v({{index .l 5}})v",
     R"v(template: output:1:2: executing "output" at <index .l 5>: error calling index: index out of range: 5)v"},
    {R"v({{index .l "a"}})v",
     R"v(template: output:1:2: executing "output" at <index .l "a">: error calling index: cannot index slice/array with type string)v"},
    {R"v({{index .m 1}})v",
     R"v(template: output:1:2: executing "output" at <index .m 1>: error calling index: value has type int; should be string)v"},
    {R"v({{index .nul "a"}})v",
     R"v(template: output:1:2: executing "output" at <index .nul "a">: error calling index: index of untyped nil)v"},
    {R"v({{index .m "q" "r"}})v",
     R"v(template: output:1:2: executing "output" at <index .m "q" "r">: error calling index: index of nil pointer)v"},
    {R"v({{template "x"}})v",
     R"v(template: output:1:11: executing "output" at <{{template "x"}}>: template "x" not defined)v"},
    {R"v({{$x = 1}})v", R"v(template: output:1:7: executing "output" at <1>: undefined variable: $x)v"},
};

constexpr Vector parse_errors[] = {
    {R"v({{foo}})v", R"v(template: output:1: function "foo" not defined)v"},
    {R"v({{$x}})v", R"v(template: output:1: undefined variable "$x")v"},
    {R"v({{if .t}})v", R"v(template: output:1: unexpected EOF)v"},
    {R"v({{end}})v", R"v(template: output:1: unexpected {{end}})v"},
    {R"v({{.a.b)v", R"v(template: output:1: unclosed action)v"},
    {R"v({{"abc)v", R"v(template: output:1: unterminated quoted string)v"},
    {R"v({{"a" | "b"}})v", R"v(template: output:1: non executable command in pipeline stage 2)v"},
    {R"v({{define x}}{{end}})v", R"v(template: output:1: unexpected "x" in define clause)v"},
    {R"v({{if .s}}{{define "q"}}{{end}}{{end}})v", R"v(template: output:1: unexpected <define> in command)v"},
    {R"v({{break}})v", R"v(template: output:1: {{break}} outside {{range}})v"},
    {R"v({{$x, $y := .l}})v", R"v(template: output:1: too many declarations in command)v"},
    {R"v({{99999999999999999999}})v", R"v(template: output:1: integer overflow: "99999999999999999999")v"},
    {R"v({{/* a */ b}})v", R"v(template: output:1: comment ends before closing delimiter)v"},
    {R"v({{/* a)v", R"v(template: output:1: unclosed comment)v"},
    {R"v({{.s.}})v", R"v(template: output:1: unexpected <.> in operand)v"},
    {R"v({{.s;}})v", R"v(template: output:1: bad character U+003B ';')v"},
    {R"v({{(.s}})v", R"v(template: output:1: unclosed left paren)v"},
    {R"v({{if .s}}{{else}}{{else}}{{end}})v", R"v(template: output:1: expected end; found {{else}})v"},
    {R"v({{with .s}}{{else if .t}}{{end}})v", R"v(template: output:1: unexpected <if> in input)v"},
    {R"v({{"\q"}})v", R"v(template: output:1: invalid syntax)v"},
};

}  // namespace

TEST_SUITE("template appendix") {
  TEST_CASE("results") {
    for (const auto& vector : results) {
      CAPTURE(vector.text);
      const Outcome outcome = run(vector.text, appendix_data(), plain_go());
      CHECK(outcome.error == "");
      CHECK(outcome.text == vector.expected);
    }
  }

  TEST_CASE("execution errors") {
    for (const auto& vector : errors) {
      CAPTURE(vector.text);
      CHECK(run(vector.text, appendix_data(), plain_go()).error == vector.expected);
    }
  }

  TEST_CASE("parse errors") {
    for (const auto& vector : parse_errors) {
      CAPTURE(vector.text);
      const Outcome outcome = run(vector.text, appendix_data(), plain_go());
      CHECK(outcome.error == vector.expected);
      CHECK(outcome.where.to_string() == "output:1");
    }
  }
}

}  // namespace gitopsctl::render::testing
