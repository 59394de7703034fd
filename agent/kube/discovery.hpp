#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/kube/api_table.hpp"
#include "agent/kube/status_error.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent {

/// What discovery asks of a server.
struct DiscoveryRequest {
  std::string path;  ///< `/apis`
  std::string accept;
  std::string etag;  ///< of what is known; empty: nothing
};

struct DiscoveryAnswer {
  int status = 200;  ///< 200, or 304 to a request with an etag
  std::string etag;
  std::string body;
};

/// Which kinds a server serves, and under which URLs: two requests (aggregated discovery v2, else v2beta1), or on old
/// servers one per group and version; kept, and asked again with ETags. Thread-safe: one thread asks, the others wait.
class Discovery {
 public:
  using Fetch = std::function<KubeResult<DiscoveryAnswer>(const DiscoveryRequest& request, const Interrupt& interrupt)>;

  /// `fetch` must be callable from several threads; refusals are its errors.
  explicit Discovery(Fetch fetch);
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  /// A table, and its place in the order of those that were fetched.
  struct Snapshot {
    std::shared_ptr<const ApiTable> table;
    std::uint64_t generation = 0;
  };

  /// What is known; asks the server the first time.
  [[nodiscard]] KubeResult<Snapshot> table(const Interrupt& interrupt);
  /// Asks the server again, unless somebody did since `seen` was fetched. Unchanged answers cost two 304; while a group is
  /// stale all is read anew.
  [[nodiscard]] KubeResult<Snapshot> refresh(std::uint64_t seen, const Interrupt& interrupt);
  /// The resource of a kind, in `version` or with an empty one in the version that the server prefers. What is missing is
  /// asked for once more. `no_match` when the server does not have it; `unavailable` when that cannot be known because the
  /// group is stale.
  [[nodiscard]] KubeResult<std::shared_ptr<const ApiResource>> find(std::string_view group, std::string_view version,
                                                                    std::string_view kind, const Interrupt& interrupt);
  /// A copy of what find() finds.
  [[nodiscard]] KubeResult<ApiResource> map(std::string_view group, std::string_view version, std::string_view kind,
                                            const Interrupt& interrupt);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::agent
