#pragma once

#include <string>
#include <utility>
#include <vector>

namespace gitopsctl::tests {

/// One question to the goyaml peer (see tests/peers/goyaml) and what it answered.
struct GoYamlFrame {
  std::string verb;
  std::string text;
  bool ok = false;
  std::string answer = {};
};

/// Sends all frames through one run of the program at `peer` and fills in the answers. False when it did not answer all.
[[nodiscard]] bool ask_goyaml(const std::string& peer, std::vector<GoYamlFrame>& frames);

}  // namespace gitopsctl::tests
