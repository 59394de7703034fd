#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gitopsctl::tests {

/// One step of a script (tests/scripts/README.md): a file to write, or a command and what is expected of it.
struct ScriptStep {
  int line = 0;
  std::string file;  ///< path of a file to write; empty: a command
  std::string content;
  std::string command;
  std::vector<std::string> out;
  std::vector<std::string> err;
  int exit_code = 0;
  std::size_t begin = 0;  ///< of the expected lines in the script's lines …
  std::size_t end = 0;    ///< … and one behind
};

struct Script {
  std::vector<std::string> lines;
  std::vector<ScriptStep> steps;
  std::string mistake;  ///< empty: well formed
};

[[nodiscard]] Script parse_script(std::string_view text);

/// True when `actual` is what `expected` describes with `<*>` and `<...>`.
[[nodiscard]] bool lines_match(const std::vector<std::string>& expected, const std::vector<std::string>& actual);

/// The expected lines that would accept this outcome.
[[nodiscard]] std::vector<std::string> expected_lines(const std::vector<std::string>& out,
                                                      const std::vector<std::string>& err, int exit_code);

/// Text as lines; a missing line end at the end is not told apart.
[[nodiscard]] std::vector<std::string> split_lines(std::string_view text);

}  // namespace gitopsctl::tests
