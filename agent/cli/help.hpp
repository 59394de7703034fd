#pragma once

#include <string>
#include <string_view>

#include "agent/cli/verb.hpp"

namespace gitopsctl::agent::cli {

/// `gitopsctl --help`: what it is, the verbs by group, the global flags.
[[nodiscard]] std::string overview_help();
/// `gitopsctl VERB --help`: usage, description, arguments, flags, exit codes, examples.
[[nodiscard]] std::string verb_help(const Verb& verb);
/// `gitopsctl channel --help`: the verbs whose first word is `group`.
[[nodiscard]] std::string group_help(std::string_view group);
/// `gitopsctl diff CHANNEL[/RELEASE] [flags]`.
[[nodiscard]] std::string usage_line(const Verb& verb);

}  // namespace gitopsctl::agent::cli
