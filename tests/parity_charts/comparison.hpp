#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/parity_charts/charts.hpp"
#include "tests/parity_charts/masks.hpp"
#include "tests/parity_charts/renders.hpp"

namespace gitopsctl::tests {

/// The first line where two texts differ, for a message; of a long one its beginning.
[[nodiscard]] std::string first_difference(std::string_view ours, std::string_view theirs);

/// A set of values with which ours and helm's differ.
struct Difference {
  std::string set;
  std::string what;  ///< the first difference, or which of the two refuses
};

/// What came of one chart.
struct ChartOutcome {
  std::string name;
  std::string version;
  std::string source;  ///< the folder that was given, by its own name
  std::vector<std::string> copied;
  std::vector<std::string> missing;  ///< not empty: nothing was compared
  bool skipped_schema = false;       ///< its schema refers to a file or a host: both render without it
  int brought = 0;                   ///< sets that the chart brings, default values included
  int generated = 0;
  int generated_rendered = 0;  ///< of these helm rendered so many
  int equal = 0;               ///< the same bytes
  int masked = 0;              ///< the same bytes but for what is random
  int refused = 0;             ///< both refuse, with the same text
  MaskCounts masks;
  std::vector<Difference> differences;
};

struct ComparisonOptions {
  std::string profile = "helm-4.3";
  int generated_sets = 10;
  std::filesystem::path details;   ///< folder for what differs; empty: not kept
  std::filesystem::path prepared;  ///< folder for the charts with their dependencies; empty: not kept
  std::function<void(const std::string&)> progress;
};

/// Prepares the chart in a folder of its own and compares it with default values, with the sets that it brings, and with
/// generated ones: at least so many as are wanted, and until helm renders at least 60 % of them (bounded).
[[nodiscard]] ChartOutcome compare_chart(const FoundChart& chart, const std::vector<FoundChart>& pool,
                                         const CachedHelm& helm, const ComparisonOptions& options);

}  // namespace gitopsctl::tests
