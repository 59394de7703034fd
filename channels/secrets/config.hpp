#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/config/reader.hpp"
#include "base/config/shape.hpp"

namespace gitopsctl::channels::secrets {

/// Files of a directory: NAME with the first of these suffixes that is there.
struct FileProviderConfig {
  std::string dir;
  std::vector<std::string> suffixes;
};

/// Environment variables: PREFIX and the name in capitals, with `_` for `-` and `.`.
struct EnvProviderConfig {
  std::string prefix;
};

/// Secrets of a namespace.
struct KubernetesProviderConfig {
  std::string context;  ///< empty: the cluster that is worked on
  std::string namespace_;
  std::string field;
};

/// Google's Secret Manager.
struct GcpProviderConfig {
  enum class Auth : std::uint8_t {
    adc,       ///< as Google's libraries: the file that is named or at its well-known place, else the metadata server
    file,      ///< a key of a service account, or what `gcloud auth application-default login` wrote
    metadata,  ///< the metadata server, as on GKE with workload identity
    command,   ///< a program that prints a token
  };
  std::string project;  ///< number or id
  std::string version;
  std::string endpoint;
  std::string ca_file;
  Auth auth = Auth::adc;
  std::string auth_file;
  std::vector<std::string> auth_command;
};

/// HashiCorp Vault or OpenBao, key-value engine of version 1 or 2.
struct VaultProviderConfig {
  enum class Auth : std::uint8_t { token, kubernetes, approle };
  std::string address;
  std::string mount;
  int version = 2;
  std::string path;  ///< with {name}
  std::string field;
  std::string namespace_;
  std::string ca_file;
  Auth auth = Auth::token;
  std::string auth_mount;
  std::string role;            ///< kubernetes
  std::string token_file;      ///< token, kubernetes
  std::string role_id;         ///< approle
  std::string secret_id_file;  ///< approle
};

/// Encrypted files of a directory: NAME with the suffix.
struct SopsProviderConfig {
  std::string dir;
  std::string suffix;
  std::string key_file;              ///< age identities
  std::vector<std::string> command;  ///< the sops program; empty: decrypted in this process
};

using ProviderConfig = std::variant<FileProviderConfig, EnvProviderConfig, KubernetesProviderConfig, GcpProviderConfig,
                                    VaultProviderConfig, SopsProviderConfig>;

/// Whether its secrets come over a network.
[[nodiscard]] bool asks_a_server(const ProviderConfig& config) noexcept;

/// The section `secrets` of a configuration file.
struct SecretsConfig {
  std::string default_provider;
  bool cache = true;  ///< in memory, until told to forget; never on disk
  std::map<std::string, ProviderConfig, std::less<>> providers;
};

/// What the section may have, for the schema of the file that it is in. Keys of single providers are checked by
/// read_secrets().
[[nodiscard]] ConfigShape secrets_shape();
/// Reads it, noting every mistake with its place. A section that is not there has no providers.
[[nodiscard]] SecretsConfig read_secrets(const ConfigNode& node);

}  // namespace gitopsctl::channels::secrets
