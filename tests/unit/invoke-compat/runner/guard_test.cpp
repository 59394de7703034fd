#include "invoke-compat/runner/guard.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "tests/unit/invoke-compat/runner/fixture.hpp"
#include "tests/unit/invoke-compat/runner/victim.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;
using namespace gitopsctl::invoke::tests;

namespace {

/// Starts three that want to stay: one that is deaf for SIGTERM, one in a session of its own, and a daemon (forked twice, in
/// a session of its own, deaf). Each writes its number; the shell goes on waiting.
constexpr const char* stubborn =
    "bash -c 'trap \"\" TERM INT HUP; echo $BASHPID > deaf; while :; do sleep 1; done' >/dev/null 2>&1 & "
    "setsid bash -c 'echo $BASHPID > session; sleep 1000' >/dev/null 2>&1 & "
    "setsid bash -c 'trap \"\" TERM; (trap \"\" TERM; echo $BASHPID > daemon; while :; do sleep 1; done) & exit' "
    ">/dev/null 2>&1 & "
    "while ! test -s deaf || ! test -s session || ! test -s daemon; do sleep 0.01; done; echo ready > ready; ";

constexpr const char* stubborn_names[] = {"deaf", "session", "daemon"};

/// Their numbers, all of which run.
std::vector<pid_t> stubborn_ones(const Fixture& fixture) {
  REQUIRE(fixture.wait_for_line("ready") == "ready\n");
  std::vector<pid_t> pids;
  for (const char* name : stubborn_names) {
    pids.push_back(fixture.wait_for_pid(name));
    REQUIRE(pids.back() > 0);
  }
  return pids;
}

/// A process of its own that runs a command, as another program would: so that it can be killed.
pid_t fork_runner(const Fixture& fixture, const std::string& command, bool share_terminal) {
  const pid_t runner = ::fork();
  REQUIRE(runner >= 0);
  if (runner == 0) {
    RunContext context = fixture.context;
    context.share_terminal = share_terminal;
    RunOptions options;
    options.command = command;
    (void)run_command_line(options, context);
    ::_exit(0);
  }
  return runner;
}

}  // namespace

TEST_SUITE("invoke: nothing outlives its task") {
  TEST_CASE("a timeout ends everything, also the deaf and those in sessions of their own") {
    const Fixture fixture;
    auto options = shell(std::string(stubborn) + "wait");
    options.timeout = Millis{1500};
    options.warn = true;  // does not matter
    const auto outcome = fixture.run(options);
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->kind == RunFailure::Kind::timeout);
    CHECK(outcome.failure->exit_code == 124);
    for (const pid_t pid : stubborn_ones(fixture)) CHECK(!runs(pid));
    CHECK(!runs(outcome.result.pid));
  }

  TEST_CASE("a stop does the same") {
    Fixture fixture;
    std::stop_source stop;
    fixture.context.interrupt.stop = stop.get_token();
    std::thread stopper([&] {
      (void)fixture.wait_for_line("ready");
      stop.request_stop();
    });
    const auto outcome = fixture.run(std::string(stubborn) + "wait");
    stopper.join();
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->kind == RunFailure::Kind::cancelled);
    CHECK(outcome.failure->exit_code == 143);
    for (const pid_t pid : stubborn_ones(fixture)) CHECK(!runs(pid));
  }

  TEST_CASE("so does the context's deadline") {
    Fixture fixture;
    fixture.context.interrupt.deadline = Deadline(system_clock(), Millis{200});
    const auto outcome = fixture.run("sleep 100");
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->kind == RunFailure::Kind::cancelled);
    CHECK(outcome.failure->exit_code == 124);
  }

  TEST_CASE("what listens to SIGTERM has its grace") {
    Fixture fixture;
    fixture.context.grace = Millis{10'000};
    auto options = shell("trap 'sleep 0.2; echo cleaned; exit 0' TERM; echo up; while :; do sleep 0.05; done");
    options.timeout = Millis{400};
    const Millis start = system_clock().monotonic();
    const auto outcome = fixture.run(options);
    CHECK(outcome.failure->kind == RunFailure::Kind::timeout);
    CHECK(outcome.result.out == "up\ncleaned\n");
    CHECK(outcome.result.exited == 0);
    CHECK(since(start) < Millis{5'000});
  }

  TEST_CASE("what it says at its end is kept, and after a stop nothing is started") {
    Fixture fixture;
    fixture.context.grace = Millis{10'000};
    auto options = shell("trap 'head -c 60000 /dev/zero | tr \"\\0\" x; exit' TERM; while :; do sleep 0.05; done");
    options.timeout = Millis{300};
    options.hide = Hide::both;
    CHECK(fixture.run(options).result.out == std::string(60'000, 'x'));
    std::stop_source stop;
    stop.request_stop();
    fixture.context.interrupt.stop = stop.get_token();
    CHECK(fixture.refused(shell("touch made")).code() == ErrorCode::cancelled);
    CHECK(!std::filesystem::exists(fixture.file("made")));
  }

  TEST_CASE("what is stopped is ended, too") {
    const Fixture fixture;
    auto options = shell("kill -STOP $$");
    options.timeout = Millis{200};
    CHECK(!runs(fixture.run(options).result.pid));
  }

  TEST_CASE("a timeout also ends the wait for the output of what a shell left behind") {
    const Fixture fixture;
    auto options = shell("sleep 100 & echo $! > left");
    options.timeout = Millis{300};
    const auto outcome = fixture.run(options);
    CHECK(outcome.failure->kind == RunFailure::Kind::timeout);
    CHECK(!runs(fixture.wait_for_pid("left")));
  }

  TEST_CASE("a command that ends takes along what it left in the background") {
    const Fixture fixture;
    const auto outcome = fixture.run(stubborn);
    CHECK(!outcome.failure);
    for (const pid_t pid : stubborn_ones(fixture)) CHECK(!runs(pid));
  }

  TEST_CASE("within a scope that lives as long as the task") {
    Fixture fixture;
    pid_t left = -1;
    {
      TaskScope scope;
      fixture.context.scope = &scope;
      CHECK(!fixture.run("setsid sleep 1000 >/dev/null 2>&1 & echo $! > left").failure);
      left = fixture.wait_for_pid("left");
      CHECK(runs(left));
      CHECK(!fixture.run("kill -0 $(cat left)").failure);  // the next step can use it
    }
    CHECK(!runs(left));
  }

  TEST_CASE("or is left alone when that is asked for and the command ended by itself") {
    const Fixture fixture;
    auto options = shell("sleep 1000 >/dev/null 2>&1 & echo $! > left");
    options.leave_background = true;
    CHECK(!fixture.run(options).failure);
    const pid_t left = fixture.wait_for_pid("left");
    CHECK(runs(left));
    ::kill(left, SIGKILL);
    CHECK(ends(left));
    options.command += "; sleep 100";
    options.timeout = Millis{300};
    CHECK(fixture.run(options).failure);
    CHECK(!runs(fixture.wait_for_pid("left")));
  }

  TEST_CASE("when the runner is killed by SIGKILL everything goes") {
    for (const bool share : {false, true}) {
      CAPTURE(share);
      const Fixture fixture;
      const pid_t runner = fork_runner(fixture, "echo $$ > shell; " + std::string(stubborn) + "wait", share);
      auto pids = stubborn_ones(fixture);
      pids.push_back(fixture.wait_for_pid("shell"));
      ::kill(runner, SIGKILL);
      ::waitpid(runner, nullptr, 0);
      for (const pid_t pid : pids) CHECK(ends(pid));
    }
  }

  TEST_CASE("also when its whole process group is killed") {
    const Fixture fixture;
    const pid_t leader = ::fork();
    REQUIRE(leader >= 0);
    if (leader == 0) {
      ::setpgid(0, 0);
      RunContext context = fixture.context;
      context.share_terminal = true;
      RunOptions options;
      options.command = std::string(stubborn) + "wait";
      (void)run_command_line(options, context);
      ::_exit(0);
    }
    const auto pids = stubborn_ones(fixture);
    ::kill(-leader, SIGKILL);
    ::waitpid(leader, nullptr, 0);
    for (const pid_t pid : pids) CHECK(ends(pid));
  }

  TEST_CASE("also when it runs commands beside itself, or holds a scope") {
    const Fixture fixture;
    const pid_t runner = ::fork();
    REQUIRE(runner >= 0);
    if (runner == 0) {
      TaskScope scope;
      RunContext context = fixture.context;
      context.scope = &scope;
      RunOptions options;
      options.command = "sleep 1000 >/dev/null 2>&1 & echo $! > left";
      (void)run_command_line(options, context);
      options.command = "echo $$ > beside; exec sleep 1000";
      auto beside = start_command(options, context);
      ::pause();
      ::_exit(0);
    }
    const pid_t left = fixture.wait_for_pid("left");
    const pid_t beside = fixture.wait_for_pid("beside");
    ::kill(runner, SIGKILL);
    ::waitpid(runner, nullptr, 0);
    CHECK(ends(left));
    CHECK(ends(beside));
  }

  TEST_CASE("a runner below a runner goes with it") {
    const Fixture fixture;
    // The inner guardian goes like everything else below the outer one, which what it held falls to.
    const std::string inner = Victim{"echo $$ > shell; " + std::string(stubborn) + "wait"}.line(fixture.directory);
    const pid_t runner = fork_runner(fixture, inner, false);
    auto pids = stubborn_ones(fixture);
    pids.push_back(fixture.wait_for_pid("shell"));
    ::kill(runner, SIGKILL);
    ::waitpid(runner, nullptr, 0);
    for (const pid_t pid : pids) CHECK(ends(pid));
  }

  TEST_CASE("when the guardian is killed, the program dies with it and the runner goes on") {
    const Fixture fixture;
    std::thread killer([&] {
      const pid_t guardian = fixture.wait_for_pid("guardian");
      ::kill(guardian, SIGKILL);
    });
    const auto outcome = fixture.run("echo $PPID > guardian; exec sleep 1000");
    killer.join();
    CHECK(outcome.result.exited == -SIGKILL);
    CHECK(ends(outcome.result.pid));
  }

  TEST_CASE("guardians leave nothing behind in this process") {
    const Fixture fixture;
    const auto open_files = [] {
      return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
    };
    const auto before = open_files();
    for (int i = 0; i < 5; ++i) {
      (void)fixture.run("true & exit 3");
      auto options = shell("true");
      options.shell = "/no/such/shell";
      (void)fixture.refused(options);
      options.shell = "bash";
      options.disown = true;
      (void)fixture.run(options);
    }
    CHECK(open_files() == before);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
  }

  TEST_CASE("a guardian holds no descriptor of ours open") {
    const Fixture fixture;
    Pipe pipe = *make_pipe();
    auto started = start_command(shell("ls -l /proc/$PPID/fd > guardian; echo done > done; sleep 1000"), fixture.context);
    REQUIRE(started.ok());
    CHECK(fixture.wait_for_line("done") == "done\n");
    pipe.write.close();
    char byte = 0;
    CHECK(::read(pipe.read.fd(), &byte, 1) == 0);  // nobody else has the other end
    const std::string open = fixture.wait_for_line("guardian");
    CHECK(open.find("pipe:") == std::string::npos);
    CHECK(open.find("socket:") != std::string::npos);
  }
}

TEST_SUITE("concurrency: commands in several threads") {
  TEST_CASE("many at once do not meet") {
    const Fixture fixture;
    std::vector<std::thread> threads;
    std::atomic<int> right{0};
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        MemorySink out;
        MemorySink err;
        RunContext context = fixture.context;
        context.out = &out;
        context.err = &err;
        for (int n = 0; n < 5; ++n) {
          RunOptions options;
          options.command = "read x; echo $x; exit " + std::to_string(i);
          options.input = InputChoice::text;
          options.input_text = std::to_string(i) + "\n";
          options.pty = n == 3;
          options.fallback = false;
          const auto outcome = run_command_line(options, context);
          if (outcome.ok() && outcome->result.exited == i &&
              outcome->result.out.find(std::to_string(i)) != std::string::npos) {
            ++right;
          }
        }
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(right == 40);
  }
}
