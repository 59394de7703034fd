#include "agent/kube/exec_plugin.hpp"

#include <unistd.h>

#include <algorithm>

#include "agent/kube/pem.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/log/redaction.hpp"
#include "base/process/spawn.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent {
namespace {

constexpr std::uint64_t max_answer_bytes = 1U << 20U;

std::string name_of(const ExecPlugin& plugin) {
  return "exec plugin '" + terminal_safe(truncate_utf8(plugin.command, 200)) + "' of user '" +
         terminal_safe(truncate_utf8(plugin.user, 200)) + "'";
}

std::vector<std::pair<std::string, std::string>> environment_of(const ExecPlugin& plugin, const std::string& info) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto set = [&out](std::string_view name, std::string_view value) {
    const auto found = std::ranges::find(out, name, [](const auto& pair) { return std::string_view(pair.first); });
    if (found != out.end()) {
      found->second = value;
    } else {
      out.emplace_back(name, value);
    }
  };
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (const auto equal = text.find('='); equal != std::string_view::npos && equal > 0) {
      out.emplace_back(text.substr(0, equal), text.substr(equal + 1));
    }
  }
  for (const auto& [name, value] : plugin.environment) set(name, value);
  set("KUBERNETES_EXEC_INFO", info);
  return out;
}

Error wrong_answer(const ExecPlugin& plugin, const std::string& what) {
  return Error(ErrorCode::invalid_input, name_of(plugin) + " answers " + what)
      .with_hint("run it by hand with KUBERNETES_EXEC_INFO set, and look at what it prints");
}

}  // namespace

Result<std::string> exec_info(const ExecPlugin& plugin, const ExecClusterInfo& cluster) {
  Value spec = make_map({{"interactive", Value::boolean(false)}});
  if (plugin.provide_cluster_info) {
    Value about = make_map({{"server", Value::string(cluster.server)}});
    if (!cluster.tls_server_name.empty()) about.set("tls-server-name", Value::string(cluster.tls_server_name));
    if (cluster.insecure_skip_tls_verify) about.set("insecure-skip-tls-verify", Value::boolean(true));
    if (!cluster.ca_pem.empty()) about.set("certificate-authority-data", Value::string(base64_encode(cluster.ca_pem)));
    if (!cluster.proxy_url.empty()) about.set("proxy-url", Value::string(cluster.proxy_url));
    if (cluster.disable_compression) about.set("disable-compression", Value::boolean(true));
    if (!cluster.config.is_nothing()) about.set("config", cluster.config);
    spec.set("cluster", about);
  }
  return to_json(make_map(
      {{"kind", Value::string("ExecCredential")}, {"apiVersion", Value::string(plugin.api_version)}, {"spec", spec}}));
}

Result<ExecCredential> parse_exec_credential(const std::string& printed, const ExecPlugin& plugin) {
  // The error of the reader is not passed on: it may quote the answer.
  const auto answer = parse_json(printed, {}, true, max_answer_bytes);
  if (!answer || answer->string_at({"kind"}) != "ExecCredential") return wrong_answer(plugin, "no ExecCredential");
  if (answer->string_at({"apiVersion"}) != plugin.api_version) {
    return wrong_answer(plugin, "in another apiVersion than '" + terminal_safe(plugin.api_version) + "'");
  }
  ExecCredential out;
  out.token = answer->string_at({"status", "token"});
  out.client_certificate_pem = answer->string_at({"status", "clientCertificateData"});
  out.client_key_pem = answer->string_at({"status", "clientKeyData"});
  log::register_secret(out.token);
  log::register_secret(out.client_key_pem);
  if (out.token.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    return wrong_answer(plugin, "with a token of several lines");
  }
  if (out.client_certificate_pem.empty() != out.client_key_pem.empty()) {
    return wrong_answer(plugin, "with a certificate or a key, and not both");
  }
  if (!out.client_key_pem.empty() &&
      (!detail::has_certificate(out.client_certificate_pem) || !detail::has_private_key(out.client_key_pem))) {
    return wrong_answer(plugin, "with a certificate or key that is no PEM");
  }
  if (out.token.empty() && out.client_key_pem.empty()) return wrong_answer(plugin, "with neither a token nor a certificate");
  if (const auto expires = answer->string_at({"status", "expirationTimestamp"}); !expires.empty()) {
    const auto time = parse_time(expires);
    if (!time) return wrong_answer(plugin, "with an expirationTimestamp that cannot be read");
    out.expires = *time;
  }
  return out;
}

Result<ExecCredential> run_exec_plugin(const ExecPlugin& plugin, const ExecClusterInfo& cluster, const Interrupt& interrupt,
                                       Millis limit) {
  GITOPSCTL_TRY(const std::string info, exec_info(plugin, cluster));
  CapturedCommand command;
  command.command.program = plugin.command;
  command.command.arguments = plugin.arguments;
  command.command.environment = environment_of(plugin, info);
  command.max_output = max_answer_bytes;
  const Interrupt bounded{interrupt.stop, interrupt.deadline.at_most(system_clock(), limit)};
  auto ran = run_command(command, bounded);
  if (!ran && ran.error().code() == ErrorCode::not_found) {
    Error missing(ErrorCode::not_found, name_of(plugin) + " is not installed");
    const auto hint = terminal_safe(truncate_utf8(plugin.install_hint, 1024), true);
    return missing.with_hint(hint.empty() ? "install it, or correct 'command'" : hint);
  }
  if (!ran) return ran.error().in(name_of(plugin));
  if (ran->status.exit_code != 0) {
    // What it printed is not shown: nobody knows what plugins print.
    return Error(ErrorCode::forbidden, name_of(plugin) + " failed with exit code " + std::to_string(ran->status.exit_code))
        .with_hint("run it by hand to see why; often its own login has expired");
  }
  return parse_exec_credential(ran->out, plugin);
}

}  // namespace gitopsctl::agent
