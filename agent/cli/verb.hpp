#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl::agent::cli {

/// What follows a flag on the command line.
enum class FlagType : std::uint8_t {
  boolean,   ///< nothing, or `=true` / `=false`
  text,      ///< one value; of several the last wins
  list,      ///< one value per use, any number of uses, order kept
  integer,   ///< a decimal number from 0 to 10^9
  duration,  ///< Go's syntax: 90s, 10m0s
};

/// What a value or argument names; decides what completion offers and nothing else.
enum class ValueKind : std::uint8_t { any, file, directory, channel, verb };

/// One flag of a verb. All of it is constant data with static lifetime.
struct Flag {
  std::string_view name;   ///< long name without the dashes
  char short_name = '\0';  ///< one letter, or '\0'
  FlagType type = FlagType::boolean;
  std::string_view placeholder;   ///< how help names the value: FILE, REVISION
  std::string_view help;          ///< one sentence, lower case, no full stop
  std::string_view choices = {};  ///< `a|b|c`: the only values; empty: any
  ValueKind kind = ValueKind::any;
  bool network = false;         ///< giving it needs the network program (see Network)
  std::string_view alone = {};  ///< what it means without a value; a value then stands behind `=` only
  bool hidden = false;          ///< taken because another program takes it: neither help nor completion shows it
};

/// True when the word behind the flag is its value.
[[nodiscard]] constexpr bool takes_next_word(const Flag& flag) {
  return flag.type != FlagType::boolean && flag.alone.empty();
}

/// One positional argument of a verb.
struct Argument {
  std::string_view name;  ///< how help names it: CHANNEL, CHANNEL[/RELEASE], FILE
  std::string_view help;
  bool required = true;
  bool repeated = false;  ///< only the last argument may be
  ValueKind kind = ValueKind::any;
  std::string_view choices = {};  ///< `a|b|c`: the only values; empty: any
  bool remote = false;            ///< an address (`oci://…`, `https://…`), or a name with --repo, needs the network program
};

/// A worked example for help.
struct Example {
  std::string_view command;  ///< as typed, starting with gitopsctl
  std::string_view says;     ///< what it does
};

/// Which of the two programs runs a verb. `gitopsctl` starts in a few milliseconds because it links no libcurl, libgit2 or
/// SQLite; it hands verbs that need those to `gitopsctl-net` beside it.
enum class Network : std::uint8_t {
  never,
  by_flag,  ///< only when a flag marked `network`, or what an argument marked `remote` names, needs it
  always,
};

/// Where the overview of `gitopsctl --help` lists a verb.
enum class Group : std::uint8_t { start, look, act, files, more, reserved };

/// One row of the verb table: everything that parsing, help and completion know about a verb. The code that runs it stands
/// in agent/cli/<verb>.cpp and is named in local_runs.cpp or net_runs.cpp.
struct Verb {
  std::string_view name;  ///< one word, or two as in `channel check`
  Group group = Group::more;
  std::string_view summary;      ///< one line, lower case, no full stop
  std::string_view description;  ///< paragraphs, wrapped by hand at 100 columns
  std::span<const Argument> arguments = {};
  std::span<const Flag> flags = {};  ///< besides the global ones
  std::span<const Example> examples = {};
  std::string_view outputs = {};  ///< values of -o, the default first: `table|json|yaml`; empty: no -o
  Network network = Network::never;
  std::string_view exit_codes = {};  ///< lines for help where the verb has more to say than 0 and the general table
  /// For a reserved verb that this version cannot do: what to use meanwhile (may be empty). Shown with the error.
  bool reserved = false;
  std::string_view meanwhile = {};
  /// Stands in for a command of helm: values of flags may be empty, and switches take all of Go's words for true and false.
  bool like_helm = false;
};

class Invocation;

/// Runs a verb. The number is the exit code: 0 ok, 1 a negative answer (differs, not ready); an Error is printed by the
/// frame and its code decides the exit code (exit_code.hpp).
using Run = Result<int> (*)(const Invocation& invocation);

/// Which function runs which verb in one of the two programs.
struct RunEntry {
  std::string_view verb;
  Run run;
};

/// All verbs in the order of the overview.
[[nodiscard]] std::span<const Verb> verb_table() noexcept;
/// Flags that every verb takes. `-o` is among them, but allowed only where Verb::outputs is not empty.
[[nodiscard]] std::span<const Flag> global_flags() noexcept;
/// The row of that name, or nullptr.
[[nodiscard]] const Verb* find_verb(std::string_view name) noexcept;
/// True when some verb's name starts with the word `group` and has a second one.
[[nodiscard]] bool is_verb_group(std::string_view group) noexcept;

/// Verbs that run in `gitopsctl` itself (agent/cli/local_runs.cpp).
[[nodiscard]] std::span<const RunEntry> local_runs() noexcept;
/// Verbs that run in `gitopsctl-net` (agent/cli/net_runs.cpp). A verb may stand in both: then this one is used when a
/// network flag was given.
[[nodiscard]] std::span<const RunEntry> net_runs() noexcept;

}  // namespace gitopsctl::agent::cli
