#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/value/value.hpp"
#include "render/template/error.hpp"

namespace gitopsctl::tests {

/// One row of a file below tests/unit/render/functions/cases: a template and what the real helm makes of it.
struct FunctionCase {
  std::string file;
  int line = 0;
  std::string expression;
  std::string expected;  ///< the output in Go's quotes; for an error its last line
  bool is_error = false;
};

/// All cases, in the order of files and lines. Aborts the program with a message when they cannot be read.
[[nodiscard]] std::vector<FunctionCase> read_function_cases();

/// The text of the values file that the cases see as `.Values`.
[[nodiscard]] std::string function_case_values();

/// What our engine makes of one template: its output in Go's quotes, or the message of the innermost error.
struct FunctionOutcome {
  bool is_error = false;
  std::string text;
};
[[nodiscard]] FunctionOutcome evaluate_function_case(std::string_view expression, std::string_view values);

}  // namespace gitopsctl::tests
