#pragma once

// Pieces that several rows of the verb table use. Only verb_table.cpp and the rows include this.

#include <array>

#include "agent/cli/verb.hpp"

namespace gitopsctl::agent::cli::rows {

inline constexpr Argument channel{"CHANNEL", "the channel, as in releases/CHANNEL", true, false, ValueKind::channel};
inline constexpr Argument target{"CHANNEL[/RELEASE]", "the channel, or one release of it", true, false, ValueKind::channel};
inline constexpr Argument maybe_target{"CHANNEL[/RELEASE]", "a channel, or one release of it (default: all)", false, false,
                                       ValueKind::channel};

inline constexpr Flag wait{"wait", '\0', FlagType::boolean, {}, "return when it is done, not when it was asked for"};
inline constexpr Flag timeout{"timeout", '\0', FlagType::duration, "SPAN", "how long to wait at most (default 5m)"};
inline constexpr Flag limit{"limit", '\0', FlagType::integer, "N", "at most so many lines, the newest (default 20)"};
inline constexpr Flag isolate{"isolate", '\0', FlagType::boolean, {}, "render in a locked process: for charts of strangers"};
inline constexpr Flag render_limit{"render-limit", '\0', FlagType::list, "NAME=VALUE",
                                   "what a render may take: memory, output, cpu, steps or include-depth"};
inline constexpr Flag lookup_snapshot{"lookup-snapshot",
                                      '\0',
                                      FlagType::text,
                                      "FILE",
                                      "objects that the function lookup finds, as `kubectl get -o yaml` prints them",
                                      {},
                                      ValueKind::file};
inline constexpr Flag revision{"revision",
                               'r',
                               FlagType::text,
                               "REVISION",
                               "a branch, tag or commit of the repository instead of the files in this directory",
                               {},
                               ValueKind::any,
                               true};

}  // namespace gitopsctl::agent::cli::rows
