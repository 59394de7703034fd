#include "base/process/spawn.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

using namespace gitopsctl;

namespace {

CapturedCommand shell(const std::string& script) {
  CapturedCommand command;
  command.command.program = "sh";
  command.command.arguments = {"-c", script};
  return command;
}

CapturedOutput run(const CapturedCommand& command) {
  auto result = run_command(command, {});
  REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().to_string()));
  return *result;
}

Millis since(Millis start) { return system_clock().monotonic() - start; }

}  // namespace

TEST_SUITE("process") {
  TEST_CASE("a program's words and exit code come back") {
    const auto output = run(shell("echo out; echo err >&2; exit 7"));
    CHECK(output.out == "out\n");
    CHECK(output.err == "err\n");
    CHECK(output.status.exit_code == 7);
    CHECK(output.status.signal == 0);
  }

  TEST_CASE("a death by signal is told apart from an exit") {
    const auto output = run(shell("kill -9 $$"));
    CHECK(output.status.signal == SIGKILL);
    CHECK(output.status.exit_code == 137);
  }

  TEST_CASE("input larger than a pipe goes through while output comes back") {
    auto command = shell("cat");
    command.input = std::string(3U << 20U, 'x') + "end";
    CHECK(run(command).out == command.input);
  }

  TEST_CASE("a program that does not read its input is no error") {
    auto command = shell("exec <&-; echo done");
    command.input = std::string(1U << 20U, 'x');
    CHECK(run(command).out == "done\n");
  }

  TEST_CASE("environment and directory are what was asked for, and nothing else") {
    auto command = shell("pwd; env | grep -v -E '^(PWD|SHLVL|OLDPWD|_)=' | sort");
    command.command.directory = "/";
    command.command.environment = {{"PATH", "/usr/bin:/bin"}, {"GREETING", "a b=c"}};
    CHECK(run(command).out == "/\nGREETING=a b=c\nPATH=/usr/bin:/bin\n");
  }

  TEST_CASE("only the three standard descriptors are inherited") {
    const int open_fd = ::open("/dev/null", O_RDONLY);
    REQUIRE(open_fd >= 0);
    CHECK(run(shell("ls /proc/self/fd | wc -l")).out == "4\n");  // and the one of ls itself
    ::close(open_fd);
  }

  TEST_CASE("a program that is not there or may not be run is named") {
    CapturedCommand command;
    command.command.program = "gitopsctl-no-such-program";
    auto missing = run_command(command, {});
    REQUIRE(!missing.ok());
    CHECK(missing.error().code() == ErrorCode::not_found);
    CHECK(missing.error().message().find("gitopsctl-no-such-program") != std::string::npos);
    command.command.program = "/etc/passwd";
    auto forbidden = run_command(command, {});
    REQUIRE(!forbidden.ok());
    CHECK(forbidden.error().code() == ErrorCode::forbidden);
    command.command.program = "sh";
    command.command.arguments = {std::string("a\0b", 3)};
    auto nul = run_command(command, {});
    REQUIRE(!nul.ok());
    CHECK(nul.error().code() == ErrorCode::invalid_input);
  }

  TEST_CASE("too much output ends the program") {
    auto command = shell("yes");
    command.max_output = 100'000;
    command.grace = Millis{0};
    auto result = run_command(command, {});
    REQUIRE(!result.ok());
    CHECK(result.error().code() == ErrorCode::too_large);
  }

  TEST_CASE("a deadline ends the program and what it started") {
    const std::string file = "/tmp/gitopsctl-spawn-test-" + std::to_string(::getpid());
    const Millis start = system_clock().monotonic();
    auto command = shell("sleep 100 & echo $! > " + file + "; wait");
    auto result = run_command(command, {{}, Deadline(system_clock(), Millis{300})});
    REQUIRE(!result.ok());
    CHECK(result.error().code() == ErrorCode::timeout);
    CHECK(since(start) < Millis{20'000});
    pid_t grandchild = 0;
    std::ifstream(file) >> grandchild;
    ::unlink(file.c_str());
    REQUIRE(grandchild > 0);
    // Its parent is gone, so init reaps it; until then it is a zombie, which takes no signal either way.
    bool gone = false;
    for (int i = 0; i < 200 && !gone; ++i) {
      std::ifstream stat("/proc/" + std::to_string(grandchild) + "/stat");
      std::string line;
      gone = !std::getline(stat, line) || line.find(") Z ") != std::string::npos;
      if (!gone) std::this_thread::sleep_for(Millis{10});
    }
    CHECK(gone);
  }

  TEST_CASE("a program that ignores SIGTERM is killed after the grace") {
    auto command = shell("trap '' TERM; echo ready; while :; do sleep 0.05; done");
    command.grace = Millis{200};
    const Millis start = system_clock().monotonic();
    auto result = run_command(command, {{}, Deadline(system_clock(), Millis{200})});
    REQUIRE(!result.ok());
    CHECK(since(start) < Millis{20'000});
  }

  TEST_CASE("a process left behind with the same output is not waited for") {
    const Millis start = system_clock().monotonic();
    const auto output = run(shell("sleep 30 & echo $!"));
    CHECK(since(start) < Millis{15'000});
    ::kill(static_cast<pid_t>(std::stol(output.out)), SIGKILL);
  }
}

TEST_SUITE("concurrency: process") {
  TEST_CASE("a stop request ends the wait at once") {
    std::stop_source source;
    const Millis start = system_clock().monotonic();
    std::jthread stopper([&source] {
      std::this_thread::sleep_for(Millis{100});
      source.request_stop();
    });
    auto result = run_command(shell("sleep 100"), {source.get_token(), {}});
    REQUIRE(!result.ok());
    CHECK(result.error().code() == ErrorCode::cancelled);
    CHECK(since(start) < Millis{20'000});
  }

  TEST_CASE("many programs at once") {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    std::atomic<int> good{0};
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&good, t] {
        for (int i = 0; i < 10; ++i) {
          auto command = shell("cat; exit " + std::to_string(t));
          command.input = std::to_string(i);
          const auto result = run_command(command, {});
          if (result.ok() && result->out == command.input && result->status.exit_code == t) ++good;
        }
      });
    }
    threads.clear();
    CHECK(good == 40);
  }
}
