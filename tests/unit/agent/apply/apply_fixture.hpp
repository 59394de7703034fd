#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/apply/apply.hpp"
#include "base/time/clock.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/spy_environment.hpp"

namespace gitopsctl::tests {

/// One release's inventory and a real environment, with plans made by the same pure function as in a run.
class ApplyFixture {
 public:
  ApplyFixture();

  /// A rendered set, in apply order. Items are `Kind/name=value`; kinds outside of namespaces have none.
  [[nodiscard]] render::RenderedSet set_of(const std::vector<std::string>& items) const;
  [[nodiscard]] channels::LiveReleaseInput rules(const render::RenderedSet& set) const;
  [[nodiscard]] channels::ReleaseChanges plan(const render::RenderedSet& set);
  [[nodiscard]] agent::ReleaseGoal goal(const render::RenderedSet& set) const;
  [[nodiscard]] agent::WriteContext context();
  /// Applies, prunes and settles, as a run of one release does it.
  void deploy(const render::RenderedSet& set);
  agent::WriteReport apply(const render::RenderedSet& set);
  agent::WriteReport prune(const render::RenderedSet& set);

  [[nodiscard]] std::string value_of(const std::string& name);
  [[nodiscard]] std::optional<agent::LiveObject> live(const std::string& kind, const std::string& name);
  /// The inventory as it is stored.
  [[nodiscard]] std::optional<agent::Inventory> stored();
  /// `name:state` of the entries of the stored inventory.
  [[nodiscard]] std::vector<std::string> states();
  [[nodiscard]] std::string inventory_name() const { return inventory.identity.object_name(); }

  support::ScratchDir directory;
  ManualClock clock;
  std::unique_ptr<agent::Environment> environment;
  std::unique_ptr<agent::Environment> other;  ///< somebody else's connection
  support::SpyEnvironment spy;
  agent::Inventory inventory;
  std::vector<std::string> allow_delete;
  std::vector<render::SensitivePath> sensitive;  ///< of the goal
  bool stopped = false;                          ///< may_continue says no
  std::int64_t fence = 0;
};

}  // namespace gitopsctl::tests
