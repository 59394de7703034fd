#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/fault_cluster/stage.hpp"

namespace gitopsctl::fault {

/// Something that happens in the cluster or on the way to it, by its number in the design's catalogue of what can be left
/// behind; 0: not of the catalogue.
struct Row {
  int number = 0;
  std::string what;
  std::function<Problems(Stage& stage)> run;

  [[nodiscard]] std::string to_string() const {
    return (number == 0 ? std::string("row") : "row " + std::to_string(number)) + ": " + what;
  }
};
[[nodiscard]] std::vector<Row> every_row();

}  // namespace gitopsctl::fault
