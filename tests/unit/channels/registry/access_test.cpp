#include "channels/registry/access.hpp"

#include <doctest/doctest.h>

using namespace gitopsctl;
using namespace gitopsctl::channels;

TEST_SUITE("registry/access") {
  TEST_CASE("user and password of each host are read; helpers are not run") {
    const auto hosts = parse_docker_config(R"({
      "credsStore": "secretservice", "credHelpers": {"h.example": "x"},
      "auths": {
        "a.example": {"auth": "Ym90OnM6M2NyZXQ="},
        "https://index.example/v1/": {"username": "u", "password": "p"},
        "b.example:5000": {"identitytoken": "t"},
        "c.example": {}
      }})",
                                           "config.json");
    REQUIRE(hosts.ok());
    REQUIRE(hosts->size() == 2);
    CHECK(hosts->at("a.example").username == "bot");
    CHECK(hosts->at("a.example").password == "s:3cret");
    CHECK(hosts->at("index.example").password == "p");
  }

  TEST_CASE("mistakes are told without what the file holds") {
    for (const char* text :
         {"hunter22", R"({"auths":{"a":{"auth":"hunter22!!"}}})", R"({"auths":{"a":{"auth":"aHVudGVyMjI="}}})"}) {
      const auto hosts = parse_docker_config(text, "config.json");
      REQUIRE_FALSE(hosts.ok());
      CHECK(hosts.error().to_string().find("unter22") == std::string::npos);
      CHECK(hosts.error().where().file == "config.json");
    }
    CHECK(parse_docker_config("{}", "x").ok());
  }
}
