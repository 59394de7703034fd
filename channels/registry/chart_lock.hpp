#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "render/helm/metadata.hpp"

namespace gitopsctl::channels {

/// Chart.lock (of charts of apiVersion v1 requirements.lock): which versions the dependencies of a chart were resolved to.
struct ChartLock {
  std::string digest;  ///< over what was asked for and what it was resolved to; see lock_digest()
  std::vector<render::helm::ChartDependency> dependencies;
};

/// Reads a lock file. Errors have helm's text and are located in `file`.
[[nodiscard]] Result<ChartLock> parse_chart_lock(std::string_view text, const std::string& file);

/// `sha256:` over the JSON of both lists, as helm computes it.
[[nodiscard]] std::string lock_digest(const std::vector<render::helm::ChartDependency>& requested,
                                      const std::vector<render::helm::ChartDependency>& locked);

/// The text of a lock file, byte for byte what helm writes for that time.
[[nodiscard]] std::string chart_lock_text(const ChartLock& lock, TimePoint generated);

/// `Chart.lock`, or `requirements.lock` for charts of apiVersion v1.
[[nodiscard]] std::string lock_file_name(const render::helm::Metadata& metadata);

/// Whether the lock is one of what Chart.yaml asks for now. Error, `invalid_input`: helm's `the lock file (Chart.lock) is
/// out of sync with the dependencies file (Chart.yaml). …`
[[nodiscard]] Result<void> check_lock(const render::helm::Metadata& metadata, const ChartLock& lock);

}  // namespace gitopsctl::channels
