#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "tests/unit/invoke-compat/runner/fixture.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;
using namespace gitopsctl::invoke::tests;

// Expectations marked "3.0.3" are what pyinvoke 3.0.3 gave for the same call.

TEST_SUITE("invoke: input, output and watchers of commands") {
  TEST_CASE("input is copied, and its end is passed on") {
    Fixture fixture;
    Pipe input = *make_pipe();
    REQUIRE(::write(input.write.fd(), "hi\nthere\xff\n", 10) == 10);
    input.write.close();
    fixture.context.input.descriptor = input.read.fd();
    CHECK(fixture.run("od -An -c").result.out.find("377") != std::string::npos);
    CHECK(fixture.out.text().find("h   i  \\n") != std::string::npos);
  }

  TEST_CASE("the first command eats what is available, read or not (3.0.3)") {
    for (const char* first : {"true", "head -c 2"}) {
      Fixture fixture;
      Pipe input = *make_pipe();
      REQUIRE(::write(input.write.fd(), "hi\nthere\n", 9) == 9);
      input.write.close();
      fixture.context.input.descriptor = input.read.fd();
      (void)fixture.run(first);
      CHECK(fixture.run("cat").result.out.empty());
    }
  }

  TEST_CASE("much input goes through while output comes back") {
    Fixture fixture;
    fixture.write("big", std::string(5'000'000, 'x') + "end");
    const Descriptor file(::open(fixture.file("big").c_str(), O_RDONLY | O_CLOEXEC));
    fixture.context.input.descriptor = file.fd();
    auto options = shell("cat");
    options.hide = Hide::both;
    const auto outcome = fixture.run(options);
    CHECK(outcome.result.out.size() == 5'000'003);
    CHECK(outcome.result.out.ends_with("xend"));
  }

  TEST_CASE("without input a command sees its end at once") {
    Fixture fixture;
    Pipe input = *make_pipe();
    fixture.context.input.descriptor = input.read.fd();
    auto options = shell("cat; echo done");
    options.input = InputChoice::none;
    CHECK(fixture.run(options).result.out == "done\n");
    options.input = InputChoice::text;
    options.input_text = "given\n";
    CHECK(fixture.run(options).result.out == "given\ndone\n");
    options.input = InputChoice::inherit;
    fixture.context.input.descriptor = -1;
    CHECK(fixture.run(options).result.out == "done\n");
    fixture.context.input.descriptor = 987;  // closed
    CHECK(fixture.run(options).result.out == "done\n");
  }

  TEST_CASE("input is echoed when that is asked for") {
    Fixture fixture;
    Pipe input = *make_pipe();
    REQUIRE(::write(input.write.fd(), "typed\n", 6) == 6);
    input.write.close();
    fixture.context.input.descriptor = input.read.fd();
    auto options = shell("cat >/dev/null");
    options.echo_stdin = true;
    CHECK(fixture.run(options).result.out.empty());
    CHECK(fixture.out.text() == "typed\n");
  }

  TEST_CASE("a command that does not read its input is no error") {
    Fixture fixture;
    fixture.write("big", std::string(1'000'000, 'x'));
    const Descriptor file(::open(fixture.file("big").c_str(), O_RDONLY | O_CLOEXEC));
    fixture.context.input.descriptor = file.fd();
    CHECK(fixture.run("exec <&-; sleep 0.1; echo done").result.out == "done\n");
  }

  TEST_CASE("ten megabytes without a line end come whole and as they are") {
    const Fixture fixture;
    Pipe pipe = *make_pipe();
    std::size_t shown = 0;
    std::thread reader([&] {
      std::array<char, 65536> buffer{};
      for (ssize_t count = 0; (count = ::read(pipe.read.fd(), buffer.data(), buffer.size())) > 0;) {
        shown += static_cast<std::size_t>(count);
      }
    });
    DescriptorSink sink(pipe.write.fd());
    RunContext context = fixture.context;
    context.out = &sink;
    auto options = shell("head -c 10000000 /dev/zero | tr '\\0' x");
    options.watchers = {{"never", "x", ""}};
    const auto outcome = run_command_line(options, context);
    pipe.write.close();
    reader.join();
    REQUIRE(outcome.ok());
    CHECK(outcome->result.out.size() == 10'000'000);
    CHECK(outcome->result.out.find_first_not_of('x') == std::string::npos);
    CHECK(!outcome->result.out_cut);
    CHECK(shown == 10'000'000);
  }

  TEST_CASE("what is kept has a bound, what is shown has none") {
    const Fixture fixture;
    auto options = shell("for i in $(seq 20000); do echo line $i; done; exit 1");
    options.max_kept = 1000;
    options.hide = Hide::err;
    auto outcome = fixture.run(options);
    CHECK(outcome.result.out_cut);
    CHECK(outcome.result.out.size() == 1000);
    CHECK(outcome.result.out_bytes == fixture.out.text().size());
    CHECK(fixture.out.text().ends_with("line 20000\n"));
    options.hide = Hide::out;
    outcome = fixture.run(options);
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->text.find("\n\nline 19991\n") != std::string::npos);
    CHECK(outcome.failure->text.find("\nline 20000\n\nStderr:") != std::string::npos);
  }

  TEST_CASE("binary output is shown as it is and kept as text") {
    const Fixture fixture;
    const auto outcome = fixture.run(R"(printf 'a\377\000\303'; sleep 0.1; printf '\251\302')");
    CHECK(fixture.out.text() == std::string("a\xff\0\xC3\xA9\xC2", 6));
    CHECK(outcome.result.out == std::string("a\xEF\xBF\xBD\0\xC3\xA9\xEF\xBF\xBD", 10));
  }

  TEST_CASE("nobody who reads our output is no reason to die or to stop") {
    Fixture fixture;
    Pipe pipe = *make_pipe();
    pipe.read.close();
    DescriptorSink sink(pipe.write.fd());
    fixture.context.out = &sink;
    const auto outcome = fixture.run("seq 100000 | tail -1; echo made > made");
    CHECK(!outcome.failure);
    CHECK(outcome.result.out == "100000\n");
    CHECK(fixture.wait_for_line("made") == "made\n");
  }

  TEST_CASE("somebody who does not read our output does not hold up a timeout") {
    Fixture fixture;
    const Pipe pipe = *make_pipe();
    DescriptorSink sink(pipe.write.fd());
    fixture.context.out = &sink;
    auto options = shell("yes");
    options.timeout = Millis{300};
    const Millis start = system_clock().monotonic();
    const auto outcome = fixture.run(options);
    CHECK(since(start) < Millis{5'000});
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->kind == RunFailure::Kind::timeout);
    CHECK(!runs(outcome.result.pid));
  }

  TEST_CASE("output of what a shell left behind is waited for (3.0.3)") {
    const Fixture fixture;
    CHECK(fixture.run("(sleep 0.3; echo late) & echo early").result.out == "early\nlate\n");
  }

  TEST_CASE("watchers answer, on either stream, though our input is at its end") {
    Fixture fixture;
    const Descriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    fixture.context.input.descriptor = null.fd();
    auto options = shell("printf 'Name? '; read a; printf 'Sure? ' >&2; read b; echo $a-$b");
    options.watchers = {{"Name\\? ", "bob\n", ""}, {"Sure\\? ", "yes\n", ""}};
    options.timeout = Millis{10'000};
    const auto outcome = fixture.run(options);
    CHECK(!outcome.failure);
    CHECK(outcome.result.out == "Name? bob-yes\n");
    CHECK(outcome.result.err == "Sure? ");
  }

  TEST_CASE("a prompt that comes in pieces is answered once") {
    const Fixture fixture;
    auto options = shell("printf Na; sleep 0.1; printf 'me? '; read a; read -t 0.3 b; echo \"$a,$b\"");
    options.watchers = {{"Name\\? ", "bob\n", ""}};
    CHECK(fixture.run(options).result.out == "Name? bob,\n");
  }

  TEST_CASE("a sentinel after an answer fails the command, which is ended") {
    const Fixture fixture;
    auto options = shell("echo $$ > pid; printf 'pw: '; read a; echo denied; trap '' TERM; sleep 100");
    options.watchers = {{"pw: ", "x\n", "denied"}};
    options.warn = true;  // does not matter
    const auto outcome = fixture.run(options);
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->kind == RunFailure::Kind::watcher);
    CHECK(outcome.failure->exit_code == 1);
    CHECK(outcome.failure->text == "Auto-response to r\"pw: \" failed with 'denied'!");
    CHECK(!outcome.result.exited);
    CHECK(!runs(fixture.wait_for_pid("pid")));
  }

  TEST_CASE("a pattern that is none is refused before anything runs") {
    const Fixture fixture;
    auto options = shell("touch made");
    options.watchers = {{"(", "x", ""}};
    CHECK(fixture.refused(options).code() == ErrorCode::invalid_input);
    CHECK(!std::filesystem::exists(fixture.file("made")));
  }

  TEST_CASE("a command that asks for ever without reading is bounded") {
    const Fixture fixture;
    auto options = shell("exec 0</dev/null; yes 'pw: ' | head -c 3000000");
    options.hide = Hide::both;
    options.watchers = {{"pw: ", std::string(1000, 'x') + "\n", ""}};
    CHECK(!fixture.run(options).failure);
  }
}

TEST_SUITE("invoke: secrets of commands") {
  constexpr const char* canary = "canary-4f1d\t'x'";

  TEST_CASE("a secret is in no echo, no live output, no failure text and no process list") {
    for (const bool pty : {false, true}) {
      Fixture fixture;
      CAPTURE(pty);
      auto options = shell("s=" + shell_quote(canary) +
                           "; printf '%s' \"${s:0:5}\"; sleep 0.1; printf '%s\\n' \"${s:5}\"; printf '%s' \"$s\" >&2; "
                           "printf '%s' \"$s\" > said; tr '\\0' ' ' < /proc/$$/cmdline > args; "
                           "ps -ww -eo args > list; ls /proc/self/fd | wc -l > open; exit 3");
      options.secrets = {canary};
      options.echo = true;
      options.pty = pty;
      options.fallback = false;
      auto outcome = fixture.run(options);
      const auto shown = fixture.out.text() + fixture.err.text() + outcome.failure->text + outcome.failure->line;
      CHECK(shown.find("4f1d") == std::string::npos);
      CHECK(shown.find("[redacted]") != std::string::npos);
      const std::string said = std::string(canary);
      CHECK(outcome.result.out.find(said) != std::string::npos);  // for later steps
      CHECK(outcome.result.exited == 3);
      std::ifstream file(fixture.file("said"));
      CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == said);
      CHECK(fixture.wait_for_line("list").find("4f1d") == std::string::npos);
      std::ifstream args(fixture.file("args"));
      CHECK(std::string(std::istreambuf_iterator<char>(args), {}).find("4f1d") == std::string::npos);
      CHECK(fixture.wait_for_line("open") == "4\n");  // what it starts does not see the script
      options.hide = Hide::both;
      outcome = fixture.run(options);
      CHECK(outcome.failure->text.find("4f1d") == std::string::npos);
    }
  }

  TEST_CASE("a line with a secret works in other shells, and its messages have its lines") {
    const Fixture fixture;
    for (const char* name : {"sh", "bash", "dash", "/bin/sh"}) {
      auto options = shell("v=canary-value\necho \"$0 got $v\"; no-such-program-x\nexit 7");
      options.secrets = {"canary-value"};
      options.shell = name;
      const auto outcome = fixture.run(options);
      CHECK(outcome.result.out == std::string(name) + " got canary-value\n");
      CHECK(outcome.result.err.find("2: ") != std::string::npos);  // `line 2: ` or `2: `, as every shell writes it
      CHECK(outcome.result.exited == 7);
    }
  }

  TEST_CASE("an answer that is secret and comes back is not shown") {
    const Fixture fixture;
    auto options = shell("printf 'pw: '; read a; echo \"you said $a\"");
    options.watchers = {{"pw: ", "canary-value\n", ""}};
    options.secrets = {"canary-value"};
    options.pty = true;
    options.fallback = false;
    const auto outcome = fixture.run(options);
    CHECK(outcome.result.out.find("you said canary-value") != std::string::npos);
    CHECK(fixture.out.text().find("canary") == std::string::npos);
  }
}
