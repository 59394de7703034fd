#include "channels/registry/index.hpp"

#include <doctest/doctest.h>

using namespace gitopsctl;
using namespace gitopsctl::channels;

namespace {

ChartIndex good(const std::string& text) {
  auto index = ChartIndex::parse(text, "index.yaml");
  if (!index.ok()) FAIL(index.error().to_string());
  return *std::move(index);
}

std::string found(const ChartIndex& index, const std::string& name, const std::string& version) {
  const auto entry = index.find(name, version);
  return entry.ok() ? (*entry)->version : std::string(code_name(entry.error().code()));
}

const std::string head = "apiVersion: v1\nentries:\n";
const std::string web = head + R"(  web:
  - {name: web, version: 1.2.0, urls: [web-1.2.0.tgz], digest: aa}
  - {name: web, version: 2.0.0-rc.1, urls: [https://other.example/web-2.0.0-rc.1.tgz]}
  - {name: web, version: v1.10.0, urls: [a, b], digest: "sha256:bb"}
  - {name: web, version: 1.9.3+build.1, urls: [c]}
  - {version: 9.9.9, urls: [no-name]}
  - {name: web, version: nonsense, urls: [x]}
  - null
)";

}  // namespace

TEST_SUITE("registry/index") {
  TEST_CASE("versions come newest first, and those that helm skips are not there") {
    const auto index = good(web);
    std::vector<std::string> versions;
    for (const auto& entry : index.versions("web")) versions.push_back(entry.version);
    CHECK(versions == std::vector<std::string>{"2.0.0-rc.1", "v1.10.0", "1.9.3+build.1", "1.2.0"});
    CHECK(index.versions("web")[1].digest == "sha256:bb");
    CHECK(index.versions("web")[3].digest == "sha256:aa");
    CHECK(index.versions("web")[0].digest.empty());
    CHECK(index.versions("none").empty());
  }

  TEST_CASE("the newest that matches is chosen; prereleases only when they are named") {
    const auto index = good(web);
    CHECK(found(index, "web", "") == "v1.10.0");
    CHECK(found(index, "web", "1.2.0") == "1.2.0");
    CHECK(found(index, "web", "1.10.0") == "v1.10.0");
    CHECK(found(index, "web", "~1.9") == "1.9.3+build.1");
    CHECK(found(index, "web", "^1") == "v1.10.0");
    CHECK(found(index, "web", ">=2") == "NotFound");
    CHECK(found(index, "web", ">=2.0.0-0") == "2.0.0-rc.1");
    CHECK(found(index, "web", "2.0.0-rc.1") == "2.0.0-rc.1");
    CHECK(found(index, "web", ">0.0.0-0") == "2.0.0-rc.1");
    CHECK(found(index, "web", "3.0.0") == "NotFound");
    CHECK(found(index, "web", "not a range") == "InvalidInput");
    const auto misspelt = index.find("wep", "");
    REQUIRE_FALSE(misspelt.ok());
    CHECK(misspelt.error().hint() == "did you mean 'web'?");
    const auto lacking = index.find("web", "7.0.0");
    REQUIRE_FALSE(lacking.ok());
    CHECK(lacking.error().hint().find("v1.10.0") != std::string::npos);
  }

  TEST_CASE("JSON is read, too") {
    CHECK(found(good(R"({"apiVersion":"v1","entries":{"a":[{"name":"a","version":"1.0.0","urls":["u"]}]}})"), "a", "") ==
          "1.0.0");
  }

  TEST_CASE("what is no index is an error, in place of an empty one") {
    for (const std::string text : {"", "[]", "a: [", "entries: {}", "apiVersion: v1\nentries: []", "<html></html>",
                                   "apiVersion: v1\nentries: text"}) {
      CAPTURE(text);
      const auto index = ChartIndex::parse(text, "https://charts.example/index.yaml");
      REQUIRE_FALSE(index.ok());
      CHECK(index.error().code() == ErrorCode::invalid_input);
    }
    CHECK(ChartIndex::parse("apiVersion: v1\n", "x").ok());
  }

  TEST_CASE("hostile ones are bounded") {
    std::string deep = head + "  a: ";
    for (int i = 0; i < 5000; ++i) deep += '[';
    CHECK_FALSE(ChartIndex::parse(deep, "x").ok());
    std::string bomb = "apiVersion: v1\na: &a [1,1,1,1,1,1,1,1,1,1]\n";
    for (char c = 'b'; c < 'k'; ++c) {
      bomb += std::string(1, c) + ": &" + c + " [";
      for (int i = 0; i < 10; ++i) bomb += std::string(i == 0 ? "*" : ",*") + static_cast<char>(c - 1);
      bomb += "]\n";
    }
    CHECK_FALSE(ChartIndex::parse(bomb, "x").ok());
    // Types that are other than they should be.
    CHECK(found(good(head + "  a: [{name: 1, version: 2}, {name: a, version: [1]}, text, [x]]\n"), "a", "") == "NotFound");
    CHECK(found(good(head + "  a: {name: a}\n  b: text\n"), "a", "") == "NotFound");
  }
}
