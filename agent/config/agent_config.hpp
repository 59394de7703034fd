#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/git/mirror.hpp"
#include "channels/registry/access.hpp"
#include "channels/registry/cache.hpp"
#include "render/inputs/limits.hpp"

namespace gitopsctl::agent {

struct RepositoryConfig {
  std::string name;
  channels::RemoteConfig remote;  ///< credentials as their files had them, and what reads them again
  channels::PollSchedule poll;
  bool candidates = true;
  std::vector<std::string> source_branches;  ///< globs; empty: all but releases/** and candidates/**
};

enum class EnvironmentKind : std::uint8_t { embedded, cluster };

struct EnvironmentConfig {
  std::string name;
  EnvironmentKind kind = EnvironmentKind::embedded;
  std::string path;        ///< embedded: the SQLite file
  std::string kubeconfig;  ///< cluster: absolute path; empty: as kubectl looks for one, and in a pod that of its cluster
  std::string context;     ///< cluster: of the kubeconfig; empty: its current one
};

struct BindingConfig {
  std::string repository;
  std::string channel;
  std::string environment;
  std::vector<std::string> namespaces;  ///< allowed namespaces; empty: all
  std::string channel_file;             ///< overrides the usual places
  std::string service_account;          ///< cluster: `namespace/name` that the channel's objects are written as
};

/// How one host that charts come from is reached.
struct ChartHostConfig {
  std::string host;  ///< `registry.example.org` or, at another port than that of https, with `:port`
  channels::HostAccess access;
  std::shared_ptr<channels::CredentialSource> credentials;  ///< reads the files again; null: there are none
};

/// Charts that are not in the repositories.
struct ChartsConfig {
  std::string cache_directory;
  std::uint64_t cache_bytes = channels::ChartCache::default_max_bytes;
  Millis timeout{30'000};          ///< of one fetch
  std::string docker_config_file;  ///< user and password of hosts that are not in the list
  bool only_listed_hosts = false;  ///< no other host is asked for charts, whatever a commit says
  std::vector<ChartHostConfig> hosts;
};

/// `/etc/gitopsctl/agent.yaml`: which repositories, environments and bindings this agent serves. Strict; all mistakes at
/// once with their places. Relative paths are relative to the file's directory. Git never chooses a cluster or an identity:
/// this file does.
struct AgentConfig {
  std::string installation = "default";
  std::string state_directory;  ///< mirrors and caches
  std::string store_path;       ///< SQLite file of the store
  std::string listen;           ///< host:port of the HTTP server; empty: none
  std::vector<RepositoryConfig> repositories;
  std::vector<EnvironmentConfig> environments;
  std::vector<BindingConfig> bindings;  ///< their order is the order of promotion
  ChartsConfig charts;
  Millis drift_interval{30'000};
  unsigned render_threads = 2;
  render::RenderLimits render_limits;
  bool render_isolate = false;
  std::string log_format = "text";  ///< text or json
  std::string log_level = "info";

  std::string file;  ///< where it was read from

  [[nodiscard]] const RepositoryConfig* repository(std::string_view name) const noexcept;
  [[nodiscard]] const EnvironmentConfig* environment(std::string_view name) const noexcept;
};

/// Reads the text alone; files with credentials are not opened.
[[nodiscard]] Result<AgentConfig> parse_agent_config(std::string_view text, const std::string& file);
/// `--config`, else GITOPSCTL_CONFIG, else /etc/gitopsctl/agent.yaml; credentials are read from the files it names.
[[nodiscard]] Result<AgentConfig> load_agent_config(const std::string& path);
[[nodiscard]] std::string agent_config_schema();

}  // namespace gitopsctl::agent
