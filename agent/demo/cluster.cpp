#include "agent/demo/cluster.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "agent/kube/client.hpp"
#include "agent/kube/kubeconfig.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/log/redaction.hpp"
#include "channels/plan/reserved.hpp"

namespace gitopsctl::agent::demo {

namespace {

constexpr std::array<std::string_view, 2> channel_names{"test", "prod"};
constexpr std::array<std::string_view, 3> releases{"storefront", "greeter", "notes"};
constexpr std::string_view image = "registry.k8s.io/pause";
constexpr std::string_view image_version = "3.10";
constexpr int token_seconds = 86'400;

/// Every occurrence.
void replace(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// Takes the lines out that begin with `first`, up to the next line that is not deeper.
void drop_block(std::string& text, std::string_view key) {
  const auto at = text.find(key);
  if (at == std::string::npos) return;
  const auto line = text.rfind('\n', at) + 1;
  const auto depth = at - line;
  auto end = text.find('\n', at);
  while (end != std::string::npos) {
    const auto next = end + 1;
    const auto content = text.find_first_not_of(' ', next);
    if (content == std::string::npos || content - next <= depth) break;
    end = text.find('\n', next);
  }
  text.erase(line, end == std::string::npos ? std::string::npos : end + 1 - line);
}

void take_image(std::string& text) {
  const std::string name(image);
  const std::string version = '"' + std::string(image_version) + '"';
  replace(text, "registry.example.com/demo/notes:3.1", name + ':' + std::string(image_version));
  for (const auto* own : {"registry.example.com/demo/greeter", "registry.example.com/shop/storefront",
                          "registry.example.com/shop/cache", "registry.example.com/tools/curl"}) {
    replace(text, own, name);
  }
  replace(text, "appVersion: \"1.0\"", "appVersion: " + version);
  replace(text, "appVersion: \"2.7.1\"", "appVersion: " + version);
  replace(text, "appVersion: \"7.2\"", "appVersion: " + version);
  drop_block(text, "readinessProbe:");
}

Result<KubeTarget> target_of(const ClusterOptions& options) {
  KubeTargetOptions named;
  named.kubeconfig = options.kubeconfig;
  named.context = options.context;
  return load_kube_target(named);
}

Result<KubeClient> client_of(const ClusterOptions& options) {
  GITOPSCTL_TRY(const auto target, target_of(options));
  KubeClientOptions client;
  client.reach_for = reach_for_command;
  return KubeClient(target, client);
}

KubeCall call_with(const Interrupt& interrupt) {
  KubeCall call;
  call.interrupt = interrupt;
  return call;
}

std::vector<std::string> namespaces() {
  std::vector<std::string> out;
  for (const auto release : releases) {
    for (const auto channel : channel_names) out.push_back(namespace_in_cluster(release, channel));
  }
  return out;
}

/// A token for the agent's service account, as a pod would get one.
Result<std::string> ask_for_token(const KubeTarget& target, const Interrupt& interrupt) {
  KubeClientOptions options;
  options.clock = &system_clock();
  KubeTransport transport(target, options);
  KubeRequest request;
  request.method = "POST";
  request.path = "/api/v1/namespaces/" + std::string(channels::home_namespace) + "/serviceaccounts/" +
                 std::string(install_name) + "/token";
  request.content_type = "application/json";
  request.traffic = KubeTraffic::create;
  request.body = canonical_json(make_map({{"apiVersion", Value::string("authentication.k8s.io/v1")},
                                          {"kind", Value::string("TokenRequest")},
                                          {"spec", make_map({{"expirationSeconds", Value::int64(token_seconds)}})}}));
  request.facts = {"a token of the agent's account", "serviceaccounts", true, false};
  const auto answer = transport.send(request, {}, call_with(interrupt));
  if (!answer.ok()) return answer.error();
  GITOPSCTL_TRY(const auto body, parse_json(answer->body));
  std::string token(body.string_at({"status", "token"}));
  if (token.empty()) return Error(ErrorCode::unavailable, "the cluster gave no token for the agent's account");
  log::register_secret(token);
  return token;
}

}  // namespace

std::string namespace_in_cluster(std::string_view release, std::string_view channel) {
  return "gitopsctl-demo-" + std::string(release) + '-' + std::string(channel);
}

std::vector<DemoFile> file_for_cluster(std::string_view path, std::string_view content) {
  std::string text(content);
  take_image(text);
  if (path.starts_with("channels/")) {
    const auto channel = path.substr(9, path.rfind('.') - 9);
    for (const auto release : releases) {
      replace(text, "namespace: " + std::string(release) + '\n',
              "namespace: " + namespace_in_cluster(release, channel) + '\n');
    }
    replace(text, "path: notes\n", "path: notes-" + std::string(channel) + '\n');
    replace(text, "- notes\n", "- notes-test\n    - notes-prod\n");
    return {{std::string(path), std::move(text)}};
  }
  if (!path.starts_with("notes/")) return {{std::string(path), std::move(text)}};
  std::vector<DemoFile> out;
  for (const auto channel : channel_names) {
    const std::string space = namespace_in_cluster("notes", channel);
    std::string own = text;
    replace(own, "namespace: notes\n", "namespace: " + space + '\n');
    replace(own, "kind: Namespace\nmetadata:\n  name: notes\n", "kind: Namespace\nmetadata:\n  name: " + space + '\n');
    out.push_back({"notes-" + std::string(channel) + std::string(path.substr(5)), std::move(own)});
  }
  return out;
}

std::string install_values() {
  return "installation: demo\n"
         "# The agent of the demo is a process of this machine, with the rights of this account.\n"
         "replicas: 0\n"
         "repositories:\n"
         "  - {name: shop, url: \"http://127.0.0.1/shop.git\"}\n"
         "bindings:\n"
         "  - {repository: shop, channel: test}\n"
         "  - {repository: shop, channel: prod}\n";
}

Result<void> write_agent_kubeconfig(const ClusterOptions& options, const std::string& path, const Interrupt& interrupt) {
  GITOPSCTL_TRY(const auto target, target_of(options));
  GITOPSCTL_TRY(const auto token, ask_for_token(target, interrupt));
  Value cluster = make_map({{"server", Value::string(target.server)}});
  if (!target.ca_pem.empty()) cluster.set("certificate-authority-data", Value::string(base64_encode(target.ca_pem)));
  if (!target.ca_file.empty()) cluster.set("certificate-authority", Value::string(target.ca_file));
  if (target.insecure_skip_tls_verify) cluster.set("insecure-skip-tls-verify", Value::boolean(true));
  if (!target.tls_server_name.empty()) cluster.set("tls-server-name", Value::string(target.tls_server_name));
  if (!target.proxy_url.empty()) cluster.set("proxy-url", Value::string(target.proxy_url));
  const auto named = [](std::string_view key, Value value) {
    return Value::list({make_map({{"name", Value::string("demo")}, {key, std::move(value)}})});
  };
  const Value file = make_map(
      {{"apiVersion", Value::string("v1")},
       {"kind", Value::string("Config")},
       {"current-context", Value::string("demo")},
       {"clusters", named("cluster", std::move(cluster))},
       {"users", named("user", make_map({{"token", Value::string(token)}}))},
       {"contexts", named("context", make_map({{"cluster", Value::string("demo")}, {"user", Value::string("demo")}}))}});
  const std::string text = canonical_json(file);  // JSON is YAML
  const int out = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out < 0) return Error(ErrorCode::unavailable, "cannot write '" + path + "': " + std::strerror(errno));
  const bool written = ::write(out, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(out);
  if (!written) return Error(ErrorCode::unavailable, "cannot write '" + path + "'");
  return {};
}

Result<void> check_free(const ClusterOptions& options, const Interrupt& interrupt) {
  GITOPSCTL_TRY(const auto client, client_of(options));
  for (const auto& name : namespaces()) {
    const auto found = client.find({"", "Namespace", "", name}, {"", true}, call_with(interrupt));
    if (!found.ok()) return found.error();
    if (!*found) continue;
    return Error(ErrorCode::conflict, "the namespace '" + name + "' is in the cluster already")
        .with_hint("another demo runs there, or one was killed: kubectl delete namespace " + name);
  }
  return {};
}

Result<void> remove_namespaces(const ClusterOptions& options, const Interrupt& interrupt) {
  GITOPSCTL_TRY(const auto client, client_of(options));
  const KubeCall call = call_with(interrupt);
  for (const auto& name : namespaces()) {
    const auto gone = client.remove({"", "Namespace", "", name}, {}, call);
    if (!gone.ok()) return gone.error();
  }
  for (const auto& name : namespaces()) {
    for (;;) {
      const auto found = client.find({"", "Namespace", "", name}, {"", true}, call);
      if (!found.ok()) return found.error();
      if (!*found) break;
      GITOPSCTL_CHECK(interrupt.check("the removal of namespace " + name));
      system_clock().sleep(Millis(200), interrupt.stop);
    }
  }
  return {};
}

}  // namespace gitopsctl::agent::demo
