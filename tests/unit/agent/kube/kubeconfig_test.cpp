#include "agent/kube/kubeconfig.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/crypto/digest.hpp"
#include "base/log/redaction.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::agent;
using namespace gitopsctl::support;

namespace {

const std::string certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const std::string key = "-----BEGIN PRIVATE KEY-----\nBBBBBBBB\n-----END PRIVATE KEY-----\n";

struct Files {
  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = directory / name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  [[nodiscard]] KubeTargetOptions options() const {
    KubeTargetOptions out;
    out.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      if (found == environment.end()) return std::nullopt;
      return found->second;
    };
    return out;
  }
  Result<KubeTarget> load(const std::string& text) const {
    auto with = options();
    with.kubeconfig = write("config", text);
    return load_kube_target(with);
  }
  ScratchDir directory;
  std::map<std::string, std::string> environment;
};

/// A kubeconfig with one context; `cluster` and `user` are lines of its entries.
std::string config(const std::string& cluster, const std::string& user) {
  const auto indented = [](const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size());
      out += "      " + text.substr(at, end - at) + "\n";
      at = end + 1;
    }
    return out;
  };
  return "apiVersion: v1\nkind: Config\ncurrent-context: main\ncontexts:\n  - name: main\n    context: {cluster: c, user: "
         "u}\n"
         "clusters:\n  - name: c\n    cluster:\n      server: https://k.example.org:6443/\n" +
         indented(cluster) + "users:\n  - name: u\n    user:\n" + (user.empty() ? "      {}\n" : indented(user));
}

bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

struct Wrong {
  const char* name;
  std::string text;
  ErrorCode code;
  const char* message;
  int line;
};

}  // namespace

TEST_SUITE("kube/kubeconfig") {
  TEST_CASE("a context comes down to a server, what it is trusted by, and a login") {
    const Files files;
    files.write("pki/ca.crt", certificate);
    files.write("pki/u.crt", certificate);
    files.write("pki/u.key", key);
    const auto target = files.load(
        config("certificate-authority: pki/ca.crt\ntls-server-name: kubernetes\nproxy-url: socks5://me:geheim99@p:1080\n"
               "disable-compression: true\nsome-later-key: 5",
               "client-certificate: pki/u.crt\nclient-key: pki/u.key\nas: joe\nas-uid: '7'\nas-groups: [a, "
               "b]\nas-user-extra: {x/y: [1a]}"));
    REQUIRE_MESSAGE(target.ok(), target.error().to_string());
    CHECK(target->name == "context main");
    CHECK(target->server == "https://k.example.org:6443");
    CHECK(target->ca_file == (files.directory / "pki/ca.crt"));
    CHECK(target->tls_server_name == "kubernetes");
    CHECK(target->proxy_url == "socks5h://me:geheim99@p:1080");
    CHECK(target->disable_compression);
    CHECK(target->default_namespace == "default");
    CHECK(target->login.client_certificate_file == (files.directory / "pki/u.crt"));
    CHECK(target->login.client_key_file == (files.directory / "pki/u.key"));
    CHECK(target->impersonation.user == "joe");
    CHECK(target->impersonation.headers() ==
          std::vector<std::pair<std::string, std::string>>{{"Impersonate-User", "joe"},
                                                           {"Impersonate-Uid", "7"},
                                                           {"Impersonate-Group", "a"},
                                                           {"Impersonate-Group", "b"},
                                                           {"Impersonate-Extra-x%2Fy", "1a"}});
    CHECK(log::redact("me:geheim99") == "[redacted]");
    log::forget_secrets();
  }

  TEST_CASE("data beats a path, and a token file beats a token") {
    const Files files;
    files.write("token", "from-the-file\n");
    const auto target =
        files.load(config("certificate-authority: missing.crt\ncertificate-authority-data: " + base64_encode(certificate),
                          "token: from-the-text\ntokenFile: token\nclient-certificate: missing\n"
                          "client-certificate-data: " +
                              base64_encode(certificate) +
                              "\nclient-key: missing\n"
                              "client-key-data: " +
                              base64_encode(key)));
    REQUIRE_MESSAGE(target.ok(), target.error().to_string());
    CHECK(target->ca_pem == certificate);
    CHECK(target->ca_file.empty());
    CHECK(target->login.token.empty());
    CHECK(target->login.token_file == (files.directory / "token"));
    CHECK(target->login.client_certificate_pem == certificate);
    CHECK(target->login.client_key_pem == key);
    CHECK(holds(log::redact("see BBBBBBBB here"), "[redacted]"));
    log::forget_secrets();
  }

  TEST_CASE("KUBECONFIG is a list in which the first word counts") {
    Files files;
    const auto entry = [](const std::string& name, const std::string& server, const std::string& more) {
      return "contexts: [{name: " + name + ", context: {cluster: c, user: u, namespace: n-" + name +
             "}}]\nclusters: [{name: c, cluster: {server: '" + server + "'" + more + "}}]\nusers: [{name: u, user: {}}]\n";
    };
    files.write("ca.crt", certificate);
    files.write("sub/ca.crt", certificate);
    const auto first = files.write("sub/first", entry("a", "https://first", ", certificate-authority: ca.crt"));
    const auto second = files.write("second", entry("b", "https://second", "") + "current-context: b\n");
    const auto third = files.write("third", entry("d", "https://third", "") + "current-context: d\n");
    files.environment["KUBECONFIG"] =
        (files.directory / "missing") + ":" + first + "::" + second + ":" + third + ":" + first;
    auto options = files.options();
    const auto target = load_kube_target(options);
    REQUIRE_MESSAGE(target.ok(), target.error().to_string());
    CHECK(target->name == "context b");
    CHECK(target->server == "https://first");
    CHECK(target->ca_file == (files.directory / "sub/ca.crt"));
    CHECK(target->default_namespace == "n-b");
    options.context = "d";
    CHECK(load_kube_target(options)->default_namespace == "n-d");

    options.context = "bb";
    const auto unknown = load_kube_target(options);
    REQUIRE_FALSE(unknown.ok());
    CHECK(holds(unknown.error().message(), "no context 'bb'"));
    CHECK_FALSE(unknown.error().hint().empty());

    files.environment["KUBECONFIG"] = files.directory / "missing";
    const auto none = load_kube_target(files.options());
    REQUIRE_FALSE(none.ok());
    CHECK(none.error().code() == ErrorCode::not_found);
  }

  TEST_CASE("without a list it is the file of the home directory, and in a pod the pod's cluster") {
    Files files;
    CHECK_FALSE(load_kube_target(files.options()).ok());
    files.environment = {{"HOME", files.directory.path()}};
    CHECK(load_kube_target(files.options()).error().code() == ErrorCode::not_found);

    auto options = files.options();
    options.service_account_directory = files.directory / "sa";
    files.environment["KUBERNETES_SERVICE_HOST"] = "fd00::1";
    files.environment["KUBERNETES_SERVICE_PORT"] = "443";
    const auto unmounted = load_kube_target(options);
    REQUIRE_FALSE(unmounted.ok());
    CHECK(holds(unmounted.error().hint(), "service account"));
    files.write("sa/ca.crt", certificate);
    files.write("sa/token", "tokentoken");
    files.write("sa/namespace", "agents\n");
    const auto pod = load_kube_target(options);
    REQUIRE_MESSAGE(pod.ok(), pod.error().to_string());
    CHECK(pod->server == "https://[fd00::1]:443");
    CHECK(pod->default_namespace == "agents");
    CHECK(pod->login.token_file == options.service_account_directory + "/token");
    CHECK(pod->ca_file == options.service_account_directory + "/ca.crt");

    files.write(".kube/config", config("", ""));
    CHECK(load_kube_target(options)->server == "https://k.example.org:6443");
  }

  TEST_CASE("exec plugins are read whole") {
    const Files files;
    const auto target = files.load(config(
        "extensions:\n  - name: other\n    extension: 1\n  - name: client.authentication.k8s.io/exec\n    extension: "
        "{audience: a}",
        "exec:\n  apiVersion: client.authentication.k8s.io/v1\n  command: ./bin/login\n  args: [get, token]\n"
        "  env: [{name: A, value: b}]\n  installHint: get it\n  provideClusterInfo: true\n  interactiveMode: IfAvailable"));
    REQUIRE_MESSAGE(target.ok(), target.error().to_string());
    REQUIRE(target->login.exec);
    const ExecPlugin& plugin = *target->login.exec;
    CHECK(plugin.command == (files.directory / "bin/login"));
    CHECK(plugin.arguments == std::vector<std::string>{"get", "token"});
    CHECK(plugin.environment == std::vector<std::pair<std::string, std::string>>{{"A", "b"}});
    CHECK(plugin.install_hint == "get it");
    CHECK(plugin.provide_cluster_info);
    CHECK(target->exec_config.string_at({"audience"}) == "a");
  }

  TEST_CASE("what is wrong is told with its place, and without content") {
    const std::string secret = "s3cr3t-value";
    const std::string exec = "exec:\n  apiVersion: client.authentication.k8s.io/v1\n  command: x\n";
    const std::vector<Wrong> all{
        {"no server",
         "contexts: [{name: m, context: {cluster: c}}]\ncurrent-context: m\nclusters: [{name: c, cluster: {}}]\n",
         ErrorCode::invalid_input, "no 'server'", 3},
        {"server with a password", config("server: https://a:" + secret + "@h", ""), ErrorCode::invalid_input, "no address",
         11},
        {"server without scheme", config("server: h:6443", ""), ErrorCode::invalid_input, "no address", 11},
        {"no base64", config("certificate-authority-data: '*" + secret + "'", ""), ErrorCode::invalid_input, "no base64",
         11},
        {"no PEM", config("certificate-authority-data: " + base64_encode(secret), ""), ErrorCode::invalid_input, "no PEM",
         11},
        {"missing authority", config("certificate-authority: gone.crt", ""), ErrorCode::not_found, "cannot read", 11},
        {"insecure with authority",
         config("certificate-authority-data: " + base64_encode(certificate) + "\ninsecure-skip-tls-verify: true", ""),
         ErrorCode::invalid_input, "contradict", 12},
        {"insecure as text", config("insecure-skip-tls-verify: 'yes'", ""), ErrorCode::invalid_input, "true or false", 11},
        {"token of a wrong type", config("", "token: 12345678"), ErrorCode::invalid_input, "must be a text", 14},
        {"auth-provider", config("", "auth-provider: {name: gcp}"), ErrorCode::unsupported, "auth-provider", 14},
        {"certificate without key", config("", "client-certificate-data: " + base64_encode(certificate)),
         ErrorCode::invalid_input, "belong together", 14},
        {"token file missing", config("", "tokenFile: gone"), ErrorCode::not_found, "cannot read", 14},
        {"token and password", config("", "token: " + secret + "\nusername: a\npassword: b"), ErrorCode::invalid_input,
         "a token and a password", 14},
        {"groups without user", config("", "as-groups: [a]"), ErrorCode::invalid_input, "without 'as'", 14},
        {"no interactiveMode", config("", exec), ErrorCode::invalid_input, "interactiveMode must be specified", 15},
        {"a terminal", config("", exec + "  interactiveMode: Always"), ErrorCode::unsupported, "needs a terminal", 17},
        {"old exec", config("", "exec:\n  apiVersion: client.authentication.k8s.io/v1alpha1\n  command: x"),
         ErrorCode::unsupported, "not supported", 15},
        {"exec without command", config("", "exec:\n  apiVersion: client.authentication.k8s.io/v1beta1"),
         ErrorCode::invalid_input, "no command", 15},
        {"exec.env of a wrong type", config("", exec + "  interactiveMode: Never\n  env: [{name: A, value: y}]"),
         ErrorCode::invalid_input, "must be a text", 18},
        {"proxy of an unknown kind", config("proxy-url: ftp://a:" + secret + "@p", ""), ErrorCode::invalid_input, "proxy",
         11},
        {"no such user",
         "contexts: [{name: m, context: {cluster: c, user: w}}]\ncurrent-context: m\nclusters: [{name: c, cluster: "
         "{server: https://h}}]\nusers: [{name: v, user: {}}]\n",
         ErrorCode::invalid_input, "no user 'w'", 1},
        {"twice the same name", config("", "") + "  - name: u\n    user: {}\n", ErrorCode::invalid_input, "two named 'u'",
         15},
        {"no YAML", "users:\n  - name: " + secret + ": x: [", ErrorCode::invalid_input, "yaml", 2},
        {"no context", "clusters: []\n", ErrorCode::invalid_input, "no current-context", 0},
        {"a later version", "apiVersion: v2\n", ErrorCode::invalid_input, "cannot be", 1},
    };
    const Files files;
    for (const auto& wrong : all) {
      CAPTURE(wrong.name);
      const auto target = files.load(wrong.text);
      REQUIRE_FALSE(target.ok());
      const auto errors = target.error().flatten();
      const auto found = std::ranges::find_if(errors, [&](const Error& e) { return holds(e.message(), wrong.message); });
      CAPTURE(target.error().to_string());
      REQUIRE(found != errors.end());
      CHECK(found->code() == wrong.code);
      CHECK(found->where().line == wrong.line);
      CHECK(found->where().file == (files.directory / "config"));
      for (const auto& error : errors) {
        CHECK_FALSE(holds(error.to_string() + error.hint(), secret));
        CHECK_FALSE(error.hint().ends_with(": "));  // nothing to choose from
      }
    }
    log::forget_secrets();
  }

  TEST_CASE("credentials do not leave this machine without encryption") {
    const Files files;
    const auto with = [&](const std::string& server) {
      return files.load(
          "contexts: [{name: m, context: {cluster: c, user: u}}]\ncurrent-context: m\nclusters: [{name: c, cluster: "
          "{server: '" +
          server + "'}}]\nusers: [{name: u, user: {token: tokentoken}}]\n");
    };
    CHECK(with("http://127.0.0.1:8001").ok());
    CHECK(with("http://localhost:8001/prefix").ok());
    CHECK(with("http://[::1]:8001").ok());
    CHECK(with("https://k.example.org").ok());
    for (const auto* far : {"http://k.example.org", "http://127.evil.example.org", "http://10.0.0.1:8080"}) {
      CAPTURE(far);
      const auto target = with(far);
      REQUIRE_FALSE(target.ok());
      CHECK(holds(target.error().message(), "without encryption"));
    }
    log::forget_secrets();
  }

  TEST_CASE("all mistakes of all files come at once") {
    Files files;
    const auto first = files.write("first", "users: [{name: a, user: {token: 1}}, {name: b, user: {tokenFile: 2}}]\n");
    const auto second = files.write("second", "clusters: 5\n");
    files.environment["KUBECONFIG"] = first + ":" + second;
    const auto target = load_kube_target(files.options());
    REQUIRE_FALSE(target.ok());
    const auto errors = target.error().flatten();
    REQUIRE(errors.size() == 3);
    CHECK(errors[0].where().file == first);
    CHECK(errors[2].where().file == second);
  }

  TEST_CASE("a service account is impersonated by its name alone") {
    // The server adds its groups; to name them takes the right to act as each.
    const auto as = Impersonation::service_account("web", "deployer");
    CHECK(as.user == "system:serviceaccount:web:deployer");
    CHECK(as.headers().size() == 1);
    CHECK(Impersonation{}.headers().empty());
  }
}
