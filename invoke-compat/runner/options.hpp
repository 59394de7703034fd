#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::invoke {

/// The option `hide`. The boolean `true` is not the word `both`: it switches the echo off as well.
enum class Hide : unsigned char { none, out, err, both, yes };

/// `out`, `stdout`, `err`, `stderr` or `both`; else `invalid_input` with the reference's words.
[[nodiscard]] Result<Hide> parse_hide(std::string_view word);

/// Where a command's standard input comes from.
enum class InputChoice : unsigned char {
  inherit,  ///< the context's input is copied to it (`in_stream: null`)
  none,     ///< nothing but responses (`in_stream: false`)
  text,     ///< RunOptions::input_text, then its end
};

/// A watcher: each match of `pattern` in the not yet matched part of what one stream said writes `response` to the command's
/// standard input, and matches up to everything that was seen by then. Patterns are RE2's, `.` matches line feeds, too. A
/// match that is empty answers nothing.
struct Response {
  std::string pattern;
  std::string response;
  /// A pattern that, seen after a response was written, fails the command; empty: none.
  std::string sentinel;
};

/// How one command is run. The defaults are the reference's (`run.*`).
struct RunOptions {
  std::string command;            ///< a line for the shell
  std::vector<std::string> argv;  ///< when not empty, this program with these arguments instead, without a shell
  std::string shell = "bash";     ///< a path, or a name that is looked up in the PATH of the command's environment
  std::map<std::string, std::string> env;
  bool replace_env = false;           ///< `env` is all there is, instead of being laid over the context's environment
  std::string cwd;                    ///< where it runs; relative to the context's directory; empty: that directory
  std::vector<std::string> cd;        ///< nested `cd`s: text before the command (without a shell: steps from `cwd`)
  std::vector<std::string> prefixes;  ///< nested prefixes, outermost first; only with a shell
  bool echo = false;
  std::optional<std::string> echo_format;  ///< nullopt: the default, which is bold only on a terminal
  bool dry = false;
  Hide hide = Hide::none;
  bool warn = false;
  bool pty = false;
  bool fallback = true;           ///< no terminal of its own when the context's input has no descriptor
  std::optional<Millis> timeout;  ///< of the command and its output
  InputChoice input = InputChoice::inherit;
  std::string input_text;
  std::optional<bool> echo_stdin;  ///< nullopt: when the input is a terminal and the command has none of its own
  std::vector<Response> watchers;
  bool asynchronous = false;  ///< only for start_command()
  bool disown = false;        ///< started and left alone, in a session of its own with /dev/null around it
  /// What the command leaves in the background goes on when it ended by itself, as in the reference. Otherwise that ends
  /// with the context's scope.
  bool leave_background = false;
  /// Taken out of the echo, of live output and of failure texts (Redactor). The result holds what was said. A shell line
  /// that holds one is given to the shell through a descriptor, since everybody can read the arguments of processes.
  std::vector<std::string> secrets;
  /// Bytes kept of each stream; live output and watchers go on behind it.
  std::size_t max_kept = std::size_t{64} << 20U;
};

/// What became of a command.
struct RunResult {
  std::string command;  ///< with `cd`s and prefixes; for a program without a shell its words, quoted
  std::string shell;
  std::map<std::string, std::string> env;  ///< as it was given
  /// What it said as UTF-8, ill-formed sequences replaced by U+FFFD. With a terminal all is in `out`, with `\r\n`.
  std::string out;
  std::string err;
  std::uint64_t out_bytes = 0;  ///< that it wrote
  std::uint64_t err_bytes = 0;
  bool out_cut = false;  ///< it wrote more than RunOptions::max_kept: `out` is only the start
  bool err_cut = false;
  /// The end of a stream that was cut, for failure texts.
  std::string out_end;
  std::string err_end;
  /// Its exit code, or -N when signal N ended it; nothing when it was disowned or a watcher gave up on it.
  std::optional<int> exited;
  bool pty = false;
  bool hide_out = false;  ///< it was not shown
  bool hide_err = false;
  pid_t pid = -1;

  [[nodiscard]] bool ok() const noexcept { return exited == 0; }
};

}  // namespace gitopsctl::invoke
