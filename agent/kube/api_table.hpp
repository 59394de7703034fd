#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::agent {

/// One resource that an API server serves.
struct ApiResource {
  std::string group;  ///< empty: core
  std::string version;
  std::string kind;
  std::string plural;  ///< as in URLs: `deployments`
  bool namespaced = true;
  std::vector<std::string> verbs;
  std::vector<std::string> short_names;
  std::vector<std::string> subresources;

  /// `v1`, `apps/v1`.
  [[nodiscard]] std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  [[nodiscard]] bool can(std::string_view verb) const noexcept;
  friend bool operator==(const ApiResource&, const ApiResource&) = default;
};

/// What an API server serves, at one moment. Immutable once built; published snapshots may be read by many threads.
class ApiTable {
 public:
  /// More than any server has; what comes beyond is an error, so that a hostile server cannot fill the memory.
  static constexpr std::size_t max_resources = 100'000;

  /// Adds what `APIGroupDiscoveryList` says (of /api or /apis; v2 or v2beta1).
  [[nodiscard]] Result<void> add_aggregated(const Value& list);
  /// Adds one group's version from an `APIResourceList`, the older form.
  [[nodiscard]] Result<void> add_legacy(std::string_view group, std::string_view version, const Value& list);
  /// Notes that nobody knows what this group serves at the moment.
  void add_stale(std::string_view group) { stale_.emplace(group); }

  /// The resource of a kind in this version, or with an empty `version` in the one that the server prefers; nullptr when it
  /// is not listed, which proves its absence only when the group is not stale().
  [[nodiscard]] const ApiResource* find(std::string_view group, std::string_view version,
                                        std::string_view kind) const noexcept;
  /// The server behind this group does not answer, or not whole: what is not listed may be there all the same, so nothing
  /// may be concluded from its absence, and nothing of the group may be deleted.
  [[nodiscard]] bool stale(std::string_view group) const { return stale_.contains(group); }
  [[nodiscard]] const std::set<std::string, std::less<>>& stale_groups() const noexcept { return stale_; }
  /// All resources: groups in the server's order, in a group the preferred version first.
  [[nodiscard]] const std::vector<ApiResource>& resources() const noexcept { return resources_; }

 private:
  Result<void> add(ApiResource resource);

  std::vector<ApiResource> resources_;
  /// (group, kind) to the places in resources_, in the order of preference.
  std::map<std::pair<std::string, std::string>, std::vector<std::size_t>, std::less<>> by_kind_;
  std::set<std::string, std::less<>> stale_;
};

}  // namespace gitopsctl::agent
