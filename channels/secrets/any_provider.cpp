#include <variant>

#include "channels/secrets/providers.hpp"

namespace gitopsctl::channels::secrets {

Result<std::unique_ptr<SecretProvider>> make_any_provider(const ProviderConfig& config, const SecretContext& context) {
  if (const auto* gcp = std::get_if<GcpProviderConfig>(&config)) return make_gcp_provider(*gcp, context);
  if (const auto* vault = std::get_if<VaultProviderConfig>(&config)) return make_vault_provider(*vault, context);
  return make_local_provider(config, context);
}

}  // namespace gitopsctl::channels::secrets
