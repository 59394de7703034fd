#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace gitopsctl::tests {

/// A chart that wants to do harm, and what must come of it.
struct HostileCase {
  std::string name;
  /// Files of the directory `chart`, with `Chart.yaml` unless it is among them.
  std::vector<std::pair<std::string, std::string>> files = {};
  /// Part of the one error that must come; empty: it has to render, or to fail with any single error.
  std::string error = {};
  std::vector<std::string> arguments = {};  ///< more flags of `helm template`
  /// Links of the directory `chart`: where, to what.
  std::vector<std::pair<std::string, std::string>> links = {};
  std::string archive = {};  ///< instead of a directory: the bytes of chart.tgz
  bool renders = false;      ///< must render
};

/// One template `templates/a.yaml`.
[[nodiscard]] HostileCase hostile_template(std::string name, std::string text, std::string error = {});

/// The lists, by what they aim at.
[[nodiscard]] std::vector<HostileCase> hostile_loops();
[[nodiscard]] std::vector<HostileCase> hostile_texts();
[[nodiscard]] std::vector<HostileCase> hostile_values();
[[nodiscard]] std::vector<HostileCase> hostile_recursion();
[[nodiscard]] std::vector<HostileCase> hostile_functions();
[[nodiscard]] std::vector<HostileCase> hostile_files();
[[nodiscard]] std::vector<HostileCase> hostile_charts();

}  // namespace gitopsctl::tests
