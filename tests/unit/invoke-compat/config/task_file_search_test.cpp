#include "invoke-compat/config/task_file_search.hpp"

#include <doctest/doctest.h>

#include "tests/unit/invoke-compat/config/fake_files.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;
using gitopsctl::tests::FakeFiles;

namespace {

TaskFileSearch from(std::string directory, std::string start = {}) {
  TaskFileSearch search;
  search.working_directory = std::move(directory);
  search.start = std::move(start);
  return search;
}

/// Which files are found, for one line of a test.
std::string found(const FakeFiles& files, const TaskFileSearch& search) {
  const auto result = find_task_files(files, search);
  if (!result.ok()) return "! " + result.error().to_string();
  if (!*result) return "nothing";
  std::string out = (*result)->project_directory + ":";
  if ((*result)->native) out += " " + *(*result)->native;
  if ((*result)->python) out += " " + *(*result)->python + ((*result)->python_package ? " package" : "");
  return out;
}

}  // namespace

TEST_SUITE("invoke: search") {
  TEST_CASE("the search goes up to the nearest directory with a task file") {
    const FakeFiles files{{"/a/tasks.py", ""}, {"/a/b/c/d/file", ""}};
    CHECK(found(files, from("/a")) == "/a: /a/tasks.py");
    CHECK(found(files, from("/a/b/c/d")) == "/a: /a/tasks.py");
    CHECK(found(files, from("/")) == "nothing");
  }

  TEST_CASE("a nearer directory beats a farther one, whatever its kind") {
    const FakeFiles near_native{{"/a/tasks.py", ""}, {"/a/b/tasks.yaml", ""}};
    CHECK(found(near_native, from("/a/b")) == "/a/b: /a/b/tasks.yaml");
    const FakeFiles near_python{{"/a/tasks.yaml", ""}, {"/a/b/tasks.py", ""}};
    CHECK(found(near_python, from("/a/b")) == "/a/b: /a/b/tasks.py");
  }

  TEST_CASE("both kinds of one directory are found together, and the first spelling of each") {
    const FakeFiles files{{"/a/tasks.py", ""}, {"/a/tasks/__init__.py", ""}, {"/a/tasks.yaml", ""}, {"/a/tasks.yml", ""}};
    CHECK(found(files, from("/a")) == "/a: /a/tasks.yaml /a/tasks.py");
    CHECK(found(FakeFiles{{"/a/tasks.yml", ""}}, from("/a")) == "/a: /a/tasks.yml");
  }

  TEST_CASE("the project directory of a package is the directory above it") {
    const FakeFiles files{{"/a/tasks/__init__.py", ""}, {"/a/tasks/more.py", ""}};
    CHECK(found(files, from("/a")) == "/a: /a/tasks/__init__.py package");
    // Inside of the package there is no directory `tasks`, so the walk goes on to the one above.
    CHECK(found(files, from("/a/tasks")) == "/a: /a/tasks/__init__.py package");
    CHECK(found(FakeFiles{{"/a/tasks/more.py", ""}}, from("/a")) == "nothing");
  }

  TEST_CASE("deviation 10: a relative start is made absolute, and the root is searched") {
    const FakeFiles files{{"/tasks.py", ""}, {"/a/b/file", ""}};
    CHECK(found(files, from("/a", "b")) == "/: /tasks.py");
    CHECK(found(files, from("/a/b")) == "/: /tasks.py");
    CHECK(found(files, from("/a/b", "../..")) == "/: /tasks.py");
  }

  TEST_CASE("an absolute start does not look at the working directory") {
    const FakeFiles files{{"/a/tasks.py", ""}, {"/x/tasks.py", ""}};
    CHECK(found(files, from("/a", "/x")) == "/x: /x/tasks.py");
  }

  TEST_CASE("a start that is no directory finds nothing") {
    const FakeFiles files{{"/tasks.py", ""}};
    CHECK(found(files, from("/", "/nowhere")) == "nothing");
    CHECK(found(files, from("/", "tasks.py")) == "nothing");
  }

  TEST_CASE("another name is looked for as it is written") {
    const FakeFiles files{{"/a/ops.yaml", ""}, {"/a/tasks.yaml", ""}, {"/a/d/ops.py", ""}};
    auto search = from("/a");
    search.name = "ops";
    CHECK(found(files, search) == "/a: /a/ops.yaml");
    for (const auto* name : {"", "d/ops", "../a/ops"}) {
      search.name = name;
      CHECK(found(files, search) == "nothing");
    }
  }

  TEST_CASE("an engine that is forced sees its own files only") {
    const FakeFiles files{{"/a/tasks.yaml", ""}, {"/a/b/tasks.py", ""}};
    auto search = from("/a/b");
    search.python = false;
    CHECK(found(files, search) == "/a: /a/tasks.yaml");
    search = from("/a");
    search.native = false;
    CHECK(found(files, search) == "nothing");
  }

  TEST_CASE("a directory of the file's name is no task file") {
    FakeFiles files{{"/tasks.py", ""}};
    files.add_directory("/a/tasks.py");
    files.add_directory("/a/tasks.yaml");
    CHECK(found(files, from("/a")) == "/: /tasks.py");
  }

  TEST_CASE("a file that cannot be looked at is no missing file") {
    FakeFiles files{{"/tasks.py", ""}, {"/a/x", ""}};
    files.forbid("/a/tasks.py");
    CHECK(found(files, from("/a")) == "! /a/tasks.py: cannot be read");
  }

  TEST_CASE("a path that is too long is refused") {
    CHECK(found(FakeFiles{}, from("/", std::string(5000, 'a'))) ==
          "! the path where the search for tasks begins is longer than 4096 bytes");
  }

  TEST_CASE("paths are made absolute by their text") {
    CHECK(absolute_path("/a/b", "c") == "/a/b/c");
    CHECK(absolute_path("/a/b", "") == "/a/b");
    CHECK(absolute_path("/a/b", ".//./c/") == "/a/b/c");
    CHECK(absolute_path("/a/b", "../../../x") == "/x");
    CHECK(absolute_path("/a/b", "/x/../y") == "/y");
    CHECK(absolute_path("/", "..") == "/");
  }
}
