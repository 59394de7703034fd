#include "agent/cli/session.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "base/crypto/digest.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent::cli {

Result<std::unique_ptr<Session>> Session::open(const Invocation& invocation) {
  auto config = load_agent_config(invocation.config_path());
  if (!config.ok()) {
    if (config.error().code() == ErrorCode::not_found) {
      return config.error().with_hint("name the agent's file with --config or GITOPSCTL_CONFIG");
    }
    return config.error();
  }
  return std::unique_ptr<Session>(new Session(*std::move(config), invocation.text("repo"), invocation.text("context")));
}

Result<BoundChannel> Session::bind(const BindingConfig& binding) {
  auto& environment = environments_[binding.environment];
  if (!environment) {
    const EnvironmentConfig* config = config_.environment(binding.environment);
    if (config == nullptr || config->kind != EnvironmentKind::embedded) {
      return Error(ErrorCode::unsupported,
                   "environment '" + binding.environment + "' is of a kind that this version cannot do");
    }
    if (!std::filesystem::exists(config->path)) {
      return Error(ErrorCode::not_found, "environment '" + binding.environment + "' does not exist yet: " + config->path)
          .with_hint("the agent makes it when it starts: gitopsctl agent --config " + config_.file);
    }
    GITOPSCTL_TRY(environment, open_embedded_environment(config->path, system_clock()));
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
    return Error(ErrorCode::not_found, "no channel '" + terminal_safe(name) + "' in " + config_.file)
        .with_hint(meant.empty() ? "its channels are: " + known
                                 : "did you mean '" + meant + "'? its channels are: " + known);
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
  const std::filesystem::path path(config_.environment(channel.binding->environment)->path);
  const std::string directory = path.parent_path().string();
  return load_installation_key(directory.empty() ? "." : directory);
}

Result<std::unique_ptr<channels::Mirror>> Session::mirror(const BoundChannel& channel) {
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
