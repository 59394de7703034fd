#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/model/channel.hpp"
#include "channels/registry/fetched_chart.hpp"

namespace gitopsctl::agent {

/// Gets a chart that is not in the tree: from the cache, else, when `ask` is set, from where it is. Thread-safe.
using ChartFetch =
    std::function<Result<channels::FetchedChart>(const channels::RemoteChart& chart, bool ask, const Interrupt& interrupt)>;

/// How a render may get charts that are not in the tree.
struct ChartAccess {
  ChartFetch fetch;  ///< empty: not at all
  bool ask = true;
  Interrupt interrupt = {};
};

/// What was got for one release, and where it is to stand in the tree.
struct ReleaseCharts {
  std::vector<Graft> grafts;
  std::vector<channels::ChartRecord> records;  ///< what the charts turned out to be: inputs of the render
  TreePath chart;                              ///< of the release, when it is one of them
};

/// The chart of a release that names one elsewhere. Errors stand where the channel file names it.
[[nodiscard]] Result<ReleaseCharts> fetch_release_chart(const channels::Release& release, const ChartAccess& access);

/// The dependencies of a chart in the tree that are not in its `charts/`, in the versions of its lock file and in no others;
/// those of `file://` from the same tree. `missing` is the render's error about them; it is what comes back, with what to
/// do, when there is no lock. What decides is read through `tree`.
[[nodiscard]] Result<ReleaseCharts> fetch_locked_dependencies(const FileTreePtr& tree, const TreePath& chart,
                                                              const Error& missing, const ChartAccess& access);

}  // namespace gitopsctl::agent
