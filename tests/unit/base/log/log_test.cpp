#include "base/log/log.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/log/redaction.hpp"
#include "base/process/spawn.hpp"

using namespace gitopsctl;

namespace {

/// Keeps lines instead of printing them, and puts everything back at the end.
class Lines {
 public:
  explicit Lines(log::Format format, log::Level minimum = log::Level::debug) {
    log::configure(format, minimum);
    log::set_destination([this](std::string_view line) { lines.emplace_back(line); });
  }
  ~Lines() {
    log::set_destination({});
    log::configure(log::Format::text, log::Level::info);
    log::forget_secrets();
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  std::vector<std::string> lines;
};

/// Everything that the process writes to standard error until text() is asked for.
class StandardError {
 public:
  StandardError() : file_(std::tmpfile()), kept_(::dup(STDERR_FILENO)) {
    REQUIRE(file_ != nullptr);
    ::dup2(::fileno(file_), STDERR_FILENO);
  }
  ~StandardError() {
    restore();
    std::fclose(file_);
  }
  StandardError(const StandardError&) = delete;
  StandardError& operator=(const StandardError&) = delete;

  std::string text() {
    restore();
    REQUIRE(std::fseek(file_, 0, SEEK_SET) == 0);
    std::string out(1U << 20U, '\0');
    out.resize(std::fread(out.data(), 1, out.size(), file_));
    return out;
  }

 private:
  void restore() {
    if (kept_ < 0) return;
    ::dup2(kept_, STDERR_FILENO);
    ::close(kept_);
    kept_ = -1;
  }
  std::FILE* file_;
  int kept_;
};

}  // namespace

TEST_SUITE("log") {
  TEST_CASE("a line without another destination goes to standard error, with its end") {
    StandardError standard_error;
    log::configure(log::Format::json, log::Level::info);
    log::info("one");
    log::debug("dropped");
    log::error("two");
    log::configure(log::Format::text, log::Level::info);
    const std::string text = standard_error.text();
    const auto end = text.find('\n');
    REQUIRE(end != std::string::npos);
    CHECK(parse_json(text.substr(0, end))->string_at({"message"}) == "one");
    CHECK(text.find('\n', end + 1) == text.size() - 1);
    CHECK(parse_json(text.substr(end + 1))->string_at({"message"}) == "two");
  }

  TEST_CASE("text lines") {
    Lines log(log::Format::text);
    log::info("channel deployed", {{"channel", "prod"}, {"objects", 12}, {"forced", false}, {"why", "a b"}, {"empty", ""}});
    REQUIRE(log.lines.size() == 1);
    const std::string& line = log.lines[0];
    CHECK(line.substr(4, 1) == "-");
    CHECK(line.substr(19, 1) == ".");
    CHECK(line.substr(23) == "Z info    channel deployed channel=prod objects=12 forced=false why=\"a b\" empty=\"\"");
  }

  TEST_CASE("json lines are JSON with the types kept") {
    Lines log(log::Format::json);
    log::warning("say \"x\"\n", {{"path", "a\\b<c"}, {"count", 3}, {"ok", true}});
    REQUIRE(log.lines.size() == 1);
    const auto value = parse_json(log.lines[0]);
    REQUIRE(value.ok());
    CHECK(value->string_at({"level"}) == "warning");
    CHECK(value->string_at({"message"}) == "say \"x\"\n");
    CHECK(value->string_at({"path"}) == "a\\b<c");
    CHECK(value->find("count")->as_int() == 3);
    CHECK(value->find("ok")->as_bool());
    CHECK(log.lines[0].find('\n') == std::string::npos);
  }

  TEST_CASE("lines below the minimum are dropped") {
    Lines log(log::Format::text, log::Level::warning);
    log::debug("a");
    log::info("b");
    log::warning("c");
    log::error("d");
    CHECK(log.lines.size() == 2);
  }

  TEST_CASE("control characters do not reach the terminal, and a value cannot be endless") {
    Lines log(log::Format::text);
    log::info("a\x1b[31m\nb", {{"long", std::string(100'000, 'x')}});
    REQUIRE(log.lines.size() == 1);
    CHECK(log.lines[0].find('\x1b') == std::string::npos);
    CHECK(log.lines[0].find('\n') == std::string::npos);
    CHECK(log.lines[0].size() < 5'000);
  }

  TEST_CASE("registered secrets come out of messages and values, in every form that is known") {
    const std::string secret = "correct horse\nbattery-staple";
    for (const auto format : {log::Format::text, log::Format::json}) {
      Lines log(format);
      CHECK(log::register_secret(secret));
      CHECK(log::register_secret(secret));
      log::error("cannot use " + secret,
                 {{"value", secret}, {"line", "x battery-staple y"}, {"encoded", base64_encode(secret)}});
      REQUIRE(log.lines.size() == 1);
      CHECK(log.lines[0].find("horse") == std::string::npos);
      CHECK(log.lines[0].find("staple") == std::string::npos);
      CHECK(log.lines[0].find(base64_encode(secret).substr(0, 20)) == std::string::npos);
      CHECK(log.lines[0].find("cannot use [redacted]") != std::string::npos);
    }
  }

  TEST_CASE("what is too short to be a secret is not one") {
    CHECK_FALSE(log::register_secret("abc"));
    CHECK_FALSE(log::register_secret(""));
    CHECK(log::redact("abc") == "abc");
    CHECK(log::register_secret("pass"));
    CHECK(log::register_secret("password1"));
    CHECK(log::redact("password1 pass password2") == "[redacted] [redacted] [redacted]word2");
    log::forget_secrets();
    CHECK(log::redact("pass") == "pass");
  }

  TEST_CASE("a secret that means nothing any more can be forgotten, in every form") {
    const std::string secret = "correct horse\nbattery-staple";
    REQUIRE(log::register_secret(secret));
    REQUIRE(log::register_secret("another one"));
    log::forget_secret(secret);
    log::forget_secret("never registered");
    for (const auto& text : {secret, std::string("battery-staple"), base64_encode(secret)}) CHECK(log::redact(text) == text);
    CHECK(log::redact("another one") == "[redacted]");
    log::forget_secrets();
  }

  TEST_CASE("levels and formats by name") {
    CHECK(*log::parse_level("debug") == log::Level::debug);
    CHECK(*log::parse_level("warn") == log::Level::warning);
    CHECK(*log::parse_level("warning") == log::Level::warning);
    CHECK(*log::parse_format("json") == log::Format::json);
    CHECK_FALSE(log::parse_level("loud").ok());
    CHECK_FALSE(log::parse_format("xml").ok());
  }
}

TEST_SUITE("concurrency: log") {
  TEST_CASE("lines of many threads stay whole on standard error") {
    StandardError standard_error;
    {
      std::vector<std::jthread> threads;
      threads.reserve(4);
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([t] {
          for (int i = 0; i < 100; ++i) log::info("line", {{"text", std::string(1000, static_cast<char>('a' + t))}});
        });
      }
    }
    std::string text = standard_error.text();
    int lines = 0;
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
      const std::string line = text.substr(0, end);
      text.erase(0, end + 1);
      ++lines;
      const auto value = line.find("text=");
      REQUIRE(value != std::string::npos);
      CHECK(line.substr(value + 5) == std::string(1000, line.back()));
    }
    CHECK(lines == 400);
    CHECK(text.empty());
  }

  TEST_CASE("many threads, whole lines, no secret between registering and writing") {
    std::atomic<int> lines{0};
    std::atomic<int> leaks{0};
    {
      Lines log(log::Format::json);
      log::set_destination([&](std::string_view line) {
        ++lines;
        if (line.find("hidden-") != std::string_view::npos) ++leaks;
      });
      std::vector<std::jthread> threads;
      threads.reserve(4);
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([t] {
          for (int i = 0; i < 200; ++i) {
            const std::string secret = "hidden-" + std::to_string(t) + "-" + std::to_string(i) + "-end";
            log::register_secret(secret);
            log::info("using " + secret, {{"value", secret}});
          }
        });
      }
    }
    CHECK(lines == 800);
    CHECK(leaks == 0);
  }
}
