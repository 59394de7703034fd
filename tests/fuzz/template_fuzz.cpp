#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text/go_format.hpp"
#include "tests/support/template_fixture.hpp"

// Templates are written by strangers: whatever the text, parsing and executing it must end, within the limits, without a
// crash or a leak. The first byte chooses the mode.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gitopsctl;          // NOLINT(google-build-using-namespace): a program of one function
  using namespace gitopsctl::render;  // NOLINT(google-build-using-namespace)
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  EvaluatorOptions options = data[0] % 2 == 0 ? EvaluatorOptions{} : testing::plain_go();
  if (data[0] % 3 == 0) options.missing_key = MissingKey::error;
  options.limits.max_output_bytes = 1U << 16U;
  options.limits.max_steps = 20'000;
  options.limits.max_include_depth = 20;
  set_parse_cache_limits({64, 1U << 20U});
  const testing::Outcome outcome = testing::run_files(
      {{"fuzz", std::string(text)},
       {"lib",
        "{{define \"one\"}}[{{.}}]{{end}}{{define \"rec\"}}{{if .}}{{include \"rec\" (index . \"m\")}}{{end}}{{end}}"}},
      testing::appendix_data(), options);
  if (!outcome.ok && outcome.error.empty()) __builtin_trap();
  if (!outcome.failure.empty()) (void)helm_error_text(outcome.failure);
  (void)helm_parse_error_text(outcome.error);
  return 0;
}
