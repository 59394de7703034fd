#include "agent/cli/exit_code.hpp"

#include "base/text/escape.hpp"

namespace gitopsctl::agent::cli {

int exit_code(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_input:
    case ErrorCode::too_large:
    case ErrorCode::unsupported:
    case ErrorCode::needs_source: return 2;
    case ErrorCode::not_found: return 3;
    case ErrorCode::forbidden: return 4;
    case ErrorCode::conflict: return 5;
    case ErrorCode::unavailable: return 6;
    case ErrorCode::timeout: return 7;
    case ErrorCode::newer_schema: return 8;
    case ErrorCode::cancelled: return 130;
    case ErrorCode::internal: return 70;
  }
  return 70;
}

std::string describe_error(const Error& error, bool colour) {
  std::string out;
  for (const Error& mistake : error.flatten()) {
    out += colour ? "\x1b[31merror:\x1b[0m " : "error: ";
    out += terminal_safe(mistake.to_string(), true) + '\n';
    if (!mistake.hint().empty()) out += "  hint: " + terminal_safe(mistake.hint(), true) + '\n';
  }
  return out;
}

}  // namespace gitopsctl::agent::cli
