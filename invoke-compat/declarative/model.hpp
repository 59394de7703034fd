#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "base/value/value.hpp"
#include "invoke-compat/expression/template.hpp"

/// What a native task file (`tasks.yaml`) says, as it says it. Names are as they are written; the dashed spelling of those
/// of tasks and namespaces is what people type (see dashed_name()). Plain values: copies share nothing that changes.
namespace gitopsctl::invoke::declarative {

/// A value in which texts can be expressions: an argument of a call, a parameter of a native task.
class Input {
 public:
  Input() = default;
  /// A value without expressions.
  explicit Input(Value literal) : literal_(std::move(literal)) {}

  /// Notes that the text at `path` (keys, and indexes as texts) is an expression.
  void add(std::vector<std::string> path, Template text) { texts_.emplace_back(std::move(path), std::move(text)); }

  [[nodiscard]] bool is_literal() const noexcept { return texts_.empty(); }
  /// As it is written.
  [[nodiscard]] const Value& written() const noexcept { return literal_; }
  [[nodiscard]] const std::vector<std::pair<std::vector<std::string>, Template>>& texts() const noexcept { return texts_; }

  /// The value with every expression evaluated; a text that is one expression becomes its value, of whatever kind.
  [[nodiscard]] Result<Value> evaluate(const Scope& scope) const;

 private:
  Value literal_;
  std::vector<std::pair<std::vector<std::string>, Template>> texts_;
};

enum class ArgKind : std::uint8_t { text, integer, floating, boolean, list, count };

/// One argument of a task.
struct Arg {
  std::string name;       ///< as written
  std::string attribute;  ///< with underscores: what expressions, and errors of the parser, call it
  std::string help;
  ArgKind kind = ArgKind::text;
  bool has_default = false;  ///< `default:` is there, null too
  Value fallback;            ///< its value; false, 0 and the empty list where those kinds have none
  bool optional_value = false;
  std::optional<bool> positional;
  bool short_off = false;    ///< `short: false`
  char short_letter = '\0';  ///< an explicit one
  std::vector<Value> choices;
  Location where;

  /// As written, else: what has no default, and is text or a number.
  [[nodiscard]] bool is_positional() const noexcept;
};

/// A reference to another task: in `pre` and `post`, and of a step `call`.
struct TaskCall {
  std::string name;                                 ///< as written
  std::string task;                                 ///< dotted, from the root, dashed; set by the loader
  std::vector<std::pair<std::string, Input>> args;  ///< by underscore spelling; without expressions in `pre` and `post`
  bool only = false;                                ///< without the callee's own pre and post tasks
  Location where;
};

/// An answer to what a command asks.
struct Response {
  std::string match;  ///< a regular expression (RE2) that compiles
  Template send;
  std::string fail_on;  ///< a regular expression whose appearance after the answer fails the command; empty: none
  Location where;
};

/// How a command is run. What is not there is what the configuration says.
struct RunOptions {
  std::optional<bool> echo;
  std::optional<bool> warn;
  std::optional<bool> pty;
  std::optional<bool> replace_env;
  std::optional<Input> hide;  ///< evaluates to true, false, or `out`, `stdout`, `err`, `stderr`, `both`
  std::optional<Millis> timeout;
  std::string shell;
  std::optional<Template> cd;
  std::optional<Template> user;  ///< sudo
  std::vector<Template> prefix;  ///< commands before the command
  std::vector<std::pair<std::string, Template>> env;
  std::vector<Response> responses;
  int retries = 0;  ///< how often more it is tried
};

struct Step {
  enum class Action : std::uint8_t { none, run, exec, sudo, print, call, use, exit, parallel };

  Action action = Action::none;
  std::string id;
  std::optional<Expression> when;
  Template text;               ///< run, sudo: a command; print
  std::vector<Template> argv;  ///< exec
  TaskCall call;
  std::string use;                  ///< name of a native task
  Input with;                       ///< its parameters, a map
  std::optional<Template> message;  ///< exit
  std::optional<Input> code;        ///< exit: a whole number, or an expression
  std::vector<Step> parallel;
  RunOptions options;  ///< run, exec, sudo
  Location where;
};

struct Task {
  std::string name;
  std::string help;
  std::vector<std::string> aliases;  ///< typed as they are written
  std::vector<TaskCall> pre;
  std::vector<TaskCall> post;
  std::vector<Arg> args;
  std::optional<bool> auto_short;  ///< null: as the settings say
  std::optional<Template> cd;
  std::vector<Step> steps;
  std::vector<Step> finally;
  Location where;
};

/// The root, a namespace below it, or an included file.
struct Namespace {
  std::string name;  ///< empty for the root
  std::string help;
  std::string default_name;  ///< as written; empty: none
  Location default_where;
  Value config = Value::map();
  Location config_where;
  std::vector<Task> tasks;            ///< in the order of the file
  std::vector<Namespace> namespaces;  ///< in the order of the file, then those of includes
  Location where;
};

struct Settings {
  bool auto_short = true;
  std::optional<bool> dedupe;
  std::string shell;  ///< empty: as configured
};

/// Something that is not wrong, but to be looked at.
struct Warning {
  Location where;
  std::string message;
};

struct TaskFile {
  std::string file;  ///< as messages name it
  Namespace root;
  Settings settings;
  std::vector<std::string> files;  ///< all that were read, the root first
  std::vector<Warning> warnings;
};

}  // namespace gitopsctl::invoke::declarative
