#include "invoke-compat/listing/listing.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gitopsctl;
using namespace gitopsctl::invoke;

namespace {

/// audit, build-image (mk), roll (default); db-admin: dump (default), restore; mid: two, leaf (default): tip (top abc).
Collection sample() {
  Collection leaf{.name = "leaf",
                  .tasks = {{.name = "tip", .docstring = "\n\n  First   line.\n  second", .aliases = {"top", "abc"}}},
                  .default_name = "tip"};
  return {.name = "tasks",
          .tasks = {{.name = "roll", .docstring = "Roll out."},
                    {.name = "build_image", .docstring = "Build \"é\".", .aliases = {"mk"}},
                    {.name = "audit", .docstring = "  "}},
          .collections = {{.name = "mid",
                           .docstring = "Mid doc\nmore",
                           .tasks = {{.name = "two"}},
                           .collections = {leaf},
                           .default_name = "leaf"},
                          {.name = "db_admin", .tasks = {{.name = "restore"}, {.name = "dump"}}, .default_name = "dump"},
                          {.name = "nothing"}},
          .default_name = "roll"};
}

std::string listed(const ListingOptions& options) {
  const auto out = list_tasks(sample(), options);
  return out.ok() ? *out : out.error().message();
}

}  // namespace

TEST_SUITE("invoke: listing") {
  TEST_CASE("flat: by name, namespaces behind tasks, aliases sorted, defaults under their namespace's name") {
    CHECK(listed({}) ==
          "Available tasks:\n\n"
          "  audit\n"
          "  build-image (mk)                                      Build \"é\".\n"
          "  roll                                                  Roll out.\n"
          "  db-admin.dump (db-admin)\n"
          "  db-admin.restore\n"
          "  mid.two\n"
          "  mid.leaf.tip (mid.leaf, mid.leaf.abc, mid.leaf.top)   First   line.\n"
          "\n"
          "Default task: roll\n\n");
  }

  TEST_CASE("nested: four blanks a level, a row for every namespace, a star behind defaults") {
    CHECK(listed({.format = "nested"}) ==
          "Available tasks ('*' denotes collection defaults):\n\n"
          "  audit\n"
          "  build-image (mk)             Build \"é\".\n"
          "  roll*                        Roll out.\n"
          "  db-admin\n"
          "      .dump*\n"
          "      .restore\n"
          "  mid                          Mid doc\n"
          "      .two\n"
          "      .leaf\n"
          "          .tip* (.abc, .top)   First   line.\n"
          "  nothing\n"
          "\n"
          "Default task: roll\n\n");
  }

  TEST_CASE("below a root every name begins with a dot") {
    CHECK(listed({.root = "mid"}) ==
          "Available 'mid' tasks:\n\n"
          "  .two\n"
          "  .leaf.tip (.leaf, .leaf.abc, .leaf.top)   First   line.\n"
          "\n"
          "Default 'mid' task: .leaf\n\n");
    CHECK(listed({.format = "nested", .root = "mid.leaf"}) ==
          "Available 'mid.leaf' tasks ('*' denotes collection defaults):\n\n"
          "  .tip* (.abc, .top)   First   line.\n"
          "\n"
          "Default 'mid.leaf' task: .tip\n\n");
  }

  TEST_CASE("a depth cuts namespaces off and counts what is in them") {
    CHECK(listed({.depth = 1}) ==
          "Available tasks (depth=1):\n\n"
          "  audit\n"
          "  build-image (mk)               Build \"é\".\n"
          "  roll                           Roll out.\n"
          "  db-admin [2 tasks]\n"
          "  mid [1 tasks, 1 collections]   Mid doc\n"
          "  nothing []\n"
          "\n"
          "Default task: roll\n\n");
    CHECK(listed({.format = "nested", .root = "mid", .depth = 1}) ==
          "Available 'mid' tasks (depth=1; '*' denotes collection defaults):\n\n"
          "  .two\n"
          "  .leaf [1 tasks]\n"
          "\n"
          "Default 'mid' task: .leaf\n\n");
    CHECK(listed({.depth = 2}).find("  mid.leaf [1 tasks]\n") != std::string::npos);
    CHECK(listed({.depth = -1}).starts_with("Available tasks (depth=-1):\n"));
    CHECK(listed({.depth = -1}).find("  db-admin [2 tasks]\n") != std::string::npos);
  }

  TEST_CASE("in flat form what is cut off deeper below a root lacks the dot, as in the reference") {
    Collection root{.collections = {{.name = "out", .collections = {sample()}}}};
    const auto out = list_tasks(root, {.root = "out", .depth = 2});
    REQUIRE(out.ok());
    CHECK(out->find("  .tasks.audit\n") != std::string::npos);
    CHECK(out->find("  tasks.db-admin [2 tasks]\n") != std::string::npos);
  }

  TEST_CASE("json: one line, keys in order, ASCII only, aliases as declared") {
    CHECK(
        listed({.format = "json", .root = "mid"}) ==
        R"({"name": "mid", "help": "Mid doc", "default": "leaf", "tasks": [{"name": "two", "help": null, "aliases": []}], )"
        R"("collections": [{"name": "leaf", "help": null, "default": "tip", "tasks": [{"name": "tip", "help": )"
        R"("First   line.", "aliases": ["top", "abc"]}], "collections": []}]})"
        "\n");
    CHECK(listed({.format = "json"}).find(R"("help": "Build \"\u00e9\".", "aliases": ["mk"])") != std::string::npos);
    auto root = sample();
    root.name.clear();
    root.docstring = "\U0001F600\x7f";
    CHECK(list_tasks(root, {.format = "json"}).value().starts_with("{\"name\": null, \"help\": \"\\ud83d\\ude00\x7f\", "));
  }

  TEST_CASE("json: a namespace without automatic dashes spells its own name") {
    auto root = sample();
    root.collections[1].auto_dash_names = false;
    CHECK(list_tasks(root, {.format = "json"}).value().find(R"("name": "db_admin")") != std::string::npos);
    CHECK(list_tasks(root, {}).value().find("db-admin.dump") != std::string::npos);
  }

  TEST_CASE("errors") {
    CHECK(listed({.root = "nope"}) == "Sub-collection 'nope' not found!");
    CHECK(listed({.root = "mid."}) == "Sub-collection 'mid.' not found!");
    CHECK(listed({.root = "db_admin"}) == "Sub-collection 'db_admin' not found!");
    CHECK(listed({.root = "nothing"}) == "No tasks found in collection 'nothing'!");
    CHECK(listed({.format = "json", .depth = 1}) == "The --list-depth option is not supported with JSON format!");
    CHECK(listed({.format = "odd"}) == "error: --list-format needs one of flat, nested, json, not 'odd'");
    CHECK(list_tasks({.name = "empty_one"}, {}).error().message() == "No tasks found in collection 'empty-one'!");
  }
}
