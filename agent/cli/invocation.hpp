#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/terminal.hpp"
#include "agent/cli/verb.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::agent::cli {

enum class OutputFormat : std::uint8_t { text, table, json, yaml, markdown };

/// `CHANNEL` or `CHANNEL/RELEASE` as typed; `release` is empty for the whole channel.
struct Target {
  std::string channel;
  std::string release;
};

/// A command line that was read and checked: its verb exists, its flags are the verb's, their values have the right form,
/// and the number of arguments is right. Asking for a flag that neither the verb nor the global table has is a programming
/// mistake and aborts.
class Invocation {
 public:
  Invocation(const Verb& verb, Terminal& terminal) : verb_(&verb), terminal_(&terminal) {}

  [[nodiscard]] const Verb& verb() const noexcept { return *verb_; }
  [[nodiscard]] Terminal& terminal() const noexcept { return *terminal_; }

  /// True when the flag stood on the command line (whatever its value).
  [[nodiscard]] bool given(std::string_view flag) const;
  /// A boolean flag's value; false when not given.
  [[nodiscard]] bool is_set(std::string_view flag) const;
  /// The value of a text flag, or `fallback`.
  [[nodiscard]] std::string text(std::string_view flag, std::string_view fallback = {}) const;
  /// Every value of a list flag in the order given.
  [[nodiscard]] std::vector<std::string> list(std::string_view flag) const;
  [[nodiscard]] std::int64_t integer(std::string_view flag, std::int64_t fallback) const;
  [[nodiscard]] std::optional<Millis> duration(std::string_view flag) const;

  [[nodiscard]] const std::vector<std::string>& arguments() const noexcept { return arguments_; }
  /// The argument at `index`, or "" when it was not given.
  [[nodiscard]] std::string_view argument(std::size_t index) const noexcept;
  /// The argument at `index` as CHANNEL[/RELEASE]; an error when it has another form. Empty parts when not given.
  [[nodiscard]] Result<Target> target(std::size_t index = 0) const;

  /// What -o asked for, or the verb's default.
  [[nodiscard]] OutputFormat output() const noexcept { return output_; }
  /// `--config`, else GITOPSCTL_CONFIG, else /etc/gitopsctl/agent.yaml.
  [[nodiscard]] std::string config_path() const;

  /// True when the network program has to run it: the verb always needs it, or a network flag was given.
  [[nodiscard]] bool needs_network() const;

 private:
  friend class Parser;
  [[nodiscard]] const std::vector<std::string>* find(std::string_view flag, FlagType type) const;

  const Verb* verb_;
  Terminal* terminal_;
  std::map<std::string_view, std::vector<std::string>> values_;  ///< by the long name in the table
  std::vector<std::string> arguments_;
  OutputFormat output_ = OutputFormat::text;
};

/// What the words of a command line ask for.
struct ParsedLine {
  enum class Kind : std::uint8_t {
    run,         ///< `invocation` is set
    help,        ///< help for `verb`, or the overview when it is null
    group_help,  ///< help for the verbs that start with `group`
    version,     ///< --version without a verb
  };
  Kind kind = Kind::help;
  const Verb* verb = nullptr;
  std::string group;
  std::optional<Invocation> invocation;
};

/// Reads the words after the program's name. Flags may stand anywhere after `gitopsctl` (those of a verb after the verb),
/// as `--name value`, `--name=value`, `-n value`, `-nvalue`; `--` ends them. Every error is `invalid_input` and names what
/// would be right.
[[nodiscard]] Result<ParsedLine> parse_line(const std::vector<std::string>& words, Terminal& terminal);

}  // namespace gitopsctl::agent::cli
