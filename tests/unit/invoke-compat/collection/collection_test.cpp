#include "invoke-compat/collection/collection.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gitopsctl;
using namespace gitopsctl::invoke;

namespace {

/// root: build_all (alias mk); db_admin: dump (default), restore; ci_tools: default deep_ns, whose default is tip_it.
Collection sample() {
  Collection deep{.name = "deep_ns", .tasks = {{.name = "tip_it", .aliases = {"top"}}}, .default_name = "tip_it"};
  Collection db{.name = "db_admin", .tasks = {{.name = "dump"}, {.name = "restore"}}, .default_name = "dump"};
  db.configuration = make_map({{"host", Value::string("inner")}});
  return {.name = "tasks",
          .tasks = {{.name = "build_all", .aliases = {"mk"}}},
          .collections = {db, {.name = "ci_tools", .collections = {deep}, .default_name = "deep_ns"}}};
}

/// `name(alias alias) …`
std::string all_names(const Collection& root, const Rules& rules = {}) {
  std::string out;
  for (const auto& named : named_tasks(root, rules)) {
    out.append(out.empty() ? "" : " ").append(named.name);
    std::string aliases;
    for (const auto& alias : named.aliases) aliases.append(aliases.empty() ? "" : " ").append(alias);
    if (!aliases.empty()) out += '(' + aliases + ')';
  }
  return out;
}

std::string found(const Collection& root, const std::string& name) {
  const auto task = find_task(root, name);
  if (!task.ok()) return task.error().message();
  std::string out;
  for (const auto* one : task->path) out += one->name + '/';
  return out + task->task->name;
}

std::string refused(const Collection& root) {
  const auto done = check_collection(root, {});
  REQUIRE_FALSE(done.ok());
  return done.error().to_string();
}

}  // namespace

TEST_SUITE("invoke: collections") {
  TEST_CASE("tasks have dotted names, and namespaces name their defaults") {
    CHECK(all_names(sample()) ==
          "build-all(mk) db-admin.dump(db-admin) db-admin.restore "
          "ci-tools.deep-ns.tip-it(ci-tools.deep-ns.top ci-tools.deep-ns ci-tools)");
  }

  TEST_CASE("deviation 14: the reference does not call a default that is a namespace") {
    CHECK(all_names(sample(), Rules::reference()) ==
          "build-all(mk) db-admin.dump(db-admin) db-admin.restore "
          "ci-tools.deep-ns.tip-it(ci-tools.deep-ns.top ci-tools.deep-ns)");
  }

  TEST_CASE("without automatic dashes names keep underscores, and an outer collection has the last word") {
    auto root = sample();
    root.auto_dash_names = false;
    CHECK(all_names(root).starts_with("build_all(mk) db_admin.dump"));
    root.auto_dash_names = true;
    root.collections[0].auto_dash_names = false;
    root.collections[0].tasks[1].name = "re_store";
    CHECK(all_names(root).find("db-admin.re-store") != std::string::npos);
  }

  TEST_CASE("tasks are found by name, alias and namespace, with the collections on the way") {
    const auto root = sample();
    CHECK(found(root, "build-all") == "tasks/build_all");
    CHECK(found(root, "build_all") == "tasks/build_all");
    CHECK(found(root, "mk") == "tasks/build_all");
    CHECK(found(root, "db-admin") == "tasks/db_admin/dump");
    CHECK(found(root, "db-admin.restore") == "tasks/db_admin/restore");
    CHECK(found(root, "ci-tools") == "tasks/ci_tools/deep_ns/tip_it");
    CHECK(found(root, "ci-tools.deep-ns.top") == "tasks/ci_tools/deep_ns/tip_it");
    CHECK(found(root, "") == "there is no task ''");
    CHECK(found(root, "nope") == "there is no task 'nope'");
    CHECK(found(root, "db-admin.nope") == "there is no task 'db-admin.nope'");
    CHECK(found(root, "build-all.x") == "there is no task 'build-all.x'");
  }

  TEST_CASE("the default of the root is found by no name") {
    auto root = sample();
    root.default_name = "db_admin";
    CHECK(found(root, "") == "tasks/db_admin/dump");
  }

  TEST_CASE("namespaces are found by dotted names") {
    const auto root = sample();
    CHECK(find_namespace(root, "") == &root);
    REQUIRE(find_namespace(root, "ci-tools.deep-ns") != nullptr);
    CHECK(find_namespace(root, "ci-tools.deep-ns")->name == "deep_ns");
    CHECK(find_namespace(root, "db-admin.dump") == nullptr);
  }

  TEST_CASE("a good collection is taken") { CHECK(check_collection(sample(), {}).ok()); }

  TEST_CASE("names that are there twice are refused, aliases and namespaces too") {
    auto root = sample();
    root.tasks.push_back({.name = "build-all"});
    CHECK(refused(root) == "there are two of the name 'build-all'");
    root.tasks.back() = {.name = "other", .aliases = {"db_admin"}};
    CHECK(refused(root) == "there are two of the name 'db-admin'");
  }

  TEST_CASE("names that cannot be typed are refused") {
    for (const auto* name : {"", "a.b", "a b", "-x", "a=b", "a\nb", "\x1b[31m", "a\x7f"}) {
      CAPTURE(name);
      CHECK(refused({.tasks = {{.name = name}}}).find("cannot be a name") != std::string::npos);
    }
  }

  TEST_CASE("a default that is not there, flags that collide and a configuration that is no map are refused at once") {
    Collection inner{.name = "in", .default_name = "nope", .configuration = Value::string("x")};
    const Collection root{.tasks = {{.name = "t", .arguments = {{.name = "a_b"}, {.name = "_a_b"}}}},
                          .collections = {inner}};
    const auto done = check_collection(root, {});
    REQUIRE_FALSE(done.ok());
    const auto all = done.error().flatten();
    REQUIRE(all.size() == 3);
    CHECK(all[0].to_string() == "task 't': two arguments have the flag '--a-b'");
    CHECK(all[1].to_string() == "namespace 'in': the default 'nope' is no task or namespace");
    CHECK(all[2].to_string() == "namespace 'in': its configuration is no mapping");
  }

  TEST_CASE("depth and number are bounded") {
    Collection deep{.name = "n", .tasks = {{.name = "t"}}};
    for (std::size_t i = 0; i < max_collection_depth; ++i) deep = Collection{.name = "n", .collections = {deep}};
    CHECK(refused(deep).find("nested deeper than 16") != std::string::npos);
    CHECK(named_tasks(deep, {}).empty());
    Collection wide;
    for (std::size_t i = 0; i <= max_tasks; ++i) wide.tasks.push_back({.name = "t" + std::to_string(i)});
    CHECK(refused(wide) == "there are more than 10000 tasks");
    CHECK(named_tasks(wide, {}).size() == max_tasks);
  }

  TEST_CASE("a chain of defaults that leads nowhere is no task") {
    Collection root = sample();
    root.collections[1].collections[0].default_name = "nope";
    CHECK(found(root, "ci-tools") == "there is no task 'ci-tools'");
  }
}
