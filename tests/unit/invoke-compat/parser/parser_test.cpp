#include "invoke-compat/parser/parser.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "base/json/json.hpp"
#include "invoke-compat/parser/machine.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;

namespace {

Argument argument(const std::string& name, ArgumentKind kind, Value value) {
  return {.name = name, .kind = kind, .default_value = std::move(value), .has_default = true};
}

/// fetch [ref]; build-image (mk) image [push cache jobs]; audit label* [verbose log]; order b a; secrets [hide]; db.restore.
Collection sample() {
  auto log = argument("log", ArgumentKind::str, {});
  log.value_optional = true;
  auto level = argument("level", ArgumentKind::integer, Value::int64(4));
  level.choices = {Value::int64(1), Value::int64(2)};
  auto maybe = argument("maybe", ArgumentKind::str, {});
  maybe.value_optional = true;
  Collection out;
  out.tasks = {
      {.name = "fetch", .arguments = {argument("ref", ArgumentKind::str, Value::string("main"))}},
      {.name = "build_image",
       .aliases = {"mk"},
       .arguments = {{.name = "image"},
                     argument("push", ArgumentKind::boolean, Value::boolean(false)),
                     argument("cache", ArgumentKind::boolean, Value::boolean(true)),
                     argument("jobs", ArgumentKind::integer, Value::int64(4))}},
      {.name = "audit",
       .arguments = {{.name = "label", .kind = ArgumentKind::list},
                     argument("verbose", ArgumentKind::count, Value::int64(0)),
                     log}},
      {.name = "order",
       .arguments = {{.name = "a"}, {.name = "b"}, maybe},
       .positional = std::vector<std::string>{"b", "a"}},
      {.name = "secrets", .arguments = {argument("hide_it", ArgumentKind::boolean, Value::boolean(false))}},
      {.name = "pick",
       .arguments = {level, argument("ratio", ArgumentKind::floating, Value::float64(1)),
                     argument("names", ArgumentKind::list, Value::list({Value::string("d")}))}},
  };
  out.tasks[4].arguments[0].short_flag = "h";
  out.collections = {{.name = "db", .tasks = {{.name = "restore", .arguments = {{.name = "name"}}}}}};
  return out;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string word; in >> word;) out.push_back(word == "''" ? "" : word);
  return out;
}

/// One reading, with everything that its results point to.
struct Reading {
  explicit Reading(const std::string& text, const Rules& rules = {}) : Reading(words_of(text), rules) {}
  explicit Reading(const std::vector<std::string>& words, const Rules& rules = {})
      : root(sample()), core(core_shape(rules)), contexts(TaskContexts::of(root, rules).value()) {
    auto before = read_core(words, core, rules);
    if (!before.ok()) {
      error = before.error().message();
      return;
    }
    first = *before;
    auto all = read_tasks(first, core, contexts, rules);
    if (!all.ok()) {
      error = all.error().message();
      return;
    }
    rest = std::move(*all);
  }

  /// `name{"arg":value,…} …`, or the error.
  [[nodiscard]] std::string calls() const {
    std::string out = error;
    for (const auto& call : rest.calls) {
      out.append(out.empty() ? "" : " ").append(call.name).append(to_json(call.arguments).value_or("?"));
    }
    return out;
  }

  Collection root;
  ContextShape core;
  TaskContexts contexts;
  CoreReading first;
  TaskReading rest;
  std::string error;
};

std::string calls(const std::string& text, const Rules& rules = {}) { return Reading(text, rules).calls(); }

CoreOptions options(const std::string& text, const Rules& rules = {}) {
  const Reading reading(text, rules);
  CHECK(reading.error == "");
  return reading.rest.options;
}

std::string build(const std::string& image, bool push = false, bool cache = true, int jobs = 4) {
  return "build-image{\"cache\":" + std::string(cache ? "true" : "false") + ",\"image\":\"" + image +
         "\",\"jobs\":" + std::to_string(jobs) + ",\"push\":" + (push ? "true" : "false") + "}";
}

std::string audit(const std::string& labels, int verbose, const std::string& log) {
  return "audit{\"label\":[" + labels + "],\"log\":" + log + ",\"verbose\":" + std::to_string(verbose) + "}";
}

const std::string fetch_main = R"(fetch{"ref":"main"})";

}  // namespace

TEST_SUITE("invoke: parser") {
  TEST_CASE("a flag's value stands behind it, behind an equals sign, or attached to its letter") {
    for (const auto* line : {"fetch --ref v2", "fetch --ref=v2", "fetch -r v2", "fetch -r=v2", "fetch -rv2"}) {
      CAPTURE(line);
      CHECK(calls(line) == R"(fetch{"ref":"v2"})");
    }
    CHECK(calls("fetch --ref a=b") == R"(fetch{"ref":"a=b"})");
    CHECK(calls("fetch --ref=a=b") == R"(fetch{"ref":"a=b"})");
    CHECK(calls("fetch -ré") == R"(fetch{"ref":"é"})");
    CHECK(calls("fetch --ref=") == R"(fetch{"ref":""})");
  }

  TEST_CASE("short flags without values can stand together") {
    CHECK(calls("build-image -pc web") == build("web", true));
    CHECK(calls("build-image web -pj 3") == build("web", true, true, 3));
    // Only the first letter may have its value attached.
    CHECK(calls("build-image web -pj3") == build("web", true, true, -3));
    CHECK(calls("audit -vvv") == audit("", 3, "null"));
    CHECK(calls("audit -vl a") == audit("\"a\"", 1, "null"));
  }

  TEST_CASE("inverse flags switch off") {
    CHECK(calls("mk --image=web --no-cache -j8 -p") == build("web", true, false, 8));
    CHECK(calls("mk web --no-cache --cache") == build("web"));
    CHECK(calls("mk web --no-push") == "No idea what '--no-push' is!");
  }

  TEST_CASE("positionals are filled in their order, by whatever comes") {
    CHECK(calls("order 1 2") == R"(order{"a":"2","b":"1","maybe":null})");
    CHECK(calls("db.restore fetch") == R"(db.restore{"name":"fetch"})");
    CHECK(calls("build-image --nope") == build("--nope"));
    CHECK(calls("build-image -5") == build("-5"));
    CHECK(calls("build-image ''") == build(""));
    CHECK(calls("build-image web extra") == "No idea what 'extra' is!");
  }

  TEST_CASE("missing positionals are named, all of them, in their order") {
    CHECK(calls("build-image") == "'build-image' did not receive required positional arguments: 'image'");
    CHECK(calls("mk") == "'build-image' did not receive required positional arguments: 'image'");
    CHECK(calls("order") == "'order' did not receive required positional arguments: 'b', 'a'");
    CHECK(calls("build-image -p fetch fetch") == build("fetch", true) + ' ' + fetch_main);
  }

  TEST_CASE("a list is never missing, grows by each occurrence, and may be left empty") {
    CHECK(calls("audit") == audit("", 0, "null"));
    CHECK(calls("audit -l a --label=b") == audit("\"a\",\"b\"", 0, "null"));
    CHECK(calls("audit -l a b") == "No idea what 'b' is!");
    CHECK(calls("audit -l fetch") == audit("\"fetch\"", 0, "null"));
    CHECK(calls("audit --label") == audit("", 0, "null"));
    CHECK(calls("audit -l -l a") == audit("\"a\"", 0, "null"));
  }

  TEST_CASE("what is given takes the place of a list's default, and of nothing else's") {
    CHECK(calls("pick") == R"(pick{"level":4,"names":["d"],"ratio":1})");
    CHECK(calls("pick -n x -n y pick") ==
          R"(pick{"level":4,"names":["x","y"],"ratio":1} pick{"level":4,"names":["d"],"ratio":1})");
  }

  TEST_CASE("a flag whose value is optional is true without one") {
    CHECK(calls("audit --log -v") == audit("", 1, "true"));
    CHECK(calls("audit --log") == audit("", 0, "true"));
    CHECK(calls("audit --log x") == audit("", 0, "\"x\""));
    CHECK(calls("audit --log --nope") == audit("", 0, "\"--nope\""));
    CHECK(calls("audit --log -xyz") == audit("", 0, "\"-xyz\""));
    CHECK(calls("audit --log -vl a") == audit("\"a\"", 1, "true"));
    CHECK(calls("audit -ov") == audit("", 0, "\"v\""));
  }

  TEST_CASE("behind such a flag a task's name, or anything while a positional is missing, is ambiguous") {
    CHECK(calls("audit --log fetch") == "'fetch' is ambiguous when given after an optional-value flag");
    CHECK(calls("audit --log=fetch") == "'fetch' is ambiguous when given after an optional-value flag");
    CHECK(calls("order --maybe x") == "'x' is ambiguous when given after an optional-value flag");
    CHECK(calls("order --maybe=x") == "'x' is ambiguous when given after an optional-value flag");
    CHECK(calls("order 1 2 --maybe x") == R"(order{"a":"2","b":"1","maybe":"x"})");
  }

  TEST_CASE("a flag needs its value") {
    CHECK(calls("build-image --image") == "Flag <Argument: image (i) *> needed value and was not given one!");
    CHECK(calls("build-image --jobs --push") == "Flag <Argument: jobs (j) [int]> needed value and was not given one!");
    CHECK(calls("fetch --ref") == "Flag <Argument: ref (r)> needed value and was not given one!");
    CHECK(calls("build-image --image=--push") == "Flag <Argument: image (i) *> needed value and was not given one!");
  }

  TEST_CASE("a value may begin with a dash unless it is a flag of the task") {
    CHECK(calls("mk web -j -5") == build("web", false, true, -5));
    CHECK(calls("mk web -j-50") == build("web", false, true, -50));
    CHECK(calls("fetch --ref --echo") == R"(fetch{"ref":"--echo"})");
    CHECK(calls("fetch --ref -xyz=1") == R"(fetch{"ref":"-xyz=1"})");
  }

  TEST_CASE("a flag takes one value") {
    CHECK(calls("fetch --ref a --ref b") == "No idea what 'b' is!");
    CHECK(calls("mk web --image x") == "No idea what 'x' is!");
    CHECK(calls("audit -v=3") == "No idea what '3' is!");
  }

  TEST_CASE("several tasks, each with what is its own") {
    CHECK(calls("fetch fetch --ref=v1 build-image w") == fetch_main + R"( fetch{"ref":"v1"} )" + build("w"));
    const Reading reading("mk web");
    REQUIRE(reading.rest.calls.size() == 1);
    CHECK(reading.rest.calls[0].name == "build-image");
    CHECK(reading.rest.calls[0].called_as == "mk");
    CHECK(reading.rest.calls[0].given == std::vector<std::string>{"image"});
    CHECK(reading.rest.calls[0].found.task == &reading.root.tasks[1]);
    CHECK(reading.rest.calls[0].found.path == std::vector<const Collection*>{&reading.root});
  }

  TEST_CASE("unknown words are quoted as Python quotes them") {
    CHECK(calls("build_image x") == "No idea what 'build_image' is!");
    CHECK(calls("it's") == "No idea what \"it's\" is!");
    CHECK(calls("''") == "No idea what '' is!");
    CHECK(calls("-xyz") == "No idea what '-x' is!");
    CHECK(calls("--foo=bar") == "No idea what '--foo' is!");
    CHECK(calls("fetch -") == "No idea what '-' is!");
  }

  TEST_CASE("words behind two dashes are the remainder") {
    const Reading reading("fetch -- --ref  x -- y");
    CHECK(reading.calls() == fetch_main);
    CHECK(reading.first.remainder == "--ref x -- y");
    CHECK(Reading("-- fetch").calls() == "");
    CHECK(Reading("fetch --").first.remainder == "");
  }

  TEST_CASE("values are read as their kind says, and one line tells what cannot be") {
    CHECK(calls("mk web -j 1_0") == build("web", false, true, 10));
    CHECK(calls("mk web -j x") == "error: --jobs needs a whole number, not 'x'");
    CHECK(calls("pick --ratio 2.5") == R"(pick{"level":4,"names":["d"],"ratio":2.5})");
    CHECK(calls("pick --ratio x") == "error: --ratio needs a number, not 'x'");
    CHECK(calls("-T x fetch") == "error: --command-timeout needs a whole number, not 'x'");
  }

  TEST_CASE("choices are all that is taken") {
    CHECK(calls("pick --level 2") == R"(pick{"level":2,"names":["d"],"ratio":1})");
    CHECK(calls("pick --level 3") == "error: --level needs one of 1, 2, not '3'");
  }

  TEST_CASE("core flags") {
    const auto all = options(
        "--hide both --no-dedupe --prompt-for-sudo-password --write-pyc -c other -d -D 2 -e -f x.yaml -F nested -p -r /x -R "
        "-T 5 -w");
    CHECK(all.hide == "both");
    CHECK(all.no_dedupe);
    CHECK(all.prompt_for_sudo_password);
    CHECK(all.write_pyc);
    CHECK(all.collection == "other");
    CHECK(all.debug);
    CHECK(all.list_depth == 2);
    CHECK(all.echo);
    CHECK(all.config == "x.yaml");
    CHECK(all.list_format == "nested");
    CHECK(all.pty);
    CHECK(all.search_root == "/x");
    CHECK(all.dry);
    CHECK(all.command_timeout == 5);
    CHECK(all.warn_only);
    const auto none = options("");
    CHECK_FALSE(none.hide);
    CHECK_FALSE(none.echo);
    CHECK_FALSE(none.command_timeout);
    CHECK(none.list_format == "flat");
    CHECK(options("-V").version);
    CHECK(options("--complete").complete);
    CHECK(options("--print-completion-script zsh").print_completion_script == "zsh");
    CHECK(options("--engine python --explain").engine == "python");
    CHECK(options("--explain").explain);
    CHECK(calls("--explain", Rules::reference()) == "No idea what '--explain' is!");
    CHECK(calls("-n fetch") == "No idea what '-n' is!");
    CHECK(calls("--dry=1 x") == "No idea what '1' is!");
    CHECK(calls("--no-echo") == "No idea what '--no-echo' is!");
    CHECK(calls("--hide=out --hide=err") == "No idea what 'err' is!");
    CHECK(calls("--hide") == "Flag <Argument: hide> needed value and was not given one!");
    CHECK(calls("-T") == "Flag <Argument: command-timeout (T) [int]> needed value and was not given one!");
  }

  TEST_CASE("requests with and without a name; an empty one is none") {
    CHECK(options("-h").help.asked);
    CHECK(options("-h").help.name.empty());
    CHECK(options("--help=fetch").help.name == "fetch");
    CHECK(options("-hfetch").help.name == "fetch");
    CHECK_FALSE(options("-h ''").help.asked);
    CHECK(options("-l -D -1").list.asked);
    CHECK(options("-l -D -1").list_depth == -1);
    CHECK(options("-l db").list.name == "db");
    CHECK_FALSE(options("--list= fetch").list.asked);
    CHECK_FALSE(options("-l ''").list.asked);
  }

  TEST_CASE("core flags behind a task's name belong to the core, unless the task has them") {
    CHECK(options("fetch -e -w").echo);
    CHECK(options("--hide=out fetch --hide=err").hide == "err");
    CHECK(options("fetch -f x.yaml").config == "x.yaml");
    CHECK(options("-T 5 fetch").command_timeout == 5);
    CHECK(calls("secrets -h") == R"(secrets{"hide_it":true})");
    CHECK_FALSE(options("secrets -h").help.asked);
  }

  TEST_CASE("help behind a task's name is about that task") {
    CHECK(options("fetch -h").help.name == "fetch");
    CHECK(options("mk x --help").help.name == "build-image");
    CHECK(options("fetch -h mk x -h").help.name == "build-image");
    CHECK(options("secrets --help").help.name == "secrets");
    CHECK(calls("fetch --help=foo") == "No idea what 'foo' is!");
    CHECK(calls("fetch --help nope") == "No idea what 'nope' is!");
  }

  TEST_CASE("deviation 3: help is always help") {
    for (const auto* line : {"build-image --help", "build-image -h", "build-image --image --help", "order 1 -h"}) {
      CAPTURE(line);
      CHECK(options(line).help.asked);
    }
    CHECK(options("fetch --ref --help").help.name == "fetch");
    CHECK(options("audit --log --help").help.name == "audit");
    CHECK(calls("build-image --image=--help") == build("--help"));
    CHECK(calls("fetch -r--help") == R"(fetch{"ref":"--help"})");
    auto rules = Rules{};
    rules.help_is_help = false;
    rules.core_flag_before_positional = false;
    CHECK(calls("build-image --help", rules) == build("--help"));
  }

  TEST_CASE("deviation 4: a core flag is no positional") {
    CHECK(calls("build-image --echo web") == build("web"));
    CHECK(options("build-image --echo web").echo);
    CHECK(options("build-image -f x web").config == "x");
    CHECK(calls("build-image --echo web", Rules::reference()) == "No idea what 'web' is!");
  }

  TEST_CASE("deviation 7: values can be attached to core flags behind a task, and timeouts are not negative") {
    CHECK(options("fetch -T5").command_timeout == 5);
    CHECK(options("build-image -T5 web").command_timeout == 5);
    CHECK(options("fetch -fx.yaml").config == "x.yaml");
    CHECK(options("fetch -ew").warn_only);
    CHECK(options("fetch -T5", Rules::reference()).command_timeout == -5);
    CHECK(calls("-T -5 fetch") == "error: --command-timeout needs a number of seconds that is not negative, not -5");
    CHECK(calls("fetch -T=-5") == "error: --command-timeout needs a number of seconds that is not negative, not -5");
    CHECK(calls("-eT5 fetch") == "error: --command-timeout needs a number of seconds that is not negative, not -5");
  }

  TEST_CASE("the first reading stops at the first word that is not the core's, and keeps the rest as it is") {
    const Reading reading("-e fetch -abc --x=y -e");
    CHECK(reading.first.options.echo);
    CHECK(reading.first.unparsed == std::vector<std::string>{"fetch", "-abc", "--x=y", "-e"});
    CHECK(Reading("-xyz=1 a").first.unparsed == std::vector<std::string>{"-xyz", "1", "a"});
  }

  TEST_CASE("a command line is not endless") {
    CHECK(Reading(std::vector<std::string>(max_words + 1, "fetch")).error == "error: the command line is too long");
    CHECK(Reading(std::vector<std::string>{std::string(max_word_bytes + 1, 'x')}).error ==
          "error: the command line is too long");
    const Reading much(std::vector<std::string>(20'000, "fetch"));
    CHECK(much.rest.calls.size() == 20'000);
  }

  TEST_CASE("bytes that are no UTF-8 are characters") {
    CHECK(calls("fetch -r\xff\xfe").starts_with("fetch{"));
    CHECK(calls("-\xff\xfe") == R"(No idea what '-\udcff' is!)");
  }

  TEST_CASE("deviation 8: a call that is on no command line needs its positionals as well") {
    const Reading reading("");
    const auto& build_image = *reading.contexts.find("mk");
    const auto bare = call_with(build_image, {});
    REQUIRE_FALSE(bare.ok());
    CHECK(bare.error().message() == "'build-image' did not receive required positional arguments: 'image'");
    const auto call = call_with(build_image, make_map({{"image", Value::string("web")}}));
    REQUIRE(call.ok());
    CHECK(call->name == "build-image");
    CHECK(call->given == std::vector<std::string>{"image"});
    CHECK(call->arguments.find("jobs")->as_int() == 4);
    CHECK(call_with(build_image, make_map({{"imge", Value::string("web")}})).error().message() ==
          "'build-image' has no argument 'imge'");
  }

  TEST_CASE("two tasks of one name make no contexts") {
    Collection root;
    root.tasks = {{.name = "a_b"}, {.name = "x", .aliases = {"a-b"}}};
    const auto contexts = TaskContexts::of(root, {});
    REQUIRE_FALSE(contexts.ok());
    CHECK(contexts.error().message() == "two tasks are called 'a-b'");
  }
}
