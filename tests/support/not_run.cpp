#include "tests/support/not_run.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>

#include "tests/support/peers.hpp"

namespace gitopsctl::tests {

void not_run(std::string_view check, std::string_view why) {
  const std::string line = "NOT RUN: " + std::string(check) + ": " + std::string(why);
  std::cout << line << std::endl;
  const char* ci = std::getenv("CI");
  if (ci != nullptr && std::string_view(ci) == "true") FAIL(line);
}

std::optional<std::string> need_peer(std::string_view name, std::string_view check) {
  auto path = find_peer(name);
  if (!path) not_run(check, std::string(name) + " is not here: ./dev setup --peers=" + std::string(name) + " builds it");
  return path;
}

}  // namespace gitopsctl::tests
