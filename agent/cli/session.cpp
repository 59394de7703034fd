#include "agent/cli/session.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>

#include "agent/environments/environments.hpp"
#include "base/crypto/digest.hpp"
#include "base/process/signals.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent::cli {

namespace {

bool names_cluster(const Invocation& invocation) { return invocation.given("kubeconfig") || invocation.given("context"); }

/// True when somebody said which agent's file it is to be.
bool names_file(const Invocation& invocation) {
  const char* named = std::getenv("GITOPSCTL_CONFIG");
  return invocation.given("config") || (named != nullptr && *named != '\0');
}

/// Installation, repository and channel of a Channel object, from its identity.
std::optional<ChannelKey> key_of(const LiveObject& channel) {
  const std::string_view identity = channel.annotation("gitopsctl.dev/identity");
  const auto first = identity.find('/');
  const auto second = first == std::string_view::npos ? first : identity.find('/', first + 1);
  if (second == std::string_view::npos || identity.find('/', second + 1) != std::string_view::npos) return std::nullopt;
  return ChannelKey{std::string(identity.substr(0, first)), std::string(identity.substr(first + 1, second - first - 1)),
                    std::string(identity.substr(second + 1))};
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open_named(const Invocation& invocation) {
  if (invocation.given("kubeconfig") && !names_file(invocation)) return open_cluster(invocation);
  auto config = load_agent_config(invocation.config_path());
  if (config.ok()) {
    return std::unique_ptr<Session>(new Session(*std::move(config), invocation.text("repo"), invocation.text("context")));
  }
  if (config.error().code() != ErrorCode::not_found || names_file(invocation)) return config.error();
  if (names_cluster(invocation)) return open_cluster(invocation);
  return config.error().with_hint("name the agent's file with --config or GITOPSCTL_CONFIG, or a cluster with --kubeconfig");
}

Result<std::unique_ptr<Session>> Session::open(const Invocation& invocation) {
  auto named = open_named(invocation);
  if (named.ok() || named.error().code() != ErrorCode::not_found || names_file(invocation) || names_cluster(invocation)) {
    return named;
  }
  auto cluster = open_cluster(invocation);
  // Neither: the agent's file is what most people lack then.
  if (!cluster.ok() && cluster.error().code() == ErrorCode::not_found) return named;
  return cluster;
}

Result<std::unique_ptr<Session>> Session::open_cluster(const Invocation& invocation) {
  AgentConfig config;
  EnvironmentConfig environment;
  environment.name = invocation.text("context", "cluster");
  environment.kind = EnvironmentKind::cluster;
  environment.kubeconfig = invocation.text("kubeconfig");
  environment.context = invocation.text("context");
  config.environments.push_back(std::move(environment));
  auto session = std::unique_ptr<Session>(new Session(std::move(config), invocation.text("repo"), {}));
  GITOPSCTL_CHECK(session->find_channels());
  return session;
}

/// Makes bindings of the Channel objects that a cluster has.
Result<void> Session::find_channels() {
  BindingConfig place;
  place.environment = config_.environments.front().name;
  auto& environment = environments_[environment_identity(config_, place)];
  GITOPSCTL_TRY(environment, open_environment(config_, place, Opener::command, system_clock(), stop_of_signals()));
  GITOPSCTL_TRY(const auto objects,
                environment->list({std::string(channels::api_group), "Channel", std::string(home_namespace), ""}));
  std::set<std::string> installations;
  for (const auto& object : objects) {
    const auto key = key_of(object);
    if (!key) continue;
    installations.insert(key->installation);
    config_.installation = key->installation;
    if (config_.repository(key->repository) == nullptr) {
      RepositoryConfig repository;
      repository.name = key->repository;
      config_.repositories.push_back(std::move(repository));
    }
    BindingConfig binding = place;
    binding.repository = key->repository;
    binding.channel = key->channel;
    config_.bindings.push_back(std::move(binding));
  }
  if (installations.size() > 1) {
    return Error(ErrorCode::unsupported, "several installations have channels in this cluster")
        .with_hint("name the agent's file of one of them with --config");
  }
  return {};
}

std::string Session::source() const { return config_.file.empty() ? "the cluster" : config_.file; }

Result<BoundChannel> Session::bind(const BindingConfig& binding) {
  auto& environment = environments_[environment_identity(config_, binding)];
  if (!environment) {
    GITOPSCTL_TRY(environment, open_environment(config_, binding, Opener::command, system_clock(), stop_of_signals()));
  }
  return BoundChannel{{config_.installation, binding.repository, binding.channel}, &binding, environment.get()};
}

Result<BoundChannel> Session::channel(const std::string& name) {
  std::vector<const BindingConfig*> found;
  std::string known;
  std::vector<std::string_view> names;
  for (const auto& binding : config_.bindings) {
    names.push_back(binding.channel);
    known += (known.empty() ? "" : ", ") + binding.channel;
    if (binding.channel != name) continue;
    if (!repository_.empty() && binding.repository != repository_) continue;
    if (!environment_.empty() && binding.environment != environment_) continue;
    found.push_back(&binding);
  }
  if (found.empty()) {
    const std::string meant = did_you_mean(name, names.data(), names.size());
    const std::string all = known.empty() ? "it has none yet" : "its channels are: " + known;
    return Error(ErrorCode::not_found, "no channel '" + terminal_safe(name) + "' in " + source())
        .with_hint(meant.empty() ? all : "did you mean '" + meant + "'? " + all);
  }
  if (found.size() > 1) {
    return Error(ErrorCode::invalid_input, "several repositories have a channel '" + name + "'")
        .with_hint("say which with --repo, for example --repo " + found.front()->repository);
  }
  return bind(*found.front());
}

Result<std::vector<BoundChannel>> Session::channels(const Target& target) {
  std::vector<BoundChannel> out;
  if (!target.channel.empty()) {
    GITOPSCTL_TRY(auto one, channel(target.channel));
    out.push_back(std::move(one));
    return out;
  }
  for (const auto& binding : config_.bindings) {
    if (!repository_.empty() && binding.repository != repository_) continue;
    if (!environment_.empty() && binding.environment != environment_) continue;
    GITOPSCTL_TRY(auto one, bind(binding));
    out.push_back(std::move(one));
  }
  return out;
}

Result<std::string> Session::installation_key(const BoundChannel& channel) {
  return load_environment_key(config_, *channel.binding, *channel.environment, Opener::command);
}

bool Session::knows_repository(const BoundChannel& channel) const {
  const RepositoryConfig* repository = config_.repository(channel.key.repository);
  return repository != nullptr && !repository->remote.url.empty();
}

Result<std::unique_ptr<channels::Mirror>> Session::mirror(const BoundChannel& channel) {
  if (!knows_repository(channel)) {
    return Error(ErrorCode::unsupported,
                 "where repository '" + channel.key.repository + "' is stands in the agent's file only")
        .with_hint("name that file with --config, or work in a clone");
  }
  const RepositoryConfig* repository = config_.repository(channel.key.repository);
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  std::string base = cache != nullptr && *cache != '\0'
                         ? std::string(cache)
                         : (home != nullptr && *home != '\0' ? std::string(home) + "/.cache" : std::string("/tmp"));
  base += "/gitopsctl/mirrors";
  std::error_code failed;
  std::filesystem::create_directories(base, failed);
  if (failed) return Error(ErrorCode::unavailable, "cannot make '" + base + "': " + failed.message());
  const std::string directory =
      base + '/' + sha256_hex(config_.installation + '\n' + repository->remote.url).substr(0, 16) + ".git";
  GITOPSCTL_TRY(auto mirror, channels::Mirror::open(directory, repository->remote));
  GITOPSCTL_TRY(const auto listing, mirror->list_remote({}));
  GITOPSCTL_CHECK(mirror->fetch(listing, {}, {}));
  return mirror;
}

std::string current_user() {
  std::string out;
  if (const passwd* entry = ::getpwuid(::getuid()); entry != nullptr && entry->pw_name != nullptr) out = entry->pw_name;
  if (out.empty()) out = "uid " + std::to_string(::getuid());
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0') out += '@' + std::string(host.data());
  return out;
}

std::string request_token() {
  const auto now = system_clock().now();
  return format_time(now) + '-' + hex_encode(random_bytes(4));
}

}  // namespace gitopsctl::agent::cli
