#include "channels/model/remote_chart.hpp"

#include <doctest/doctest.h>

using namespace gitopsctl;
using namespace gitopsctl::channels;

TEST_SUITE("model/remote chart") {
  TEST_CASE("references of registries are taken apart") {
    const std::string digest = "sha256:" + std::string(64, '0');
    auto chart = parse_oci_chart("oci://registry.example.org:5000/charts/web:1.2.3_build@" + digest);
    REQUIRE(chart.ok());
    CHECK(chart->location == "oci://registry.example.org:5000/charts/web");
    CHECK(chart->version == "1.2.3+build");
    CHECK(chart->digest == digest);
    CHECK(chart->shown() == "oci://registry.example.org:5000/charts/web:1.2.3+build@" + digest);
    chart = parse_oci_chart("oci://127.0.0.1:5000/web");
    REQUIRE(chart.ok());
    CHECK(chart->version.empty());
    chart = parse_oci_chart("oci://[::1]:5000/a/b__c/d-e.f:1.0.0+x");
    REQUIRE(chart.ok());
    CHECK(chart->version == "1.0.0+x");
  }

  TEST_CASE("what is no reference is refused, and a password is not repeated") {
    for (const std::string text : {"https://a/b",         "oci://",           "oci://host",
                                   "oci://host/",         "oci://host/Upper", "oci://host/a//b",
                                   "oci://host/../x",     "oci://../x",       "oci://.host/x",
                                   "oci://a..b/x",        "oci://-h/x",       "oci://host/a/..",
                                   "oci://host/a:",       "oci://host/a:-x",  "oci://host/a@sha256:12",
                                   "oci://host/a@md5:aa", "oci://ho st/a",    "oci://host:port/a",
                                   "oci://host/a?x=1",    "oci://host/a#b",   "oci://bot:hunter22@host/a",
                                   "oci://host/a\n"}) {
      CAPTURE(text);
      const auto chart = parse_oci_chart(text);
      REQUIRE_FALSE(chart.ok());
      CHECK(chart.error().code() == ErrorCode::invalid_input);
      CHECK(chart.error().to_string().find("hunter22") == std::string::npos);
    }
    CHECK_FALSE(parse_oci_chart("oci://host/" + std::string(600, 'a')).ok());
  }

  TEST_CASE("addresses of repositories hold no password and no query") {
    for (const std::string url : {"ftp://a/b", "https://", "https:///x", "https://u:hunter22@host/x",
                                  "https://host/x?token=hunter22", "https://host/a b", "file:///etc"}) {
      CAPTURE(url);
      const auto checked = check_remote_chart({url, "web", "1.0.0", ""});
      REQUIRE_FALSE(checked.ok());
      CHECK(checked.error().to_string().find("hunter22") == std::string::npos);
    }
    CHECK(check_remote_chart({"https://host/charts/", "web", "", ""}).ok());
    CHECK_FALSE(check_remote_chart({"https://host/charts/", "web", "", "abc"}).ok());
    CHECK_FALSE(check_remote_chart({"https://host/charts/", "../web", "", ""}).ok());
    CHECK_FALSE(check_remote_chart({"https://host/charts/", "w\x1b[31m", "", ""}).ok());
  }

  TEST_CASE("one version is one version") {
    for (const char* version : {"1.2.3", "v1.2.3", "0.0.0-rc.1", "1.2.3+b.x"}) CHECK(is_exact_version(version));
    for (const char* version :
         {"", "1", "1.2", "1.2.x", "~1.2.3", "^1.2.3", ">=1.2.3", "1.2.3 || 2.0.0", "*", "1.2.3 - 2.0.0"})
      CHECK_FALSE(is_exact_version(version));
  }
}
