#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "invoke-compat/runner/run.hpp"
#include "tests/unit/invoke-compat/runner/fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;
using gitopsctl::invoke::tests::Fixture;
using gitopsctl::invoke::tests::shell;

// Expectations marked "3.0.3" are what pyinvoke 3.0.3 gave for the same call.

TEST_SUITE("invoke: run") {
  TEST_CASE("both streams are shown and kept, and the result says how it went") {
    const Fixture fixture;
    auto options = shell("echo out; echo err >&2; exit 0");
    options.env = {{"A", "b"}};
    const auto outcome = fixture.run(options);
    CHECK(!outcome.failure);
    CHECK(outcome.result.out == "out\n");
    CHECK(outcome.result.err == "err\n");
    CHECK(outcome.result.exited == 0);
    CHECK(outcome.result.ok());
    CHECK(outcome.result.command == options.command);
    CHECK(outcome.result.shell == "bash");
    CHECK(outcome.result.env == options.env);
    CHECK(!outcome.result.pty);
    CHECK(!outcome.result.hide_out);
    CHECK(!outcome.result.hide_err);
    CHECK(outcome.result.pid > 1);
    CHECK(outcome.result.out_bytes == 4);
    CHECK(fixture.out.text() == "out\n");
    CHECK(fixture.err.text() == "err\n");
  }

  TEST_CASE("the pid is the shell's") {
    const Fixture fixture;
    const auto outcome = fixture.run("echo $$");
    CHECK(outcome.result.out == std::to_string(outcome.result.pid) + "\n");
  }

  TEST_CASE("hide decides what is shown, not what is kept") {
    struct Row {
      Hide hide;
      const char* out;
      const char* err;
    };
    for (const Row& row : {Row{Hide::none, "o\n", "e\n"}, Row{Hide::out, "", "e\n"}, Row{Hide::err, "o\n", ""},
                           Row{Hide::both, "", ""}, Row{Hide::yes, "", ""}}) {
      const Fixture fixture;
      auto options = shell("echo o; echo e >&2");
      options.hide = row.hide;
      const auto outcome = fixture.run(options);
      CHECK(fixture.out.text() == row.out);
      CHECK(fixture.err.text() == row.err);
      CHECK(outcome.result.out == "o\n");
      CHECK(outcome.result.err == "e\n");
      CHECK(outcome.result.hide_out == (*row.out == '\0'));
      CHECK(outcome.result.hide_err == (*row.err == '\0'));
    }
  }

  TEST_CASE("the words of hide") {
    CHECK(*parse_hide("out") == Hide::out);
    CHECK(*parse_hide("stdout") == Hide::out);
    CHECK(*parse_hide("err") == Hide::err);
    CHECK(*parse_hide("stderr") == Hide::err);
    CHECK(*parse_hide("both") == Hide::both);
    const auto other = parse_hide("x");
    REQUIRE(!other.ok());
    // 3.0.3
    CHECK(other.error().message() ==
          "'hide' got 'x' which is not in (None, False, 'out', 'stdout', 'err', 'stderr', 'both', True)");
  }

  TEST_CASE("echo: format, colour, terminal and what switches it off") {
    const auto echoed = [](const RunOptions& options, bool terminal, bool compat, bool no_color) {
      Fixture fixture;
      fixture.context.out_is_terminal = terminal;
      fixture.context.compat = compat;
      if (no_color) fixture.context.environment["NO_COLOR"] = "1";
      (void)fixture.run(options);
      return fixture.out.text();
    };
    auto options = shell("true");
    CHECK(echoed(options, true, true, false).empty());
    options.echo = true;
    CHECK(echoed(options, true, false, false) == "\x1b[1;37mtrue\x1b[0m\n");
    CHECK(echoed(options, false, false, false) == "true\n");
    CHECK(echoed(options, true, false, true) == "true\n");
    // 3.0.3: colours always
    CHECK(echoed(options, false, true, true) == "\x1b[1;37mtrue\x1b[0m\n");
    options.echo_format = "+ {command}";
    CHECK(echoed(options, true, false, false) == "+ true\n");
    options.hide = Hide::both;
    CHECK(echoed(options, true, false, false) == "+ true\n");
    // 3.0.3: only the boolean switches it off
    options.hide = Hide::yes;
    CHECK(echoed(options, true, false, false).empty());
    options.dry = true;
    CHECK(echoed(options, true, false, false) == "+ true\n");
  }

  TEST_CASE("a command line cannot give orders to the terminal through its echo") {
    const Fixture fixture;
    auto options = shell("true 'a\x1b]0;title\x07\r\xC2\x9B'\n\ttrue");
    options.echo = true;
    (void)fixture.run(options);
    CHECK(fixture.out.text().find('\x1b') == std::string::npos);
    CHECK(fixture.out.text().find('\r') == std::string::npos);
    CHECK(fixture.out.text().find("\xC2\x9B") == std::string::npos);
    CHECK(fixture.out.text().ends_with("'\n\ttrue\n"));
  }

  TEST_CASE("dry runs nothing and says so") {
    const Fixture fixture;
    auto options = shell("touch made; exit 3");
    options.dry = true;
    const auto outcome = fixture.run(options);
    CHECK(outcome.result.exited == 0);
    CHECK(outcome.result.out.empty());
    CHECK(outcome.result.pid == -1);
    CHECK(fixture.out.text() == "touch made; exit 3\n");
    CHECK(!std::filesystem::exists(fixture.file("made")));
  }

  TEST_CASE("exit codes and signals") {
    const Fixture fixture;
    auto outcome = fixture.run("exit 3");
    CHECK(outcome.result.exited == 3);
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->kind == RunFailure::Kind::unexpected_exit);
    CHECK(outcome.failure->exit_code == 3);
    CHECK(!outcome.failure->hidden);
    outcome = fixture.run("kill -9 $$");
    CHECK(outcome.result.exited == -9);
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->exit_code == 247);  // 3.0.3
    outcome = fixture.run("kill -2 $$");
    CHECK(outcome.failure->exit_code == 254);
  }

  TEST_CASE("warn lets an exit code pass without a word") {
    const Fixture fixture;
    auto options = shell("exit 4");
    options.warn = true;
    const auto outcome = fixture.run(options);
    CHECK(!outcome.failure);
    CHECK(outcome.result.exited == 4);
    CHECK(!outcome.result.ok());
    CHECK(fixture.err.text().empty());
  }

  TEST_CASE("a program without a shell gets its words as they are") {
    const Fixture fixture;
    RunOptions options;
    options.argv = {"printf", "%s|", "a b", "$HOME", "'", "*", ""};
    options.echo = true;
    const auto outcome = fixture.run(options);
    CHECK(outcome.result.out == "a b|$HOME|'|*||");
    CHECK(outcome.result.command == R"(printf '%s|' 'a b' '$HOME' ''"'"'' '*' '')");
    CHECK(fixture.out.text() == outcome.result.command + "\n" + outcome.result.out);
  }

  TEST_CASE("the environment is the context's with ours on top, or ours alone") {
    Fixture fixture;
    fixture.context.environment["KEPT"] = "kept";
    fixture.context.environment["CHANGED"] = "old";
    auto options = shell("echo $KEPT $CHANGED");
    options.env = {{"CHANGED", "new"}};
    CHECK(fixture.run(options).result.out == "kept new\n");
    options.replace_env = true;
    CHECK(fixture.run(options).result.out == "new\n");
    ::setenv("GITOPSCTL_RUNNER_TEST", "ours", 1);
    CHECK(fixture.run("echo ${GITOPSCTL_RUNNER_TEST-none}").result.out == "none\n");
    ::unsetenv("GITOPSCTL_RUNNER_TEST");
  }

  TEST_CASE("the shell is looked up in the PATH of the command") {
    const Fixture fixture;
    fixture.write_program("myshell", "#!/bin/sh\nshift\necho \"mine: $1\"\n");
    auto options = shell("x y");
    options.shell = "myshell";
    CHECK(fixture.refused(options).code() == ErrorCode::not_found);
    options.env = {{"PATH", "/nowhere:" + fixture.directory + ":/usr/bin:/bin"}};
    CHECK(fixture.run(options).result.out == "mine: x y\n");
    options.replace_env = true;
    options.env = {};
    options.shell = "sh";
    options.command = "echo ok";
    CHECK(fixture.run(options).result.out == "ok\n");  // without a PATH: /bin:/usr/bin, as 3.0.3
  }

  TEST_CASE("what cannot be started is named") {
    const Fixture fixture;
    auto options = shell("true");
    options.shell = "/no/such/shell";
    CHECK(fixture.refused(options).message() == "cannot start /no/such/shell: No such file or directory");
    CHECK(fixture.refused(options).code() == ErrorCode::not_found);
    fixture.write("plain", "text");
    options.shell = fixture.file("plain");
    CHECK(fixture.refused(options).code() == ErrorCode::forbidden);
    options.shell = "bash";
    options.cwd = "nowhere";
    CHECK(fixture.refused(options).message() ==
          "cannot run a command in " + fixture.file("nowhere") + ": No such file or directory");
    options.cwd = "";
    options.command = std::string("a\0b", 3);
    CHECK(fixture.refused(options).code() == ErrorCode::invalid_input);
    options.command = "true";
    options.env = {{"A=B", "c"}};
    CHECK(fixture.refused(options).code() == ErrorCode::invalid_input);
    options.env = {};
    options.disown = true;
    options.asynchronous = true;
    // 3.0.3
    CHECK(fixture.refused(options).message() == "Cannot give both 'asynchronous' and 'disown' at the same time!");
  }

  TEST_CASE("commands run in the context's directory, whatever this process' own is") {
    Fixture fixture;
    std::filesystem::create_directories(fixture.file("a b/c"));
    CHECK(fixture.run("pwd -P").result.out == std::filesystem::canonical(fixture.directory).string() + "\n");
    auto options = shell("pwd");
    options.cwd = "a b";
    CHECK(fixture.run(options).result.out.ends_with("/a b\n"));
    options.cd = {"c"};
    const auto outcome = fixture.run(options);
    CHECK(outcome.result.out.ends_with("/a b/c\n"));
    CHECK(outcome.result.command == "cd c && pwd");
    options = {};
    options.argv = {"pwd"};
    options.cd = {"/", "~", "a b"};
    CHECK(fixture.run(options).result.out.ends_with("/a b\n"));
    options.prefixes = {"true"};
    CHECK(fixture.refused(options).code() == ErrorCode::invalid_input);
    fixture.context.directory = "relative";
    CHECK(fixture.refused(shell("true")).code() == ErrorCode::internal);
  }

  TEST_CASE("a command inherits three descriptors and no more") {
    const Fixture fixture;
    const int open_fd = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as careless code does
    REQUIRE(open_fd >= 0);
    CHECK(fixture.run("ls /proc/self/fd | wc -l").result.out == "4\n");  // and the one of ls itself
    RunOptions options;
    options.command = "ls /proc/self/fd | wc -l";
    options.pty = true;
    options.fallback = false;
    CHECK(fixture.run(options).result.out == "4\r\n");
    ::close(open_fd);
  }

  TEST_CASE("signals are as programs expect them") {
    const Fixture fixture;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const auto pipe_before = std::signal(SIGPIPE, SIG_IGN);
    const auto hup_before = std::signal(SIGHUP, SIG_IGN);
    const auto outcome = fixture.run("grep -E '^Sig(Blk|Ign)' /proc/self/status");
    std::signal(SIGPIPE, pipe_before);
    std::signal(SIGHUP, hup_before);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    // SIGHUP stays ignored, as nohup wants it.
    CHECK(outcome.result.out == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000001\n");
  }

  TEST_CASE("a disowned command goes on by itself") {
    const Fixture fixture;
    auto options = shell("echo $$ > pid; sleep 0.3; echo done > done; echo x; cat");
    options.disown = true;
    const auto outcome = fixture.run(options);
    CHECK(!outcome.failure);
    CHECK(!outcome.result.exited);
    CHECK(!outcome.result.ok());
    CHECK(fixture.wait_for_pid("pid") == outcome.result.pid);
    CHECK(fixture.wait_for_line("done") == "done\n");
    CHECK(gitopsctl::invoke::tests::ends(outcome.result.pid));
    CHECK(fixture.out.text().empty());
    options.shell = "/no/such/shell";
    CHECK(fixture.refused(options).code() == ErrorCode::not_found);
  }

  TEST_CASE("a command beside us is joined") {
    const Fixture fixture;
    auto started = start_command(shell("sleep 0.2; echo late; exit 5"), fixture.context);
    REQUIRE(started.ok());
    CHECK(started->pid() > 1);
    CHECK(gitopsctl::invoke::tests::runs(started->pid()));
    const auto outcome = started->join();
    REQUIRE(outcome.ok());
    CHECK(outcome->result.out == "late\n");
    CHECK(fixture.out.text().empty());
    REQUIRE(outcome->failure);
    CHECK(outcome->failure->hidden);
    CHECK(outcome->failure->exit_code == 5);
  }

  TEST_CASE("a command beside us that nobody joins ends with its handle") {
    const Fixture fixture;
    pid_t pid = -1;
    {
      auto started = start_command(shell("trap '' TERM; sleep 100"), fixture.context);
      REQUIRE(started.ok());
      pid = started->pid();
      CHECK(gitopsctl::invoke::tests::runs(pid));
    }
    CHECK(!gitopsctl::invoke::tests::runs(pid));
  }

  TEST_CASE("asynchronous commands are started, not run") {
    const Fixture fixture;
    auto options = shell("true");
    options.asynchronous = true;
    CHECK(fixture.refused(options).code() == ErrorCode::internal);
  }
}
