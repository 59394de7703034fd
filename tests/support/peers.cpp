#include "tests/support/peers.hpp"

#include <unistd.h>

#include <cstdlib>

namespace gitopsctl::tests {

std::optional<std::string> find_peer(std::string_view name) {
  const char* given = std::getenv("GITOPSCTL_PEERS");
  const std::string directory =
      given != nullptr && *given != '\0' ? std::string(given) : std::string(GITOPSCTL_SOURCE_DIR) + "/build/peers/bin";
  std::string path = directory + "/" + std::string(name);
  if (::access(path.c_str(), X_OK) != 0) return std::nullopt;
  return path;
}

}  // namespace gitopsctl::tests
