#pragma once

#include <cstdlib>
#include <string>

namespace gitopsctl::agent::cli {

/// A variable of this process's environment; empty when it is not set.
inline std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing changes it
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace gitopsctl::agent::cli
