#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/json/json.hpp"
#include "invoke-compat/collection/flags.hpp"
#include "invoke-compat/parser/core_options.hpp"
#include "tests/parity/invoke_generator.hpp"
#include "tests/parity/invoke_peer.hpp"
#include "tests/support/not_run.hpp"
#include "tests/support/scratch.hpp"

// Command lines of task runners, read by the real invoke and by us: with our deviations off both have to agree in every
// text, exit code, call and value; with them on, whatever changes has to be one of them. Generated lines: 200, or as many as
// $GITOPSCTL_INVOKE_LINES says; $GITOPSCTL_PARITY_SEED begins elsewhere.

using namespace gitopsctl;
using namespace gitopsctl::tests;
using invoke::Collection;
using invoke::Rules;

namespace {

std::uint64_t number_of(const char* variable, std::uint64_t fallback) {
  const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nothing changes it
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

std::string shown(const TaskLine& line) {
  Value words = Value::list();
  for (const auto& word : line.words) words.push_back(Value::string(word));
  return to_json(words, {.escape_html = false}).value_or("?");
}

/// Words at blanks; `''` is an empty one.
TaskLine line_of(const std::string& text) {
  TaskLine out;
  std::istringstream in(text);
  for (std::string word; in >> word;) out.words.push_back(word == "''" ? "" : word);
  return out;
}

bool any_word(const TaskLine& line, bool (*wanted)(std::string_view)) {
  return std::any_of(line.words.begin(), line.words.end(), [&](const auto& word) { return wanted(word); });
}

bool any_task(const Collection& root, const auto& wanted) {
  const auto tasks = invoke::named_tasks(root, Rules{});
  return std::any_of(tasks.begin(), tasks.end(), [&](const auto& named) { return wanted(*named.found.task); });
}

bool any_default_namespace(const Collection& root) {
  return root.find_collection(root.typed(root.default_name)) != nullptr ||
         std::any_of(root.collections.begin(), root.collections.end(), any_default_namespace);
}

/// One deliberate deviation, and what has to be there for it to matter.
struct Deviation {
  std::string_view name;
  bool Rules::* rule;
  bool (*can_matter)(const Collection& root, const TaskLine& line);
};

bool words_with_dash(const Collection& /*root*/, const TaskLine& line) {
  return any_word(line, [](std::string_view word) { return word.size() > 1 && word.starts_with('-'); });
}
bool words_for_help(const Collection& /*root*/, const TaskLine& line) {
  return any_word(line, [](std::string_view word) { return word.starts_with("-") && word.find('h') != word.npos; });
}
bool a_task_takes_h(const Collection& root, const TaskLine& /*line*/) {
  return any_task(root, [](const invoke::Task& task) {
    auto rules = Rules::reference();
    rules.plain_short_flags = true;
    const auto flags = invoke::flags_of(task, rules);
    return flags.ok() && flags->find("-h");
  });
}
bool a_short_flag_is_odd(const Collection& root, const TaskLine& /*line*/) {
  return any_task(root, [](const invoke::Task& task) {
    const auto theirs = invoke::flags_of(task, Rules::reference());
    if (!theirs.ok()) return true;
    return std::any_of(theirs->all.begin(), theirs->all.end(),
                       [](const invoke::Flag& flag) { return flag.short_name.size() > 1 || flag.short_name == "-"; });
  });
}
bool a_timeout(const Collection& /*root*/, const TaskLine& line) {
  return any_word(line, [](std::string_view word) {
    return word.starts_with('-') && (word.find('T') != word.npos || word.find("timeout") != word.npos);
  });
}
bool a_namespace_is_default(const Collection& root, const TaskLine& /*line*/) { return any_default_namespace(root); }
bool words_of_ours(const Collection& /*root*/, const TaskLine& line) {
  return any_word(line, [](std::string_view word) { return word.starts_with("--e"); });
}

constexpr std::array deviations{
    Deviation{"3 help is always help", &Rules::help_is_help, words_for_help},
    Deviation{"4 a core flag is no positional", &Rules::core_flag_before_positional, words_with_dash},
    Deviation{"5 -h stays help", &Rules::keep_h_for_help, a_task_takes_h},
    Deviation{"6 plain short flags", &Rules::plain_short_flags, a_short_flag_is_odd},
    Deviation{"7 attached core values", &Rules::attached_core_values, words_with_dash},
    Deviation{"7 no negative timeouts", &Rules::refuse_negative_timeout, a_timeout},
    Deviation{"14 nested defaults", &Rules::nested_defaults, a_namespace_is_default},
    Deviation{"own core flags", &Rules::own_core_flags, words_of_ours},
};

using Counts = std::map<std::string_view, std::size_t>;

/// Switches our deviations on one after the other and counts those by which something changes.
void count_deviations(const Collection& root, const TaskLine& line, Counts& counts) {
  auto rules = Rules::reference();
  auto before = answer_of_ours(root, line, rules);
  if (before.crashed) ++counts["2 one line instead of a traceback"];
  for (const auto& deviation : deviations) {
    rules.*deviation.rule = true;
    auto after = answer_of_ours(root, line, rules);
    if (!difference(after, before).empty()) {
      ++counts[deviation.name];
      CAPTURE(deviation.name);
      CHECK(deviation.can_matter(root, line));
    }
    before = std::move(after);
  }
  CHECK(difference(before, answer_of_ours(root, line, Rules{})).empty());
}

void compare_all(const Collection& root, const std::vector<TaskLine>& lines, const InvokePeer::Answers& theirs,
                 Counts& counts) {
  REQUIRE(theirs.lines.size() == lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CAPTURE(shown(lines[i]));
    const auto ours = answer_of_ours(root, lines[i], Rules::reference());
    if (theirs.lines[i].crashed && !ours.crashed) {
      // Neither a label that is too wide nor, while completing, a value that cannot be read is a reason for a traceback.
      const bool too_wide = theirs.lines[i].err.find("invalid width") != std::string::npos;
      CHECK_MESSAGE((too_wide || any_word(lines[i], [](std::string_view word) { return word == "--complete"; })),
                    theirs.lines[i].err);
      CHECK(ours.code == 0);
      ++counts[too_wide ? "13 labels wider than the terminal" : "2 one line instead of a traceback"];
      continue;
    }
    const auto differs = difference(ours, theirs.lines[i]);
    CHECK_MESSAGE(differs.empty(), differs);
    count_deviations(root, lines[i], counts);
  }
}

void report(const Counts& counts, std::size_t lines) {
  std::cout << "invoke: " << lines << " command lines compared; changed by deviations:";
  for (const auto& [name, count] : counts) std::cout << " [" << name << "] " << count << ';';
  std::cout << std::endl;
}

std::string folder() { return std::string(GITOPSCTL_SOURCE_DIR) + "/tests/parity/invoke"; }

/// The lines of the specification that need no command to be run, and what else is known to be peculiar.
const std::vector<std::string> harbor_lines{"fetch -r=v2",
                                            "fetch -rv2",
                                            "fetch --ref v2",
                                            "fetch --ref a=b",
                                            "build-image web",
                                            "mk --image=web --no-cache -j8 -p",
                                            "build-image -pc web",
                                            "build-image",
                                            "build-image web extra",
                                            "build-image --image",
                                            "build-image --help",
                                            "audit -vv -l a --label=b",
                                            "audit -vl a",
                                            "audit --log -v",
                                            "audit --log --nope",
                                            "audit --log fetch",
                                            "audit -v=3",
                                            "fetch fetch --ref=v1 build-image w",
                                            "fetch roll",
                                            "fetch --ref a --ref b",
                                            "fetch --ref --echo",
                                            "build_image x",
                                            "db_admin.dump",
                                            "probe",
                                            "probe -w fetch",
                                            "-R roll",
                                            "roll -e",
                                            "",
                                            "roll -f over.yaml",
                                            "stop --msg=bye",
                                            "stop --code=7",
                                            "stop -m no -c 0",
                                            "stop",
                                            "db-admin",
                                            "db-admin.dump -f over.yaml",
                                            "db-admin.restore fetch",
                                            "-l nope",
                                            "-l -F json -D 1",
                                            "-h nope",
                                            "-f missing.yaml fetch",
                                            "fetch -- --ref x",
                                            "--complete -- inv build-image --",
                                            "--complete -- inv",
                                            "-l",
                                            "-l -F nested",
                                            "-l db-admin",
                                            "-l -D 1",
                                            "-l db-admin -F json",
                                            "-h build-image",
                                            "build-image x -h",
                                            "mk x -h",
                                            "-h mk",
                                            "-h audit",
                                            "-h",
                                            "--help",
                                            "-V",
                                            "--version",
                                            "-l -F json",
                                            "-l -D 1 -F nested",
                                            "-l -D -1",
                                            "-l -D -10",
                                            "-l -D -1 -F nested",
                                            "-l db-admin -F nested",
                                            "-l db-admin -D 1",
                                            "-h db-admin",
                                            "-h db-admin.dump",
                                            "-h fetch",
                                            "-h stop",
                                            "-h probe",
                                            "fetch --help=foo",
                                            "fetch --help=audit",
                                            "fetch --help audit --help",
                                            "--help=foo",
                                            "--help=fetch",
                                            "--hide=out --hide=err",
                                            "--hide=out fetch --hide=err",
                                            "--hide",
                                            "--list= fetch",
                                            "-l ''",
                                            "-h '' fetch",
                                            "-l '' fetch",
                                            "--dry=1 x",
                                            "-- fetch",
                                            "fetch -V",
                                            "fetch --print-completion-script=bash",
                                            "--print-completion-script=bash",
                                            "--print-completion-script=zsh",
                                            "--print-completion-script=fish",
                                            "--print-completion-script=tcsh",
                                            "-F odd -l",
                                            "-l -F odd -D 1",
                                            "-l nope -F odd",
                                            "-T x fetch",
                                            "-T 1_0 fetch",
                                            "-T +7 fetch",
                                            "-T5 fetch",
                                            "fetch -T5",
                                            "fetch -T=5",
                                            "fetch -T 5",
                                            "-T -5 fetch",
                                            "-eT5 fetch",
                                            "-e -e -p fetch",
                                            "-epRw fetch",
                                            "-lfetch",
                                            "-ldb-admin",
                                            "fetch -ldb-admin",
                                            "fetch -hfetch",
                                            "build-image -e web",
                                            "build-image --echo web",
                                            "build-image -T5 web",
                                            "build-image -5",
                                            "build-image -50",
                                            "build-image --image=--help",
                                            "build-image --image=--push",
                                            "build-image --image --help",
                                            "fetch --ref --help",
                                            "fetch --ref=--help",
                                            "audit --log --help",
                                            "audit --log=fetch",
                                            "audit --log=",
                                            "audit -o",
                                            "audit -oe",
                                            "audit -ov",
                                            "audit -o -v",
                                            "audit -o=-v",
                                            "build-image web -j x",
                                            "build-image web -j 1_000",
                                            "build-image web --jobs=' -j 2",
                                            "build-image web -jp",
                                            "build-image web -pj 3",
                                            "build-image web -pj3",
                                            "build-image web --no-push",
                                            "build-image web --no-cache --cache",
                                            "build-image web --no-cache=x",
                                            "-x",
                                            "-xyz",
                                            "--foo=bar",
                                            "-=x",
                                            "--=x",
                                            "-",
                                            "''",
                                            "fetch ''",
                                            "fetch -",
                                            "fetch -x",
                                            "fetch -xyz=1",
                                            "build-image ''",
                                            "build-image -",
                                            "build-image fetch fetch",
                                            "audit --label",
                                            "audit -l a -l",
                                            "audit -l a b",
                                            "audit -l -l a",
                                            "audit -l=-v",
                                            "db-admin.restore",
                                            "db-admin.nope",
                                            "db-admin.",
                                            ".fetch",
                                            "fetch.x",
                                            "roll roll",
                                            "--no-dedupe roll",
                                            "-n roll",
                                            "-c other -r . fetch",
                                            "fetch -c other",
                                            "fetch --collection",
                                            "fetch --no-no-dedupe",
                                            "--complete -- inv audit -",
                                            "--complete -- inv audit --l",
                                            "--complete -- inv audit --log",
                                            "--complete -- inv audit -v",
                                            "--complete -- inv audit --log x -",
                                            "--complete -- inv -",
                                            "--complete -- inv --",
                                            "--complete -- inv --hide",
                                            "--complete -- inv -e",
                                            "--complete -- inv nope --",
                                            "--complete -- inv build-image x nope --",
                                            "--complete -- build-image --",
                                            "--complete -- other build-image --",
                                            "--complete -- inv build-image -- --",
                                            "--complete",
                                            "--complete --",
                                            "--complete fetch",
                                            "--complete nope -- inv",
                                            "-h -- x",
                                            "-l -- x",
                                            "fetch -- a -- b",
                                            "-d -d fetch",
                                            "--prompt-for-sudo-password --write-pyc fetch",
                                            "stop --code -5 --msg=-x",
                                            "stop -c-5",
                                            "stop -c -50",
                                            "stop -c 0x1",
                                            "stop -c 1.5",
                                            "it's",
                                            "-h it's",
                                            "audit --log it's-\"x\"",
                                            "-D x -l",
                                            "-l -D 0 -F json",
                                            "-l fetch",
                                            "-l db_admin",
                                            "-l db-admin.dump",
                                            "-l -h",
                                            "-h -l",
                                            "-l -V",
                                            "fetch -l",
                                            "fetch -l db-admin",
                                            "fetch -l -h"};

}  // namespace

TEST_SUITE("parity: invoke") {
  TEST_CASE("what the parser says of known command lines is what invoke says") {
    const auto program = need_peer("invoke", "the command line of tasks against invoke");
    if (!program) return;
    std::vector<TaskLine> lines;
    for (const auto& one : harbor_lines) lines.push_back(line_of(one));
    // The same in terminals of other widths.
    for (const auto width : {40U, 60U, 132U}) {
      for (const auto* one : {"-h", "-l", "-h build-image", "-l -F nested"}) {
        lines.push_back(line_of(one));
        lines.back().width = width;
      }
    }
    const auto theirs = InvokePeer(*program).ask({{.file = folder() + "/tasks.py", .lines = lines}});
    REQUIRE_MESSAGE(theirs.ok(), theirs.error().to_string());
    REQUIRE(theirs->front().usable);
    Counts counts;
    compare_all(harbor_collection(), lines, theirs->front(), counts);
    report(counts, lines.size());
    // Each of them stands in a line above.
    for (const auto* name : {"2 one line instead of a traceback", "3 help is always help", "4 a core flag is no positional",
                             "7 attached core values", "7 no negative timeouts"}) {
      CAPTURE(name);
      CHECK(counts[name] > 0);
    }
  }

  TEST_CASE("what the parser says of generated command lines is what invoke says") {
    const auto program = need_peer("invoke", "generated command lines of tasks against invoke");
    if (!program) return;
    constexpr std::size_t lines_of_one = 10;
    const auto wanted = number_of("GITOPSCTL_INVOKE_LINES", 200);
    TaskLineGenerator generator(number_of("GITOPSCTL_PARITY_SEED", 20'261));
    std::vector<InvokePeer::Questions> questions;
    std::vector<Collection> collections;
    for (std::size_t made = 0; made < wanted; made += lines_of_one) {
      InvokePeer::Questions one{.description = generator.collection()};
      collections.push_back(collection_from(one.description));
      for (std::size_t i = 0; i < std::min<std::size_t>(lines_of_one, wanted - made); ++i) {
        one.lines.push_back(generator.line(collections.back()));
      }
      questions.push_back(std::move(one));
    }
    const auto theirs = InvokePeer(*program).ask(questions);
    REQUIRE_MESSAGE(theirs.ok(), theirs.error().to_string());
    Counts counts;
    std::size_t compared = 0;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      CAPTURE(to_json(questions[i].description, {.escape_html = false}).value_or("?"));
      const auto& answers = (*theirs)[i];
      // What the reference cannot make we refuse as well.
      if (!answers.usable) {
        CHECK_FALSE(invoke::check_collection(collections[i], Rules::reference()).ok());
        continue;
      }
      compare_all(collections[i], questions[i].lines, answers, counts);
      compared += questions[i].lines.size();
    }
    report(counts, compared);
    CHECK(compared >= wanted / 2);
  }

  TEST_CASE("the whole program prints the same bytes") {
    const auto program = need_peer("invoke", "texts of tasks against invoke");
    if (!program) return;
    const InvokePeer peer(*program);
    for (const auto* text : {"-l",
                             "-l -F nested",
                             "-l db-admin",
                             "-l -D 1",
                             "-l -F json",
                             "-h build-image",
                             "mk x -h",
                             "-h audit",
                             "build-image",
                             "build-image web extra",
                             "build-image --image",
                             "audit --log fetch",
                             "audit -v=3",
                             "-l nope",
                             "-l -F json -D 1",
                             "-h nope",
                             "-V",
                             "--complete -- inv",
                             "--complete -- inv build-image --",
                             "build_image x"}) {
      CAPTURE(text);
      const auto line = line_of(text);
      const auto theirs = peer.run(folder(), line.words);
      const auto ours = answer_of_ours(harbor_collection(), line, Rules{});
      CHECK(ours.code == theirs.exit_code);
      CHECK(ours.out == theirs.out);
      CHECK(ours.err == theirs.err);
    }
  }

  TEST_CASE("the tasks that run are those that were called") {
    const auto program = need_peer("invoke", "calls of tasks against invoke");
    if (!program) return;
    const InvokePeer peer(*program);
    const std::map<std::string, std::string> printed{
        {"fetch -rv2", "fetch v2\n"},
        {"mk --image=web --no-cache -j8 -p", "fetch v1\nbuild web push=1 cache=0 jobs=8\n"},
        {"build-image -pc web", "fetch v1\nbuild web push=1 cache=1 jobs=4\n"},
        {"audit -vv -l a --label=b", "audit a,b 2 -\n"},
        {"audit --log --nope", "audit - 0 --nope\n"},
        {"db-admin.restore fetch", "restore fetch\n"}};
    for (const auto& [text, out] : printed) {
      CAPTURE(text);
      const auto theirs = peer.run(folder(), line_of(text).words);
      CHECK(theirs.out == out);
      CHECK(theirs.exit_code == 0);
      CHECK(answer_of_ours(harbor_collection(), line_of(text), Rules{}).calls.size() == 1);
    }
  }
}
