#include <doctest/doctest.h>

#include "invoke-compat/python_text/python_text.hpp"
#include "invoke-compat/runner/command_line.hpp"
#include "invoke-compat/runner/decoding.hpp"
#include "invoke-compat/runner/failure.hpp"
#include "invoke-compat/runner/secrets.hpp"
#include "invoke-compat/runner/stream.hpp"
#include "invoke-compat/runner/watchers.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;

// Expectations marked "3.0.3" are what pyinvoke 3.0.3, or the Python below it, gave for the same call.

TEST_SUITE("invoke: texts of commands") {
  TEST_CASE("repr writes text as Python does (3.0.3)") {
    CHECK(python_repr("echo probe; echo oops >&2; exit 3") == "'echo probe; echo oops >&2; exit 3'");
    CHECK(python_repr("it's") == R"("it's")");
    CHECK(python_repr("a \"b\"") == R"('a "b"')");
    CHECK(python_repr("echo \"it's\"") == R"('echo "it\'s"')");
    CHECK(python_repr("a\\b\n\t\r") == R"('a\\b\n\t\r')");
    CHECK(python_repr("\x1b\x7f\xC3\xA9\xE2\x80\x8B\xF0\x9F\x98\x80\\ ") ==
          "'\\x1b\\x7f\xC3\xA9\\u200b\xF0\x9F\x98\x80\\\\ '");
    CHECK(python_repr("\xC2\xA0\xC2\x85\xF0\x90\x80\x8C") == R"('\xa0\x85\U0001000c')");
    CHECK(python_repr("\xff") == R"('\udcff')");
    CHECK(python_repr("") == "''");
  }

  TEST_CASE("the last lines, by Python's line ends (3.0.3)") {
    CHECK(last_lines("", 10).empty());
    CHECK(last_lines("a\n", 10) == "a");
    CHECK(last_lines("a\n\nb", 10) == "a\n\nb");
    CHECK(last_lines("\n\n", 10) == "\n");
    CHECK(last_lines("\na", 10) == "\na");
    CHECK(last_lines("1\n2\n3\n4\n", 2) == "3\n4");
    CHECK(last_lines("1\n2\n3\n4", 3) == "2\n3\n4");
    CHECK(last_lines("x\n\n\n\n", 2) == "\n");
    CHECK(last_lines("a\vb\fc\x1c"
                     "d\xC2\x85"
                     "e\xE2\x80\xA8"
                     "f\r\ng\rh",
                     20) == "a\nb\nc\nd\ne\nf\ng\nh");
    CHECK(last_lines("a", 0).empty());
  }

  TEST_CASE("ill-formed sequences become U+FFFD as Python's decoder replaces them (3.0.3)") {
    const std::string r = "\xEF\xBF\xBD";
    struct Row {
      std::string bytes;
      std::string text;
    };
    const Row rows[] = {
        {"\xe2\x82", r},
        {"\xf0\x80\x80\x61", r + r + r + "a"},
        {"\xed\xa0\x80", r + r + r},
        {"\xff\xfe", r + r},
        {"\xe2\x28\xa1", r + "(" + r},
        {"\xf0\x9f\x98", r},
        {"\xf4\x90\x80\x80", r + r + r + r},
        {"\xc0\xaf", r + r},
        {"\xe0\x80\xaf", r + r + r},
        {"\xf1\x80\x41", r + "A"},
        {"\xe1\xa0\xc0\x80", r + r + r},
        {"plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.bytes);
      ReplacingDecoder whole;
      std::string at_once = whole.feed(row.bytes);
      at_once += whole.finish();
      CHECK(at_once == row.text);
      // However it is cut.
      ReplacingDecoder pieces;
      std::string text;
      for (const char c : row.bytes) text += pieces.feed({&c, 1});
      text += pieces.finish();
      CHECK(text == row.text);
    }
  }

  TEST_CASE("words for a shell") {
    CHECK(shell_quote("") == "''");
    CHECK(shell_quote("a-b_c.d/e:f=g,h@i%j+k") == "a-b_c.d/e:f=g,h@i%j+k");
    CHECK(shell_quote("a b") == "'a b'");
    CHECK(shell_quote("it's") == R"('it'"'"'s')");
    CHECK(shell_quote("\n$`\\") == "'\n$`\\'");
    CHECK(shell_join({"a", "b c"}) == "a 'b c'");
  }

  TEST_CASE("cd and prefix stand before a command as in 3.0.3") {
    const std::vector<std::string> two{"p1", "p2"};
    CHECK(prefixed_command("cmd", {"a b", "c"}, two) == "cd a\\ b/c && p1 && p2 && cmd");
    CHECK(prefixed_command("cmd", {"/x", "y", "~/z", "w"}, two) == "cd ~/z/w && p1 && p2 && cmd");
    CHECK(prefixed_command("cmd", {"/x/", "y"}, two) == "cd /x/y && p1 && p2 && cmd");
    CHECK(prefixed_command("cmd", {"", "a"}, two) == "cd a && p1 && p2 && cmd");
    CHECK(prefixed_command("cmd", {"a", ""}, two) == "cd a/ && p1 && p2 && cmd");
    CHECK(prefixed_command("cmd", {"~u", "q"}, two) == "cd ~u/q && p1 && p2 && cmd");
    CHECK(prefixed_command("cmd", {"/a", "b", "/c"}, two) == "cd /c && p1 && p2 && cmd");
    CHECK(prefixed_command("cmd", {}, two) == "p1 && p2 && cmd");
    CHECK(prefixed_command("cmd", {""}, {}) == "cmd");
  }

  TEST_CASE("the line for sudo (3.0.3)") {
    CHECK(*sudo_command({}, "whoami") == "sudo -S -p '[sudo] password: ' whoami");
    CHECK(*sudo_command({"pw", "root", {"A", "B"}}, "x y") == "sudo -S -p 'pw' --preserve-env='A,B' -H -u root x y");
    // Ours: nothing of it ends the quotes or becomes another word.
    CHECK(*sudo_command({"it's", "a b", {}}, "x") == R"(sudo -S -p 'it'"'"'s' -H -u 'a b' x)");
    CHECK(sudo_command({"p", {}, {"A'; rm -rf /"}}, "x").error().code() == ErrorCode::invalid_input);
  }

  TEST_CASE("echo formats") {
    CHECK(*echo_text("{command}", "a {b}") == "a {b}");
    CHECK(*echo_text("{{{command}}} {command}", "x") == "{x} x");
    CHECK(*echo_text("none", "x") == "none");
    CHECK(!echo_text("{other}", "x").ok());
    CHECK(!echo_text("{", "x").ok());
    CHECK(!echo_text("}", "x").ok());
  }

  TEST_CASE("the text of an unexpected exit (3.0.3)") {
    RunResult result;
    result.command = "echo probe; echo oops >&2; exit 3";
    result.out = "probe\n";
    result.err = "oops\n";
    result.exited = 3;
    const Redactor nothing;
    CHECK(!unexpected_exit(result, nothing).hidden);
    CHECK(unexpected_exit(result, nothing).text ==
          "Encountered a bad command exit code!\n\nCommand: 'echo probe; echo oops >&2; exit 3'\n\nExit code: 3\n\n"
          "Stdout: already printed\n\nStderr: already printed\n\n");
    result.hide_out = true;
    CHECK(unexpected_exit(result, nothing).text ==
          "Encountered a bad command exit code!\n\nCommand: 'echo probe; echo oops >&2; exit 3'\n\nExit code: 3\n\n"
          "Stdout:\n\nprobe\n\nStderr: already printed\n\n");
    result.hide_err = true;
    CHECK(unexpected_exit(result, nothing).hidden);
    CHECK(unexpected_exit(result, nothing).text ==
          "Encountered a bad command exit code!\n\nCommand: 'echo probe; echo oops >&2; exit 3'\n\nExit code: 3\n\n"
          "Stdout:\n\nprobe\n\nStderr:\n\noops\n\n");
    result.pty = true;
    CHECK(unexpected_exit(result, nothing).text.ends_with("Stdout:\n\nprobe\n\nStderr: n/a (PTYs have no stderr)\n\n"));
    result.out.clear();
    CHECK(unexpected_exit(result, nothing).text.ends_with("Stdout:\n\n\n\nStderr: n/a (PTYs have no stderr)\n\n"));
    result.out = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";
    CHECK(unexpected_exit(result, nothing)
              .text.ends_with("Stdout:\n\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n\nStderr: n/a (PTYs have no stderr)\n\n"));
    result.exited = -9;
    const auto killed = unexpected_exit(result, nothing);
    CHECK(killed.text.find("\n\nExit code: -9\n\n") != std::string::npos);
    CHECK(killed.exit_code == 247);
    CHECK(killed.line == "command 'echo probe; echo oops >&2; exit 3' was ended by signal 9");
  }

  TEST_CASE("the text of a timeout (3.0.3)") {
    RunResult result;
    result.command = "sleep 5";
    result.hide_out = result.hide_err = true;
    const auto failure = timed_out(result, Millis{1000}, {});
    CHECK(failure.text ==
          "Command did not complete within 1 seconds!\n\nCommand: 'sleep 5'\n\nStdout:\n\n\n\nStderr:\n\n\n\n");
    CHECK(failure.exit_code == 124);
    CHECK(failure.line == "command 'sleep 5' did not complete within 1 seconds");
    result.hide_out = result.hide_err = false;
    CHECK(timed_out(result, Millis{500}, {}).text ==
          "Command did not complete within 0.5 seconds!\n\nCommand: 'sleep 5'\n\nStdout: already printed\n\n"
          "Stderr: already printed\n\n");
    CHECK(seconds_text(Millis{90'000}) == "90");
    CHECK(seconds_text(Millis{1'250}) == "1.25");
    CHECK(seconds_text(Millis{7}) == "0.007");
  }

  TEST_CASE("the texts of watchers and of sudo (3.0.3)") {
    CHECK(watcher_failed({"Pw.*: ", "x\n", "den'ied"}, {}).text == "Auto-response to r\"Pw.*: \" failed with \"den'ied\"!");
    CHECK(password_rejected("[sudo] password: ").text ==
          "The password submitted to prompt '[sudo] password: ' was rejected.");
    CHECK(password_rejected("x").exit_code == 1);
  }

  TEST_CASE("secrets leave failure texts before characters are escaped") {
    RunResult result;
    result.command = "login 'se\\cret\tvalue'";
    result.exited = 1;
    result.hide_out = true;
    result.out = "got se\\cret\tvalue\n";
    const Redactor redactor({"se\\cret\tvalue"});
    const auto failure = unexpected_exit(result, redactor);
    CHECK(failure.text.find("cret") == std::string::npos);
    CHECK(failure.line.find("cret") == std::string::npos);
    CHECK(failure.text.find("'login \\'[redacted]\\''") == std::string::npos);
    CHECK(failure.text.find("\"login '[redacted]'\"") != std::string::npos);
    CHECK(failure.text.find("got [redacted]\n") != std::string::npos);
  }
}

TEST_SUITE("invoke: redaction") {
  TEST_CASE("values, quoted values, base64 and lines are taken out; short ones are not") {
    const Redactor redactor({"hunter2!", "it's-me", "first line\nsecond line\nab", "abc", ""});
    CHECK(redactor.redact("x hunter2! y") == "x [redacted] y");
    CHECK(redactor.redact(R"('it'"'"'s-me')") == "'[redacted]'");
    CHECK(redactor.redact(R"('it'\''s-me')") == "'[redacted]'");
    CHECK(redactor.redact("aHVudGVyMiE=") == "[redacted]MiE=");
    CHECK(redactor.redact("second line") == "[redacted]");
    CHECK(redactor.redact("abc ab") == "abc ab");
    CHECK(redactor.finds("--password=hunter2!"));
    CHECK(!redactor.finds("--password=hunter2"));
    CHECK(Redactor({"abc"}).empty());
  }

  TEST_CASE("a secret that holds another goes as a whole, and neighbours go each") {
    const Redactor redactor({"inner", "an inner part"});
    CHECK(redactor.redact("an inner part, inner") == "[redacted], [redacted]");
    CHECK(redactor.redact("innerinner") == "[redacted][redacted]");
  }

  TEST_CASE("a secret that comes in pieces is taken out, wherever it is cut") {
    const Redactor redactor({"canary-value", "nary-x"});
    const std::string text = "a canary-value, a canary-x, a canary, can";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      RedactingStream stream(redactor);
      std::string out = stream.feed(std::string_view(text).substr(0, cut));
      out += stream.feed(std::string_view(text).substr(cut));
      out += stream.finish();
      CHECK(out == "a [redacted], a ca[redacted], a canary, can");
    }
    RedactingStream bytes(redactor);
    std::string out;
    for (const char c : text) out += bytes.feed({&c, 1});
    CHECK(out + bytes.finish() == "a [redacted], a ca[redacted], a canary, can");
  }

  TEST_CASE("what cannot be the start of a secret is shown at once") {
    const Redactor redactor({"canary-value"});
    RedactingStream stream(redactor);
    CHECK(stream.feed("Password: ") == "Password: ");
    CHECK(stream.feed("canary-val").empty());
    CHECK(stream.feed("id") == "canary-valid");
  }
}

TEST_SUITE("invoke: streams of commands") {
  TEST_CASE("a stream that is too long is cut between characters, and its end is kept") {
    const Redactor nothing;
    MemorySink shown;
    OutputStream stream(&shown, nothing, 10);
    const KeepWaiting wait = [] { return true; };
    (void)stream.feed("12345678\xC3", wait);
    (void)stream.feed("\xA9\xC3\xA9x", wait);
    (void)stream.feed(std::string(200'000, 'y') + "\nlast", wait);
    (void)stream.finish(wait);
    CHECK(stream.cut());
    CHECK(stream.bytes() == 13 + 200'005);
    CHECK(shown.text().size() == stream.bytes());
    CHECK(stream.take_text() == "12345678\xC3\xA9");
    const std::string end = stream.take_end();
    CHECK(end.size() == OutputStream::max_end);
    CHECK(end.ends_with("y\nlast"));
  }

  TEST_CASE("one that is not too long is kept whole") {
    const Redactor nothing;
    OutputStream stream(nullptr, nothing, 10);
    const KeepWaiting wait = [] { return true; };
    (void)stream.feed("0123456789", wait);
    CHECK(!stream.cut());
    (void)stream.feed("x", wait);
    CHECK(stream.cut());
    CHECK(stream.take_text() == "0123456789");
    CHECK(stream.take_end() == "0123456789x");
  }
}

TEST_SUITE("invoke: watchers") {
  TEST_CASE("each match in what is new is answered once, and all that was seen counts as matched") {
    auto set = *WatcherSet::make({{"Name\\? ", "bob\n", ""}});
    CHECK(set.see(0, "Hello\nNa").answer.empty());
    CHECK(set.see(0, "me? ").answer == "bob\n");
    CHECK(set.see(0, "").answer.empty());
    CHECK(set.see(0, "Name? Name? ").answer == "bob\nbob\n");
    CHECK(set.see(1, "Name? ").answer == "bob\n");  // each stream by itself
    // 3.0.3: what follows a match in the same piece is matched, too.
    CHECK(set.see(0, "Name? Na").answer == "bob\n");
    CHECK(set.see(0, "me? ").answer.empty());
  }

  TEST_CASE("a dot matches a line feed; an empty match answers nothing") {
    auto set = *WatcherSet::make({{"a.b", "1", ""}, {"x*", "2", ""}});
    CHECK(set.see(0, "a\nb").answer == "1");
    CHECK(set.see(0, "xx").answer == "2");
  }

  TEST_CASE("a sentinel fails a watcher only after an answer, on either stream") {
    auto set = *WatcherSet::make({{"pw: ", "x\n", "denied"}});
    CHECK(!set.see(0, "denied").failed);
    CHECK(set.see(0, "pw: ").answer == "x\n");
    CHECK(!set.see(0, "fine").failed);
    CHECK(set.see(1, "access denied").failed == 0);
    auto other = *WatcherSet::make({{"nothing", "", ""}, {"pw: ", "x\n", "no"}});
    (void)other.see(0, "pw: ");
    CHECK(other.see(0, "no").failed == 1);
  }

  TEST_CASE("a pattern that is none is named") {
    const auto made = WatcherSet::make({{"a(", "x", ""}});
    REQUIRE(!made.ok());
    CHECK(made.error().code() == ErrorCode::invalid_input);
    CHECK(made.error().message().find("a(") != std::string::npos);
  }

  TEST_CASE("what nothing matched is forgotten at some point, between characters") {
    auto set = *WatcherSet::make({{"start.*end", "x", ""}, {"\xC3\xA9!", "y", ""}});
    (void)set.see(0, "start");
    for (int i = 0; i < 3; ++i) CHECK(set.see(0, std::string(WatcherSet::max_window - 1, '.')).answer.empty());
    CHECK(set.see(0, "end").answer.empty());
    std::string accents;
    while (accents.size() < WatcherSet::max_window + 1) accents += "\xC3\xA9";
    CHECK(set.see(0, accents).answer.empty());
    CHECK(set.see(0, "!").answer == "y");
  }
}
