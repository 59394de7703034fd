#include "invoke-compat/declarative/task_file.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "base/json/json.hpp"
#include "tests/unit/invoke-compat/declarative/task_files.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;
using namespace gitopsctl::invoke::declarative;
using Action = Step::Action;

namespace {

using Files = std::map<std::string, std::string>;

Result<TaskFile> load(const Files& files) {
  MemoryTree tree;
  for (const auto& [path, text] : files) tree.add(*TreePath::parse(path), text);
  return load_task_file(tree, *TreePath::parse("tasks.yaml"));
}

Result<TaskFile> load(std::string_view text) { return load(Files{{"tasks.yaml", tests::with_head(text)}}); }

/// All mistakes, one line each; without the name of the first file.
std::string mistakes(const Files& files) {
  const auto file = load(files);
  std::string out;
  if (file.ok()) return out;
  for (const auto& error : file.error().flatten()) {
    std::string line = error.to_string();
    if (line.starts_with("tasks.yaml:")) line = line.substr(11);
    out += line + "\n";
  }
  return out;
}

std::string mistakes(std::string_view text) { return mistakes(Files{{"tasks.yaml", tests::with_head(text)}}); }

std::string json(const Value& value) { return to_json(value, {.escape_html = false}).value_or("! json"); }

const Task& task(const Namespace& space, std::string_view name) {
  for (const auto& one : space.tasks) {
    if (one.name == name) return one;
  }
  FAIL("no such task");
  return space.tasks.front();
}

}  // namespace

TEST_SUITE("invoke: task files") {
  TEST_CASE("the example with every key") {
    const auto file = load(
        Files{{"tasks.yaml", std::string(tests::whole_task_file)}, {"ci/extra.yaml", std::string(tests::extra_task_file)}});
    REQUIRE_MESSAGE(file.ok(), file.error().to_string());
    CHECK(file->file == "tasks.yaml");
    CHECK(file->files == std::vector<std::string>{"tasks.yaml", "ci/extra.yaml"});
    CHECK(file->settings.auto_short);
    CHECK(file->settings.dedupe == true);
    CHECK(file->settings.shell == "bash");
    CHECK(file->warnings.empty());
    const Namespace& root = file->root;
    CHECK(root.help == "Harbor deployment tasks.");
    CHECK(root.default_name == "roll");
    CHECK(root.default_where == Location{"tasks.yaml", 4, 10});
    CHECK(json(root.config) == R"({"region":"eu"})");

    std::string names;
    for (const auto& one : root.tasks) names += one.name + " ";
    CHECK(names == "fetch build-image audit roll ");
    REQUIRE(root.namespaces.size() == 2);
    CHECK(root.namespaces[0].name == "db-admin");
    CHECK(root.namespaces[0].default_name == "dump");
    CHECK(json(root.namespaces[0].config) == R"({"db":{"host":"inner","port":5432,"ssl":true}})");
    CHECK(root.namespaces[1].name == "extra");
    CHECK(root.namespaces[1].help == "More tasks.");
    CHECK(root.namespaces[1].tasks[0].where == Location{"ci/extra.yaml", 5, 3});

    const Task& build = task(root, "build-image");
    CHECK(build.help == "Build one image.\n\nUses every worker.");
    CHECK(build.aliases == std::vector<std::string>{"mk"});
    CHECK(build.where == Location{"tasks.yaml", 13, 3});
    REQUIRE(build.pre.size() == 1);
    CHECK(build.pre[0].task == "fetch");
    CHECK(build.pre[0].args[0].first == "ref");
    CHECK(json(build.pre[0].args[0].second.written()) == "\"v1\"");
    CHECK(build.post.empty());
    REQUIRE(build.args.size() == 4);
    CHECK(build.args[0].is_positional());
    CHECK_FALSE(build.args[0].has_default);
    CHECK(build.args[1].kind == ArgKind::boolean);
    CHECK(json(build.args[2].fallback) == "true");
    CHECK(build.args[3].short_letter == 'j');
    CHECK(build.args[3].choices.size() == 4);
    CHECK(build.args[3].help == "Worker count");

    const Task& audit = task(root, "audit");
    CHECK(audit.args[0].kind == ArgKind::list);
    CHECK(json(audit.args[0].fallback) == "[]");
    CHECK(audit.args[1].kind == ArgKind::count);
    CHECK(audit.args[2].optional_value);
    CHECK(audit.args[2].kind == ArgKind::text);

    const auto& steps = task(root, "roll").steps;
    REQUIRE(steps.size() == 7);
    CHECK(steps[0].action == Action::run);
    CHECK(steps[0].id == "out");
    CHECK(steps[0].text.text() == "echo rolled");
    CHECK_FALSE(steps[0].options.echo.has_value());
    CHECK_FALSE(steps[0].options.hide.has_value());
    CHECK(steps[0].options.warn == false);
    CHECK(steps[0].options.timeout == Millis(30'000));
    CHECK(steps[0].options.env[0].first == "A");
    CHECK(steps[0].options.env[0].second.text() == "b");
    CHECK(steps[0].options.replace_env == false);
    CHECK(steps[0].options.shell == "bash");
    CHECK(steps[0].options.cd->text() == "work dir");
    CHECK(steps[0].options.prefix[0].text() == "set -e");
    CHECK(steps[0].when->text() == "env.CI == 'true'");
    CHECK(steps[1].action == Action::exec);
    CHECK(steps[1].argv.size() == 4);
    CHECK_FALSE(steps[1].argv[3].is_literal());
    CHECK(steps[2].options.responses.size() == 2);
    CHECK(steps[2].options.responses[0].match == "Name\\? ");
    CHECK(steps[2].options.responses[0].send.text() == "bob\n");
    CHECK(steps[2].options.responses[1].fail_on == "denied");
    CHECK(steps[2].options.responses[1].send.usage().secret);
    CHECK(steps[3].action == Action::sudo);
    CHECK(steps[3].options.user->text() == "root");
    CHECK(steps[4].call.task == "build-image");
    CHECK(steps[4].call.args[0].first == "image");
    CHECK(steps[5].use == "calitp.diff");
    CHECK(json(steps[5].with.written()) == R"({"channelFile":"channels/prod.yaml"})");
    CHECK(steps[6].message->text() == "gone");
    CHECK(json(steps[6].code->written()) == "3");
    CHECK(steps[6].where == Location{"tasks.yaml", steps[5].where.line + 1, 9});
  }

  TEST_CASE("the task file of the worked examples") {
    const auto folder = open_disk_tree(std::string(GITOPSCTL_SOURCE_DIR) + "/tests/parity/invoke").value();
    const auto file = load_task_file(*folder, *TreePath::parse("tasks.yaml"));
    REQUIRE_MESSAGE(file.ok(), file.error().to_string());
    CHECK(file->root.tasks.size() == 6);
    CHECK(file->root.namespaces[0].tasks.size() == 2);
    Scope scope;
    scope.args = make_map({{"msg", Value::string("")}, {"code", Value::int64(-1)}, {"quiet", Value::string("")}});
    const Step& stop = task(file->root, "stop").steps[0];
    CHECK(stop.message->evaluate(scope).value().is_null());
    CHECK(stop.code->evaluate(scope).value().is_null());
    CHECK(task(file->root, "probe").steps[0].options.hide->evaluate(scope).value().is_null());
    scope.args = make_map({{"msg", Value::string("bye")}, {"code", Value::int64(0)}, {"quiet", Value::string("both")}});
    CHECK(json(stop.message->evaluate(scope).value()) == "\"bye\"");
    CHECK(json(stop.code->evaluate(scope).value()) == "0");
    CHECK(json(task(file->root, "probe").steps[0].options.hide->evaluate(scope).value()) == "\"both\"");
  }

  TEST_CASE("mistakes of one place are told with it") {
    for (const auto& mistake : tests::task_file_mistakes()) {
      const std::string told = mistakes(mistake.text);
      CHECK_MESSAGE(("\n" + told).find("\n" + std::string(mistake.told)) != std::string::npos, mistake.text
                                                                                                   << "\nis told as\n"
                                                                                                   << told);
    }
  }

  TEST_CASE("all mistakes are told at once, in the order of the file, and of the files") {
    CHECK(mistakes(Files{{"tasks.yaml",
                          "kind: Tasks\ntasks:\n  b: {stesp: []}\n  a: {pre: [nope], steps: [{print: '${{ arg.x }}'}]}\n"
                          "include: [{file: more.yaml, as: more}]\n"},
                         {"more.yaml", "apiVersion: gitopsctl.dev/v1\nkind: Task\ndefault: gone\n"}}) ==
          "1:1: missing key 'apiVersion'\n"
          "3:7: unknown key 'stesp'\n"
          "4:13: there is no task 'nope'\n"
          "4:36: column 5: unknown name 'arg'\n"
          "more.yaml:2:7: 'kind' cannot be 'Task'\n"
          "more.yaml:3:10: there is no task 'gone'\n");
  }

  TEST_CASE("a text that is no YAML, and equal keys") {
    CHECK(mistakes("tasks: [").find("did not find expected") != std::string::npos);
    CHECK(mistakes("tasks: {a: {}}\ntasks: {b: {}}").starts_with("4:1: key \"tasks\" is already set at line 3"));
    CHECK(mistakes(Files{{"tasks.yaml", ""}}) == "1:1: the file must be a map, not nothing\n");
    CHECK(mistakes(Files{{"tasks.yaml", "a: &a [*a]"}}) != "");
    CHECK(load(Files{}).error().code() == ErrorCode::not_found);
    CHECK(mistakes(Files{{"tasks.yaml", std::string(2 << 20, ' ')}}) != "");
  }

  TEST_CASE("YAML 1.2: on, no and y are texts") {
    const auto file = load(" args: [{name: a, short: y, default: no}]");
    REQUIRE(file.ok());
    CHECK(json(file->root.tasks[0].args[0].fallback) == "\"no\"");
    CHECK(file->root.tasks[0].args[0].short_letter == 'y');
  }

  TEST_CASE("the kind of an argument is that of its default") {
    const auto file = load(
        " args: [{name: a}, {name: b, default: true}, {name: c, default: 4}, {name: d, default: 1.5}, {name: e, default: "
        "[x]}, "
        "{name: f, default: null}, {name: g, default: false, optionalValue: true}, {name: h, kind: bool}, {name: i, kind: "
        "count}]");
    REQUIRE_MESSAGE(file.ok(), file.error().to_string());
    const auto& args = file->root.tasks[0].args;
    const std::vector<ArgKind> kinds{ArgKind::text, ArgKind::boolean, ArgKind::integer, ArgKind::floating, ArgKind::list,
                                     ArgKind::text, ArgKind::text,    ArgKind::boolean, ArgKind::count};
    for (std::size_t i = 0; i < kinds.size(); ++i) CHECK(args[i].kind == kinds[i]);
    CHECK(args[0].is_positional());
    CHECK_FALSE(args[5].is_positional());
    CHECK(args[5].has_default);
    CHECK_FALSE(args[7].is_positional());
    CHECK(json(args[7].fallback) == "false");
    CHECK(json(args[8].fallback) == "0");
    CHECK(mistakes(" args: [{name: a, default: {x: 1}}]") == "5:31: the default of 'a' must be a text, not a map\n");
  }

  TEST_CASE("positional, short flags and attribute names") {
    const auto file = load(
        " args: [{name: my-opt, default: x, positional: true}, {name: b, positional: false}, {name: c_d, short: false}]");
    REQUIRE(file.ok());
    const auto& args = file->root.tasks[0].args;
    CHECK(args[0].name == "my-opt");
    CHECK(args[0].attribute == "my_opt");
    CHECK(args[0].is_positional());
    CHECK_FALSE(args[1].is_positional());
    CHECK(args[2].short_off);
  }

  TEST_CASE("arguments that collide, and defaults outside of the choices") {
    CHECK(mistakes(" args: [{name: a-b}, {name: a_b}]") == "5:32: there are two arguments 'a_b'\n");
    CHECK(mistakes(" args: [{name: a, short: x}, {name: b, short: x}]") ==
          "5:50: there are two arguments with the short flag -x\n");
    CHECK(mistakes(" args: [{name: a, default: c, choices: [a, b]}]") ==
          "5:31: the default of 'a' is none of its choices\n");
    CHECK(mistakes(" args: [{name: a, kind: list, default: [a, c], choices: [a, b]}]") ==
          "5:43: the default of 'a' is none of its choices\n");
    CHECK(mistakes(" args: [{name: a, kind: int, default: 2, choices: [1, 2]}]").empty());
  }

  TEST_CASE("names: relative to the namespace first, then from the root; either spelling; aliases as written") {
    const std::string text =
        "tasks: {one_task: {aliases: [o_t]}, shared: {}}\n"
        "namespaces:\n"
        "  n_s:\n"
        "    default: own\n"
        "    tasks:\n"
        "      own: {}\n"
        "      shared: {}\n"
        "      user: {pre: [own, one-task, one_task, o_t, shared, n-s.own, n_s.shared, n-s]}\n";
    const auto file = load(text);
    REQUIRE_MESSAGE(file.ok(), file.error().to_string());
    std::string tasks;
    for (const auto& call : task(file->root.namespaces[0], "user").pre) tasks += call.task + " ";
    CHECK(tasks == "n-s.own one-task one-task one-task n-s.shared n-s.own n-s.shared n-s.own ");
    CHECK(mistakes(" pre: [tt]\n    post: [x.t]\n    steps: [{call: o-t}]") ==
          "5:11: there is no task 'tt'\n6:12: there is no task 'x.t'\n7:20: there is no task 'o-t'\n");
    CHECK(load(" pre: [tt]").error().hint() == "did you mean 't'?");
  }

  TEST_CASE("equal names") {
    CHECK(mistakes("tasks: {a_b: {}, a-b: {}}") == "3:18: the name 'a-b' is taken\n");
    CHECK(mistakes("tasks: {a: {aliases: [b]}, b: {}}") == "3:9: the name 'b' is taken\n");
    CHECK(mistakes("tasks: {a: {aliases: [x, x]}}") == "3:9: the name 'x' is taken\n");
    CHECK(mistakes("tasks: {a: {}}\nnamespaces: {a: {}}") == "4:14: the name 'a' is taken\n");
    CHECK(mistakes(Files{{"tasks.yaml", tests::with_head("namespaces: {a: {}}\ninclude: [{file: b.yaml, as: a}]")},
                         {"b.yaml", tests::with_head("")}}) == "4:30: the name 'a' is taken\n");
    CHECK(mistakes("tasks: {a: {}}\nnamespaces: {b: {tasks: {a: {}}}}").empty());
  }

  TEST_CASE("defaults have to be there") {
    CHECK(mistakes("default: a\ntasks: {a: {}}").empty());
    CHECK(mistakes("default: n\nnamespaces: {n: {default: a, tasks: {a: {}}}}").empty());
    CHECK(mistakes("default: b\ntasks: {a: {}}") == "3:10: there is no task 'b'\n");
    CHECK(mistakes("default: n\nnamespaces: {n: {tasks: {a: {}}}}") == "3:10: the namespace 'n' has no default task\n");
    CHECK(mistakes("tasks: {a: {}}\nnamespaces: {n: {default: a}}") == "4:27: there is no task 'a'\n");
  }

  TEST_CASE("arguments of calls are checked against the task that is called") {
    const std::string callee =
        "  callee: {args: [{name: name}, {name: jobs, kind: int, default: 4, choices: [1, 4]}, "
        "{name: tag, kind: list}, {name: log, optionalValue: true, default: null}]}\n";
    const auto told = [&](const std::string& caller) {
      return mistakes("tasks:\n" + callee + "  caller: " + caller + "\n");
    };
    CHECK(told("{pre: [{task: callee, args: {name: x, jobs: 1, tag: [a], log: true}}]}").empty());
    CHECK(told("{pre: [callee]}") == "5:18: 'callee' needs a value for its argument 'name'\n");
    CHECK(told("{steps: [{call: callee}]}") == "5:27: 'callee' needs a value for its argument 'name'\n");
    CHECK(told("{pre: [{task: callee, args: {name: x, job: 1}}]}") == "5:18: 'callee' has no argument 'job'\n");
    CHECK(told("{pre: [{task: callee, args: {name: 3}}]}") ==
          "5:18: the argument 'name' of 'callee' must be a text, not a number\n");
    CHECK(told("{post: [{task: callee, args: {name: x, jobs: 2}}]}") ==
          "5:19: the argument 'jobs' of 'callee' has none of its choices\n");
    CHECK(told("{post: [{task: callee, args: {name: x, tag: a}}]}") ==
          "5:19: the argument 'tag' of 'callee' must be a list of texts, not a text\n");
    CHECK(told("{args: [{name: n}], steps: [{call: callee, args: {name: '${{ args.n }}', jobs: '${{ 1 }}'}}]}").empty());
    CHECK(told("{args: [{name: n}], pre: [{task: callee, args: {name: '${{ args.n }}'}}]}")
              .find("arguments of pre and post tasks take no expressions\n") != std::string::npos);
    CHECK(told("{steps: [{call: callee, args: {name: x}, only: true}]}").empty());
  }

  TEST_CASE("no task needs itself, and not too many need each other") {
    CHECK(mistakes(" pre: [t]") == "5:11: this goes round in a circle: t → t\n");
    CHECK(mistakes("tasks: {a: {pre: [b]}, b: {post: [c]}, c: {steps: [{call: a}]}}") ==
          "3:59: this goes round in a circle: a → b → c → a\n");
    CHECK(mistakes("tasks: {a: {pre: [c]}, b: {pre: [c]}, c: {}, d: {pre: [a, b]}}").empty());
    const auto row = [](int length, bool forward) {
      std::string text = "tasks:\n";
      for (int i = 0; i < length; ++i) {
        const int n = forward ? i : length - 1 - i;
        text += "  t" + std::to_string(n) + ": {" + (n + 1 < length ? "pre: [t" + std::to_string(n + 1) + "]" : "") + "}\n";
      }
      return text;
    };
    for (const bool forward : {true, false}) {
      CHECK(mistakes(row(64, forward)).empty());
      CHECK(mistakes(row(65, forward)).find("more than 64 tasks follow from each other") != std::string::npos);
      CHECK(mistakes(row(5000, forward)).find("more than 64 tasks follow from each other") != std::string::npos);
    }
    std::string doubling = "tasks:\n";
    for (int i = 0; i < 20; ++i) {
      const std::string next = "t" + std::to_string(i + 1);
      doubling += "  t" + std::to_string(i) + ": {pre: [" + next + ", " + next + "]}\n";
    }
    CHECK(mistakes(doubling + "  t20: {}\n").find("more than 10000 tasks follow from ") != std::string::npos);
  }

  TEST_CASE("expressions name arguments, steps and parts that are there") {
    const auto told = [](const std::string& rest) { return mistakes(" args: [{name: my-opt}]\n    " + rest); };
    CHECK(told("steps: [{print: '${{ args.my_opt }} ${{ config.x }} ${{ env.Y }} ${{ remainder }}'}]").empty());
    CHECK(told("steps: [{print: '${{ args.my-opt }}'}]") == "6:21: column 5: task 't' has no argument 'my-opt'\n");
    CHECK(load(" args: [{name: my-opt}]\n    cd: '${{ args.my-opt }}'").error().hint() ==
          "write it with underscores: args.my_opt");
    CHECK(told("cd: '${{ args.other }}'") == "6:9: column 5: task 't' has no argument 'other'\n");
    CHECK(told("steps: [{run: a, when: args.x}]") == "6:28: column 1: task 't' has no argument 'x'\n");
    CHECK(told("steps: [{exec: ['${{ git.branch }}', '${{ git.tag }}', '${{ project.dir }}', '${{ project.x }}']}]") ==
          "6:42: column 5: 'git' has no 'tag'\n6:82: column 5: 'project' has no 'x'\n");
    CHECK(told("steps: [{use: a.b, with: {x: [{y: '${{ args.z }}'}]}}]") ==
          "6:39: column 5: task 't' has no argument 'z'\n");
    CHECK(told("steps: [{run: a, hide: '${{ args.z }}', env: {A: '${{ args.z }}'}}, {exit: {code: '${{ args.z }}'}}]") ==
          "6:28: column 5: task 't' has no argument 'z'\n6:54: column 5: task 't' has no argument 'z'\n"
          "6:87: column 5: task 't' has no argument 'z'\n");
    CHECK(told("steps: [{run: \"echo '${{ args.my_opt }}'\"}]") ==
          "6:19: column 7: a value cannot stand inside of quotes in a command\n");
    CHECK(told("steps: [{run: a, prefix: [\"echo '${{ 1 }}'\"]}]") ==
          "6:31: column 7: a value cannot stand inside of quotes in a command\n");
  }

  TEST_CASE("a step sees the results of those that ran before it") {
    const auto told = [](const std::string& steps) { return mistakes(" " + steps); };
    CHECK(told("steps: [{run: a, id: x}, {print: '${{ steps.x.stdout }}'}]").empty());
    CHECK(told("steps: [{print: '${{ steps.x.stdout }}'}, {run: a, id: x}]") ==
          "5:21: column 5: the step 'x' has not run here yet\n");
    CHECK(told("steps: [{run: a, id: x, when: steps.x.ok}]") == "5:35: column 1: the step 'x' has not run here yet\n");
    CHECK(told("steps: [{print: '${{ steps.y.stdout }}'}, {run: a, id: x}]") ==
          "5:21: column 5: there is no step with the id 'y'\n");
    CHECK(told("steps: [{run: a, id: x}, {print: '${{ steps.x.output }}'}]") ==
          "5:38: column 5: the result of a step has no 'output'\n");
    CHECK(told("steps: [{run: a, id: x}, {run: b, id: x}]") == "5:43: there are two steps with the id 'x'\n");
    CHECK(
        told("steps: [{parallel: [{run: a, id: x}, {run: b, id: y}]}, {print: '${{ steps.x.ok && steps.y.ok }}'}]").empty());
    CHECK(told("steps: [{parallel: [{run: a, id: x}, {run: 'echo ${{ steps.x.ok }}'}]}]") ==
          "5:48: column 10: the step 'x' has not run here yet\n");
    CHECK(told("steps: [{run: a, id: x}]\n    finally: [{print: '${{ steps.x.ok }}'}]").empty());
  }

  TEST_CASE("answers have expressions that compile") {
    CHECK(mistakes(" steps: [{run: a, responses: [{match: '[', send: x}]}]")
              .starts_with("5:42: 'match': error parsing regexp"));
    CHECK(
        mistakes(" steps: [{run: a, responses: [{match: a, send: x, failOn: '('}]}]").starts_with("5:62: 'failOn': error"));
  }

  TEST_CASE("a timeout of nothing") {
    CHECK(mistakes(" steps: [{run: a, timeout: 0s}]") == "5:31: 'timeout' must be longer than nothing\n");
  }

  TEST_CASE("raw is noted for the one who checks") {
    const auto file = load(" steps: [{run: \"ls ${{ raw('a b') }}\"}]");
    REQUIRE(file.ok());
    REQUIRE(file->warnings.size() == 1);
    CHECK(file->warnings[0].where == Location{"tasks.yaml", 5, 19});
    CHECK(file->warnings[0].message == "column 8: 'raw' puts a value into a command without quotes");
  }

  TEST_CASE("parameters keep their kinds, and expressions in them are found however deep") {
    const auto file = load(
        " args: [{name: n, kind: int, default: 3}]\n    steps: [{use: a.b, with: {x: 1, y: [{z: '${{ args.n }}'}, 'n=${{ "
        "args.n }}']}}]");
    REQUIRE_MESSAGE(file.ok(), file.error().to_string());
    Scope scope;
    scope.args.set("n", Value::int64(3));
    const Input& with = file->root.tasks[0].steps[0].with;
    CHECK(json(with.evaluate(scope).value()) == R"({"x":1,"y":[{"z":3},"n=3"]})");
    CHECK(json(with.written()) == R"({"x":1,"y":[{"z":"${{ args.n }}"},"n=${{ args.n }}"]})");
    CHECK(json(with.evaluate(scope).value()) == R"({"x":1,"y":[{"z":3},"n=3"]})");
  }

  TEST_CASE("includes stay inside of the folder, end, and are bounded") {
    const std::string head = tests::with_head("");
    const auto root = [&](const std::string& file) { return tests::with_head("include: [{file: " + file + ", as: x}]"); };
    CHECK(mistakes(Files{{"tasks.yaml", root("../other.yaml")}}) ==
          "3:18: '../other.yaml' leaves the folder of the task file\n");
    CHECK(mistakes(Files{{"tasks.yaml", root("/etc/x.yaml")}}) ==
          "3:18: '/etc/x.yaml' leaves the folder of the task file\n");
    CHECK(mistakes(Files{{"tasks.yaml", root("tasks.yaml")}}) == "3:18: 'tasks.yaml' includes itself\n");
    CHECK(mistakes(Files{{"tasks.yaml", root("no.yaml")}}).starts_with("3:18: 'no.yaml' cannot be included: "));
    CHECK(mistakes(Files{{"tasks.yaml", root("a/b.yaml")}, {"a/b.yaml", root("../tasks.yaml")}}) ==
          "a/b.yaml:3:18: 'tasks.yaml' includes itself\n");
    CHECK(mistakes(Files{{"tasks.yaml", root("a.yaml")}, {"a.yaml", tests::with_head("settings: {dedupe: true}")}}) ==
          "a.yaml:3:1: 'settings' can only stand in the first file\n");
    CHECK(mistakes(Files{{"tasks.yaml", root("a.yaml")}, {"a.yaml", "x: ["}}).starts_with("a.yaml:"));
    // Relative to the file that includes.
    CHECK(mistakes(Files{{"tasks.yaml", root("a/b.yaml")}, {"a/b.yaml", root("c.yaml")}, {"a/c.yaml", head}}).empty());
    Files chain{{"tasks.yaml", root("1.yaml")}};
    for (int i = 1; i < 9; ++i) chain[std::to_string(i) + ".yaml"] = root(std::to_string(i + 1) + ".yaml");
    chain["9.yaml"] = head;
    CHECK(mistakes(chain) == "8.yaml:3:18: includes follow each other more than 8 times\n");
    std::string many = "include:\n";
    for (int i = 0; i < 33; ++i) many += "- {file: a.yaml, as: x" + std::to_string(i) + "}\n";
    CHECK(mistakes(Files{{"tasks.yaml", tests::with_head(many)}, {"a.yaml", head}}) ==
          "36:10: there are more than 32 includes\n");
    MemoryTree tree;
    tree.add(*TreePath::parse("tasks.yaml"), root("link.yaml"));
    tree.add_link(*TreePath::parse("link.yaml"), "tasks.yaml");
    CHECK(load_task_file(tree, *TreePath::parse("tasks.yaml")).error().message() == "'link.yaml' includes itself");
  }

  TEST_CASE("a task of an included file can be named by both") {
    const Files files{{"tasks.yaml", tests::with_head("include: [{file: a.yaml, as: x_y}]\ntasks: {t: {pre: [x-y.in]}}")},
                      {"a.yaml", tests::with_head("tasks: {in: {}, out: {pre: [in, t2]}}")}};
    CHECK(mistakes(files) == "a.yaml:3:33: there is no task 't2'\n");
  }

  TEST_CASE("depth and number of mistakes are bounded") {
    std::string deep = "namespaces: ";
    for (int i = 0; i < 18; ++i) deep += "{a: {namespaces: ";
    deep += "{}";
    for (int i = 0; i < 18; ++i) deep += "}}";
    CHECK(mistakes(deep).find("namespaces are nested deeper than 16 levels") != std::string::npos);
    std::string many = "tasks:\n";
    for (int i = 0; i < 3000; ++i) many += "  t" + std::to_string(i) + ": {pre: [no]}\n";
    CHECK(load(many).error().flatten().size() == 200);
    std::string wrong = "tasks:\n";
    for (int i = 0; i < 3000; ++i) wrong += "  t" + std::to_string(i) + ": {x: 1}\n";
    CHECK(load(wrong).error().flatten().size() == 201);
    std::string equal = "tasks:\n";
    for (int i = 0; i < 3000; ++i) equal += "  t" + std::to_string(i) + ": {aliases: [x]}\n";
    CHECK(load(equal).error().flatten().size() == 200);
  }
}
