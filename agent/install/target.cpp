#include "agent/install/install.hpp"

namespace gitopsctl::agent::install {

Result<std::unique_ptr<Environment>> open_install_target(const std::string& /*kubeconfig*/, const std::string& /*context*/,
                                                         Clock& /*clock*/) {
  return Error(ErrorCode::unsupported, "this version cannot write to a cluster")
      .with_hint("until then: gitopsctl install -o yaml | kubectl apply --server-side -f -");
}

}  // namespace gitopsctl::agent::install
