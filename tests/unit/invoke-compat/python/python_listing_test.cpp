#include "invoke-compat/python/python_listing.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;

namespace {

constexpr std::string_view listing =
    R"({"name": "tasks", "help": "Harbor.", "default": "roll", "tasks": [)"
    R"({"name": "fetch", "help": "Fetch.", "aliases": ["f"]}, {"name": "roll", "help": null, "aliases": []}], "collections": [)"
    R"({"name": "db", "help": null, "default": null, "tasks": [{"name": "dump", "help": null, "aliases": []}], "collections": []}]})";

Collection read(std::string_view json) {
  auto out = read_python_listing(json);
  REQUIRE_MESSAGE(out.ok(), (out.ok() ? "" : out.error().to_string()));
  return *std::move(out);
}

RunProgram answering(const CapturedOutput& output, int& calls) {
  return [output, &calls](const std::vector<std::string>&, const std::string&, Millis) -> Result<CapturedOutput> {
    ++calls;
    return output;
  };
}

}  // namespace

TEST_SUITE("invoke: python") {
  TEST_CASE("a listing becomes a collection whose tasks know their dotted names") {
    const auto tasks = read(listing);
    CHECK(tasks.docstring == "Harbor.");
    CHECK(tasks.default_name == "roll");
    REQUIRE(tasks.tasks.size() == 2);
    CHECK(tasks.tasks[0].aliases == std::vector<std::string>{"f"});
    REQUIRE(tasks.collections.size() == 1);
    const auto* dump = static_cast<const PythonTask*>(tasks.collections[0].tasks[0].implementation.get());
    CHECK(dump->name == "db.dump");
  }

  TEST_CASE("anything else is refused") {
    for (const std::string_view json :
         {"", "[]", "{}", R"({"tasks": [], "collections": {}})", R"({"tasks": [1], "collections": []})",
          R"({"tasks": [{"name": null}], "collections": []})",
          R"({"tasks": [{"name": "a", "aliases": [1]}], "collections": []})",
          R"({"tasks": [], "collections": [{"tasks": [], "collections": []}]})",
          R"({"name": 1, "tasks": [], "collections": []})"}) {
      CAPTURE(json);
      CHECK_FALSE(read_python_listing(json).ok());
    }
    std::string deep;
    for (int i = 0; i < 30; ++i) deep += R"({"name": "a", "tasks": [], "collections": [)";
    for (int i = 0; i < 30; ++i) deep += "]}";
    CHECK_FALSE(read_python_listing(deep).ok());
  }

  TEST_CASE("what both files have is the native one's") {
    Collection native;
    Task fetch;
    fetch.name = "fetch";
    native.tasks = {fetch};
    const auto both = add_python_tasks(native, read(listing));
    CHECK(both == std::vector<std::string>{"fetch"});
    REQUIRE(native.tasks.size() == 2);
    CHECK(native.tasks[0].implementation == nullptr);
    CHECK(native.tasks[1].name == "roll");
    CHECK(native.collections.size() == 1);
    CHECK(native.default_name == "roll");
  }

  TEST_CASE("a listing is asked for once as long as the file stays the same, and a failure tells why") {
    const support::ScratchDir directory;
    const auto path = directory / "tasks.py";
    std::ofstream(path) << "one";
    const PythonTaskFile file{.file = path, .name = "tasks", .directory = directory.path()};
    int calls = 0;
    const auto good = answering({.status = {}, .out = std::string(listing), .err = {}}, calls);
    const auto cache = directory / "cache";
    CHECK(list_python_tasks({"invoke"}, file, good, cache).ok());
    CHECK(list_python_tasks({"invoke"}, file, good, cache).ok());
    CHECK(calls == 1);
    CHECK(list_python_tasks({"other"}, file, good, cache).ok());
    CHECK(calls == 2);
    std::ofstream(path) << "another";
    CHECK(list_python_tasks({"invoke"}, file, good, cache).ok());
    CHECK(calls == 3);
    CHECK(list_python_tasks({"invoke"}, file, good, "").ok());
    CHECK(calls == 4);
    const auto bad = answering({.status = {.exit_code = 1, .signal = 0}, .out = {}, .err = "NameError: x\n"}, calls);
    const auto failed = list_python_tasks({"invoke"}, file, bad, "");
    REQUIRE_FALSE(failed.ok());
    CHECK(failed.error().message().ends_with("(exit code 1):\nNameError: x"));
  }
}
