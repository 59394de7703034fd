#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result/result.hpp"
#include "invoke-compat/parser/contexts.hpp"

namespace gitopsctl::invoke {

/// What `-h` and `-l` ask for, which may stand without a name. An empty name on the command line counts as not asked.
struct NamedRequest {
  bool asked = false;
  std::string name = {};  ///< a task or a namespace; empty: everything
};

/// The options of a task runner that belong to no task, as given. An empty text counts as not given where the reference
/// takes it so.
struct CoreOptions {
  bool complete = false;
  std::optional<std::string> hide;
  bool no_dedupe = false;
  std::string print_completion_script;  ///< a shell
  bool prompt_for_sudo_password = false;
  bool write_pyc = false;  ///< taken and ignored
  std::optional<std::string> collection;
  bool debug = false;
  std::optional<std::int64_t> list_depth;
  bool echo = false;
  std::optional<std::string> config;
  std::string list_format = "flat";
  NamedRequest help;
  NamedRequest list;
  bool pty = false;
  std::optional<std::string> search_root;
  bool dry = false;
  std::optional<std::int64_t> command_timeout;  ///< seconds
  bool version = false;
  bool warn_only = false;
  std::optional<std::string> engine;
  bool explain = false;
};

/// The core's flags, sorted as they are declared. Ours (`--engine`, `--explain`) are there by Rules::own_core_flags and
/// hidden.
[[nodiscard]] ContextShape core_shape(const Rules& rules);

/// The options of a context of core_shape(). `invalid_input`: a negative timeout, where that is refused.
[[nodiscard]] Result<CoreOptions> core_options(const ParsedContext& core, const Rules& rules);

/// What was given later takes the place of what was given before.
void overlay(ParsedContext& core, const ParsedContext& later);

}  // namespace gitopsctl::invoke
