#include "agent/cli/completion.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "base/process/spawn.hpp"
#include "tests/support/not_run.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent::cli;
namespace fs = std::filesystem;

namespace {

/// A directory with the three scripts, a channel file and an ordinary file in it.
class Place {
 public:
  Place() {
    fs::create_directories(path_ / ".gitopsctl/channels");
    std::ofstream(path_ / ".gitopsctl/channels/prod.yaml") << "x";
    std::ofstream(path_ / ".gitopsctl/channels/test.yaml") << "x";
    std::ofstream(path_ / "values.yaml") << "x";
    fs::create_directories(path_ / "zsh");
    std::ofstream(path_ / "gitopsctl.bash") << bash_completion();
    std::ofstream(path_ / "zsh/_gitopsctl") << zsh_completion();
    std::ofstream(path_ / "gitopsctl.fish") << fish_completion();
  }
  /// Standard output of a shell that runs `script` here; nothing when there is no such shell.
  std::optional<std::string> run(const std::string& shell, const std::string& script) const {
    CapturedCommand command;
    command.command.program = shell;
    command.command.arguments = {"-c", script};
    if (shell == "bash") command.command.arguments.insert(command.command.arguments.begin(), {"--norc", "--noprofile"});
    if (shell == "zsh") command.command.arguments.insert(command.command.arguments.begin(), "-f");
    if (shell == "fish") command.command.arguments.insert(command.command.arguments.begin(), "--no-config");
    command.command.directory = path_.string();
    command.command.environment = {
        {"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", path_.string()}, {"TERM", "dumb"}, {"LC_ALL", "C.UTF-8"}};
    auto output = run_command(command, {{}, Deadline(system_clock(), Millis{60'000})});
    if (!output.ok() && output.error().code() == ErrorCode::not_found) {
      tests::not_run("completion in " + shell, shell + " is not installed: ./dev setup installs it");
      return std::nullopt;
    }
    REQUIRE_MESSAGE(output.ok(), (output.ok() ? "" : output.error().to_string()));
    CHECK(output->err == "");
    CHECK(output->status.exit_code == 0);
    return output->out;
  }

 private:
  support::ScratchDir scratch_;
  fs::path path_ = scratch_.path();
};

std::string bash_offers(const std::string& words, int at) {
  return "source ./gitopsctl.bash; COMP_WORDS=(" + words + "); COMP_CWORD=" + std::to_string(at) +
         "; _gitopsctl; printf '%s ' \"${COMPREPLY[@]}\"";
}

}  // namespace

TEST_SUITE("completion") {
  TEST_CASE("bash completes commands, flags, values, channels and files") {
    const Place place;
    const auto offers = [&place](const std::string& words, int at) { return place.run("bash", bash_offers(words, at)); };
    if (!offers("gitopsctl ''", 1)) return;
    CHECK(*offers("gitopsctl dem", 1) == "demo ");
    CHECK(*offers("gitopsctl chan", 1) == "channel ");
    CHECK(*offers("gitopsctl channel ''", 2) == "check schema ");
    CHECK(*offers("gitopsctl diff ''", 2) == "prod test ");
    CHECK(*offers("gitopsctl diff prod --det", 3) == "--detailed-exitcode ");
    CHECK(*offers("gitopsctl diff prod -o ''", 4) == "table json yaml markdown ");
    CHECK(*offers("gitopsctl -n web diff pr", 4) == "prod ");
    CHECK(*offers("gitopsctl diff prod ''", 3) == " ");
    CHECK(*offers("gitopsctl render --chart x -f val", 5) == "values.yaml ");
    CHECK(*offers("gitopsctl channel check val", 3) == "values.yaml ");
    CHECK(*offers("gitopsctl completion ''", 2) == "bash zsh fish ");
    CHECK(*offers("gitopsctl pipel", 1) == " ");
    // -f takes a value for render and none for events.
    CHECK(*offers("gitopsctl events -f pr", 3) == "prod ");
  }

  TEST_CASE("zsh reads its script and completes") {
    const Place place;
    // compadd and friends only work inside of the line editor, so they are replaced by functions that print.
    const std::string script =
        "fpath=($PWD/zsh $fpath); autoload -Uz compinit; compinit -u -D; autoload +X _gitopsctl; "
        "_describe() { print -r -- ${(P)@[-1]%%:*} }; _arguments() { print -r -- $# ${@[(r)*--from*]} ${@[-1]} }; "
        "compadd() { print -r -- ${(P)@[-1]} }; ";
    const auto ask = [&](const std::string& words, int at) {
      return place.run("zsh", script + "words=(" + words + "); CURRENT=" + std::to_string(at) + "; _gitopsctl; _gitopsctl");
    };
    auto first = ask("gitopsctl ''", 2);
    if (!first) return;
    CHECK(first->find("diff") != std::string::npos);
    CHECK(first->find("channel") != std::string::npos);
    CHECK(first->find("pipeline") == std::string::npos);
    CHECK(ask("gitopsctl channel ''", 3)->find("check schema") != std::string::npos);
    const std::string diff = *ask("gitopsctl diff ''", 3);
    CHECK(diff.find("--from=") != std::string::npos);
    CHECK(diff.find("1:CHANNEL\\[/RELEASE\\]:_gitopsctl_channels") != std::string::npos);
  }

  TEST_CASE("fish reads its script and completes") {
    const Place place;
    const auto offers = [&place](const std::string& line) {
      return place.run("fish", "source gitopsctl.fish; complete -C '" + line + "' | string replace -r '\\t.*' ''; true");
    };
    auto first = offers("gitopsctl dem");
    if (!first) return;
    CHECK(*first == "demo\n");
    CHECK(*offers("gitopsctl channel ") == "check\nschema\n");
    CHECK(*offers("gitopsctl diff ") == "prod\ntest\n");
    CHECK(*offers("gitopsctl diff prod --det") == "--detailed-exitcode\n");
    CHECK(*offers("gitopsctl diff prod -o j") == "json\n");
    CHECK(*offers("gitopsctl channel check val") == "values.yaml\n");
    CHECK(*offers("gitopsctl diff prod --output ma") == "markdown\n");
    CHECK(*offers("gitopsctl completion z") == "zsh\n");
  }
}
