#include "invoke-compat/steps/run_options.hpp"

#include <cmath>
#include <utility>

namespace gitopsctl::invoke {
namespace {

/// A leaf of a configuration, or nullptr when it is not there or null.
const Value* leaf(const Value& config, std::string_view group, std::string_view name) {
  const Value* inner = config.is_map() ? config.find(group) : nullptr;
  const Value* value = inner != nullptr && inner->is_map() ? inner->find(name) : nullptr;
  return value == nullptr || value->is_null() ? nullptr : value;
}

Error wrong(std::string_view group, std::string_view name, std::string_view wanted) {
  return {ErrorCode::invalid_input, std::string(group) + '.' + std::string(name) + " must be " + std::string(wanted)};
}

Result<void> read_flag(const Value& config, std::string_view name, bool& out) {
  const Value* value = leaf(config, "run", name);
  if (value == nullptr) return {};
  if (!value->is_bool()) return wrong("run", name, "true or false");
  out = value->as_bool();
  return {};
}

Result<void> read_text(const Value& config, std::string_view group, std::string_view name, std::string& out) {
  const Value* value = leaf(config, group, name);
  if (value == nullptr) return {};
  if (!value->is_string()) return wrong(group, name, "text");
  out = value->as_string();
  return {};
}

Result<Hide> hide_of(const Value& value) {
  if (value.is_null()) return Hide::none;
  if (value.is_bool()) return value.as_bool() ? Hide::yes : Hide::none;
  if (!value.is_string()) return wrong("run", "hide", "true, false or a word");
  return parse_hide(value.as_string());
}

/// Seconds, whole or not.
Result<std::optional<Millis>> timeout_of(const Value& config) {
  const Value* value = leaf(config, "timeouts", "command");
  if (value == nullptr) return std::optional<Millis>();
  constexpr double most = 1e9;
  double seconds = 0;
  if (value->is_int()) {
    seconds = static_cast<double>(value->as_int());
  } else if (value->is_float()) {
    seconds = value->as_double();
  } else {
    return wrong("timeouts", "command", "a number of seconds");
  }
  if (std::isnan(seconds) || seconds < 0 || seconds > most)
    return wrong("timeouts", "command", "a number of seconds from 0 on");
  return std::optional<Millis>(Millis(static_cast<std::int64_t>(seconds * 1000)));
}

}  // namespace

Result<RunOptions> configured_options(const Value& config) {
  RunOptions out;
  GITOPSCTL_CHECK(read_flag(config, "echo", out.echo));
  GITOPSCTL_CHECK(read_flag(config, "dry", out.dry));
  GITOPSCTL_CHECK(read_flag(config, "warn", out.warn));
  GITOPSCTL_CHECK(read_flag(config, "pty", out.pty));
  GITOPSCTL_CHECK(read_flag(config, "fallback", out.fallback));
  GITOPSCTL_CHECK(read_flag(config, "replace_env", out.replace_env));
  GITOPSCTL_CHECK(read_text(config, "run", "shell", out.shell));
  std::string format;
  GITOPSCTL_CHECK(read_text(config, "run", "echo_format", format));
  // The default format is bold only on a terminal.
  if (!format.empty() && format != bold_echo) out.echo_format = format;
  if (const Value* hide = leaf(config, "run", "hide"); hide != nullptr) {
    GITOPSCTL_TRY(out.hide, hide_of(*hide));
  }
  if (const Value* echoed = leaf(config, "run", "echo_stdin"); echoed != nullptr) {
    if (!echoed->is_bool()) return wrong("run", "echo_stdin", "true or false");
    out.echo_stdin = echoed->as_bool();
  }
  if (const Value* input = leaf(config, "run", "in_stream"); input != nullptr) {
    if (!input->is_bool() || input->as_bool()) return wrong("run", "in_stream", "false, or nothing");
    out.input = InputChoice::none;
  }
  if (const Value* env = leaf(config, "run", "env"); env != nullptr) {
    if (!env->is_map()) return wrong("run", "env", "a map");
    for (const auto& member : env->as_map()) {
      if (!member.value.is_string()) return wrong("run.env", member.key.view(), "text");
      out.env[member.key.str()] = std::string(member.value.as_string());
    }
  }
  GITOPSCTL_TRY(out.timeout, timeout_of(config));
  return out;
}

Result<RunOptions> step_options(const declarative::RunOptions& step, const Scope& scope, const Value& config,
                                const std::string& task_directory) {
  GITOPSCTL_TRY(RunOptions out, configured_options(config));
  out.cwd = task_directory;
  if (step.echo) out.echo = *step.echo;
  if (step.warn) out.warn = *step.warn;
  if (step.pty) out.pty = *step.pty;
  if (step.replace_env) out.replace_env = *step.replace_env;
  if (step.timeout) out.timeout = step.timeout;
  if (!step.shell.empty()) out.shell = step.shell;
  if (step.hide) {
    GITOPSCTL_TRY(const auto hide, step.hide->evaluate(scope));
    // Null is what the configuration says.
    if (!hide.is_null()) {
      GITOPSCTL_TRY(out.hide, hide_of(hide));
    }
  }
  if (step.cd) {
    GITOPSCTL_TRY(auto directory, step.cd->render(scope));
    out.cd.push_back(std::move(directory));
  }
  for (const auto& prefix : step.prefix) {
    GITOPSCTL_TRY(auto text, prefix.render(scope));
    out.prefixes.push_back(std::move(text));
  }
  for (const auto& [name, value] : step.env) {
    GITOPSCTL_TRY(out.env[name], value.render(scope));
  }
  for (const auto& response : step.responses) {
    GITOPSCTL_TRY(auto text, response.send.render(scope));
    out.watchers.push_back({.pattern = response.match, .response = std::move(text), .sentinel = response.fail_on});
  }
  return out;
}

Result<SudoOptions> sudo_options(const declarative::RunOptions& step, const Scope& scope, const Value& config) {
  SudoOptions out;
  GITOPSCTL_CHECK(read_text(config, "sudo", "prompt", out.prompt));
  std::string text;
  GITOPSCTL_CHECK(read_text(config, "sudo", "user", text));
  if (!text.empty()) out.user = text;
  text.clear();
  GITOPSCTL_CHECK(read_text(config, "sudo", "password", text));
  if (leaf(config, "sudo", "password") != nullptr) out.password = text;
  if (step.user) {
    GITOPSCTL_TRY(out.user, step.user->render(scope));
  }
  return out;
}

}  // namespace gitopsctl::invoke
