#pragma once

#include "agent/cli/invocation.hpp"
#include "base/result/result.hpp"

namespace gitopsctl::agent::cli {

// One function per verb, each in agent/cli/<verb>.cpp. A new one is declared here and named in local_runs.cpp (it runs in
// `gitopsctl` and must not reach libcurl, libgit2 or SQLite) or in net_runs.cpp (`gitopsctl-net`, everything is there).

[[nodiscard]] Result<int> run_completion(const Invocation& invocation);
[[nodiscard]] Result<int> run_help(const Invocation& invocation);
[[nodiscard]] Result<int> run_version(const Invocation& invocation);

}  // namespace gitopsctl::agent::cli
