#include "agent/kube/kubeconfig_target.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "agent/config/credential_file.hpp"
#include "agent/kube/pem.hpp"
#include "base/crypto/digest.hpp"
#include "base/log/redaction.hpp"
#include "base/text/escape.hpp"
#include "channels/http/client.hpp"
#include "channels/http/url.hpp"

namespace gitopsctl::agent::detail {
namespace {

constexpr std::size_t max_pem_bytes = 4U << 20U;

std::string shown(std::string_view text) { return "'" + terminal_safe(truncate_utf8(text, 120)) + "'"; }

Error wrong(const std::string& message) { return {ErrorCode::invalid_input, message}; }

std::string path_of(const std::string& directory, const std::string& text) {
  const std::filesystem::path path(text);
  return (path.is_absolute() || directory.empty() ? path : directory / path).lexically_normal().string();
}

/// `KEY-data` decoded into `pem`, else the path of `KEY`, whose file must be there, into `file`.
void read_pem(const ConfigNode& node, const std::string& key, const std::string& directory, bool (*valid)(std::string_view),
              std::string& pem, std::string& file) {
  const ConfigNode data = node.at(key + "-data");
  const ConfigNode path = node.at(key);
  if (!data.value().as_string().empty()) {
    auto decoded = base64_decode(data.value().as_string());
    if (!decoded) {
      data.fail(wrong(data.name() + " is no base64"));
    } else if (!valid(*decoded)) {
      data.fail(wrong(data.name() + " holds no PEM of the right kind"));
    } else {
      pem = *std::move(decoded);
    }
  } else if (!path.value().as_string().empty()) {
    file = path_of(directory, std::string(path.value().as_string()));
    const auto text = read_small_file(file, max_pem_bytes);
    if (!text) {
      path.fail(text.error());
    } else if (!valid(*text)) {
      path.fail(wrong("'" + file + "' holds no PEM of the right kind"));
    }
  }
}

bool one_line(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

bool check_server(const std::string& url) {
  const auto parsed = channels::HttpUrl::parse(url);
  return parsed.ok() && parsed->user.empty() && parsed->password.empty() && url.find_first_of("?#@") == std::string::npos;
}

bool on_loopback(std::string_view url) {
  const auto parsed = channels::HttpUrl::parse(url);
  if (!parsed) return false;
  const std::string_view host = parsed->host;
  // An address, not a name that begins like one.
  const bool address = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || (address && host.starts_with("127."));
}

void TargetReader::read_server(const ConfigNode& node) {
  target_.server = node.value().as_string();
  if (target_.server.empty()) return node.fail(wrong("the cluster has no 'server'").with_hint("write https://HOST:PORT"));
  if (!check_server(target_.server)) {
    return node.fail(
        wrong("'server' is no address of a server").with_hint("write https://HOST:PORT, without user and query"));
  }
  while (target_.server.ends_with('/')) target_.server.pop_back();
}

void TargetReader::read_proxy(const ConfigNode& node) {
  std::string url(node.value().as_string());
  if (url.empty()) return;
  constexpr std::array<std::string_view, 4> schemes{"http://", "https://", "socks5://", "socks5h://"};
  if (!one_line(url) || std::ranges::none_of(schemes, [&](auto scheme) { return url.starts_with(scheme); })) {
    return node.fail(
        wrong("'proxy-url' is no address of a proxy").with_hint("http://, https:// and socks5:// are supported"));
  }
  // Names are resolved by the proxy, as Go's client has it.
  if (url.starts_with("socks5://")) url.replace(0, 9, "socks5h://");
  const auto start = url.find("://") + 3;
  const auto at = url.rfind('@');
  if (at != std::string::npos && at > start) log::register_secret(std::string_view(url).substr(start, at - start));
  target_.proxy_url = std::move(url);
}

void TargetReader::read_cluster(const ConfigNode& node, const std::string& directory) {
  read_server(node.at("server"));
  read_pem(node, "certificate-authority", directory, has_certificate, target_.ca_pem, target_.ca_file);
  target_.insecure_skip_tls_verify = node.boolean("insecure-skip-tls-verify", false);
  if (target_.insecure_skip_tls_verify && (!target_.ca_pem.empty() || !target_.ca_file.empty())) {
    node.at("insecure-skip-tls-verify")
        .fail(wrong("a certificate-authority and insecure-skip-tls-verify contradict each other")
                  .with_hint("leave one of them out; the authority is the safe one"));
  }
  target_.tls_server_name = node.text("tls-server-name");
  if (target_.tls_server_name.find_first_of("/:@?# \t\r\n") != std::string::npos) {
    node.at("tls-server-name").fail(wrong("'tls-server-name' is no host name"));
  }
  read_proxy(node.at("proxy-url"));
  target_.disable_compression = node.boolean("disable-compression", false);
  for (const auto& extension : node.at("extensions").items()) {
    if (extension.text("name") == "client.authentication.k8s.io/exec")
      target_.exec_config = extension.at("extension").value();
  }
}

void TargetReader::read_certificate(const ConfigNode& node, const std::string& directory) {
  KubeLogin& login = target_.login;
  read_pem(node, "client-certificate", directory, has_certificate, login.client_certificate_pem,
           login.client_certificate_file);
  read_pem(node, "client-key", directory, has_private_key, login.client_key_pem, login.client_key_file);
  log::register_secret(login.client_key_pem);
  const auto given = [&](const std::string& key) { return !node.text(key).empty() || !node.text(key + "-data").empty(); };
  if (given("client-certificate") != given("client-key")) {
    node.fail(wrong("client-certificate and client-key belong together").with_hint("give both, or neither"));
  }
}

void TargetReader::read_exec(const ConfigNode& node, const std::string& directory, std::string_view user) {
  ExecPlugin plugin;
  plugin.user = user;
  plugin.api_version = node.text("apiVersion");
  plugin.command = node.text("command");
  plugin.arguments = node.texts("args");
  plugin.install_hint = node.text("installHint");
  plugin.provide_cluster_info = node.boolean("provideClusterInfo", false);
  for (const auto& variable : node.at("env").items()) {
    plugin.environment.emplace_back(variable.text("name"), variable.text("value"));
  }
  constexpr std::string_view v1 = "client.authentication.k8s.io/v1";
  if (plugin.api_version.empty()) {
    node.fail(wrong("exec has no apiVersion").with_hint("write apiVersion: " + std::string(v1)));
  } else if (plugin.api_version != v1 && plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    node.at("apiVersion")
        .fail(Error(ErrorCode::unsupported, "exec plugins of apiVersion " + shown(plugin.api_version) + " are not supported")
                  .with_hint("use " + std::string(v1)));
  }
  if (plugin.command.empty()) node.fail(wrong("exec has no command"));
  const std::string mode = node.text("interactiveMode");
  if (mode == "Always") {
    node.at("interactiveMode")
        .fail(Error(ErrorCode::unsupported, "the exec plugin needs a terminal")
                  .with_hint("use one that works without, or a token"));
  } else if (mode.empty() && plugin.api_version == v1) {
    node.fail(wrong("interactiveMode must be specified for " + shown(user) + " to use exec authentication plugin")
                  .with_hint("write interactiveMode: Never"));
  } else if (!mode.empty() && mode != "Never" && mode != "IfAvailable") {
    node.at("interactiveMode").fail(wrong("'interactiveMode' must be Never, IfAvailable or Always"));
  }
  if (plugin.command.find('/') != std::string::npos) plugin.command = path_of(directory, plugin.command);
  // Without a slash it would be looked up in PATH.
  if (node.text("command").find('/') != std::string::npos && plugin.command.find('/') == std::string::npos) {
    plugin.command = "./" + plugin.command;
  }
  target_.login.exec = std::move(plugin);
}

void TargetReader::read_impersonation(const ConfigNode& node) {
  Impersonation& as = target_.impersonation;
  as.user = node.text("as");
  as.uid = node.text("as-uid");
  as.groups = node.texts("as-groups");
  const ConfigNode extra = node.at("as-user-extra");
  for (const auto& member : extra.value().as_map()) as.extra.emplace_back(member.key.str(), extra.texts(member.key.view()));
  for (const auto* key : {"as-uid", "as-groups", "as-user-extra"}) {
    const bool given = node.has(key) && (node.at(key).value().size() > 0 || !node.text(key).empty());
    if (given && as.user.empty()) {
      node.at(key).fail_key(wrong("'" + std::string(key) + "' is given without 'as'").with_hint("say whom to act as"));
    }
  }
  for (const auto& [name, value] : as.headers()) {
    if (!one_line(value)) return node.fail(wrong("what is to be impersonated holds control characters"));
  }
}

void TargetReader::check_methods(const ConfigNode& node) {
  const KubeLogin& login = target_.login;
  std::vector<std::string> methods;
  if (!login.token.empty() || !login.token_file.empty()) methods.emplace_back("a token");
  if (!login.username.empty() || !login.password.empty()) methods.emplace_back("a password");
  if (login.exec) methods.emplace_back("exec");
  if (methods.size() > 1) {
    node.fail(wrong("the user has " + methods[0] + " and " + methods[1]).with_hint("leave one of them out"));
  }
  if (!methods.empty() && target_.server.starts_with("http://") && !on_loopback(target_.server)) {
    node.fail(wrong("credentials would go to '" + channels::redact_url(target_.server) + "' without encryption")
                  .with_hint("use https"));
  }
}

void TargetReader::read_user(const ConfigNode& node, const std::string& directory, std::string_view name) {
  KubeLogin& login = target_.login;
  if (node.has("auth-provider")) {
    node.at("auth-provider")
        .fail_key(Error(ErrorCode::unsupported, "auth-provider is not supported")
                      .with_hint("it was removed from Kubernetes 1.26; use an exec plugin"));
  }
  if (const auto path = node.text("tokenFile"); !path.empty()) {
    login.token_file = path_of(directory, path);
    if (const auto read = read_credential(login.token_file); !read) node.at("tokenFile").fail(read.error());
  } else {
    login.token = node.text("token");
    log::register_secret(login.token);
    if (!one_line(login.token)) node.at("token").fail(wrong("'token' holds more than one line"));
  }
  login.username = node.text("username");
  login.password = node.text("password");
  if (!login.password.empty()) {
    log::register_secret(login.password);
    log::register_secret(login.username + ':' + login.password);
  }
  read_certificate(node, directory);
  if (node.has("exec")) read_exec(node.at("exec"), directory, name);
  read_impersonation(node);
  check_methods(node);
}

}  // namespace gitopsctl::agent::detail
