#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"

namespace gitopsctl::agent::cli {

/// The words behind `gitopsctl helm`, read by the rules of helm's own command line, in the version that `--helm-profile`
/// names (default 4.3).
struct HelmWords {
  std::vector<std::string> words;  ///< what parse_line() takes, values behind `=`; empty when refused
  std::string said;                ///< what helm writes to standard error about them, ending in its error when refused
  bool refused = false;            ///< helm stops here and exits with 1
};

/// True when the words are a command of helm's name with `--helm-compat`: then read_as_helm() says what helm says of them.
[[nodiscard]] bool asks_for_helm(const std::vector<std::string>& words);

/// Reads the words (those behind the program's name, `helm` first). Switches and values, shortened letters, wrong values,
/// numbers of arguments and flags that exclude each other are told as helm tells them; what the values mean is not looked
/// at.
[[nodiscard]] HelmWords read_as_helm(const std::vector<std::string>& words);

/// The parts of a list with commas as helm's flags take it: a line of comma-separated values, in which `"a,b"` is one part.
/// Error: `parse error on line 1, column N: …`.
[[nodiscard]] Result<std::vector<std::string>> split_helm_list(std::string_view text);

/// The program that `--post-renderer` names, as an absolute path: looked up in PATH unless it has a slash. Error: what
/// helm 3 says of one that cannot be run.
[[nodiscard]] Result<std::string> find_post_renderer(const std::string& name);

}  // namespace gitopsctl::agent::cli
