#include "base/text/go_number.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace gitopsctl;

TEST_SUITE("text/go_number") {
  TEST_CASE("integers by prefix") {
    struct Row {
      std::string_view text;
      std::int64_t value;
      GoNumberStatus status;
    };
    constexpr auto ok = GoNumberStatus::ok;
    constexpr auto bad = GoNumberStatus::syntax;
    for (const auto& row : {Row{"10", 10, ok},
                            Row{"010", 8, ok},
                            Row{"0x1f", 31, ok},
                            Row{"-0b11", -3, ok},
                            Row{"0o17", 15, ok},
                            Row{"1_0", 10, ok},
                            Row{"0", 0, ok},
                            Row{"+5", 5, ok},
                            Row{"08", 0, bad},
                            Row{"1__0", 0, bad},
                            Row{"_1", 0, bad},
                            Row{"1_", 0, bad},
                            Row{"", 0, bad},
                            Row{"-", 0, bad},
                            Row{"1.5", 0, bad},
                            Row{"abc", 0, bad},
                            Row{"0x", 0, bad},
                            Row{"0_7", 7, ok},
                            Row{"9223372036854775808", std::numeric_limits<std::int64_t>::max(), GoNumberStatus::range},
                            Row{"-9223372036854775808", std::numeric_limits<std::int64_t>::min(), ok}}) {
      CAPTURE(row.text);
      const auto parsed = parse_go_int(row.text, 0);
      CHECK(parsed.value == row.value);
      CHECK(parsed.status == row.status);
    }
    CHECK(parse_go_int("010", 10).value == 10);
    CHECK(parse_go_int("1_0", 10).status == bad);
    CHECK(parse_go_int("17", 8).value == 15);
    CHECK(parse_go_int("18", 8).status == bad);
  }

  TEST_CASE("floats") {
    struct Row {
      std::string_view text;
      double value;
      GoNumberStatus status;
    };
    constexpr auto ok = GoNumberStatus::ok;
    constexpr auto bad = GoNumberStatus::syntax;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (const auto& row : {Row{"1.5", 1.5, ok},
                            Row{".5", .5, ok},
                            Row{"5.", 5, ok},
                            Row{"1e3", 1000, ok},
                            Row{"-1E-2", -.01, ok},
                            Row{"0x1p4", 16, ok},
                            Row{"0x.8p0", .5, ok},
                            Row{"0x1", 0, bad},
                            Row{"1_0", 10, ok},
                            Row{"1_.5", 0, bad},
                            Row{"inf", infinity, ok},
                            Row{"-Infinity", -infinity, ok},
                            Row{"1e400", infinity, GoNumberStatus::range},
                            Row{"-1e400", -infinity, GoNumberStatus::range},
                            Row{"1e-400", 0, ok},
                            Row{"0e999999999", 0, ok},
                            Row{"+nan", 0, bad},
                            Row{"", 0, bad},
                            Row{".", 0, bad},
                            Row{"1e", 0, bad},
                            Row{"1.2.3", 0, bad},
                            Row{" 1", 0, bad}}) {
      CAPTURE(row.text);
      const auto parsed = parse_go_float(row.text);
      CHECK(parsed.value == row.value);
      CHECK(parsed.status == row.status);
    }
    CHECK(std::isnan(parse_go_float("NaN").value));
  }
}
