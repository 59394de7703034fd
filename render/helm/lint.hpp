#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/helm/helm_log.hpp"
#include "render/inputs/inputs.hpp"

namespace gitopsctl::render::helm {

enum class LintSeverity : std::uint8_t { info, warning, error };

/// One thing that is to be said of a chart.
struct LintMessage {
  LintSeverity severity = LintSeverity::error;
  std::string path;  ///< in the chart: `templates/x.yaml`; of some mistakes `chart_directory`, or nothing
  std::string text;  ///< in helm's words

  /// `[WARNING] PATH: TEXT`
  [[nodiscard]] std::string line() const;
};

/// What linting one chart found.
struct LintReport {
  std::vector<LintMessage> messages;  ///< in helm's order
  std::vector<std::string> warnings;  ///< what a render would warn of, and what `required` and `fail` would have refused
};

/// What `helm lint` of the profile says of the chart that the inputs name, with these values of the user (see
/// supplied_values()). `chart_directory`: how mistakes that belong to the whole chart name it, its absolute path. Bounded by
/// the inputs' limits. `log` gets what helm would log. An error is one of the run itself (no such profile, a limit), never
/// of the chart.
[[nodiscard]] Result<LintReport> lint_chart(const RenderInputs& inputs, const Value& user,
                                            const std::string& chart_directory, HelmLog* log = nullptr);

}  // namespace gitopsctl::render::helm
