#include "render/template/evaluator.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/support/template_fixture.hpp"

namespace gitopsctl::render::testing {
namespace {

/// Counts how many of its kind are alive.
class Counted final : public ValueObject {
 public:
  explicit Counted(int& alive) : alive_(alive) { ++alive_; }
  ~Counted() override { --alive_; }
  std::string_view go_type() const override { return "*test.Counted"; }
  std::string_view go_kind() const override { return "ptr"; }
  std::string print() const override { return "counted"; }
  std::string format() const override { return "&{counted}"; }
  bool field(std::string_view name, Value& out) const override {
    if (name != "Name") return false;
    out = Value::string("n");
    return true;
  }
  bool call(std::string_view name, const std::vector<Value>& arguments, Value& out, std::string& error) const override {
    if (name == "Has") {
      if (arguments.size() != 1) {
        error = "wrong number of args for Has: want 1 got " + std::to_string(arguments.size());
      } else if (!arguments[0].is_string()) {
        error = "no string";
      } else {
        out = Value::boolean(arguments[0].as_string() == "v1");
      }
      return true;
    }
    return false;
  }
  Value to_plain() const override { return Value::string("counted"); }

 private:
  int& alive_;
};

/// Helm's named map types.
class MapMethods final : public FixedContext {
 public:
  bool has_map_method(MapType type, std::string_view name) const override {
    return (type == MapType::values && name == "AsMap") || (type == MapType::files && name == "Get");
  }
  std::optional<Result<Value>> map_method(const Value& receiver, std::string_view name,
                                          std::span<const Value> arguments) override {
    if (name == "AsMap") return Result<Value>(receiver.with_map_type(MapType::any));
    if (arguments.size() != 1) {
      return Result<Value>(Error(ErrorCode::invalid_input, "wrong number of args for Get: want 1 got 0"));
    }
    const Value* file = receiver.find(arguments[0].as_string());
    return Result<Value>(file != nullptr ? *file : Value::string(""));
  }
  Result<Value> lookup(std::string_view api_version, std::string_view kind, std::string_view namespace_,
                       std::string_view name) override {
    if (kind == "Broken") return Error(ErrorCode::unavailable, "no answer");
    return make_map({{"seen", Value::string(std::string(api_version) + "/" + std::string(kind) + "/" +
                                            std::string(namespace_) + "/" + std::string(name))}});
  }
};

std::string with_methods(std::string_view text) {
  TemplateSet set(test_table());
  REQUIRE(set.add("t", text).ok());
  MapMethods context;
  Evaluator evaluator(set, context);
  const Value data = make_map({{"Values", make_map({{"a", Value::string("b")}}).with_map_type(MapType::values)},
                               {"Files", make_map({{"f.txt", Value::string("hi")}}).with_map_type(MapType::files)}});
  const auto out = evaluator.execute("t", data);
  return out.ok() ? *out : out.error().message();
}

std::string code_of(const Outcome& outcome) { return std::string(code_name(outcome.failure.code)); }

}  // namespace

TEST_SUITE("template evaluator") {
  TEST_CASE("a later definition replaces an earlier one, unless it is empty") {
    const std::vector<File> files = {
        {"main", "{{template \"a\"}}{{template \"b\"}}{{template \"c\"}}"},
        {"1", "{{define \"a\"}}one{{end}}{{define \"b\"}}one{{end}}{{define \"c\"}} {{end}}"},
        {"2", "{{define \"a\"}}two{{end}}{{define \"b\"}} {{/* x */}}\n{{end}}{{define \"c\"}}c{{end}}"}};
    CHECK(run_files(files, {}).text == "twoonec");
  }

  TEST_CASE("a file that holds only definitions is a template without text") {
    CHECK(run_files({{"a", "{{define \"x\"}}y{{end}}\n"}}, {}).text == "\n");
  }

  TEST_CASE("<no value> goes away in Helm's way and stays in Go's") {
    const Value data = appendix_data();
    CHECK(run("a{{.m.q}}b<no value>c{{.nul}}", data).text == "abc");
    CHECK(run("a{{.m.q}}b", data, plain_go()).text == "a<no value>b");
    CHECK(run("{{tpl \"[{{.q}}<no value>]\" .m | len}}", data).text == "2");
    CHECK(run("{{include \"i\" . | len}}{{define \"i\"}}{{.q}}{{end}}", data).text == "10");
    CHECK(run("<no <no value>value>", data).text == "<no value>");
  }

  TEST_CASE("missing keys") {
    const Value data = appendix_data();
    EvaluatorOptions strict;
    strict.missing_key = MissingKey::error;
    CHECK(run("{{.m.q.x}}", data).error.ends_with("nil pointer evaluating interface {}.x"));
    CHECK(run("{{.m.q.x}}", data, plain_go()).text == "<no value>");
    CHECK(run("{{.m.q}}", data, strict).error.ends_with("map has no entry for key \"q\""));
    CHECK(run("{{(.nul).q}}", data, strict).error.ends_with("nil data; no entry for key \"q\""));
    CHECK(run("{{(.m.q).x}}{{$v := .m.q}}{{$v.x.y}}|", data).text == "|");
  }

  TEST_CASE("values are shared: what set changes is changed for all, in later files too") {
    TemplateSet set(test_table());
    REQUIRE(set.add("a", "{{$_ := set .m \"k\" 1}}{{.m.k}}").ok());
    REQUIRE(set.add("b", "{{.m.k}}").ok());
    FixedContext context;
    Evaluator evaluator(set, context);
    const Value data = make_map({{"m", Value::map()}});
    CHECK(*evaluator.execute("a", data) == "1");
    CHECK(*evaluator.execute("b", data) == "1");
  }

  TEST_CASE("objects: fields, methods, printing") {
    int alive = 0;
    {
      const Value data = make_map({{"o", Value::object(new Counted(alive))}});
      CHECK(run("{{.o}} {{print .o}} {{printf \"%v\" .o}} {{.o.Name}} {{.o.Has \"v1\"}} {{.o.Has \"v2\"}}", data).text ==
            "counted &{counted} &{counted} n true false");
      CHECK(run("{{if .o}}y{{end}}{{\"v1\" | .o.Has}}", data).text == "ytrue");
      CHECK(run("{{.o.Nope}}", data).error.ends_with("can't evaluate field Nope in type interface {}"));
      CHECK(run("{{(.o).Nope}}", data).error.ends_with("can't evaluate field Nope in type *test.Counted"));
      CHECK(run("{{.o.Has 1}}", data).error ==
            "template: output:1:4: executing \"output\" at <.o.Has>: error calling Has: no string");
      CHECK(run("{{.o.Has}}", data).error ==
            "template: output:1:4: executing \"output\" at <.o.Has>: wrong number of args for Has: want 1 got 0");
      CHECK(run("{{.o.Name 1}}", data).error.ends_with("Name has arguments but cannot be invoked as function"));
      CHECK(run("{{wantString .o}}", data).error.ends_with("wrong type for value; expected string; got *test.Counted"));
      CHECK(alive == 1);
    }
    CHECK(alive == 0);
  }

  TEST_CASE("methods of named maps win over keys; content of files is bytes") {
    CHECK(with_methods("{{.Values.AsMap.a}}{{.Values.a}}") == "bb");
    CHECK(with_methods("{{.Files.Get \"f.txt\"}}|{{.Files.Get \"none\"}}|") == "hi||");
    CHECK(with_methods("{{.Files.Get}}").ends_with("<.Files.Get>: wrong number of args for Get: want 1 got 0"));
    CHECK(
        with_methods("{{range $k, $v := .Files}}{{$k}}{{$v}}{{printf \"%s\" $v}}{{end}}{{len (index .Files \"f.txt\")}}") ==
        "f.txt[104 105]hi2");
    CHECK(with_methods("{{.Files}}") == "map[f.txt:[104 105]]");
    CHECK(with_methods("{{wantMap .Values}}") == "map[a:b]");
    CHECK(with_methods("{{wantMap .Files}}").ends_with("expected map[string]interface {}; got engine.files"));
  }

  TEST_CASE("lookup answers from the context") {
    CHECK(with_methods("{{(lookup \"v1\" \"Secret\" \"ns\" \"n\").seen}}") == "v1/Secret/ns/n");
    CHECK(with_methods("{{lookup \"v1\" \"Broken\" \"\" \"\"}}").ends_with("error calling lookup: no answer"));
    CHECK(run("{{lookup \"v1\" \"Secret\" \"ns\" \"n\"}}{{getHostByName \"x\"}}", {}).text == "map[]");
  }

  TEST_CASE("required and fail") {
    CHECK(run("{{required \"m\" 0}}{{required \"m\" false}}", {}).text == "0false");
    const Outcome outcome = run("{{required \"say: it\" \"\"}}", {});
    CHECK(outcome.failure.is_assertion);
    CHECK(outcome.failure.assertion == "say: it");
    CHECK_FALSE(run("{{boom \"m\"}}", {}).failure.is_assertion);
  }

  TEST_CASE("lint mode warns and goes on") {
    class Lint final : public FixedContext {
     public:
      bool lint() const override { return true; }
    };
    TemplateSet set(test_table());
    REQUIRE(set.add("t", "a{{required \"need\" nil}}{{fail \"no\"}}b").ok());
    Lint context;
    Evaluator evaluator(set, context);
    CHECK(*evaluator.execute("t", {}) == "ab");
    CHECK(context.warnings == std::vector<std::string>{"missing required value: need", "fail: no"});
  }

  TEST_CASE("a thousand nested includes of one name work, a few more do not") {
    const std::string text = "{{define \"d\"}}{{if .}}{{include \"d\" (slice . 1)}}{{end}}.{{end}}{{include \"d\" .}}";
    CHECK(run(text, Value::string(std::string(1000, 'x'))).text == std::string(1001, '.'));
    CHECK(run(text, Value::string(std::string(1001, 'x')))
              .error.ends_with("rendering template has a nested reference name: d: unable to execute template"));
  }

  TEST_CASE("the limits end what would not end") {
    EvaluatorOptions options;
    options.limits.max_output_bytes = 1000;
    options.limits.max_steps = 10'000;
    Outcome outcome = run("{{range 1000}}0123456789{{end}}", {}, options);
    CHECK(outcome.error.ends_with("the output is larger than 1000 bytes"));
    CHECK(code_of(outcome) == "TooLarge");
    outcome = run("{{range 1000000000}}{{end}}", {}, options);
    CHECK(outcome.error.ends_with("the render takes more than 10000 steps"));
    CHECK(code_of(outcome) == "TooLarge");
    outcome = run("{{printf \"%1000000d\" 1}}", {}, options);
    CHECK(code_of(outcome) == "TooLarge");
    options.limits.max_template_depth = 3;
    outcome = run("{{define \"r\"}}{{template \"r\" .}}{{end}}{{template \"r\" .}}", {}, options);
    CHECK(outcome.error ==
          "template: output:1:25: executing \"r\" at <{{template \"r\" .}}>: exceeded maximum template depth (3)");
  }

  TEST_CASE("endless recursion ends with an error, whatever it goes through") {
    CHECK(run("{{define \"r\"}}{{template \"r\" .}}{{end}}{{template \"r\" .}}", {}).error ==
          "template: output:1:25: executing \"r\" at <{{template \"r\" .}}>: exceeded maximum template depth (100000)");
    CHECK(run("{{define \"r\"}}{{with 1}}{{range 1}}{{template \"r\" (print (print 1))}}{{end}}{{end}}{{end}}{{template "
              "\"r\"}}",
              {})
              .error.ends_with("exceeded maximum template depth (100000)"));
    CHECK_FALSE(run("{{define \"r\"}}{{tpl . .}}{{end}}{{include \"r\" \"{{include `r` .}}\"}}", {}).ok);
  }

  TEST_CASE("deep nesting is parsed and run on a stack of its own") {
#ifdef __SANITIZE_ADDRESS__
    // Frames are several times larger here: the stack ends before Go's limits do.
    constexpr std::size_t parens_deep = 1'000;
    constexpr int ifs_deep = 2'000;
#else
    constexpr std::size_t parens_deep = 9'000;
    constexpr int ifs_deep = 20'000;
    CHECK(run("{{" + std::string(10'001, '(') + "1" + std::string(10'001, ')') + "}}", {}).error ==
          "template: output:1: max expression depth exceeded");
#endif
    CHECK(run("{{" + std::string(parens_deep, '(') + "1" + std::string(parens_deep, ')') + "}}", {}).text == "1");
    std::string ifs;
    std::string ends;
    for (int i = 0; i < ifs_deep; ++i) {
      ifs += "{{if 1}}";
      ends += "{{end}}";
    }
    CHECK(run(ifs + "x" + ends, {}).text == "x");
    std::string many;
    for (int i = 0; i < 2'000'000; ++i) many += "{{if 1}}";
    CHECK(run(many, {}).error.starts_with("template: output:1: "));
  }

  TEST_CASE("a map that contains itself is freed and cannot be printed") {
    int alive = 0;
    {
      const Outcome outcome = run("{{$_ := set .m \"self\" .m}}{{.m}}", make_map({{"m", Value::map()}}));
      CHECK(outcome.error.find("nested too deep") != std::string::npos);
      CHECK(outcome.failure.code == ErrorCode::too_large);
    }
    {
      TemplateSet set(test_table());
      REQUIRE(set.add("t", "{{$l := list .m}}{{$_ := set .m \"l\" $l}}{{$_ := set .m \"x\" (dict \"up\" .m)}}ok").ok());
      FixedContext context;
      Evaluator evaluator(set, context);
      Value inner = make_map({{"o", Value::object(new Counted(alive))}});
      const Value data = make_map({{"m", inner}});
      CHECK(*evaluator.execute("t", data) == "ok");
      // Everything that closes no cycle stays.
      evaluator.release_cycles();
      CHECK(inner.find("o") != nullptr);
      CHECK(inner.find("x")->is_map());
    }
    CHECK(alive == 0);
  }

  TEST_CASE("many short-lived maps that were changed are not kept") {
    EvaluatorOptions options;
    CHECK(run("{{range 20000}}{{$d := dict}}{{$_ := set $d \"a\" (list 1)}}{{end}}done", {}, options).text == "done");
  }

  TEST_CASE("an unknown template") {
    CHECK(run("{{include \"none\" .}}", {})
              .error.ends_with("error calling include: template: no template \"none\" associated with template \"gotpl\""));
    TemplateSet set(test_table());
    FixedContext context;
    Evaluator evaluator(set, context);
    CHECK(evaluator.execute("none", {}).error().code() == ErrorCode::not_found);
  }

  TEST_CASE("syntax trees are shared by several threads") {
    const std::string text = "{{range .l}}{{.}}{{end}}{{include \"x\" .}}{{define \"x\"}}{{tpl \"{{.s}}\" .}}{{end}}";
    std::vector<std::string> results(4);
    std::vector<std::thread> threads;
    threads.reserve(results.size());
    for (auto& result : results) {
      threads.emplace_back([&text, &result] {
        for (int i = 0; i < 50; ++i) result = run(text, appendix_data()).text;
      });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& result : results) CHECK(result == "1bmap[k:1]str");
  }

  TEST_CASE("the cache of syntax trees forgets within its bounds") {
    set_parse_cache_limits({16, 4096});
    for (int i = 0; i < 200; ++i)
      CHECK(run("{{.s}}" + std::to_string(i), appendix_data()).text == "str" + std::to_string(i));
    set_parse_cache_limits({});
    CHECK(run("{{.s}}7", appendix_data()).text == "str7");
  }

  TEST_CASE("the cache of syntax trees can be made smaller for a while, and grows again") {
    const auto run_all = [] {
      for (int i = 0; i < 200; ++i) {
        const std::string text = std::string(100, 'a') + std::to_string(i);
        CHECK(run("{{.s}}" + text, appendix_data()).text == "str" + text);
      }
    };
    run_all();
    CHECK(parse_cache_bytes() > 16'000);
    shrink_parse_cache(1600);
    CHECK(parse_cache_bytes() <= 1600);
    run_all();
    CHECK(parse_cache_bytes() > 16'000);
  }
}

}  // namespace gitopsctl::render::testing
