#pragma once

#include <string>
#include <vector>

#include "tests/parity_charts/comparison.hpp"

namespace gitopsctl::tests {

/// What a report says besides the outcomes.
struct ReportHead {
  std::string helm_version;         ///< `v4.3.1`
  std::string profile;              ///< `helm-4.3`
  std::string command;              ///< how the report is made
  std::vector<std::string> absent;  ///< listed charts that no given folder has
};

/// Sums over charts.
struct Totals {
  int charts = 0;
  int rendered = 0;  ///< renders that helm, or only ours, answered with output
  int equal = 0;
  int masked = 0;
  int refused = 0;
  int differing = 0;
  /// Of what was rendered or differs, how much is equal or masked, in percent; 100 of nothing.
  [[nodiscard]] double percent() const;
};

[[nodiscard]] Totals totals_of(const std::vector<ChartOutcome>& outcomes);

/// The table for a terminal, with one line per chart, what differs, and the sums.
[[nodiscard]] std::string text_report(const ReportHead& head, const std::vector<ChartOutcome>& outcomes);
/// The same as Markdown, for docs/parity.md.
[[nodiscard]] std::string markdown_report(const ReportHead& head, const std::vector<ChartOutcome>& outcomes);

}  // namespace gitopsctl::tests
