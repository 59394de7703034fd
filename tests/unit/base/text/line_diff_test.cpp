#include "base/text/line_diff.hpp"
#include "tests/support/processor_time.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <sstream>
#include <string>
#include <vector>

using gitopsctl::unified_diff;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = text.find('\n', at);
    const auto next = end == std::string::npos ? text.size() : end + 1;
    lines.push_back(text.substr(at, next - at));
    at = next;
  }
  return lines;
}

/// Applies a unified diff without header lines, checking every context and removed line and both line numbers.
std::string apply_diff(const std::string& from, const std::string& diff) {
  const auto source = lines_of(from);
  const auto patch = lines_of(diff);
  std::string out;
  std::size_t at = 0;
  std::size_t written = 0;
  for (std::size_t i = 0; i < patch.size(); ++i) {
    const std::string& line = patch[i];
    if (line.starts_with("@@ ")) {
      unsigned long from_start = 0;
      unsigned long from_count = 1;
      unsigned long to_start = 0;
      unsigned long to_count = 1;
      std::istringstream head(line.substr(4));
      char skip = 0;
      head >> from_start;
      if (head.peek() == ',') head >> skip >> from_count;
      head >> skip >> to_start;
      if (head.peek() == ',') head >> skip >> to_count;
      const auto begin = from_count == 0 ? from_start : from_start - 1;
      while (at < begin) {
        out += source.at(at++);
        ++written;
      }
      CHECK(written == (to_count == 0 ? to_start : to_start - 1));
      continue;
    }
    std::string content = line.substr(1);
    if (i + 1 < patch.size() && patch[i + 1].starts_with("\\ No newline")) {
      content.pop_back();
      ++i;
    }
    if (line[0] == '+') {
      out += content;
      ++written;
      continue;
    }
    REQUIRE(source.at(at) == content);
    ++at;
    if (line[0] == ' ') {
      out += content;
      ++written;
    }
  }
  while (at < source.size()) out += source[at++];
  return out;
}

std::size_t changed_lines(const std::string& diff) {
  std::size_t count = 0;
  for (const auto& line : lines_of(diff)) count += line[0] == '+' || line[0] == '-' ? 1U : 0U;
  return count;
}

/// Length of the shortest edit script by dynamic programming.
std::size_t edit_distance(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::vector<std::size_t>> common(a.size() + 1, std::vector<std::size_t>(b.size() + 1, 0));
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      common[i][j] = a[i - 1] == b[j - 1] ? common[i - 1][j - 1] + 1 : std::max(common[i - 1][j], common[i][j - 1]);
    }
  }
  return a.size() + b.size() - 2 * common[a.size()][b.size()];
}

}  // namespace

TEST_SUITE("line_diff") {
  TEST_CASE("equal texts have no diff") {
    CHECK(unified_diff("", "", {}).empty());
    CHECK(unified_diff("a\nb\n", "a\nb\n", {.from_name = "x", .to_name = "y"}).empty());
  }

  TEST_CASE("the form is that of diff -u") {
    CHECK(unified_diff("a\nb\nc\n", "a\nB\nc\n", {.from_name = "old", .to_name = "new"}) ==
          "--- old\n+++ new\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
    CHECK(unified_diff("", "a\n", {}) == "@@ -0,0 +1 @@\n+a\n");
    CHECK(unified_diff("a\n", "", {}) == "@@ -1 +0,0 @@\n-a\n");
  }

  TEST_CASE("a missing newline at the end is said") {
    CHECK(unified_diff("a", "a\n", {}) == "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
    CHECK(unified_diff("a\nb", "A\nb", {}) == "@@ -1,2 +1,2 @@\n-a\n+A\n b\n\\ No newline at end of file\n");
  }

  TEST_CASE("far changes get hunks of their own, near ones share one") {
    const std::string from = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";
    CHECK(unified_diff(from, "one\n2\n3\n4\n5\n6\n7\n8\n9\nten\n", {.context = 1}) ==
          "@@ -1,2 +1,2 @@\n-1\n+one\n 2\n@@ -9,2 +9,2 @@\n 9\n-10\n+ten\n");
    CHECK(unified_diff(from, "1\n2\nthree\n4\nfive\n6\n7\n8\n9\n10\n", {.context = 1}) ==
          "@@ -2,5 +2,5 @@\n 2\n-3\n+three\n 4\n-5\n+five\n 6\n");
    CHECK(unified_diff("a\nb\n", "a\nB\n", {.context = 0}) == "@@ -2 +2 @@\n-b\n+B\n");
  }

  TEST_CASE("an added list item is shown from its first line") {
    const std::string from = "- name: a\n  image: x\n- name: z\n  image: x\n";
    const std::string to = "- name: a\n  image: x\n- name: b\n  image: x\n- name: z\n  image: x\n";
    CHECK(unified_diff(from, to, {.context = 0}) == "@@ -2,0 +3,2 @@\n+- name: b\n+  image: x\n");
  }

  TEST_CASE("inputs above the limit are one replaced block") {
    const auto diff = unified_diff("same\na\nk\nb\nend\n", "same\nA\nk\nB\nend\n", {.context = 1, .max_lines = 3});
    CHECK(diff == "@@ -1,5 +1,5 @@\n same\n-a\n-k\n-b\n+A\n+k\n+B\n end\n");
  }

  TEST_CASE("random texts: the diff applies and is as short as can be") {
    std::mt19937 random(7);
    for (int round = 0; round < 3000; ++round) {
      const auto text = [&random, round] {
        std::string out;
        const auto count = random() % 24;
        for (unsigned i = 0; i < count; ++i)
          out += std::string(1, static_cast<char>('a' + random() % (2 + round % 9))) + '\n';
        if (!out.empty() && random() % 5 == 0) out.pop_back();
        return out;
      };
      const auto from = text();
      const auto to = text();
      const auto diff = unified_diff(from, to, {.context = static_cast<std::uint32_t>(random() % 4)});
      REQUIRE(apply_diff(from, diff) == to);
      REQUIRE(changed_lines(diff) == edit_distance(lines_of(from), lines_of(to)));
    }
  }

  TEST_CASE("large unlike texts with common lines end in bounded time and still apply") {
    std::mt19937 random(11);
    std::string from;
    std::string to;
    for (int i = 0; i < 30'000; ++i) {
      from += std::to_string(random() % 50) + '\n';
      to += std::to_string(random() % 50) + '\n';
    }
    const auto begin = gitopsctl::support::processor_time();
    const auto diff = unified_diff(from, to, {});
    const auto took = gitopsctl::support::processor_time() - begin;
    CHECK(apply_diff(from, diff) == to);
    // Minutes without the cost limit; far below a second with it, also under sanitizers.
    CHECK(took < std::chrono::seconds(20));
  }
}
