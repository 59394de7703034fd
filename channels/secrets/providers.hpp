#pragma once

#include <memory>

#include "channels/secrets/config.hpp"
#include "channels/secrets/secret.hpp"

namespace gitopsctl::channels::secrets {

// One for each kind. Making one reads nothing and talks to nobody. `context` must outlive it.

[[nodiscard]] std::unique_ptr<SecretProvider> make_file_provider(FileProviderConfig config, const SecretContext& context);
[[nodiscard]] std::unique_ptr<SecretProvider> make_env_provider(EnvProviderConfig config, const SecretContext& context);
[[nodiscard]] std::unique_ptr<SecretProvider> make_kubernetes_provider(KubernetesProviderConfig config,
                                                                       const SecretContext& context);
[[nodiscard]] std::unique_ptr<SecretProvider> make_gcp_provider(GcpProviderConfig config, const SecretContext& context);
[[nodiscard]] std::unique_ptr<SecretProvider> make_vault_provider(VaultProviderConfig config, const SecretContext& context);
[[nodiscard]] std::unique_ptr<SecretProvider> make_sops_provider(SopsProviderConfig config, const SecretContext& context);

/// Makes the provider of a configuration, with all of the above that a program has.
using ProviderMaker = Result<std::unique_ptr<SecretProvider>> (*)(const ProviderConfig& config,
                                                                  const SecretContext& context);
/// Every kind.
[[nodiscard]] Result<std::unique_ptr<SecretProvider>> make_any_provider(const ProviderConfig& config,
                                                                        const SecretContext& context);
/// Those that need no network library, for the program that has none: `unsupported` for gcp and vault.
[[nodiscard]] Result<std::unique_ptr<SecretProvider>> make_local_provider(const ProviderConfig& config,
                                                                          const SecretContext& context);

}  // namespace gitopsctl::channels::secrets
