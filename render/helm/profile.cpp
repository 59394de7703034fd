#include "render/helm/profile.hpp"

#include <algorithm>
#include <array>

namespace gitopsctl::render::helm {

namespace {

constexpr HelmProfile helm_4_3 = {
    .name = "helm-4.3",
    .helm_version = "v4.3.1",
    .go_version = "go1.27.4",
    .kube_client_version = "v1.37",
    .kube_minor = 37,
};

struct Row {
  std::string_view name;
  const HelmProfile* profile;  ///< nullptr: a real Helm that this engine does not imitate yet
};

constexpr std::array<Row, 11> table = {{
    {"helm-4.3", &helm_4_3},
    {"helm-4.3.0", &helm_4_3},
    {"helm-4.3.1", &helm_4_3},
    {"helm-4.2", nullptr},
    {"helm-4.1", nullptr},
    {"helm-4.0", nullptr},
    {"helm-3.22", nullptr},
    {"helm-3.21", nullptr},
    {"helm-3.20", nullptr},
    {"helm-3.19", nullptr},
    {"helm-3.18", nullptr},
}};

}  // namespace

Result<const HelmProfile*> find_profile(std::string_view name) {
  auto row = std::find_if(table.begin(), table.end(), [&](const Row& r) { return r.name == name; });
  if (row == table.end()) {
    // A patch release of a known minor: helm-4.2.4.
    const auto minor = name.substr(0, name.rfind('.'));
    row = std::find_if(table.begin(), table.end(), [&](const Row& r) { return r.name == minor && r.profile == nullptr; });
  }
  if (row == table.end()) {
    return Error(ErrorCode::invalid_input, "no Helm profile is called '" + std::string(name) + "'")
        .with_hint("write helm-4.3");
  }
  if (row->profile == nullptr) {
    return Error(ErrorCode::unsupported, "the Helm profile '" + std::string(name) + "' is not supported by this version")
        .with_hint("write helm-4.3, and compare the rendered set before the first sync");
  }
  return row->profile;
}

}  // namespace gitopsctl::render::helm
