#pragma once

#include <functional>
#include <string>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/registry/chart_lock.hpp"
#include "channels/registry/chart_source.hpp"

namespace gitopsctl::channels {

/// What the functions below work with.
struct DependencyWork {
  std::string directory;  ///< of the chart
  ChartSource& source;
  TimePoint now;  ///< what a lock that is written says
  const Interrupt& interrupt;
  /// Gets each line that helm prints, without its newline.
  std::function<void(const std::string& line)> say;
  /// Gets each chart that was fetched.
  std::function<void(const FetchedChart& chart)> fetched;
};

/// Finds for each dependency of the chart the newest version in its range: of a repository, a registry, a directory
/// (`file://…`, from the chart), or in `charts/`. Nothing is written. Errors have helm's texts.
[[nodiscard]] Result<ChartLock> resolve_dependencies(const DependencyWork& work);

/// `helm dependency update`: resolves, puts the archives into `charts/`, removes those there that no dependency names any
/// more, and writes the lock when it is another one. On an error `charts/` and lock are as they were.
[[nodiscard]] Result<void> update_dependencies(const DependencyWork& work);

/// `helm dependency build`: the same from the lock as it is; without one, an update.
[[nodiscard]] Result<void> build_dependencies(const DependencyWork& work);

/// Resolves and writes the lock alone. True when it is another one than before.
[[nodiscard]] Result<bool> lock_dependencies(const DependencyWork& work);

/// What `helm dependency list` prints.
[[nodiscard]] Result<std::string> list_dependencies(const std::string& directory);

}  // namespace gitopsctl::channels
