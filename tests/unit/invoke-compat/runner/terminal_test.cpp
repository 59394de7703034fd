#include "invoke-compat/runner/terminal.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>

#include "tests/support/not_run.hpp"
#include "tests/unit/invoke-compat/runner/fixture.hpp"
#include "tests/unit/invoke-compat/runner/victim.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;
using namespace gitopsctl::invoke::tests;

// Expectations marked "3.0.3" are what pyinvoke 3.0.3 gave for the same call.

namespace {

RunOptions in_terminal(const std::string& command) {
  RunOptions options = shell(command);
  options.pty = true;
  options.fallback = false;
  return options;
}

/// A terminal in tmux, 70 columns wide, in which a victim runs: a person with a keyboard.
class Screen {
 public:
  explicit Screen(const Fixture& fixture) : fixture_(fixture), socket_(fixture.file("tmux")) {}
  ~Screen() { tmux("kill-server"); }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// False when there is no tmux.
  bool start(const Victim& victim) {
    if (tmux("-V").empty()) {
      gitopsctl::tests::not_run("terminals of people", "there is no tmux: ./dev setup");
      return false;
    }
    fixture_.write("start",
                   "trap : INT; cd /; (" + victim.line(fixture_.directory) +
                       "); echo \"[status $?]\"; sleep 0.5; stty -a | grep -o -E ' -?(echo|icanon)( |;|$)' | tr -d '\\n'; "
                       "echo '[end]'; exec sleep 1000\n");
    tmux("-f /dev/null new-session -d -x 70 -y 20 sh " + fixture_.file("start"));
    return true;
  }
  void type(const std::string& keys) { tmux("send-keys " + keys); }
  /// What is on the screen, once `text` is; empty after ten seconds.
  std::string wait_for(const std::string& text) {
    for (int i = 0; i < 400; ++i) {
      const std::string shown = tmux("capture-pane -p");
      if (shown.find(text) != std::string::npos) return shown;
      std::this_thread::sleep_for(Millis{25});
    }
    MESSAGE(tmux("capture-pane -p"));
    return {};
  }

 private:
  std::string tmux(const std::string& words) {
    RunOptions options = shell("exec 2>/dev/null; tmux -S " + socket_ + " " + words);
    options.hide = Hide::both;
    options.warn = true;
    options.leave_background = true;  // its server
    return fixture_.run(options).result.out;
  }
  const Fixture& fixture_;
  std::string socket_;
};

}  // namespace

TEST_SUITE("invoke: terminals") {
  TEST_CASE("a command in a terminal has one stream, with carriage returns (3.0.3)") {
    const Fixture fixture;
    auto options = in_terminal("tty -s && echo out; echo err >&2; exit 2");
    options.hide = Hide::both;
    const auto outcome = fixture.run(options);
    CHECK(outcome.result.pty);
    CHECK(outcome.result.out == "out\r\nerr\r\n");
    CHECK(outcome.result.err.empty());
    CHECK(outcome.result.exited == 2);
    CHECK(outcome.failure->text.ends_with("Stdout:\n\nout\nerr\n\nStderr: n/a (PTYs have no stderr)\n\n"));
  }

  TEST_CASE("its size is ours, and it is the controlling terminal of a session of its own") {
    Fixture fixture;
    fixture.context.terminal_size = {123, 45};
    const auto outcome =
        fixture.run(in_terminal("stty size </dev/tty; ps -o pid=,sid=,tpgid= -p $$ | awk '{print ($1==$2) ($2==$3)}'"));
    CHECK(outcome.result.out == "45 123\r\n11\r\n");
  }

  TEST_CASE("without a descriptor for input it falls back to pipes, with a warning (3.0.3)") {
    const Fixture fixture;
    auto options = in_terminal("tty -s || echo pipe");
    options.fallback = true;
    const auto outcome = fixture.run(options);
    CHECK(!outcome.result.pty);
    CHECK(outcome.result.out == "pipe\n");
    CHECK(fixture.err.text() == "WARNING: stdin has no fileno; falling back to non-pty execution!\n");
  }

  TEST_CASE("typed text reaches it, and signals end it as ever") {
    const Fixture fixture;
    auto options = in_terminal("read a; echo got $a; kill -9 $$");
    options.input = InputChoice::text;
    options.input_text = "x\n";
    const auto outcome = fixture.run(options);
    CHECK(outcome.result.out == "x\r\ngot x\r\n");
    CHECK(outcome.result.exited == -9);
  }

  TEST_CASE("a timeout ends what is in it") {
    const Fixture fixture;
    auto options = in_terminal("trap '' TERM HUP; echo $$ > pid; while :; do sleep 1; done");
    options.timeout = Millis{300};
    CHECK(fixture.run(options).failure->kind == RunFailure::Kind::timeout);
    CHECK(!runs(fixture.wait_for_pid("pid")));
  }

  TEST_CASE("much output comes whole") {
    const Fixture fixture;
    const auto outcome = fixture.run(in_terminal("seq 100000"));
    CHECK(outcome.result.out.size() == 588'895 + 100'000);
    CHECK(outcome.result.out.ends_with("\r\n100000\r\n"));
  }

  TEST_CASE("neither side is inherited, and sizes have defaults") {
    const auto terminal = open_terminal({100, 30});
    REQUIRE(terminal.ok());
    for (const Descriptor* side : {&terminal->ours, &terminal->theirs}) {
      CHECK(side->fd() > 2);
      CHECK((::fcntl(side->fd(), F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(terminal_size_of(terminal->theirs.fd()).columns == 100);
    CHECK(terminal_size_of(terminal->theirs.fd()).rows == 30);
    CHECK(terminal_size_of(-1).columns == 80);
    CHECK(terminal_size_of(-1).rows == 24);
  }
}

TEST_SUITE("invoke: Ctrl-C") {
  TEST_CASE("is SIGINT for a command, which may go on") {
    Fixture fixture;
    Interrupts interrupts;
    fixture.context.interrupts = &interrupts;
    std::thread presser([&] {
      (void)fixture.wait_for_line("ready");
      CHECK(interrupts.raise(true) == 1);
    });
    const auto outcome = fixture.run("trap 'echo caught; exit 7' INT; echo x > ready; while :; do sleep 0.05; done");
    presser.join();
    CHECK(outcome.result.out == "caught\n");
    CHECK(outcome.result.exited == 7);
    CHECK(interrupts.raise(true) == 0);
  }

  TEST_CASE("reaches what the shell started") {
    Fixture fixture;
    Interrupts interrupts;
    fixture.context.interrupts = &interrupts;
    std::thread presser([&] {
      (void)fixture.wait_for_line("ready");
      interrupts.raise(false);
    });
    const auto outcome = fixture.run("trap : INT; bash -c 'echo x > ready; sleep 100'; echo $?");
    presser.join();
    CHECK(outcome.result.out == "130\n");
  }

  TEST_CASE("is a key for a command with a terminal of its own") {
    Fixture fixture;
    Interrupts interrupts;
    fixture.context.interrupts = &interrupts;
    std::thread presser([&] {
      (void)fixture.wait_for_line("ready");
      interrupts.raise(true);
    });
    const auto outcome = fixture.run(in_terminal("stty -isig -icanon -echo; echo x > ready; head -c 1 | od -An -c"));
    presser.join();
    CHECK(outcome.result.out == " 003\r\n");
  }

  TEST_CASE("is not sent twice to a command that shares our terminal") {
    Fixture fixture;
    Interrupts interrupts;
    fixture.context.interrupts = &interrupts;
    fixture.context.share_terminal = true;
    std::thread presser([&] {
      (void)fixture.wait_for_line("ready");
      interrupts.raise(true);  // the kernel told it already
      std::this_thread::sleep_for(Millis{300});
      interrupts.raise(false);  // somebody sent a signal to us alone
    });
    const auto outcome = fixture.run("trap 'echo caught; n=x' INT; echo x > ready; while ! test $n; do sleep 0.05; done");
    presser.join();
    CHECK(outcome.result.out == "caught\n");
  }

  TEST_CASE("a command that shares our session and group, and one that does not") {
    Fixture fixture;
    const std::string ours = std::to_string(::getsid(0)) + " " + std::to_string(::getpgrp()) + "\n";
    const std::string command = "ps -o sid=,pgid= -p $$ | awk '{print $1, $2}'";
    CHECK(fixture.run(command).result.out != ours);
    fixture.context.share_terminal = true;
    CHECK(fixture.run(command).result.out == ours);
  }

  TEST_CASE("signals to a program: SIGINT is the command's, SIGTERM ends all, the second one at once") {
    const Fixture fixture;
    const auto start = [&](const std::string& command) {
      const pid_t pid = ::fork();
      REQUIRE(pid >= 0);
      if (pid == 0) {
        const std::string line = Victim{command}.line(fixture.directory);
        ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
        ::_exit(127);
      }
      return pid;
    };
    const auto code = [](pid_t pid) {
      int status = 0;
      ::waitpid(pid, &status, 0);
      return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    };
    pid_t victim = start("trap 'exit 9' INT; echo x > ready; while :; do sleep 0.05; done");
    (void)fixture.wait_for_line("ready");
    ::kill(victim, SIGINT);
    CHECK(code(victim) == 9);
    std::filesystem::remove(fixture.file("ready"));

    victim = start("trap '' TERM; echo $$ > ready; while :; do sleep 0.05; done");
    pid_t command = fixture.wait_for_pid("ready");
    ::kill(victim, SIGTERM);
    CHECK(code(victim) == 143);
    CHECK(!runs(command));
    std::filesystem::remove(fixture.file("ready"));

    victim = start("trap '' TERM; echo $$ > ready; while :; do sleep 0.05; done");
    command = fixture.wait_for_pid("ready");
    ::kill(victim, SIGTERM);
    std::this_thread::sleep_for(Millis{50});
    ::kill(victim, SIGTERM);
    CHECK(code(victim) == 143);
    CHECK(ends(command));
  }
}

TEST_SUITE("invoke: a person at a terminal") {
  TEST_CASE("types to a command, which is echoed once, and the terminal is as before") {
    for (const bool pty : {false, true}) {
      CAPTURE(pty);
      const Fixture fixture;
      Screen screen(fixture);
      if (!screen.start({"printf 'Name? '; read a; echo \"hello $a\"", pty})) return;
      CHECK(!screen.wait_for("Name?").empty());
      screen.type("bob Enter");
      const std::string shown = screen.wait_for("[end]");
      CHECK(shown.find("Name? bob\nhello bob\n[exit 0]\n") != std::string::npos);
      CHECK(shown.find(" icanon") != std::string::npos);
      CHECK(shown.find(" echo") != std::string::npos);
    }
  }

  TEST_CASE("presses Ctrl-C: the command gets it once, and the program goes on") {
    for (const bool pty : {false, true}) {
      CAPTURE(pty);
      const Fixture fixture;
      Screen screen(fixture);
      if (!screen.start(
              {"n=0; trap 'n=$((n+1)); echo caught $n' INT; echo up; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done; "
               "echo \"in all $n\"; exit 6",
               pty, true})) {
        return;
      }
      CHECK(!screen.wait_for("up").empty());
      screen.type("C-c");
      const std::string shown = screen.wait_for("[end]");
      CHECK(shown.find("in all 1\n[exit 6]\nsecond\n") != std::string::npos);
      CHECK(shown.find("[status 6]") != std::string::npos);
    }
  }

  TEST_CASE("presses Ctrl-C on a command that does not care to catch it") {
    for (const bool pty : {false, true}) {
      CAPTURE(pty);
      const Fixture fixture;
      Screen screen(fixture);
      if (!screen.start({"echo up; exec sleep 100", pty})) return;
      CHECK(!screen.wait_for("up").empty());
      screen.type("C-c");
      CHECK(screen.wait_for("[end]").find("[exit 254]\n[status 254]") != std::string::npos);
    }
  }

  TEST_CASE("answers a program that asks the terminal itself") {
    const Fixture fixture;
    Screen screen(fixture);
    if (!screen.start({"exec 3<>/dev/tty; stty -F /dev/tty size; printf 'direct' >&3; echo; ps -o stat= -p $$", false}))
      return;
    const std::string shown = screen.wait_for("[end]");
    CHECK(shown.find("20 70") != std::string::npos);
    CHECK(shown.find("direct") != std::string::npos);
    CHECK(shown.find("+") != std::string::npos);  // in the foreground
  }

  TEST_CASE("sees the size of the terminal in a command's own one, and uses full-screen programs") {
    const Fixture fixture;
    Screen screen(fixture);
    fixture.write("lines", "first line\nsecond line\n");
    if (!screen.start({"stty size; less -X lines", true})) return;
    CHECK(screen.wait_for("(END)").find("20 70") != std::string::npos);
    screen.type("q");
    CHECK(screen.wait_for("[end]").find("[exit 0]") != std::string::npos);
  }

  TEST_CASE("kills the program: the terminal's modes come back") {
    const Fixture fixture;
    Screen screen(fixture);
    if (!screen.start({"echo $PPID > guardian; echo up; sleep 100", false})) return;
    CHECK(!screen.wait_for("up").empty());
    const pid_t guardian = fixture.wait_for_pid("guardian");
    std::ifstream stat("/proc/" + std::to_string(guardian) + "/status");
    std::string line;
    pid_t victim = -1;
    while (std::getline(stat, line)) {
      if (line.starts_with("PPid:")) victim = static_cast<pid_t>(std::strtol(line.c_str() + 5, nullptr, 10));
    }
    REQUIRE(victim > 1);
    ::kill(victim, SIGKILL);
    CHECK(ends(guardian));
    CHECK(screen.wait_for("[status 137]").find("[status 137]") != std::string::npos);
    const std::string shown = screen.wait_for("[end]");
    CHECK(shown.find(" icanon") != std::string::npos);
    CHECK(shown.find(" -icanon") == std::string::npos);
  }
}
