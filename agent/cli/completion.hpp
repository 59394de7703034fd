#pragma once

#include <string>

namespace gitopsctl::agent::cli {

// The completion scripts, made from the verb table. They complete commands, flags, the values of flags that have a fixed
// set, files, directories and the channels that have a file in this directory, and start no program while doing so.

[[nodiscard]] std::string bash_completion();
[[nodiscard]] std::string zsh_completion();
[[nodiscard]] std::string fish_completion();

}  // namespace gitopsctl::agent::cli
