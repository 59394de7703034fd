#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"

namespace gitopsctl::invoke {

// Command lines as text. Pure.

/// `word` as one word of a POSIX shell: as it is when it needs no quotes, else between single quotes.
[[nodiscard]] std::string shell_quote(std::string_view word);
/// Words quoted, with blanks between.
[[nodiscard]] std::string shell_join(const std::vector<std::string>& words);

/// The directory that nested `cd`s lead to, as it stands in a command line: the parts from the last one on that begins with
/// `/` or `~`, joined, with blanks escaped (nothing else is). Empty without any.
[[nodiscard]] std::string joined_directories(const std::vector<std::string>& directories);

/// `cd DIR && p1 && p2 && command`: the directory first, then the prefixes from the outermost one on.
[[nodiscard]] std::string prefixed_command(std::string_view command, const std::vector<std::string>& directories,
                                           const std::vector<std::string>& prefixes);

/// What a command line for sudo is made of.
struct SudoLine {
  std::string prompt = "[sudo] password: ";
  std::optional<std::string> user;
  std::vector<std::string> preserve;  ///< names of variables that are to survive
};
/// `sudo -S -p '<prompt>' [--preserve-env='A,B' ][-H -u USER ]<command>`. `invalid_input` for the name of a variable that is
/// none.
[[nodiscard]] Result<std::string> sudo_command(const SudoLine& line, std::string_view command);

/// The reference's `run.echo_format`: bold.
inline constexpr std::string_view bold_echo = "\x1b[1;37m{command}\x1b[0m";

/// `format` with `{command}` replaced, as str.format() does it: `{{` and `}}` are braces. `invalid_input` for any other
/// field. Control characters of the command, but line feed and tab, are shown as `\xNN`, so that a command line cannot give
/// orders to a terminal.
[[nodiscard]] Result<std::string> echo_text(std::string_view format, std::string_view command);

}  // namespace gitopsctl::invoke
