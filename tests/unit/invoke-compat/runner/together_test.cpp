#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "invoke-compat/runner/parallel.hpp"
#include "tests/unit/invoke-compat/runner/fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;
using namespace gitopsctl::invoke::tests;

namespace {

/// A program in place of sudo: takes its flags, asks with the prompt until the password is right, three times at most, and
/// runs the rest. It writes its arguments down.
constexpr const char* false_sudo = R"(#!/bin/bash
printf '%s\n' "$@" > sudo-args
prompt='' user=root
while test $# -gt 0; do
  case $1 in
    -S|-H|--preserve-env=*) shift ;;
    -p) prompt=$2; shift 2 ;;
    -u) user=$2; shift 2 ;;
    *) break ;;
  esac
done
for try in 1 2 3; do
  printf '%s' "$prompt" >&2
  read -r answer
  if test "$answer" = canary-pass; then SUDO_TEST_USER=$user exec "$@"; fi
  echo 'Sorry, try again.' >&2
done
echo 'sudo: 3 incorrect password attempts' >&2
exit 1
)";

struct WithSudo : Fixture {
  WithSudo() {
    write_program("sudo", false_sudo);
    context.environment["PATH"] = directory + ":" + context.environment["PATH"];
  }
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

ParallelCommand one(const std::string& label, const std::string& command) { return {label, shell(command), {}}; }

}  // namespace

TEST_SUITE("invoke: sudo") {
  TEST_CASE("gets the password, once it asks for it") {
    const WithSudo fixture;
    SudoOptions sudo;
    sudo.password = "canary-pass";
    sudo.user = "app";
    auto options = shell("sh -c 'echo $SUDO_TEST_USER $A'");
    options.env = {{"A", "1"}, {"B", "2"}};
    options.echo = true;
    const auto outcome = run_sudo(options, sudo, fixture.context);
    REQUIRE(outcome.ok());
    CHECK(!outcome->failure);
    // 3.0.3
    CHECK(outcome->result.command ==
          "sudo -S -p '[sudo] password: ' --preserve-env='A,B' -H -u app sh -c 'echo $SUDO_TEST_USER $A'");
    CHECK(outcome->result.out == "app 1\n");
    CHECK(outcome->result.err == "[sudo] password: ");
    CHECK(
        fixture.wait_for_line("sudo-args").starts_with("-S\n-p\n[sudo] password: \n--preserve-env=A,B\n-H\n-u\napp\nsh\n"));
    CHECK((fixture.out.text() + fixture.err.text()).find("canary") == std::string::npos);
  }

  TEST_CASE("that rejects it fails with the prompt, in a terminal as well") {
    for (const bool pty : {false, true}) {
      CAPTURE(pty);
      const WithSudo fixture;
      SudoOptions sudo;
      sudo.password = "wrong";
      sudo.prompt = "the 'word': ";
      auto options = shell("true");
      options.warn = true;  // does not matter
      options.pty = pty;
      options.fallback = false;
      options.watchers = {{"unrelated", "x", "y"}};
      const auto outcome = run_sudo(options, sudo, fixture.context);
      REQUIRE(outcome.ok());
      REQUIRE(outcome->failure);
      CHECK(outcome->failure->kind == RunFailure::Kind::rejected);
      // 3.0.3
      CHECK(outcome->failure->text == "The password submitted to prompt \"the 'word': \" was rejected.");
      CHECK(outcome->failure->exit_code == 1);
      CHECK(!outcome->result.exited);
    }
  }

  TEST_CASE("without a password gets an empty one, which is rejected") {
    const WithSudo fixture;
    const auto outcome = run_sudo(shell("true"), {}, fixture.context);
    REQUIRE(outcome.ok());
    REQUIRE(outcome->failure);
    CHECK(outcome->failure->kind == RunFailure::Kind::rejected);
  }

  TEST_CASE("another watcher that fails is not taken for it") {
    const WithSudo fixture;
    auto options = shell("sh -c 'echo Name?; read a; echo no'");
    options.watchers = {{"Name\\?", "x\n", "no"}};
    SudoOptions sudo;
    sudo.password = "canary-pass";
    const auto outcome = run_sudo(options, sudo, fixture.context);
    REQUIRE(outcome.ok());
    REQUIRE(outcome->failure);
    CHECK(outcome->failure->kind == RunFailure::Kind::watcher);
  }

  TEST_CASE("a variable that is no name is refused; words without a shell are quoted") {
    const WithSudo fixture;
    auto options = shell("true");
    options.env = {{"A'B", "x"}};
    CHECK(run_sudo(options, {}, fixture.context).error().code() == ErrorCode::invalid_input);
    options.env = {};
    options.argv = {"echo", "a  b", "$HOME"};
    SudoOptions sudo;
    sudo.password = "canary-pass";
    const auto outcome = run_sudo(options, sudo, fixture.context);
    REQUIRE(outcome.ok());
    CHECK(outcome->result.out == "a  b $HOME\n");
  }
}

TEST_SUITE("invoke: several commands at once") {
  TEST_CASE("each line has the label of its command, and all are waited for") {
    const Fixture fixture;
    const auto outcome = run_parallel(
        {one("a", "for i in 1 2 3; do echo one $i; sleep 0.02; done"), one("b\x1b", "printf 'x\\ny'; echo err >&2")}, 2,
        fixture.context);
    REQUIRE(outcome.ok());
    CHECK(!outcome->first_failed);
    const auto lines = lines_of(fixture.out.text());
    CHECK(lines.size() == 5);
    for (const char* line : {"[a] one 1", "[a] one 2", "[a] one 3", "[b\\x1b] x", "[b\\x1b] y"}) {
      CAPTURE(line);
      CHECK(std::count(lines.begin(), lines.end(), line) == 1);
    }
    CHECK(fixture.err.text() == "[b\\x1b] err\n");
    REQUIRE(outcome->outcomes.size() == 2);
    CHECK(outcome->outcomes[0]->result.out == "one 1\none 2\none 3\n");
    CHECK(outcome->outcomes[1]->result.out == "x\ny");
  }

  TEST_CASE("the first of the list that failed is named, and the others went on") {
    const Fixture fixture;
    auto missing = one("c", "true");
    missing.options.shell = "/no/such/shell";
    const auto outcome = run_parallel(
        {one("a", "sleep 0.2; echo still"), one("b", "sleep 0.1; exit 4"), missing, one("d", "exit 5")}, 4, fixture.context);
    REQUIRE(outcome.ok());
    CHECK(outcome->first_failed == 1);
    CHECK(outcome->outcomes[0]->result.out == "still\n");
    CHECK(outcome->outcomes[1]->failure->exit_code == 4);
    CHECK(outcome->outcomes[2].error().code() == ErrorCode::not_found);
    CHECK(outcome->outcomes[3]->failure->exit_code == 5);
  }

  TEST_CASE("no more run at once than allowed") {
    const Fixture fixture;
    std::vector<ParallelCommand> commands;
    const std::string command =
        "echo x >> started; n=$(($(wc -l < started) - $(wc -l < ended))); echo $n; sleep 0.05; echo x >> ended";
    fixture.write("started", "");
    fixture.write("ended", "");
    for (int i = 0; i < 9; ++i) commands.push_back(one(std::to_string(i), command));
    const auto outcome = run_parallel(commands, 3, fixture.context);
    REQUIRE(outcome.ok());
    CHECK(!outcome->first_failed);
    for (const auto& each : outcome->outcomes) CHECK(std::stoi(each->result.out) <= 3);
  }

  TEST_CASE("a stop ends those that run and keeps the others from starting") {
    Fixture fixture;
    std::stop_source stop;
    fixture.context.interrupt.stop = stop.get_token();
    std::thread stopper([&] {
      (void)fixture.wait_for_line("ready");
      stop.request_stop();
    });
    const auto outcome = run_parallel({one("a", "echo x > ready; sleep 100"), one("b", "touch made")}, 1, fixture.context);
    stopper.join();
    REQUIRE(outcome.ok());
    CHECK(outcome->first_failed == 0);
    CHECK(outcome->outcomes[0]->failure->kind == RunFailure::Kind::cancelled);
    CHECK(outcome->outcomes[1].error().code() == ErrorCode::cancelled);
    CHECK(!std::filesystem::exists(fixture.file("made")));
  }

  TEST_CASE("none of them eats our input") {
    Fixture fixture;
    Pipe input = *make_pipe();
    REQUIRE(::write(input.write.fd(), "mine\n", 5) == 5);
    input.write.close();
    fixture.context.input.descriptor = input.read.fd();
    const auto outcome = run_parallel({one("a", "cat"), one("b", "cat")}, 2, fixture.context);
    REQUIRE(outcome.ok());
    CHECK(fixture.out.text().empty());
    CHECK(fixture.run("cat").result.out == "mine\n");
    CHECK(run_parallel({}, 3, fixture.context)->outcomes.empty());
  }
}
