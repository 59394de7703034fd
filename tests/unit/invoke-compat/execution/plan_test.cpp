#include "invoke-compat/execution/plan.hpp"

#include <doctest/doctest.h>

#include "invoke-compat/parser/parser.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;

namespace {

Task task(std::string name) {
  Task out;
  out.name = std::move(name);
  return out;
}

Argument argument(std::string name, Value value = {}, bool has_default = true) {
  Argument out;
  out.name = std::move(name);
  out.default_value = std::move(value);
  out.has_default = has_default;
  return out;
}

TaskCall call(std::string name, Value arguments = {}) {
  return {.task = std::move(name), .arguments = std::move(arguments)};
}

/// `fetch ref=main; build image=web …`, or the error.
std::string planned(const Collection& root, const std::vector<std::string>& words, bool dedupe = true) {
  const Rules rules;
  const auto contexts = TaskContexts::of(root, rules);
  REQUIRE(contexts.ok());
  const auto core = core_shape(rules);
  const auto before = read_core(words, core, rules);
  REQUIRE(before.ok());
  const auto read = read_tasks(*before, core, *contexts, rules);
  if (!read.ok()) return read.error().message();
  const auto plan = plan_calls(root, read->calls, rules, dedupe);
  if (!plan.ok()) return plan.error().message();
  std::string out;
  for (const auto& one : *plan) {
    out += (out.empty() ? "" : "; ") + one.found.task->name;
    for (const auto& member : one.arguments.as_map()) {
      out += ' ' + member.key.str() + '=' + (member.value.is_string() ? std::string(member.value.as_string()) : "-");
    }
    if (one.is_named) out += '!';
  }
  return out;
}

Collection harbor() {
  Collection root;
  auto fetch = task("fetch");
  fetch.arguments = {argument("ref", Value::string("main"))};
  auto build = task("build_image");
  build.arguments = {argument("image", {}, false)};
  build.pre = {call("fetch", [] {
    Value with = Value::map();
    with.set("ref", Value::string("v1"));
    return with;
  }())};
  auto roll = task("roll");
  roll.post = {call("fetch")};
  root.tasks = {fetch, build, roll};
  root.default_name = "roll";
  return root;
}

}  // namespace

TEST_SUITE("invoke: plan") {
  TEST_CASE("what goes before and after, and the default task") {
    const auto root = harbor();
    CHECK(planned(root, {"build-image", "web"}) == "fetch ref=v1; build_image image=web!");
    CHECK(planned(root, {"roll"}) == "roll!; fetch ref=main");
    CHECK(planned(root, {}) == "roll!; fetch ref=main");
  }

  TEST_CASE("equal calls run once; a named task carries all its values, a reference only those that are written") {
    auto root = harbor();
    CHECK(planned(root, {"fetch", "roll"}) == "fetch ref=main!; roll!; fetch ref=main");
    CHECK(planned(root, {"fetch", "fetch"}) == "fetch ref=main!");
    CHECK(planned(root, {"fetch", "fetch"}, false) == "fetch ref=main!; fetch ref=main!");
    CHECK(planned(root, {"fetch", "fetch", "--ref=v1", "build-image", "w"}) ==
          "fetch ref=main!; fetch ref=v1!; build_image image=w!");
    CHECK(planned(root, {"roll", "roll"}) == "roll!; fetch ref=main");
    root.tasks[0].arguments.clear();
    root.tasks[1].pre = {call("fetch")};
    CHECK(planned(root, {"fetch", "roll"}) == "fetch!; roll!");
  }

  TEST_CASE("a name is looked for in the namespace of who needs it first") {
    auto root = harbor();
    Collection inner;
    inner.name = "db";
    auto dump = task("dump");
    dump.pre = {call("fetch"), call("db.check")};
    inner.tasks = {dump, task("fetch"), task("check")};
    root.collections = {inner};
    CHECK(planned(root, {"db.dump"}) == "fetch; check; dump!");
    root.collections[0].tasks.erase(root.collections[0].tasks.begin() + 1);
    CHECK(planned(root, {"db.dump"}) == "fetch ref=main; check; dump!");
  }

  TEST_CASE("what cannot be called is an error that names both tasks") {
    auto root = harbor();
    root.tasks[2].post = {call("build_image")};
    CHECK(planned(root, {"roll"}) == "task \"roll\" calls \"build_image\" without a value for \"image\"");
    root.tasks[2].post = {call("nope")};
    CHECK(planned(root, {"roll"}) == "task \"roll\" needs \"nope\", which is no task");
    CHECK(planned(root, {"fetch"}) == "fetch ref=main!");
    Value with = Value::map();
    with.set("rev", Value::string("x"));
    root.tasks[2].post = {call("fetch", with)};
    CHECK(planned(root, {"roll"}) == "task \"roll\" calls \"fetch\" with \"rev\", which it does not take");
    root.default_name = "build_image";
    CHECK(planned(root, {}) == "'build_image' did not receive required positional arguments: 'image'");
  }

  TEST_CASE("circles and sets that grow without end are refused") {
    auto root = harbor();
    root.tasks[0].post = {call("roll")};
    CHECK(planned(root, {"roll"}) == "tasks need each other in a circle: roll -> fetch -> roll");
    const auto checked = check_calls(root, Rules{});
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.error().message().find("in a circle") != std::string::npos);

    Collection wide;
    wide.tasks.push_back(task("t0"));
    for (int i = 1; i < 40; ++i) {
      auto next = task("t" + std::to_string(i));
      next.pre = {call("t" + std::to_string(i - 1)), call("t" + std::to_string(i - 1))};
      wide.tasks.push_back(next);
    }
    CHECK(planned(wide, {"t39"}) == "more than 10000 tasks would run");
  }

  TEST_CASE("all mistakes of a set are told at once") {
    auto root = harbor();
    CHECK(check_calls(root, Rules{}).ok());
    root.tasks[2].post = {call("nope"), call("build_image")};
    const auto checked = check_calls(root, Rules{});
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.error().message() ==
          "task \"roll\" needs \"nope\", which is no task\n"
          "task \"roll\" calls \"build_image\" without a value for \"image\"");
  }
}
