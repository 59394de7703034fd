#include <string>

#include "agent/cli/print_value.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/version_text.hpp"
#include "base/value/value.hpp"
#include "version_data.hpp"

namespace gitopsctl::agent::cli {
namespace {

#if defined(__clang__)
constexpr std::string_view compiler = "clang++ " __clang_version__;
#else
constexpr std::string_view compiler = "g++ " __VERSION__;
#endif

}  // namespace

std::string version_text() {
  return "gitopsctl " GITOPSCTL_VERSION " (commit " GITOPSCTL_COMMIT ", " + std::string(compiler) + ")\n";
}

Result<int> run_version(const Invocation& invocation) {
  Terminal& terminal = invocation.terminal();
  if (invocation.output() == OutputFormat::text) {
    terminal.out(version_text());
    return 0;
  }
  const Value data = make_map({{"version", Value::string(GITOPSCTL_VERSION)},
                               {"commit", Value::string(GITOPSCTL_COMMIT)},
                               {"compiler", Value::string(compiler)}});
  GITOPSCTL_CHECK(print_value(terminal, data, invocation.output()));
  return 0;
}

}  // namespace gitopsctl::agent::cli
