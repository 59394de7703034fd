// How the Kubernetes client logs in at the real API server: contexts, tokens, certificates, plugins, pods, other people's
// names.

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <optional>

#include "agent/kube/client.hpp"
#include "base/crypto/digest.hpp"
#include "base/log/redaction.hpp"
#include "tests/cluster/kube_bench.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/need_control_plane.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::tests {
namespace {

using agent::KubeClient;
using agent::KubeClientOptions;
using agent::KubeErrorClass;
using agent::KubeTarget;
using agent::KubeTargetOptions;

constexpr const char* account_prefix = "system:serviceaccount:";

}  // namespace

TEST_SUITE("kube client: login") {
  TEST_CASE("a limited account is told what it may not do, and may do the rest as somebody else") {
    auto* plane = need_control_plane("rights");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    plane->kubectl({"create", "serviceaccount", "robot", "-n", space});
    plane->kubectl({"create", "role", "reader", "--verb=get,list,watch", "--resource=configmaps", "-n", space});
    plane->kubectl({"create", "rolebinding", "robot", "--role=reader", "--serviceaccount=" + space + ":robot", "-n", space});
    const KubeClient robot(target_of(plane->kubeconfig({.token = plane->service_account_token(space, "robot")})));
    const auto impersonated = admin(*plane).as(agent::Impersonation::service_account(space, "robot"));
    for (const KubeClient& client : {robot, impersonated}) {
      CHECK(client.list({"", "", "ConfigMap"}, {space, "", "", false, 500}, {}).ok());
      const auto refused = client.apply(config_map(space, "a"), {}, {});
      REQUIRE_FALSE(refused.ok());
      CHECK_MESSAGE(refused.error().is(KubeErrorClass::forbidden), shown(refused));
      CHECK(refused.error().to_string().find("system:serviceaccount:" + space + ":robot") != std::string::npos);
      CHECK(client.list({"", "", "Secret"}, {}, {}).error().is(KubeErrorClass::forbidden));
    }
    const KubeClient nobody(target_of(plane->kubeconfig({.token = "a-token-of-nobody"})));
    const auto refused = nobody.get({"", "Namespace", "", "default"}, {}, {});
    REQUIRE_FALSE(refused.ok());
    CHECK_MESSAGE(refused.error().is(KubeErrorClass::unauthorized), shown(refused));
    CHECK(shown(refused).find("a-token-of-nobody") == std::string::npos);
    log::forget_secrets();
  }

  TEST_CASE("client certificates and token files log in, and a new token is taken when the old one is refused") {
    auto* plane = need_control_plane("credentials");
    if (plane == nullptr) return;
    const KubeClient ada(target_of(plane->kubeconfig({.client = plane->client("ada", "system:masters")})));
    const auto space = ada.get({"", "Namespace", "", "default"}, {}, {});
    CHECK_MESSAGE(space.ok(), shown(space));

    CHECK(whoami(ada) == "ada");

    const support::ScratchDir directory;
    const auto write = [&](const std::string& token) { std::ofstream(directory / "token") << token; };
    write("a-token-that-has-expired");
    KubeTarget target = target_of(plane->kubeconfig());
    target.login.token.clear();
    target.login.token_file = directory / "token";
    const KubeClient client(target);
    CHECK(client.get({"", "Namespace", "", "default"}, {}, {}).error().is(KubeErrorClass::unauthorized));
    write(plane->admin_token());
    CHECK(client.get({"", "Namespace", "", "default"}, {}, {}).ok());
    log::forget_secrets();
  }

  TEST_CASE("a service account's token that is written anew is taken without a failed request") {
    auto* plane = need_control_plane("rotated tokens");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    for (const auto* name : {"one", "two"}) plane->kubectl({"create", "serviceaccount", name, "-n", space});
    const support::ScratchDir directory;
    const auto write = [&](const std::string& name) {
      // As the kubelet does it: another file in its place.
      std::ofstream(directory / "next") << plane->service_account_token(space, name);
      REQUIRE(std::rename((directory / "next").c_str(), (directory / "token").c_str()) == 0);
    };
    write("one");
    std::ofstream(directory / "ca.crt") << plane->ca_pem();
    std::ofstream(directory / "namespace") << space;
    KubeTargetOptions pod;
    pod.service_account_directory = directory.path();
    pod.environment = [&](const std::string& name) -> std::optional<std::string> {
      if (name == "KUBERNETES_SERVICE_HOST") return "127.0.0.1";
      if (name == "KUBERNETES_SERVICE_PORT") return std::to_string(plane->port());
      return std::nullopt;
    };
    const auto target = agent::in_cluster_target(pod);
    REQUIRE_MESSAGE(target.ok(), target.error().to_string());
    CHECK(target->default_namespace == space);
    ManualClock clock(*parse_time("2026-06-01T12:00:00Z"));
    KubeClientOptions options;
    options.clock = &clock;
    const KubeClient client(*target, options);
    const std::string prefix = account_prefix + space + ":";
    CHECK(whoami(client) == prefix + "one");
    write("two");
    CHECK(whoami(client) == prefix + "one");
    clock.advance(agent::CredentialSource::file_age);
    CHECK(whoami(client) == prefix + "two");
    CHECK(client.transport().counters(agent::KubeTraffic::get).refused == 0);

    // A token that is no longer good is noticed at once. The server remembers good ones for some seconds.
    write("one");
    plane->kubectl({"delete", "serviceaccount", "two", "-n", space});
    std::string now;
    for (int i = 0; i < 300 && now != prefix + "one"; ++i) {
      now = whoami(client);
      CHECK((now == prefix + "one" || now == prefix + "two"));
      if (now != prefix + "one") system_clock().sleep(Millis(100), {});
    }
    CHECK(now == prefix + "one");
    log::forget_secrets();
  }

  TEST_CASE("of the files in KUBECONFIG the first word counts, and each context is somebody else") {
    auto* plane = need_control_plane("contexts");
    if (plane == nullptr) return;
    const std::string space = plane->fresh_namespace();
    plane->kubectl({"create", "serviceaccount", "robot", "-n", space});
    const auto grace = plane->client("grace", "team");
    const support::ScratchDir directory;
    std::ofstream(directory / "ca.pem") << plane->ca_pem();
    std::ofstream(directory / "grace.pem") << grace.certificate_pem;
    std::ofstream(directory / "robot") << plane->service_account_token(space, "robot");
    std::ofstream(directory / "first") << "apiVersion: v1\nkind: Config\ncurrent-context: certificate\nclusters:\n"
                                          "- {name: here, cluster: {certificate-authority: ca.pem, server: '"
                                       << plane->url() << "'}}\n"
                                       << "contexts:\n"
                                          "- {name: certificate, context: {cluster: here, user: grace, namespace: web}}\n"
                                          "- {name: other, context: {cluster: here, user: ghost}}\n";
    std::ofstream(directory / "second") << "apiVersion: v1\nkind: Config\ncurrent-context: other\n"
                                        << "clusters:\n- {name: here, cluster: {server: 'https://192.0.2.1'}}\n"
                                        << "contexts:\n- {name: token, context: {cluster: here, user: robot}}\n"
                                        << "- {name: somebody, context: {cluster: here, user: as}}\n"
                                        << "users:\n- {name: robot, user: {tokenFile: robot}}\n"
                                        << "- {name: grace, user: {client-certificate: grace.pem, client-key-data: "
                                        << base64_encode(grace.key_pem) << "}}\n"
                                        << "- {name: as, user: {token: '" << plane->admin_token()
                                        << "', as: joe, as-groups: [crew], as-user-extra: {"
                                        << "'example.org/Team': [blue]}}}\n";
    KubeTargetOptions options;
    options.environment = [&](const std::string& name) -> std::optional<std::string> {
      if (name != "KUBECONFIG") return std::nullopt;
      return directory / "absent" + ":" + (directory / "first") + ":" + (directory / "second");
    };
    const auto seen_as = [&](const std::string& context) {
      options.context = context;
      const auto target = agent::load_kube_target(options);
      return target.ok() ? whoami(KubeClient(*target)) : target.error().to_string();
    };
    CHECK(seen_as("") == "grace");
    CHECK(seen_as("token") == account_prefix + space + ":robot");
    CHECK(seen_as("somebody") == "joe");
    CHECK(seen_as("other").find("the kubeconfig has no user 'ghost'") != std::string::npos);
    options.context = "";
    CHECK(agent::load_kube_target(options)->default_namespace == "web");
    log::forget_secrets();
  }

  TEST_CASE("a plugin is run for a login, and again when that is no longer good") {
    auto* plane = need_control_plane("exec plugins");
    if (plane == nullptr) return;
    const support::ScratchDir directory;
    std::ofstream(directory / "plugin.sh")
        << "#!/bin/sh\n"
           "cd \"$(dirname \"$0\")\" || exit 1\n"
           "echo run >> runs\n"
           "printf '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",'\n"
           "printf '\"status\":{\"token\":\"%s\"}}' \"$(cat token)\"\n";
    REQUIRE(::chmod((directory / "plugin.sh").c_str(), 0700) == 0);
    std::ofstream(directory / "token") << plane->admin_token();
    std::ofstream(directory / "config")
        << "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
        << "clusters:\n- {name: k, cluster: {server: '" << plane->url()
        << "', certificate-authority-data: " << base64_encode(plane->ca_pem())
        << "}}\ncontexts:\n- {name: c, context: {cluster: k, user: u}}\nusers:\n"
        << "- {name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: "
           "./plugin.sh}}}\n";
    KubeTargetOptions from;
    from.kubeconfig = directory / "config";
    const auto target = agent::load_kube_target(from);
    REQUIRE_MESSAGE(target.ok(), target.error().to_string());
    const auto runs = [&] {
      std::ifstream in(directory / "runs");
      int lines = 0;
      for (std::string line; std::getline(in, line);) ++lines;
      return lines;
    };
    ManualClock clock(*parse_time("2026-06-01T12:00:00Z"));
    KubeClientOptions options;
    options.clock = &clock;
    const KubeClient client(*target, options);
    const std::string who = whoami(client);
    CHECK(who.find(' ') == std::string::npos);
    for (int i = 0; i < 5; ++i) CHECK(whoami(client) == who);
    CHECK(runs() == 1);
    // What it hands out is refused: it runs once more, and its word is not shown.
    std::ofstream(directory / "token") << "c4n4ry-that-nobody-knows";
    const KubeClient wrong(*target, options);
    const auto refused = wrong.get({"", "Namespace", "", "default"}, {}, {});
    REQUIRE_FALSE(refused.ok());
    CHECK_MESSAGE(refused.error().is(KubeErrorClass::unauthorized), shown(refused));
    CHECK(shown(refused).find("c4n4ry") == std::string::npos);
    clock.advance(agent::CredentialSource::plugin_pause);
    std::ofstream(directory / "token") << plane->admin_token();
    CHECK(whoami(wrong) == who);
    log::forget_secrets();
  }
}

}  // namespace gitopsctl::tests
