#include "base/text/semver.hpp"

#include <doctest/doctest.h>

using namespace gitopsctl;

namespace {
bool match(std::string_view constraint, std::string_view version) {
  const auto parsed = SemVerConstraint::parse(constraint);
  REQUIRE_MESSAGE(parsed.ok(), constraint);
  const auto candidate = parse_semver(version);
  REQUIRE_MESSAGE(candidate.ok(), version);
  return parsed->matches(*candidate);
}
std::string error_of(std::string_view constraint) {
  const auto parsed = SemVerConstraint::parse(constraint);
  return parsed.ok() ? "" : parsed.error().message();
}
}  // namespace

TEST_SUITE("text/semver") {
  TEST_CASE("versions are read loosely") {
    const auto version = parse_semver("v1.2.3-rc.1+build.5");
    REQUIRE(version.ok());
    CHECK(version->major == 1);
    CHECK(version->minor == 2);
    CHECK(version->patch == 3);
    CHECK(version->prerelease == "rc.1");
    CHECK(version->metadata == "build.5");
    CHECK(version->original == "v1.2.3-rc.1+build.5");
    CHECK(version->to_string() == "1.2.3-rc.1+build.5");
    CHECK(parse_semver("1").value().to_string() == "1.0.0");
    CHECK(parse_semver("v1.2").value().to_string() == "1.2.0");
    CHECK(parse_semver("1.2-beta").value().to_string() == "1.2.0-beta");
    for (const auto* text :
         {"", "v", "V1", "a", "1.2.3.4", "1.", "1..2", "1.2.3-", "1.2.3+", "1.2.3-a..b", " 1", "1 ", "-1"}) {
      CAPTURE(text);
      const auto parsed = parse_semver(text);
      REQUIRE_FALSE(parsed.ok());
      CHECK(parsed.error().message() == "invalid semantic version");
    }
    // Loose reading lets leading zeros through, but not in a prerelease.
    CHECK(parse_semver("01.2").value().to_string() == "1.2.0");
    CHECK(parse_semver("1.2.3-01").error().message() == "version segment starts with 0");
    CHECK(parse_semver("1.2.3-0a").ok());
    CHECK(parse_semver("99999999999999999999").error().message() ==
          "error parsing version segment: strconv.ParseUint: parsing \"99999999999999999999\": value out of range");
    CHECK(parse_semver(std::string(300, '1')).error().message() == "version string is too long (max 256 bytes)");
  }

  TEST_CASE("precedence") {
    const char* ordered[] = {"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                             "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                             "1.0.0-rc.1",  "1.0.0",         "1.0.1",
                             "1.1.0",       "2.0.0"};
    for (std::size_t i = 0; i < std::size(ordered); ++i) {
      for (std::size_t j = 0; j < std::size(ordered); ++j) {
        const int order = compare(parse_semver(ordered[i]).value(), parse_semver(ordered[j]).value());
        CHECK(order == (i < j ? -1 : i == j ? 0 : 1));
      }
    }
    CHECK(compare(parse_semver("1.0.0+a").value(), parse_semver("1.0.0+b").value()) == 0);
  }

  TEST_CASE("constraints") {
    struct Row {
      std::string_view constraint;
      std::string_view version;
      bool matches;
    };
    for (const auto& row : {
             Row{"1.2.3", "1.2.3", true},
             Row{"1.2.3", "1.2.4", false},
             Row{"1.2", "1.2.9", true},
             Row{"1.2", "1.3.0", false},
             Row{"1", "1.9.9", true},
             Row{"*", "4.5.6", true},
             Row{"1.x", "1.5.0", true},
             Row{"1.2.X", "1.2.5", true},
             Row{"=1.2", "1.2.5", true},
             Row{"!=1.2.3", "1.2.4", true},
             Row{"!=1.2.3", "1.2.3", false},
             Row{"!=1.2", "1.2.4", false},
             Row{"!=1", "1.0.0", false},
             Row{">1", "1.9.0", false},
             Row{">1", "2.0.0", true},
             Row{">1.1", "1.1.5", false},
             Row{">1.1", "1.2.0", true},
             Row{">=1.1", "1.1.0", true},
             Row{"=>1.1", "1.0.9", false},
             Row{"<2", "1.9.9", true},
             Row{"<2", "2.0.0", false},
             Row{"<=1.2", "1.2.9", true},
             Row{"=<1.2", "1.3.0", false},
             Row{"<=1", "1.9.9", true},
             Row{"~1.2.3", "1.2.9", true},
             Row{"~1.2.3", "1.3.0", false},
             Row{"~>1.2", "1.2.9", true},
             Row{"~1", "1.9.0", true},
             Row{"~1", "2.0.0", false},
             Row{"^1.2.3", "1.9.0", true},
             Row{"^1.2.3", "2.0.0", false},
             Row{"^0.2.3", "0.2.9", true},
             Row{"^0.2.3", "0.3.0", false},
             Row{"^0.0.3", "0.0.3", true},
             Row{"^0.0.3", "0.0.4", false},
             Row{"^0.0", "0.0.9", true},
             Row{"^0", "0.9.0", true},
             Row{"^0", "1.0.0", false},
             Row{">=1.2, <2", "1.5.0", true},
             Row{">=1.2 <2", "2.1.0", false},
             Row{"<1 || >=2", "2.5.0", true},
             Row{"<1||>=2", "1.5.0", false},
             Row{"1.2 - 1.4", "1.4.9", true},
             Row{"1.2 - 1.4", "1.5.0", false},
             Row{"1.2 - 1.4.5", "1.4.6", false},
             Row{">=1.19", "1.20.0-gke.1", false},
             Row{">=1.19-0", "1.20.0-gke.1", true},
             Row{">=1.19.0-0", "1.19.0", true},
             Row{">= 1.2.3", "1.2.3+meta", true},
             Row{"> 1.2.3-alpha", "1.2.3-beta", true},
             Row{" >=1 , <3 ", "2.0.0", true},
             Row{"v1.2", "1.2.0", true},
             Row{"~0.0.0", "5.0.0", true},
             Row{"<1.2.3-0", "1.2.2", true},
             Row{"^1.2.3-beta.2", "1.2.3-beta.4", true},
             Row{"!=1.2.x-a", "1.2.5-b", true},
         }) {
      CAPTURE(row.constraint);
      CAPTURE(row.version);
      CHECK(match(row.constraint, row.version) == row.matches);
    }
  }

  TEST_CASE("constraints that are none") {
    CHECK(error_of("") == "improper constraint: \"\"");
    CHECK(error_of("abc") == "improper constraint: \"abc\"");
    CHECK(error_of(">1<2") == "improper constraint: \">1<2\"");
    CHECK(error_of(">= 1,") == "improper constraint: \">= 1,\"");
    CHECK(error_of("1.2.3.4") == "improper constraint: \"1.2.3.4\"");
    CHECK(error_of("1 || ") == "improper constraint: \" \"");
    CHECK(error_of("1|2") == "constraint parser error");
    CHECK(error_of(std::string(600, '1')) == "constraint string is too long (max 512 bytes)");
  }
}
