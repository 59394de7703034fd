#include <doctest/doctest.h>

#include <string>

#include "render/template/error.hpp"
#include "tests/support/template_fixture.hpp"

// What the command line of helm 4.3.1 says about failing templates (after `Error: `), recorded from it.
namespace gitopsctl::render::testing {
namespace {

constexpr std::string_view helpers = R"v({{define "h"}}{{ include "g" . }}{{end}}
{{define "g"}}
  {{ .Values.nope.x }}{{end}}
{{define "f"}}{{ fail "a: b: c" }}{{end}}
{{define "w"}}{{ required "need\nthis" .Values.q }}{{end}}
{{define "i"}}{{ index .Values.m 1 }}{{end}}
{{define "t"}}{{ template "g" . }}{{end}}
{{define "same"}}{{ include "same2" . }}{{end}}{{define "same2"}}{{ .Values.m.a.b.c }}{{end}}
{{define "loop"}}{{ include "loop" . }}{{end}}
{{define "rec"}}{{ template "rec" . }}{{end}}
)v";

struct Recorded {
  std::string_view text;
  std::string_view error;
};

constexpr Recorded recorded[] = {
    {R"v({{ include "h" . }})v",
     R"v(c/templates/main.yaml:1:3
  executing "c/templates/main.yaml" at <include "h" .>:
    error calling include:
c/templates/_h.tpl:1:17
  executing "h" at <include "g" .>:
    error calling include:
c/templates/_h.tpl:3:12
  executing "g" at <.Values.nope.x>:
    nil pointer evaluating interface {}.x)v"},
    {R"v({{ include "g" . }})v",
     R"v(c/templates/main.yaml:1:3
  executing "c/templates/main.yaml" at <include "g" .>:
    error calling include:
c/templates/_h.tpl:3:12
  executing "g" at <.Values.nope.x>:
    nil pointer evaluating interface {}.x)v"},
    {R"v({{ .Values.nope.x }})v",
     R"v(c/templates/main.yaml:1:10
  executing "c/templates/main.yaml" at <.Values.nope.x>:
    nil pointer evaluating interface {}.x)v"},
    {R"v({{ include "f" . }})v", R"v(execution error at (c/templates/main.yaml:1:3): a: b: c)v"},
    {R"v({{ fail "x" }})v", R"v(execution error at (c/templates/main.yaml:1:3): x)v"},
    {R"v({{ required "r" .Values.z }})v", R"v(execution error at (c/templates/main.yaml:1:3): r)v"},
    {R"v({{ include "w" . }})v",
     R"v(execution error at (c/templates/main.yaml:1:3): need
this)v"},
    {R"v({{ include "i" . }})v",
     R"v(template: c/templates/main.yaml:1:3: executing "c/templates/main.yaml" at <include "i" .>: error calling include: template: c/templates/_h.tpl:6:17: executing "i" at <index .Values.m 1>: error calling index: value has type int; should be string)v"},
    {R"v({{ include "t" . }})v",
     R"v(c/templates/main.yaml:1:3
  executing "c/templates/main.yaml" at <include "t" .>:
    error calling include:
c/templates/_h.tpl:3:12
  executing "g" at <.Values.nope.x>:
    nil pointer evaluating interface {}.x)v"},
    {R"v({{ include "same" . }})v",
     R"v(c/templates/main.yaml:1:3
  executing "c/templates/main.yaml" at <include "same" .>:
    error calling include:
c/templates/_h.tpl:8:20
  executing "same" at <include "same2" .>:
    error calling include:
c/templates/_h.tpl:8:75
  executing "same2" at <.Values.m.a.b.c>:
    can't evaluate field c in type interface {})v"},
    {R"v({{ include "none" . }})v",
     R"v(c/templates/main.yaml:1:3
  executing "c/templates/main.yaml" at <include "none" .>:
    error calling include:
template: no template "none" associated with template "gotpl")v"},
    {R"v({{ tpl "{{ .Values.nope.x }}" . }})v",
     R"v(template: c/templates/main.yaml:1:3: executing "c/templates/main.yaml" at <tpl "{{ .Values.nope.x }}" .>: error calling tpl: error during tpl function execution for "{{ .Values.nope.x }}": template: gotpl:1:10: executing "gotpl" at <.Values.nope.x>: nil pointer evaluating interface {}.x)v"},
    {R"v({{ tpl "{{ include \"g\" . }}" . }})v",
     R"v(template: c/templates/main.yaml:1:3: executing "c/templates/main.yaml" at <tpl "{{ include \"g\" . }}" .>: error calling tpl: error during tpl function execution for "{{ include \"g\" . }}": template: gotpl:1:3: executing "gotpl" at <include "g" .>: error calling include: template: c/templates/_h.tpl:3:12: executing "g" at <.Values.nope.x>: nil pointer evaluating interface {}.x)v"},
    {R"v({{ tpl "{{ fail \"q\" }}" . }})v", R"v(execution error at (c/templates/main.yaml:1:3): q)v"},
    {R"v({{ tpl "{{ foo }}" . }})v",
     R"v(template: c/templates/main.yaml:1:3: executing "c/templates/main.yaml" at <tpl "{{ foo }}" .>: error calling tpl: cannot parse template "{{ foo }}": template: gotpl:1: function "foo" not defined)v"},
    {R"v({{ foo }})v", R"v(parse error at (c/templates/main.yaml:1): function "foo" not defined)v"},
    {R"v({{ if }})v", R"v(parse error at (c/templates/main.yaml:1): missing value for if)v"},
    {R"v({{ "\q" }})v", R"v(parse error at (c/templates/main.yaml:1): invalid syntax)v"},
    {R"v({{ template "none" }})v",
     R"v(c/templates/main.yaml:1:12
  executing "c/templates/main.yaml" at <{{template "none"}}>:
    template "none" not defined)v"},
    {R"v({{ 1 | 2 }})v", R"v(parse error at (c/templates/main.yaml:1): non executable command in pipeline stage 2)v"},
    {R"v({{ len 1 2 }})v",
     R"v(c/templates/main.yaml:1:3
  executing "c/templates/main.yaml" at <len>:
    wrong number of args for len: want 1 got 2)v"},
    {R"v({{ printf 1 }})v",
     R"v(c/templates/main.yaml:1:10
  executing "c/templates/main.yaml" at <1>:
    expected string; found 1)v"},
    {R"v({{ eq 1 "a" }})v",
     R"v(template: c/templates/main.yaml:1:3: executing "c/templates/main.yaml" at <eq 1 "a">: error calling eq: incompatible types for comparison: int and string)v"},
    {R"v({{ index nil 1 }})v",
     R"v(template: c/templates/main.yaml:1:3: executing "c/templates/main.yaml" at <index nil 1>: error calling index: index of untyped nil)v"},
    {R"v({{ include "g" (dict) }})v",
     R"v(c/templates/main.yaml:1:3
  executing "c/templates/main.yaml" at <include "g" (dict)>:
    error calling include:
c/templates/_h.tpl:3:12
  executing "g" at <.Values.nope.x>:
    nil pointer evaluating interface {}.nope)v"},
    {R"v({{ include "h" 5 }})v",
     R"v(c/templates/main.yaml:1:3
  executing "c/templates/main.yaml" at <include "h" 5>:
    error calling include:
c/templates/_h.tpl:1:17
  executing "h" at <include "g" .>:
    error calling include:
c/templates/_h.tpl:3:12
  executing "g" at <.Values.nope.x>:
    can't evaluate field Values in type int)v"},
    {R"v({{ .Values.m.a.b.c | print }})v",
     R"v(c/templates/main.yaml:1:10
  executing "c/templates/main.yaml" at <.Values.m.a.b.c>:
    can't evaluate field c in type interface {})v"},
    {R"v({{ template "t" . }})v",
     R"v(c/templates/_h.tpl:3:12
  executing "g" at <.Values.nope.x>:
    nil pointer evaluating interface {}.x)v"},
    {R"v({{ define "x"}}a{{end}}{{define "x"}}b{{end}})v",
     R"v(parse error at (c/templates/main.yaml:1): multiple definition of template "x")v"},
    {R"v({{ $x = 1 }})v",
     R"v(c/templates/main.yaml:1:8
  executing "c/templates/main.yaml" at <1>:
    undefined variable: $x)v"},
    {R"v({{ include 5 . }})v",
     R"v(c/templates/main.yaml:1:11
  executing "c/templates/main.yaml" at <5>:
    expected string; found 5)v"},
    {R"v({{ include "h" . | printf "%s" }})v",
     R"v(c/templates/main.yaml:1:3
  executing "c/templates/main.yaml" at <include "h" .>:
    error calling include:
c/templates/_h.tpl:1:17
  executing "h" at <include "g" .>:
    error calling include:
c/templates/_h.tpl:3:12
  executing "g" at <.Values.nope.x>:
    nil pointer evaluating interface {}.x)v"},
    {R"v({{ list 1 | include "g" }})v",
     R"v(c/templates/main.yaml:1:12
  executing "c/templates/main.yaml" at <include "g">:
    error calling include:
c/templates/_h.tpl:3:12
  executing "g" at <.Values.nope.x>:
    can't evaluate field Values in type []interface {})v"},
    {R"v({{ template "rec" . }})v",
     R"v(c/templates/_h.tpl:10:28
  executing "rec" at <{{template "rec" .}}>:
    exceeded maximum template depth (100000))v"},
    {R"v(a

  {{ if .Values.m }}{{ include "h" . }}{{end}})v",
     R"v(c/templates/main.yaml:3:23
  executing "c/templates/main.yaml" at <include "h" .>:
    error calling include:
c/templates/_h.tpl:1:17
  executing "h" at <include "g" .>:
    error calling include:
c/templates/_h.tpl:3:12
  executing "g" at <.Values.nope.x>:
    nil pointer evaluating interface {}.x)v"},
    {R"v({{ fail "" }})v", R"v(execution error at (c/templates/main.yaml:1:3): )v"},
    {R"v({{ fail "multi\nline" }})v",
     R"v(execution error at (c/templates/main.yaml:1:3): multi
line)v"},
    {R"v({{ required "%s %d" nil }})v", R"v(execution error at (c/templates/main.yaml:1:3): %s %d)v"},
    {R"v({{ .Values.m.a "x" }})v",
     R"v(c/templates/main.yaml:1:10
  executing "c/templates/main.yaml" at <.Values.m.a>:
    a is not a method but has arguments)v"},
    {R"v({{ .Values.é.ü.x }})v",
     R"v(c/templates/main.yaml:1:10
  executing "c/templates/main.yaml" at <.Values.é.ü.x>:
    nil pointer evaluating interface {}.ü)v"},
    {R"v({{ tpl "{{ template \"none\" }}" . }})v",
     R"v(template: c/templates/main.yaml:1:3: executing "c/templates/main.yaml" at <tpl "{{ template \"none\" }}" .>: error calling tpl: error during tpl function execution for "{{ template \"none\" }}": template: gotpl:1:12: executing "gotpl" at <{{template "none"}}>: template "none" not defined)v"},
    {R"v({{ with .Values.m }}{{ .a.b.c.d }}{{ end }})v",
     R"v(c/templates/main.yaml:1:25
  executing "c/templates/main.yaml" at <.a.b.c.d>:
    can't evaluate field c in type interface {})v"},
    {R"v({{ break }})v", R"v(parse error at (c/templates/main.yaml:1): {{break}} outside {{range}})v"},
    {R"v({{ tpl "a" }})v",
     R"v(c/templates/main.yaml:1:3
  executing "c/templates/main.yaml" at <tpl>:
    wrong number of args for tpl: want 2 got 1)v"},
    {R"v({{ "a: b" | fail }})v", R"v(execution error at (c/templates/main.yaml:1:12): a: b)v"},
    {R"v({{ (fail "deep") | print }})v", R"v(execution error at (c/templates/main.yaml:1:4): deep)v"},
    {R"v({{ include "none: \"x\" at <y>: z" . }})v",
     R"v(c/templates/main.yaml:1:3
  executing "c/templates/main.yaml" at <include "none: \"x\" at <y>:
    z" .>: error calling include:
template: no template "none: \"x\" at <y>: z" associated with template "gotpl")v"},
    {R"v({{ print (include "h" .) }})v",
     R"v(c/templates/main.yaml:1:10
  executing "c/templates/main.yaml" at <include "h" .>:
    error calling include:
c/templates/_h.tpl:1:17
  executing "h" at <include "g" .>:
    error calling include:
c/templates/_h.tpl:3:12
  executing "g" at <.Values.nope.x>:
    nil pointer evaluating interface {}.x)v"},
    {R"v({{ lookup "v1" }})v",
     R"v(c/templates/main.yaml:1:3
  executing "c/templates/main.yaml" at <lookup>:
    wrong number of args for lookup: want 4 got 1)v"},
    {R"v({{ range .Values.s }}{{end}}{{ range 1.5 }}{{end}})v",
     R"v(c/templates/main.yaml:1:37
  executing "c/templates/main.yaml" at <1.5>:
    range can't iterate over 1.5)v"},
};

std::string shown(std::string_view text, HelmErrorStyle style) {
  const Value data = make_map({{"Values", make_map({{"m", make_map({{"a", make_map({{"b", Value::string("x")}})}})}})}});
  const Outcome outcome =
      run_files({{"c/templates/main.yaml", std::string(text)}, {"c/templates/_h.tpl", std::string(helpers)}}, data);
  if (outcome.ok) return "no error: " + outcome.text;
  return outcome.failure.empty() ? helm_parse_error_text(outcome.error) : helm_error_text(outcome.failure, style);
}

}  // namespace

TEST_SUITE("template errors") {
  TEST_CASE("the trace of helm 4") {
    for (const auto& one : recorded) {
      CAPTURE(one.text);
      CHECK(shown(one.text, HelmErrorStyle::trace) == one.error);
    }
  }

  TEST_CASE("endless includes end with helm's text") {
    const std::string text = shown("{{ include \"loop\" . }}", HelmErrorStyle::trace);
    // Length and end as helm 4.3.1 prints them: 1002 nested calls.
    CHECK(text.size() == 98295);
    CHECK(text.ends_with(
        R"v(cuting "loop" at <include "loop" .>: error calling include: rendering template has a nested reference name: loop: unable to execute template)v"));
  }

  TEST_CASE("helm 3 prints Go's line, assertions excepted") {
    CHECK(shown("{{ include \"g\" . }}", HelmErrorStyle::line) ==
          R"(template: c/templates/main.yaml:1:3: executing "c/templates/main.yaml" at <include "g" .>: )"
          R"(error calling include: template: c/templates/_h.tpl:3:12: executing "g" at <.Values.nope.x>: )"
          R"(nil pointer evaluating interface {}.x)");
    CHECK(shown("{{ include \"f\" . }}", HelmErrorStyle::line) == "execution error at (c/templates/main.yaml:1:3): a: b: c");
  }

  TEST_CASE("a failure is structured") {
    const Outcome outcome = run_files({{"c/templates/main.yaml", "a: 1\n{{ include \"h\" . }}"},
                                       {"c/templates/_h.tpl", "{{define \"h\"}}\n  {{ tpl \"{{.x.y}}\" . }}{{end}}"}},
                                      make_map({{"x", Value::null()}}));
    REQUIRE_FALSE(outcome.ok);
    REQUIRE(outcome.failure.frames.size() == 3);
    CHECK(outcome.failure.frames[0].file == "c/templates/main.yaml");
    CHECK(outcome.failure.frames[0].line == 2);
    CHECK(outcome.failure.frames[0].column == 3);
    CHECK(outcome.failure.frames[0].node == "include \"h\" .");
    CHECK(outcome.failure.frames[1].name == "h");
    CHECK(outcome.failure.frames[2].file == "gotpl");
    CHECK(outcome.failure.message == "nil pointer evaluating interface {}.y");
    // The place is the innermost one in a file; the text of a tpl is in none.
    CHECK(outcome.where.to_string() == "c/templates/_h.tpl:2:6");
  }

  TEST_CASE("a message without its content keeps its words") {
    const auto without = [](std::string_view message, const std::vector<Value>& arguments = {}) {
      return without_content(message, arguments);
    };
    CHECK(without(R"(parse "x://u:p%zz@h": invalid URL escape "%zz")") == "parse (redacted): invalid URL escape (redacted)");
    CHECK(without(R"(strconv: "a\"b" is no number)") == "strconv: (redacted) is no number");
    CHECK(without("regexp: `a'b\"c`: can't be read") == "regexp: (redacted): can't be read");
    CHECK(without("invalid character '\\'' here") == "invalid character (redacted) here");
    CHECK(without("it ends \"in the midd") == "it ends (redacted)");
    Value loop = Value::map();
    loop.set("S3cret-key", Value::list({Value::string("deep-S3cret"), Value::string("abc")}));
    loop.set("self", loop);
    CHECK(without("improper: deep-S3cret of S3cret-key in abc", {loop}) == "improper: (redacted) of (redacted) in abc");
    loop.erase("self");
    CHECK(without("index out of range: 5") == "index out of range: 5");
  }

  TEST_CASE("a parse error has its place and adds nothing") {
    TemplateSet set(test_table());
    const auto added = set.add("c/templates/a.yaml", "{{define \"x\"}}{{end}}\n{{ foo }}");
    REQUIRE_FALSE(added.ok());
    CHECK(added.error().code() == ErrorCode::invalid_input);
    CHECK(added.error().where().to_string() == "c/templates/a.yaml:2");
    CHECK_FALSE(set.contains("x"));
    CHECK(set.names().empty());
  }
}

}  // namespace gitopsctl::render::testing
