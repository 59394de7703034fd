#include "invoke-compat/listing/help.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "invoke-compat/parser/core_options.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;

namespace {

Argument argument(const std::string& name, ArgumentKind kind, Value value = {}, const std::string& help = "") {
  return {.name = name, .kind = kind, .default_value = std::move(value), .has_default = true, .help = help};
}

std::string help_of(const Task& task, const HelpOptions& options = {}, const std::string& name = "t") {
  const Collection root{.tasks = {task}};
  const auto contexts = TaskContexts::of(root, {});
  REQUIRE(contexts.ok());
  const auto out = task_help(*contexts, name, options);
  return out.ok() ? *out : out.error().message();
}

std::vector<std::string> labels(const Flags& flags, const HelpOptions& options = {}) {
  std::vector<std::string> out;
  for (const auto& row : flag_rows(flags, options)) out.push_back(row.label);
  return out;
}

}  // namespace

TEST_SUITE("invoke: help") {
  TEST_CASE("a task's help") {
    const Task task{.name = "build_image",
                    .docstring = "Build one image.\n\n    Uses every worker.\n      More.\n    ",
                    .aliases = {"mk"},
                    .arguments = {{.name = "image", .help = "Image to build"},
                                  argument("push", ArgumentKind::boolean, Value::boolean(false), "Push when done"),
                                  argument("cache", ArgumentKind::boolean, Value::boolean(true)),
                                  argument("jobs", ArgumentKind::integer, Value::int64(4), "Worker count")}};
    const std::string rest =
        " [--options] [other tasks here ...]\n\n"
        "Docstring:\n  Build one image.\n\n  Uses every worker.\n    More.\n\n"
        "Options:\n"
        "  -c, --[no-]cache\n"
        "  -i STRING, --image=STRING   Image to build\n"
        "  -j INT, --jobs=INT          Worker count\n"
        "  -p, --push                  Push when done\n\n";
    CHECK(help_of(task, {}, "build-image") == "Usage: inv[oke] [--core-opts] build-image" + rest);
    CHECK(help_of(task, {}, "mk") == "Usage: inv[oke] [--core-opts] mk" + rest);
    CHECK(help_of(task, {.usage_word = "gitopsctl task"}, "mk") == "Usage: gitopsctl task [--core-opts] mk" + rest);
    CHECK(help_of(task, {}, "nope") == "No idea what 'nope' is!");
  }

  TEST_CASE("a task without anything") {
    CHECK(help_of({.name = "t"}) ==
          "Usage: inv[oke] [--core-opts] t [other tasks here ...]\n\nDocstring:\n  none\n\nOptions:\n  none\n\n");
  }

  TEST_CASE("rows: long names first, then by letter, lower case before upper") {
    auto silent = argument("zeta", ArgumentKind::str);
    silent.short_flag = "";
    auto log = argument("log", ArgumentKind::str);
    log.value_optional = true;
    auto level = argument("Level", ArgumentKind::integer);
    level.value_optional = true;
    const auto flags = flags_of(
        {.name = "t",
         .arguments = {log, level, silent, argument("X", ArgumentKind::str), argument("x", ArgumentKind::integer),
                       argument("fl", ArgumentKind::floating), argument("items", ArgumentKind::list),
                       argument("v", ArgumentKind::count), argument("b", ArgumentKind::boolean, Value::boolean(true))}},
        {});
    REQUIRE(flags.ok());
    CHECK(labels(*flags) == std::vector<std::string>{"--zeta=STRING", "--[no-]", "-f, --fl", "-i, --items",
                                                     "-l [STRING], --log[=STRING]", "-L [INT], --Level[=INT]", "-v INT",
                                                     "-x INT", "-X STRING"});
    CHECK(labels(*flags, {.reference_spelling = false})[1] == "-b, --[no-]b");
  }

  TEST_CASE("the core's help has every option of the reference, and hides ours") {
    const auto core = core_shape({});
    CHECK(labels(core.flags) == std::vector<std::string>{"--complete",
                                                         "--hide=STRING",
                                                         "--no-dedupe",
                                                         "--print-completion-script=STRING",
                                                         "--prompt-for-sudo-password",
                                                         "--write-pyc",
                                                         "-c STRING, --collection=STRING",
                                                         "-d, --debug",
                                                         "-D INT, --list-depth=INT",
                                                         "-e, --echo",
                                                         "-f STRING, --config=STRING",
                                                         "-F STRING, --list-format=STRING",
                                                         "-h [STRING], --help[=STRING]",
                                                         "-l [STRING], --list[=STRING]",
                                                         "-p, --pty",
                                                         "-r STRING, --search-root=STRING",
                                                         "-R, --dry",
                                                         "-T INT, --command-timeout=INT",
                                                         "-V, --version",
                                                         "-w, --warn-only"});
    const auto text = core_help(core.flags, {.usage_word = "gitopsctl task", .width = 60});
    CHECK(text.starts_with(
        "Usage: gitopsctl task [--core-opts] task1 [--task1-opts] ... taskN [--taskN-opts]\n\nCore options:\n\n"));
    CHECK(text.find("--engine") == std::string::npos);
    CHECK(text.ends_with("\n\n"));
    for (const auto& row : flag_rows(core.flags, {})) CHECK(row.text.size() > 5);
  }
}
