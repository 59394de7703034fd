#include "agent/kube/secret_reader.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "channels/secrets/secrets.hpp"
#include "tests/unit/agent/kube/fake_api.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::agent::test;

namespace {

const std::string db_path = "/api/v1/namespaces/ci/secrets/db";

Said secret_body() {
  return {200, R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"db","namespace":"ci","resourceVersion":"7"},)"
               R"("data":{"manifest":"cGFzcw=="}})"};
}

KubeClientOptions one_try(Clock& clock) {
  KubeClientOptions out;
  out.clock = &clock;
  out.repeat_for = Millis(1);
  out.random = [] { return 0.0; };
  return out;
}

}  // namespace

TEST_SUITE("kube secret reader") {
  TEST_CASE("a client is made once for each context, and reads as the server has it") {
    ManualClock clock{*parse_time("2026-06-01T12:00:00Z")};
    FakeApi api([](const Asked& asked) { return asked.path == db_path ? secret_body() : Said{599, ""}; });
    std::vector<std::string> made;
    const auto read = make_kube_secret_reader([&](const std::string& context) -> Result<KubeClient> {
      made.push_back(context);
      return KubeClient(api.target(), one_try(clock));
    });
    for (const std::string context : {"", "", "ops", ""}) {
      const auto found = read(context, "ci", "db", {});
      REQUIRE_MESSAGE(found.ok(), found.error().to_string());
      CHECK(found->string_at({"kind"}) == "Secret");
      CHECK(found->string_at({"data", "manifest"}) == "cGFzcw==");
      CHECK(found->string_at({"metadata", "resourceVersion"}) == "7");
    }
    CHECK(made == std::vector<std::string>{"", "ops"});
    CHECK(api.asked().size() == 4);
    const auto copy = read;
    CHECK(copy("ops", "ci", "db", {}).ok());
    CHECK(made.size() == 2);
  }

  TEST_CASE("what goes wrong has the code that says what to do, and nothing of a secret in it") {
    ManualClock clock{*parse_time("2026-06-01T12:00:00Z")};
    Said answer;
    FakeApi api([&](const Asked&) { return answer; });
    const auto read = make_kube_secret_reader(
        [&](const std::string&) -> Result<KubeClient> { return KubeClient(api.target(), one_try(clock)); });
    struct Case {
      Said said;
      ErrorCode code;
    };
    const std::vector<Case> cases{
        {{404, FakeApi::status(404, "NotFound", "secrets \"db\" not found")}, ErrorCode::not_found},
        {{403, FakeApi::status(403, "Forbidden", "secrets \"db\" is forbidden: no rule allows it")}, ErrorCode::forbidden},
        {{503, FakeApi::status(503, "ServiceUnavailable", "canary-7f")}, ErrorCode::unavailable},
        // A page of something in between is no word about the Secret.
        {{404, "<html>canary-7f</html>", {}, "text/html"}, ErrorCode::unavailable},
    };
    for (const auto& one : cases) {
      answer = one.said;
      const auto found = read("", "ci", "db", {});
      REQUIRE_FALSE(found.ok());
      CAPTURE(found.error().to_string());
      CHECK(found.error().code() == one.code);
      CHECK(found.error().to_string().find("canary-7f") == std::string::npos);
    }
  }

  TEST_CASE("a client that could not be made is made by the next question") {
    ManualClock clock{*parse_time("2026-06-01T12:00:00Z")};
    FakeApi api([](const Asked&) { return secret_body(); });
    int tries = 0;
    const auto read = make_kube_secret_reader([&](const std::string&) -> Result<KubeClient> {
      if (++tries == 1) return Error(ErrorCode::not_found, "there is no kubeconfig");
      return KubeClient(api.target(), one_try(clock));
    });
    const auto first = read("", "ci", "db", {});
    REQUIRE_FALSE(first.ok());
    CHECK(first.error().message() == "there is no kubeconfig");
    CHECK(read("", "ci", "db", {}).ok());
    CHECK(tries == 2);
  }

  TEST_CASE("a kubeconfig that is not there is an error of the read") {
    const auto read = make_kube_secret_reader("/nowhere/config", "");
    const auto found = read("", "ci", "db", {});
    REQUIRE_FALSE(found.ok());
    CHECK(found.error().to_string().find("/nowhere/config") != std::string::npos);
  }
}
