#include "agent/environments/environments.hpp"

#include <filesystem>
#include <tuple>

#include "agent/cluster/cluster_environment.hpp"
#include "agent/inventory/inventory.hpp"
#include "agent/kube/kubeconfig.hpp"
#include "base/crypto/digest.hpp"
#include "base/files/private_directory.hpp"
#include "base/log/redaction.hpp"
#include "channels/plan/reserved.hpp"

namespace gitopsctl::agent {

namespace {

constexpr std::size_t key_bytes = 32;

Result<const EnvironmentConfig*> named(const AgentConfig& config, const BindingConfig& binding) {
  const EnvironmentConfig* found = config.environment(binding.environment);
  if (found == nullptr) return Error(ErrorCode::not_found, "no environment is named '" + binding.environment + "'");
  return found;
}

std::string directory_of(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  return directory.empty() ? "." : directory;
}

Result<std::unique_ptr<Environment>> open_embedded(const AgentConfig& config, const EnvironmentConfig& environment,
                                                   Opener opener, Clock& clock) {
  if (opener == Opener::command) {
    if (!std::filesystem::exists(environment.path)) {
      return Error(ErrorCode::not_found, "environment '" + environment.name + "' does not exist yet: " + environment.path)
          .with_hint("the agent makes it when it starts: gitopsctl agent --config " + config.file);
    }
    return open_embedded_environment(environment.path, clock);
  }
  std::ignore = make_private_directory(directory_of(environment.path));  // opening says what failed
  auto opened = open_embedded_environment(environment.path, clock);
  if (!opened.ok() && opened.error().code() == ErrorCode::newer_schema) {
    return wait_for_embedded_environment(environment.path, clock, opened.error());
  }
  return opened;
}

Result<std::unique_ptr<Environment>> open_cluster(const AgentConfig& config, const EnvironmentConfig& environment,
                                                  const BindingConfig& binding, Opener opener, Clock& clock,
                                                  const std::stop_token& stop) {
  KubeTargetOptions options;
  options.kubeconfig = environment.kubeconfig;
  options.context = environment.context;
  auto target = load_kube_target(options);
  if (!target.ok()) return target.error().in("environment '" + environment.name + "'");
  ClusterSettings settings;
  settings.target = *std::move(target);
  settings.impersonate = binding.service_account;
  settings.namespaces = binding.namespaces;
  settings.client.stop = stop;
  if (opener == Opener::command) settings.client.reach_for = reach_for_command;
  settings.watches = opener == Opener::agent;
  // The agent's own directory; a command may run as somebody who cannot write there.
  if (opener == Opener::agent && !config.state_directory.empty())
    settings.cache_directory = config.state_directory + "/schemas";
  return open_cluster_environment(std::move(settings), clock);
}

/// The key in the Secret, when the Secret is there.
Result<std::optional<std::string>> read_key(Environment& environment, const render::ObjectId& id) {
  GITOPSCTL_TRY(const auto live, environment.get(id));
  if (!live) return std::optional<std::string>();
  // Registered before anything else can say it.
  const std::string encoded(live->body.string_at({"data", "key"}));
  if (!encoded.empty()) log::register_secret(encoded);
  auto key = base64_decode(encoded);
  if (!key.ok() || key->size() != key_bytes) {
    return Error(ErrorCode::invalid_input, id.to_string() + " does not hold a key of 32 bytes as `key`")
        .with_hint("restore it from a backup; with a new key every digest and generated secret changes");
  }
  log::register_secret(*key);
  log::register_secret(hex_encode(*key));
  return std::optional<std::string>(*std::move(key));
}

/// An error when something was deployed already: with another key every digest and every generated secret of it would
/// change.
Result<void> check_nothing_deployed(const AgentConfig& config, const std::string& place, Environment& environment,
                                    const render::ObjectId& key) {
  for (const auto& binding : config.bindings) {
    if (binding.environment != place) continue;
    GITOPSCTL_TRY(const auto found, list_inventories(environment, config.installation, binding.repository, binding.channel));
    if (found.readable.empty() && found.unreadable.empty()) continue;
    return Error(ErrorCode::conflict, key.to_string() + " is gone, but channel '" + binding.channel + "' is deployed")
        .with_hint(
            "restore it from a backup; with a new key every digest and generated secret of the installation changes. "
            "To accept that, make the Secret with 32 random bytes as `key`");
  }
  return {};
}

Result<std::string> load_cluster_key(const AgentConfig& config, const std::string& place, Environment& environment,
                                     Opener opener) {
  const auto id = installation_key_secret(config.installation);
  // Of two replicas that start at once one makes the key, and both read that one.
  for (int tries = 0; tries < 2; ++tries) {
    GITOPSCTL_TRY(auto key, read_key(environment, id));
    if (key) return *std::move(key);
    if (opener == Opener::command) {
      return Error(ErrorCode::not_found, "the installation has no key yet: " + id.to_string())
          .with_hint("the agent makes it when it starts");
    }
    GITOPSCTL_CHECK(check_nothing_deployed(config, place, environment, id));
    const std::string encoded = base64_encode(random_bytes(key_bytes));
    log::register_secret(encoded);
    Value body = make_map(
        {{"apiVersion", Value::string("v1")},
         {"kind", Value::string("Secret")},
         {"metadata", make_map({{"name", Value::string(id.name)},
                                {"namespace", Value::string(id.namespace_)},
                                {"labels", make_map({{"app.kubernetes.io/managed-by", Value::string("gitopsctl")}})}})},
         {"type", Value::string("Opaque")},
         {"immutable", Value::boolean(true)},
         {"data", make_map({{"key", Value::string(encoded)}})}});
    const auto made = environment.put({id, "v1", std::move(body), "", 0}, {}, {});
    if (!made.ok() && made.error().code() != ErrorCode::conflict) return made.error();
  }
  return Error(ErrorCode::conflict, id.to_string() + " appears and vanishes").with_hint("somebody else deletes it: who?");
}

}  // namespace

Result<std::unique_ptr<Environment>> open_environment(const AgentConfig& config, const BindingConfig& binding, Opener opener,
                                                      Clock& clock, const std::stop_token& stop) {
  GITOPSCTL_TRY(const auto* environment, named(config, binding));
  if (environment->kind == EnvironmentKind::embedded) return open_embedded(config, *environment, opener, clock);
  return open_cluster(config, *environment, binding, opener, clock, stop);
}

std::string environment_identity(const AgentConfig& config, const BindingConfig& binding) {
  const EnvironmentConfig* environment = config.environment(binding.environment);
  std::string out = binding.environment;
  if (environment == nullptr || environment->kind == EnvironmentKind::embedded) return out;
  out += '\n' + binding.service_account;
  for (const auto& name : binding.namespaces) out += '\n' + name;
  return out;
}

Result<std::string> load_environment_key(const AgentConfig& config, const BindingConfig& binding, Environment& environment,
                                         Opener opener) {
  GITOPSCTL_TRY(const auto* described, named(config, binding));
  if (described->kind == EnvironmentKind::embedded) return load_installation_key(directory_of(described->path));
  return load_cluster_key(config, binding.environment, environment, opener);
}

render::ObjectId installation_key_secret(const std::string& installation) {
  return {"", "Secret", std::string(channels::home_namespace), "gitopsctl-key-" + installation};
}

}  // namespace gitopsctl::agent
