#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/value/value.hpp"

namespace gitopsctl::tests {

/// Values to render a chart with.
struct ValueSet {
  std::string name;                ///< `default`, `ci/x-values.yaml`, `generated 3`
  std::vector<std::string> texts;  ///< values files, later ones win
};

/// The values files that a chart brings: `ci/*.yaml` and `.yml`, and `values-*.yaml` or `*-values.yaml` beside its
/// values.yaml, each a set of its own.
[[nodiscard]] std::vector<ValueSet> sets_of_chart(const std::filesystem::path& chart);

/// A value that can be something else.
struct Toggle {
  std::vector<std::string> path;  ///< keys from the top
  std::vector<Value> choices;     ///< what else it can be
};

/// What can be toggled in a prepared chart: every boolean of its values and its schema, every value that its schema
/// enumerates, and words that Kubernetes enumerates (`ClusterIP`, `IfNotPresent`, …), its dependencies' values included,
/// below their names.
[[nodiscard]] std::vector<Toggle> toggles_of(const std::filesystem::path& chart);

/// Numbers that are the same on every machine.
class SetGenerator {
 public:
  explicit SetGenerator(std::string_view name);
  /// A values file in which each of the toggles stands with this probability, in one of its choices.
  [[nodiscard]] std::string generate(const std::vector<Toggle>& toggles, double probability);

 private:
  [[nodiscard]] std::uint64_t next();
  std::uint64_t state_ = 0;
};

}  // namespace gitopsctl::tests
