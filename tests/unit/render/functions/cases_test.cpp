#include <doctest/doctest.h>

#include "tests/support/function_cases.hpp"

using namespace gitopsctl::tests;

TEST_SUITE("functions/cases") {
  TEST_CASE("every recorded template gives what the real helm 4.3.1 gave") {
    const auto values = function_case_values();
    for (const auto& row : read_function_cases()) {
      const auto outcome = evaluate_function_case(row.expression, values);
      INFO(row.file << ":" << row.line << ": " << row.expression);
      CHECK(outcome.is_error == row.is_error);
      CHECK(outcome.text == row.expected);
    }
  }
}
