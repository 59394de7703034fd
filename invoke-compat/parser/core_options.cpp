#include "invoke-compat/parser/core_options.hpp"

#include <array>
#include <string_view>

namespace gitopsctl::invoke {
namespace {

struct CoreRow {
  std::string_view name;
  std::string_view letter;
  ArgumentKind kind;
  std::string_view help;
  bool value_optional = false;
  bool ours = false;
};

using enum ArgumentKind;

constexpr std::array rows{
    CoreRow{"command-timeout", "T", integer, "End a command that runs longer than INT seconds."},
    CoreRow{"complete", "", boolean, "Print what could follow the words behind `--`, for shells."},
    CoreRow{"config", "f", str, "Read this configuration file as well."},
    CoreRow{"debug", "d", boolean, "Log on standard error what is done."},
    CoreRow{"dry", "R", boolean, "Print commands and do not run them."},
    CoreRow{"echo", "e", boolean, "Print each command before it runs."},
    CoreRow{"help", "h", str, "Show this, or what a task takes.", true},
    CoreRow{"hide", "", str, "Hide output of commands: out, err or both."},
    CoreRow{"list", "l", str, "List the tasks, or those of one namespace.", true},
    CoreRow{"list-depth", "D", integer, "List only INT levels of namespaces; 0 is all."},
    CoreRow{"list-format", "F", str, "How to list: flat (the default), nested or json."},
    CoreRow{"print-completion-script", "", str, "Print the completion script of a shell: bash, zsh or fish."},
    CoreRow{"prompt-for-sudo-password", "", boolean, "Ask for the password of sudo before anything runs."},
    CoreRow{"pty", "p", boolean, "Run commands in a terminal of their own."},
    CoreRow{"version", "V", boolean, "Show the version."},
    CoreRow{"warn-only", "w", boolean, "Go on when a command fails."},
    CoreRow{"write-pyc", "", boolean, "Taken for compatibility; does nothing."},
    CoreRow{"collection", "c", str, "Base name of the task file; `tasks` when it is not given."},
    CoreRow{"no-dedupe", "", boolean, "Run a task as often as it is called for."},
    CoreRow{"search-root", "r", str, "Folder in which the search for the task file starts."},
    CoreRow{"engine", "", str, "What runs the tasks: native, python or auto.", false, true},
    CoreRow{"explain", "", boolean, "Say more about a command that failed.", false, true},
};

std::optional<std::string> text_of(const ParsedContext& core, std::string_view name) {
  const auto& value = core.value(name);
  if (!value.is_string()) return std::nullopt;
  return std::string(value.as_string());
}

std::optional<std::int64_t> number_of(const ParsedContext& core, std::string_view name) {
  const auto& value = core.value(name);
  if (value.kind() != Kind::int64) return std::nullopt;
  return value.as_int();
}

bool is_on(const ParsedContext& core, std::string_view name) {
  const auto& value = core.value(name);
  return value.is_bool() && value.as_bool();
}

NamedRequest request_of(const ParsedContext& core, std::string_view name) {
  if (is_on(core, name)) return {.asked = true};
  auto text = text_of(core, name);
  if (!text || text->empty()) return {};
  return {.asked = true, .name = std::move(*text)};
}

}  // namespace

ContextShape core_shape(const Rules& rules) {
  ContextShape out;
  for (const auto& row : rows) {
    if (row.ours && !rules.own_core_flags) continue;
    out.flags.all.push_back({.attribute = std::string(row.name),
                             .main_name = std::string(row.name),
                             .short_name = std::string(row.letter),
                             .kind = row.kind,
                             .default_value = row.kind == boolean ? Value::boolean(false) : Value(),
                             .value_optional = row.value_optional,
                             .help = std::string(row.help),
                             .hidden = row.ours});
  }
  return out;
}

Result<CoreOptions> core_options(const ParsedContext& core, const Rules& rules) {
  CoreOptions out;
  out.complete = is_on(core, "complete");
  out.hide = text_of(core, "hide");
  out.no_dedupe = is_on(core, "no-dedupe");
  out.print_completion_script = text_of(core, "print-completion-script").value_or("");
  out.prompt_for_sudo_password = is_on(core, "prompt-for-sudo-password");
  out.write_pyc = is_on(core, "write-pyc");
  out.collection = text_of(core, "collection");
  out.debug = is_on(core, "debug");
  out.list_depth = number_of(core, "list-depth");
  out.echo = is_on(core, "echo");
  out.config = text_of(core, "config");
  out.list_format = text_of(core, "list-format").value_or("flat");
  out.help = request_of(core, "help");
  out.list = request_of(core, "list");
  out.pty = is_on(core, "pty");
  out.search_root = text_of(core, "search-root");
  out.dry = is_on(core, "dry");
  out.command_timeout = number_of(core, "command-timeout");
  out.version = is_on(core, "version");
  out.warn_only = is_on(core, "warn-only");
  out.engine = text_of(core, "engine");
  out.explain = is_on(core, "explain");
  if (rules.refuse_negative_timeout && out.command_timeout.value_or(0) < 0) {
    return Error(ErrorCode::invalid_input, "error: --command-timeout needs a number of seconds that is not negative, not " +
                                               std::to_string(*out.command_timeout));
  }
  return out;
}

void overlay(ParsedContext& core, const ParsedContext& later) {
  for (std::size_t i = 0; i < core.values.size() && i < later.values.size(); ++i) {
    if (later.values[i].given) core.values[i] = later.values[i];
  }
}

}  // namespace gitopsctl::invoke
