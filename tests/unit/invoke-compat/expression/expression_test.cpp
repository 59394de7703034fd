#include <doctest/doctest.h>

#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"
#include "invoke-compat/expression/printing.hpp"
#include "invoke-compat/expression/template.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;

namespace {

Value yaml(const std::string& text) { return parse_yaml(text, {.profile = YamlProfile::go_v3}).value(); }

Scope scope() {
  Scope out;
  out.args =
      yaml("{image: web, push: true, cache: false, jobs: 4, ratio: 0.5, label: [a, b c], log: null, empty: [], my_opt: x}");
  out.config = yaml("{region: eu, db: {host: h, ports: [1, 2]}, a-b: {2x: deep}, none: null}");
  out.env = yaml("{CI: 'true', HOME: /home/ann}");
  out.remainder = yaml("[--x, y z]");
  out.steps = yaml(R"({out: {stdout: "  line one\nline two\r\n", stderr: '', exited: 3, ok: false}})");
  out.project = yaml("{dir: /p}");
  out.git = []() -> Result<Value> { return make_map({{"branch", Value::string("main")}}); };
  return out;
}

/// The value of an expression as JSON.
std::string eval(const std::string& text) {
  const auto expression = Expression::parse(text, {"t.yaml", 3, 5});
  if (!expression.ok()) return "! " + expression.error().to_string();
  const auto value = expression->evaluate(scope());
  if (!value.ok()) return "! " + value.error().to_string();
  return to_json(*value, {.escape_html = false}).value_or("! json");
}

std::string print(const std::string& text) {
  const auto parsed = Template::parse(text, Template::Use::literal, {"t.yaml", 3, 5});
  if (!parsed.ok()) return "! " + parsed.error().to_string();
  const auto out = parsed->render(scope());
  return out.ok() ? *out : "! " + out.error().to_string();
}

}  // namespace

TEST_SUITE("invoke: expressions") {
  TEST_CASE("the templates of the example in the specification") {
    CHECK(print("fetch ${{ args.image }}") == "fetch web");
    CHECK(
        print(
            "build ${{ args.image }} push=${{ args.push ? 1 : 0 }} cache=${{ args.cache ? 1 : 0 }} jobs=${{ args.jobs }}") ==
        "build web push=1 cache=0 jobs=4");
    CHECK(
        print(
            "audit ${{ join(args.label, ',') || '-' }} ${{ args.jobs }} ${{ args.log == true ? 'on' : args.log || '-' }}") ==
        "audit a,b c 4 -");
    CHECK(print("${{ join(args.empty, ',') || '-' }}") == "-");
    CHECK(eval("env.CI == 'true'") == "true");
    CHECK(eval("steps.out.exited != 0") == "true");
  }

  TEST_CASE("literals") {
    CHECK(eval("'a'") == "\"a\"");
    CHECK(eval("\"a'b\"") == "\"a'b\"");
    CHECK(eval(R"('it\'s\n\t\\"')") == R"("it's\n\t\\\"")");
    CHECK(eval("12") == "12");
    CHECK(eval("-1") == "-1");
    CHECK(eval("1.50") == "1.5");
    CHECK(eval("true") == "true");
    CHECK(eval("null") == "null");
    CHECK(eval(" ( 'a' ) ") == "\"a\"");
    CHECK(eval("'}}'") == "\"}}\"");
  }

  TEST_CASE("names") {
    CHECK(eval("config.db") == R"({"host":"h","ports":[1,2]})");
    CHECK(eval("config.db.ports[1]") == "2");
    CHECK(eval("config['db'].host") == "\"h\"");
    CHECK(eval("config[args.image || 'db']") == "! t.yaml:3:5: column 1: 'config.web' is not set");
    CHECK(eval("config.a-b.2x") == "\"deep\"");
    CHECK(eval("remainder[0]") == "\"--x\"");
    CHECK(eval("remainder") == R"(["--x","y z"])");
    CHECK(eval("git.branch") == "\"main\"");
    CHECK(eval("lines(steps.out.stdout)[1]") == "\"line two\"");
    CHECK(eval("env.NOT_SET") == "null");
    CHECK(eval("env.NOT_SET == null") == "true");
  }

  TEST_CASE("a name that leads nowhere is an error as a value, and nothing elsewhere") {
    CHECK(eval("config.overlay") == "! t.yaml:3:5: column 1: 'config.overlay' is not set");
    CHECK(print("a ${{ 'x' == config.db.nothing.more ? 1 : config.db.nothing.more }}") ==
          "! t.yaml:3:5: column 37: 'config.db.nothing.more' is not set");
    CHECK(eval("join(config.list, ',')") == "! t.yaml:3:5: column 6: 'config.list' is not set");
    CHECK(eval("config.overlay || 'base'") == "\"base\"");
    CHECK(eval("config.overlay && 'x'") == "null");
    CHECK(eval("!config.overlay") == "true");
    CHECK(eval("config.overlay == null") == "true");
    CHECK(eval("config.overlay ? 1 : 2") == "2");
    CHECK(eval("config.db.ports[2] || 0") == "0");
    CHECK(eval("config.none.below || 'x'") == "\"x\"");
    CHECK(eval("config.none") == "null");
    CHECK(eval("steps.later.exited == 0") == "false");
    const auto error = Expression::parse("config.overlay").value().evaluate(scope()).error();
    CHECK(error.hint() == "give a value for the case that it is not: config.overlay || 'value'");
    CHECK(Expression::parse("config.overlay").value().truth(scope()).value() == false);
  }

  TEST_CASE("operators and what they bind") {
    CHECK(eval("1 == 1") == "true");
    CHECK(eval("1 == 1.0") == "true");
    CHECK(eval("1 == '1'") == "false");
    CHECK(eval("true == 'true'") == "false");
    CHECK(eval("null == false") == "false");
    CHECK(eval("args.label == remainder") == "false");
    CHECK(eval("1 != 2 && 'x' || 'y'") == "\"x\"");
    CHECK(eval("false || null") == "null");
    CHECK(eval("0 || '' || 'z'") == "\"z\"");
    CHECK(eval("1 && 2 && 3") == "3");
    CHECK(eval("true || false && false") == "true");
    CHECK(eval("(true || false) && false") == "false");
    CHECK(eval("!true == false") == "true");
    CHECK(eval("!!'x'") == "true");
    CHECK(eval("true ? false ? 1 : 2 : 3") == "2");
    CHECK(eval("false ? 1 : true ? 2 : 3") == "2");
    CHECK(eval("(false ? 1 : 2) == 2") == "true");
    // What is not needed is not looked at.
    CHECK(eval("true || git.x.y.z == secret('x')") == "true");
    CHECK(eval("true ? 1 : secret('x')") == "1");
  }

  TEST_CASE("what holds") {
    for (const auto* text : {"null", "false", "0", "0.0", "''", "args.empty"})
      CHECK(eval("!" + std::string(text)) == "true");
    for (const auto* text : {"true", "1", "-1", "0.5", "'false'", "'0'", "args.label", "config"}) {
      CHECK(eval("!" + std::string(text)) == "false");
    }
    CHECK_FALSE(holds(Value::map()));
  }

  TEST_CASE("printing") {
    CHECK(print("[${{ args.log }}]") == "[]");
    CHECK(print("${{ args.push }} ${{ args.cache }} ${{ args.ratio }} ${{ 1.0 }} ${{ -2 }}") == "true false 0.5 1 -2");
    CHECK(print("a ${{ args.label }}") == "! t.yaml:3:5: column 3: a list cannot be printed");
    CHECK(print("${{ config }}") == "! t.yaml:3:5: column 1: a map cannot be printed");
    CHECK(print("no expression: $ {{ }} $HOME ${HOME} }}") == "no expression: $ {{ }} $HOME ${HOME} }}");
    CHECK(print("${{ '${{' }}") == "${{");
    CHECK(print("") == "");
  }

  TEST_CASE("functions") {
    CHECK(eval("join(args.label, ',')") == "\"a,b c\"");
    CHECK(eval("join(args.label)") == "\"a b c\"");
    CHECK(eval("join(config.db.ports, '+')") == "\"1+2\"");
    CHECK(eval("join(null, ',')") == "\"\"");
    CHECK(eval("join('text', ',')") == "! t.yaml:3:5: column 1: 'join' wants a list, not a text");
    CHECK(eval("trim('  a b\n')") == "\"a b\"");
    CHECK(eval("lines(steps.out.stdout)") == R"(["  line one","line two"])");
    CHECK(eval("lines('')") == "[]");
    CHECK(eval(R"(lines('a\n\nb'))") == R"(["a","","b"])");
    CHECK(eval("json(config.db)") == R"("{\"host\":\"h\",\"ports\":[1,2]}")");
    CHECK(eval("json('<')") == R"("\"<\"")");
    CHECK(eval("quote('a b')") == "\"'a b'\"");
    CHECK(eval("quote(remainder)") == "\"--x 'y z'\"");
    CHECK(eval("raw(1)") == "1");
    CHECK(eval("raw(args.label)") == "! t.yaml:3:5: column 1: a list cannot be printed");
  }

  TEST_CASE("the whole text as one expression keeps its kind") {
    const auto value = [](const std::string& text) {
      return to_json(Template::parse(text, Template::Use::literal).value().evaluate(scope()).value()).value();
    };
    CHECK(value("${{ args.label }}") == R"(["a","b c"])");
    CHECK(value("${{ args.push }}") == "true");
    CHECK(value(" ${{ args.push }}") == "\" true\"");
    CHECK(value("${{ 1 }}${{ 2 }}") == "\"12\"");
    CHECK(value("plain") == "\"plain\"");
    CHECK(value("") == "\"\"");
  }

  TEST_CASE("a condition may stand in braces") {
    CHECK(eval("${{ args.push }}") == "true");
    CHECK(eval("  ${{ args.push }} ") == "true");
    CHECK(eval("${{ args.push }} && x") == "! t.yaml:3:5: column 17: nothing can stand behind '}}' here");
  }

  TEST_CASE("mistakes are told with their column") {
    CHECK(eval("") == "! t.yaml:3:5: column 1: expected a value, not the end");
    CHECK(eval("args.") == "! t.yaml:3:5: column 6: expected a name behind '.', not the end");
    CHECK(eval("args. image") == "! t.yaml:3:5: column 7: expected a name behind '.', not 'image'");
    CHECK(eval("agrs.image") == "! t.yaml:3:5: column 1: unknown name 'agrs'");
    CHECK(eval("jion(args.label)") == "! t.yaml:3:5: column 1: unknown function 'jion'");
    CHECK(eval("join()") == "! t.yaml:3:5: column 1: 'join' takes 1 or 2 values, not 0");
    CHECK(eval("trim(1, 2)") == "! t.yaml:3:5: column 1: 'trim' takes 1 value, not 2");
    CHECK(eval("trim(1 2)") == "! t.yaml:3:5: column 8: expected ',' or ')', not a number");
    CHECK(eval("trim(,)").starts_with("! t.yaml:3:5: column 6: expected a value"));
    CHECK(eval("trim(1,)").starts_with("! t.yaml:3:5: column 8: expected a value"));
    CHECK(eval("'a") == "! t.yaml:3:5: column 1: this text does not end");
    CHECK(eval(R"('a\d')") == "! t.yaml:3:5: column 3: unknown escape");
    CHECK(eval("1 = 1") == "! t.yaml:3:5: column 3: expected an operator, not '='");
    CHECK(eval("1 & 1") == "! t.yaml:3:5: column 3: expected an operator, not '&'");
    CHECK(eval("1 == 1 == 1") == "! t.yaml:3:5: column 8: comparisons in a row need parentheses");
    CHECK(eval("true ? 1") == "! t.yaml:3:5: column 9: expected ':', not the end");
    CHECK(eval("(1") == "! t.yaml:3:5: column 3: expected ')', not the end");
    CHECK(eval("1)") == "! t.yaml:3:5: column 2: expected an operator, not ')'");
    CHECK(eval("1 + 1") == "! t.yaml:3:5: column 3: unexpected '+'");
    CHECK(eval("12a") == "! t.yaml:3:5: column 1: this is no number");
    CHECK(eval("99999999999999999999") == "! t.yaml:3:5: column 1: this number is too large");
    CHECK(eval("args['x'") == "! t.yaml:3:5: column 9: expected ']', not the end");
    CHECK(eval("args.image.x") == "! t.yaml:3:5: column 1: a text has no parts ('x')");
    CHECK(eval("args.label.x") == "! t.yaml:3:5: column 1: an item of a list is named by a whole number, as in [0]");
    CHECK(eval("args[0]") == "! t.yaml:3:5: column 1: a key of a map is a text, not a number");
    CHECK(print("${{ args.image") == "! t.yaml:3:5: column 15: '}}' is missing at the end");
    CHECK(print("ä ${{ x }}") == "! t.yaml:3:5: column 7: unknown name 'x'");
    CHECK(print("one\ntwo ${{ x }}") == "! t.yaml:3:5: line 2, column 9: unknown name 'x'");
    CHECK(print("${{ }}") == "! t.yaml:3:5: column 5: expected a value, not '}}'");
    CHECK(Expression::parse("agrs.x").error().hint() == "did you mean 'args'?");
    CHECK(Expression::parse("1 = 1").error().hint() == "there are == and &&");
  }

  TEST_CASE("depth, length and size are bounded") {
    const auto code = [](const std::string& text) { return Expression::parse(text).error().code(); };
    const auto repeated = [](const std::string& text, int times) {
      std::string out;
      for (int i = 0; i < times; ++i) out += text;
      return out;
    };
    CHECK(code(repeated("(", 1000) + "1" + repeated(")", 1000)) == ErrorCode::too_large);
    CHECK(code(repeated("!", 1000) + "1") == ErrorCode::too_large);
    CHECK(code(repeated("trim(", 1000) + "1" + repeated(")", 1000)) == ErrorCode::too_large);
    CHECK(code(repeated("1 ? 2 : ", 1000) + "1") == ErrorCode::too_large);
    CHECK(code(repeated("args[", 1000) + "1" + repeated("]", 1000)) == ErrorCode::too_large);
    CHECK(code(repeated("1 || ", 5000) + "1") == ErrorCode::too_large);
    CHECK(code(std::string(max_expression_bytes + 1, ' ')) == ErrorCode::too_large);
    CHECK(eval(repeated("0 || ", 4000) + "1") == "1");
    CHECK(eval(repeated("(", 60) + "1" + repeated(")", 60)) == "1");
    CHECK(eval("config" + repeated(".a", 3000) + " || 1") == "1");
    Scope large = scope();
    large.args.set("big", Value::string(std::string(max_result_bytes - 10, 'x')));
    const auto twice = Template::parse("${{ args.big }}${{ args.big }}", Template::Use::literal).value().render(large);
    CHECK(twice.error().code() == ErrorCode::too_large);
    const auto often = Expression::parse("trim(args.big) == trim(args.big) && " + repeated("trim(args.big) && ", 5) + "1");
    CHECK(often.value().evaluate(large).error().code() == ErrorCode::too_large);
    large.args.set("big", Value::string(std::string(8U << 20U, '\n')));
    CHECK(Expression::parse("lines(args.big)").value().evaluate(large).error().code() == ErrorCode::too_large);
  }

  TEST_CASE("what an expression uses is told without evaluating it") {
    const auto usage =
        Template::parse("${{ args.my_opt }} ${{ config['a'].b[args.x].c || raw(secret('s')) }} ${{ remainder }}",
                        Template::Use::literal)
            .value()
            .usage();
    REQUIRE(usage.references.size() == 4);
    CHECK(usage.references[0].root == "args");
    CHECK(usage.references[0].path == std::vector<std::string>{"my_opt"});
    CHECK(usage.references[0].place == "column 5");
    CHECK(usage.references[1].path == std::vector<std::string>{"x"});
    CHECK(usage.references[2].path == std::vector<std::string>{"a", "b"});
    CHECK(usage.references[3].root == "remainder");
    CHECK(usage.raw == std::vector<std::string>{"column 51"});
    CHECK(usage.secret);
    CHECK_FALSE(Expression::parse("args.a").value().usage().secret);
  }

  TEST_CASE("git is asked for only when it is named, and its error is told") {
    Scope without = scope();
    int asked = 0;
    without.git = [&]() -> Result<Value> {
      ++asked;
      return Error(ErrorCode::not_found, "this is no repository").with_hint("run git init");
    };
    CHECK(Expression::parse("args.push || git.sha").value().evaluate(without).ok());
    CHECK(asked == 0);
    const auto failed = Expression::parse("git.sha").value().evaluate(without);
    CHECK(failed.error().to_string() == "column 1: this is no repository");
    CHECK(failed.error().hint() == "run git init");
    without.git = {};
    CHECK(Expression::parse("git.sha").value().evaluate(without).error().code() == ErrorCode::unsupported);
  }
}
