#include <doctest/doctest.h>

#include <set>

#include "agent/cli/exit_code.hpp"
#include "agent/cli/help.hpp"
#include "agent/cli/invocation.hpp"
#include "agent/cli/program.hpp"
#include "agent/cli/words.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent::cli;

namespace {

MemoryTerminal nowhere;

Invocation parse(const std::vector<std::string>& words) {
  auto line = parse_line(words, nowhere);
  REQUIRE_MESSAGE(line.ok(), (line.ok() ? "" : line.error().to_string()));
  REQUIRE(line->kind == ParsedLine::Kind::run);
  return *line->invocation;
}

std::string mistake(const std::vector<std::string>& words) {
  auto line = parse_line(words, nowhere);
  REQUIRE_FALSE(line.ok());
  CHECK(line.error().code() == ErrorCode::invalid_input);
  return line.error().message();
}

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("every way to write a flag means the same") {
    for (const auto& words : std::vector<std::vector<std::string>>{{"diff", "prod", "-o", "json"},
                                                                   {"diff", "prod", "-ojson"},
                                                                   {"diff", "prod", "-o=json"},
                                                                   {"diff", "prod", "--output", "json"},
                                                                   {"diff", "--output=json", "prod"},
                                                                   {"-o", "json", "diff", "prod"}}) {
      const Invocation invocation = parse(words);
      CHECK(invocation.output() == OutputFormat::json);
      CHECK(invocation.argument(0) == "prod");
    }
    CHECK(parse({"diff", "prod"}).output() == OutputFormat::table);
  }

  TEST_CASE("values of every type") {
    const Invocation render =
        parse({"render", "--chart", "charts/web", "-f", "a.yaml", "--values=b.yaml", "--digest", "-n", "web"});
    CHECK(render.text("chart") == "charts/web");
    CHECK(render.list("values") == std::vector<std::string>{"a.yaml", "b.yaml"});
    CHECK(render.is_set("digest"));
    CHECK(render.text("namespace") == "web");
    CHECK_FALSE(render.given("helm-profile"));
    CHECK(render.text("helm-profile", "fallback") == "fallback");
    CHECK_FALSE(parse({"render", "prod", "--digest=false"}).is_set("digest"));
    CHECK(parse({"history", "prod", "--limit", "5"}).integer("limit", 20) == 5);
    CHECK(parse({"history", "prod"}).integer("limit", 20) == 20);
    CHECK(parse({"sync", "--timeout", "90s"}).duration("timeout") == Millis{90'000});
    CHECK_FALSE(parse({"sync"}).duration("timeout").has_value());
    // Of several values of a text flag the last wins, so that an alias can be overridden.
    CHECK(parse({"diff", "prod", "--to", "a", "--to", "b"}).text("to") == "b");
    // A value may start with a dash.
    CHECK(parse({"suspend", "prod", "--reason", "-5 degrees"}).text("reason") == "-5 degrees");
  }

  TEST_CASE("two dashes end the flags, and one dash alone is a word") {
    const Invocation invocation = parse({"channel", "check", "--", "--odd-name.yaml", "-"});
    CHECK(invocation.verb().name == "channel check");
    CHECK(invocation.arguments() == std::vector<std::string>{"--odd-name.yaml", "-"});
  }

  TEST_CASE("help wins wherever it stands") {
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"diff", "-h"}, {"diff", "--help", "x", "y"}, {"diff", "prod", "-h", "--nothing"}}) {
      auto line = parse_line(words, nowhere);
      REQUIRE(line.ok());
      CHECK(line->kind == ParsedLine::Kind::help);
      REQUIRE(line->verb != nullptr);
      CHECK(line->verb->name == "diff");
    }
    CHECK(parse_line({"channel", "-h"}, nowhere)->kind == ParsedLine::Kind::group_help);
    CHECK(parse_line({"promote", "x", "--help"}, nowhere)->kind == ParsedLine::Kind::help);
  }

  TEST_CASE("targets") {
    CHECK(parse({"diff", "prod"}).target()->channel == "prod");
    CHECK(parse({"diff", "prod"}).target()->release.empty());
    CHECK(parse({"diff", "prod/web"}).target()->release == "web");
    CHECK(parse({"status"}).target()->channel.empty());
    CHECK_FALSE(parse({"diff", "/web"}).target().ok());
    CHECK_FALSE(parse({"diff", "prod/"}).target().ok());
  }

  TEST_CASE("mistakes are named") {
    CHECK(mistake({"nothing"}) == "unknown command 'nothing'");
    CHECK(mistake({"diff"}) == "'diff' needs CHANNEL[/RELEASE]: the channel, or one release of it");
    CHECK(mistake({"diff", "a", "b"}) == "'diff' takes at most 1 argument, and 'b' is one too many");
    CHECK(mistake({"version", "x"}) == "'version' takes no arguments, and 'x' is one too many");
    CHECK(mistake({"history", "a", "--limit", "1x"}).find("whole number") != std::string::npos);
    CHECK(mistake({"history", "a", "--limit", "99999999999999999999"}).find("whole number") != std::string::npos);
    CHECK(mistake({"diff", "a", "--live=maybe"}) == "--live takes no value, or =true or =false, not 'maybe'");
    CHECK(mistake({"diff", "a", "--to="}) == "--to has an empty value");
    CHECK(mistake({"diff", "a", "-Z"}) == "'diff' has no flag '-Z'");
    CHECK(mistake({"suspend", "a", "-o", "json"}) == "'suspend' has no other output format: leave -o out");
  }

  TEST_CASE("what needs the network program") {
    CHECK(parse({"diff", "prod"}).needs_network());
    CHECK_FALSE(parse({"render", "prod"}).needs_network());
    CHECK(parse({"render", "prod", "-r", "main"}).needs_network());
    CHECK_FALSE(parse({"version"}).needs_network());
  }

  TEST_CASE("the table holds together") {
    std::set<std::string_view> names;
    for (const Verb& verb : verb_table()) {
      CAPTURE(verb.name);
      CHECK(names.insert(verb.name).second);
      CHECK_FALSE(verb.summary.empty());
      CHECK_FALSE(verb.summary.ends_with('.'));
      std::set<std::string_view> flags;
      std::set<char> letters;
      for (const auto list : {verb.flags, global_flags()}) {
        for (const Flag& flag : list) {
          CAPTURE(flag.name);
          CHECK(flags.insert(flag.name).second);
          if (flag.short_name != '\0') CHECK(letters.insert(flag.short_name).second);
          CHECK_FALSE(flag.help.empty());
          CHECK((flag.type == FlagType::boolean) == flag.placeholder.empty());
          CHECK((!flag.network || verb.network == Network::by_flag));
        }
      }
      bool optional_seen = false;
      for (std::size_t i = 0; i < verb.arguments.size(); ++i) {
        CHECK((!verb.arguments[i].repeated || i + 1 == verb.arguments.size()));
        CHECK_FALSE((verb.arguments[i].required && optional_seen));
        optional_seen = optional_seen || !verb.arguments[i].required;
      }
      // An example that its own parser refuses would be a lie. Shell syntax is left out.
      // The words behind `task` have a grammar of their own.
      for (const Example& example : verb.name == "task" ? std::span<const Example>() : verb.examples) {
        const std::string_view command = example.command;
        if (command.find_first_of("'\"$<>|") != std::string_view::npos) continue;
        std::vector<std::string> words;
        for (std::size_t at = 0; at < command.size();) {
          const std::size_t end = std::min(command.find(' ', at), command.size());
          words.emplace_back(command.substr(at, end - at));
          at = end + 1;
        }
        CAPTURE(command);
        REQUIRE(words.front() == "gitopsctl");
        words.erase(words.begin());
        auto line = parse_line(words, nowhere);
        CHECK_MESSAGE(line.ok(), (line.ok() ? "" : line.error().to_string()));
        CHECK(line->verb == find_verb(verb.name));
      }
      CHECK(verb_help(verb).find(usage_line(verb)) != std::string::npos);
    }
    for (const char* name :
         {"agent",     "render", "diff",     "apply",    "status", "history", "tree",    "events",     "why",     "sync",
          "suspend",   "resume", "approve",  "rollback", "demo",   "doctor",  "version", "completion", "promote", "install",
          "uninstall", "review", "pipeline", "env",      "gate",   "task",    "holo",    "kustomize"}) {
      CHECK(names.count(name) == 1);
    }
    for (const auto& entries : {local_runs(), net_runs()}) {
      for (const RunEntry& entry : entries) CHECK_MESSAGE(find_verb(entry.verb) != nullptr, entry.verb);
    }
    for (const RunEntry& entry : local_runs()) CHECK(find_verb(entry.verb)->network != Network::always);
  }

  TEST_CASE("errors decide the exit code, and a file with several mistakes prints them all") {
    static const auto fail = [](const Invocation&) -> Result<int> {
      return combine({Error(ErrorCode::invalid_input, "first").at({"a.yaml", 1, 2}),
                      Error(ErrorCode::invalid_input, "second \x1b[31m").at({"a.yaml", 3, 4}).with_hint("do this")});
    };
    const std::vector<RunEntry> entries{{"version", fail}};
    MemoryTerminal terminal;
    CHECK(run_program({{std::span<const RunEntry>(entries)}, nullptr}, {"version"}, terminal) == 2);
    CHECK(terminal.written_err() == "error: a.yaml:1:2: first\nerror: a.yaml:3:4: second \\x1b[31m\n  hint: do this\n");
    CHECK(terminal.written_out().empty());
  }

  TEST_CASE("an exception is reported as a bug, not as a crash") {
    static const auto raise = [](const Invocation&) -> Result<int> { throw std::runtime_error("boom"); };
    const std::vector<RunEntry> entries{{"version", raise}};
    MemoryTerminal terminal;
    CHECK(run_program({{std::span<const RunEntry>(entries)}, nullptr}, {"version"}, terminal) == 70);
    CHECK(terminal.written_err().find("a bug in gitopsctl: unexpected exception: boom") != std::string::npos);
  }

  TEST_CASE("a verb without code says so") {
    MemoryTerminal terminal;
    CHECK(run_program({{}, nullptr}, {"version"}, terminal) == 2);
    CHECK(terminal.written_err().find("'version' is not in this version") != std::string::npos);
  }

  TEST_CASE("words that look like flags but go wrong in every position never crash") {
    const std::vector<std::string> pieces{
        "",    "-",    "--",     "-o",  "--o",  "--=",        "-=",  "--output", "json", "diff",
        "-nx", "prod", "--wait", "-hh", "sync", "--timeout=", "-U9", "channel",  "check"};
    for (const auto& a : pieces) {
      for (const auto& b : pieces) {
        for (const auto& c : pieces) (void)parse_line({a, b, c}, nowhere).ok();
      }
    }
  }
}
