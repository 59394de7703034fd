#include "invoke-compat/listing/completion.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "invoke-compat/parser/core_options.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;

namespace {

const std::vector<std::string> inv{"invoke", "inv"};
const std::vector<std::string> ours{"gitopsctl task"};

std::string completed(const std::string& line, const std::vector<std::string>& names = inv) {
  Collection root;
  const Argument cache{
      .name = "cache", .kind = ArgumentKind::boolean, .default_value = Value::boolean(true), .has_default = true};
  root.tasks = {{.name = "roll"}, {.name = "build_image", .aliases = {"mk"}, .arguments = {{.name = "image"}, cache}}};
  root.collections = {{.name = "db", .tasks = {{.name = "restore"}, {.name = "dump"}}, .default_name = "dump"}};
  const auto contexts = TaskContexts::of(root, {});
  REQUIRE(contexts.ok());
  return complete(line, names, core_shape({}), *contexts, {});
}

const std::string tasks = "build-image\nmk\nroll\ndb.dump\ndb\ndb.restore\n";

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

/// A program that offers what its arguments were, in brackets, so that a test sees what a script hands on.
void write_program(const std::string& path) {
  write(path, "#!/bin/sh\nprintf '%s\\n' aa ab '$(touch x)' \"a[$*]\"\n");
  support::run_program({"chmod", "+x", path});
}

}  // namespace

TEST_SUITE("invoke: completion") {
  TEST_CASE("task names, those of the root first") {
    CHECK(completed("inv") == tasks);
    CHECK(completed("inv ") == tasks);
    CHECK(completed("") == tasks);
    CHECK(completed("inv ro") == tasks);
    CHECK(completed("inv roll 'open quote") == tasks);
  }

  TEST_CASE("flags of the last context while the last word begins like one") {
    CHECK(completed("inv build-image --") == "--cache\n--image\n--no-cache\n");
    CHECK(completed("inv build-image --im") == "--cache\n--image\n--no-cache\n");
    CHECK(completed("inv build-image -") == "--cache\n-c\n--image\n-i\n--no-cache\n");
    CHECK(completed("inv build-image x roll --") == "");
    CHECK(completed("inv build-image x nope --") == "--cache\n--image\n--no-cache\n");
    CHECK(completed("inv --co").starts_with("--complete\n--hide\n"));
    CHECK(completed("inv -").find("\n--debug\n-d\n") != std::string::npos);
    CHECK(completed("inv --").find("--engine") == std::string::npos);
  }

  TEST_CASE("a known flag gives way to its value, or to tasks") {
    CHECK(completed("inv build-image --image") == "");
    CHECK(completed("inv build-image --cache") == tasks);
    CHECK(completed("inv --hide") == "");
    CHECK(completed("inv -e") == tasks);
    CHECK(completed("inv build-image -x") == "");
  }

  TEST_CASE("the program's name in front is left out, whatever it is") {
    CHECK(completed("gitopsctl task build-image --", ours) == "--cache\n--image\n--no-cache\n");
    CHECK(completed("build-image --", ours) == "--cache\n--image\n--no-cache\n");
    CHECK(completed("other build-image --").starts_with("--complete\n"));
  }

  TEST_CASE("an unknown shell") {
    const auto script = completion_script("tcsh", inv);
    REQUIRE_FALSE(script.ok());
    CHECK(script.error().message() == "Completion for shell \"tcsh\" not supported (options are: bash, fish, zsh).");
  }

  TEST_CASE("bash: the script offers what the program prints and begins right, and expands nothing") {
    const support::ScratchDir scratch;
    write_program(scratch / "invoke");
    write(scratch / "script", completion_script("bash", inv).value());
    const std::string driver =
        "cd '" + scratch.path() +
        "' && PATH=.:$PATH && . ./script && COMP_WORDS=(inv build a) && COMP_CWORD=2 && "
        "_complete_tasks_of_invoke && printf '%s\\n' \"${COMPREPLY[@]}\" && COMP_WORDS=(inv '') && COMP_CWORD=1 && "
        "_complete_tasks_of_invoke && printf '%s\\n' \"${COMPREPLY[@]}\" && complete -p inv && ls";
    CHECK(support::run_program({"bash", "-c", driver}) ==
          "aa\nab\na[--complete -- inv build a]\naa\nab\n$(touch x)\na[--complete -- inv ]\n"
          "complete -o default -F _complete_tasks_of_invoke inv\ninvoke\nscript\n");
  }

  TEST_CASE("bash: a name of two words leaves other words to the program's own completion") {
    const support::ScratchDir scratch;
    write_program(scratch / "gitopsctl");
    write(scratch / "script", completion_script("bash", ours).value());
    const std::string driver = "cd '" + scratch.path() +
                               "' && PATH=.:$PATH && _gitopsctl() { COMPREPLY=(own); } && . ./script && "
                               "COMP_WORDS=(gitopsctl task a) && COMP_CWORD=2 && _complete_tasks_of_gitopsctl_task && "
                               "printf '%s\\n' \"${COMPREPLY[@]}\" && "
                               "COMP_WORDS=(gitopsctl tasks) && COMP_CWORD=1 && _complete_tasks_of_gitopsctl_task && printf "
                               "'%s\\n' \"${COMPREPLY[@]}\"";
    CHECK(support::run_program({"bash", "-c", driver}) == "aa\nab\na[task --complete -- gitopsctl task a]\nown\n");
  }

  TEST_CASE("zsh and fish take their scripts") {
    const support::ScratchDir scratch;
    write_program(scratch / "invoke");
    for (const auto& names : {inv, ours}) {
      write(scratch / "zsh", completion_script("zsh", names).value());
      write(scratch / "fish", completion_script("fish", names).value());
      CHECK(support::run_program(
                {"zsh", "-f", "-c", ". '" + (scratch / "zsh") + "' && compctl | grep -c _complete_tasks"}) != "0\n");
      CHECK(support::run_program({"fish", "--no-config", "--no-execute", scratch / "fish"}) == "");
    }
    write(scratch / "fish", completion_script("fish", inv).value());
    const std::string driver = "set -x PATH '" + scratch.path() + "' $PATH; source '" + (scratch / "fish") +
                               "'; complete --do-complete 'inv build a'";
    CHECK(support::run_program({"fish", "--no-config", "-c", driver}) == "aa\nab\na[--complete -- inv build a]\n");
  }
}
