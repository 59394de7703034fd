#pragma once

#include <functional>
#include <string>

#include "agent/cli/invocation.hpp"
#include "channels/registry/fetched_chart.hpp"

namespace gitopsctl::agent::cli {

/// What `helm template` can do beyond this machine; both are empty in the program without network libraries.
struct HelmTemplateNetwork {
  std::function<Result<channels::FetchedChart>(const std::string& chart)> fetch;
  std::function<Result<void>(const std::string& directory)> update_dependencies;
};

/// The verb, with or without a network.
[[nodiscard]] Result<int> helm_template(const Invocation& invocation, const HelmTemplateNetwork& network);

}  // namespace gitopsctl::agent::cli
