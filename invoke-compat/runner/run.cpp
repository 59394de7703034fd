#include "invoke-compat/runner/run.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/result/no_throw.hpp"
#include "base/text/regex.hpp"
#include "base/time/either_stop.hpp"
#include "invoke-compat/python_text/python_text.hpp"
#include "invoke-compat/runner/exchange.hpp"
#include "invoke-compat/runner/guard.hpp"
#include "invoke-compat/runner/terminal.hpp"
#include "invoke-compat/runner/watchers.hpp"

namespace gitopsctl::invoke {

Result<Hide> parse_hide(std::string_view word) {
  if (word == "out" || word == "stdout") return Hide::out;
  if (word == "err" || word == "stderr") return Hide::err;
  if (word == "both") return Hide::both;
  return Error(
      ErrorCode::invalid_input,
      "'hide' got " + python_repr(word) + " which is not in (None, False, 'out', 'stdout', 'err', 'stderr', 'both', True)");
}

namespace {

Error wrong(std::string message) { return {ErrorCode::invalid_input, std::move(message)}; }

/// `path` below `directory`, or itself when it is absolute.
std::string below(const std::string& directory, const std::string& path) {
  if (path.empty()) return directory;
  if (path.starts_with('/')) return path;
  return directory + (directory.ends_with('/') ? "" : "/") + path;
}

/// A script as a file without a name.
Result<Descriptor> script_file(const std::string& text) {
  const int fd = ::memfd_create("command", MFD_CLOEXEC);
  if (fd < 0) return Error(ErrorCode::unavailable, std::string("cannot hide a command line: ") + std::strerror(errno));
  GITOPSCTL_TRY(Descriptor file, above_standard(fd));
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t count = ::write(file.fd(), rest.data(), rest.size());
    if (count < 0 && errno != EINTR) {
      return Error(ErrorCode::unavailable, std::string("cannot hide a command line: ") + std::strerror(errno));
    }
    if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
  }
  return file;
}

/// A command on its way: what is decided before it starts, and what it holds while it runs. Does not move: parts of it know
/// where others are.
class Running {
 public:
  Running(RunOptions options, RunContext context)
      : options_(std::move(options)), context_(std::move(context)), redactor_(options_.secrets) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// Everything up to the start. True: it runs now; false: there is nothing to wait for, the outcome is complete.
  Result<bool> start() {
    GITOPSCTL_CHECK(context_.interrupt.check("the command"));
    GITOPSCTL_CHECK(decide());
    GITOPSCTL_CHECK(echo());
    if (options_.dry) {
      outcome_.result.exited = 0;
      return false;
    }
    GITOPSCTL_TRY(WatcherSet watchers, WatcherSet::make(options_.watchers));
    if (options_.pty && context_.input.descriptor < 0 && options_.fallback) {
      context_.err->write("WARNING: stdin has no fileno; falling back to non-pty execution!\n");
    }
    GITOPSCTL_CHECK(launch(std::move(watchers)));
    return !options_.disown;
  }

  /// From the start to the end.
  RunOutcome finish() {
    {
      const bool typed = options_.input == InputChoice::inherit;
      const KeyByKey keys(typed ? context_.input.descriptor : -1);
      exchange_->run();
    }
    guarded_.keep_terminal();
    collect();
    judge();
    settle();
    return std::move(outcome_);
  }

  [[nodiscard]] RunOutcome take() { return std::move(outcome_); }
  [[nodiscard]] pid_t pid() const noexcept { return outcome_.result.pid; }

 private:
  Result<void> decide() {
    if (context_.out == nullptr || context_.err == nullptr) return Error(ErrorCode::internal, "a command has no output");
    if (!context_.directory.starts_with('/')) return Error(ErrorCode::internal, "a command has no absolute directory");
    if (options_.asynchronous && options_.disown) {
      return wrong("Cannot give both 'asynchronous' and 'disown' at the same time!");
    }
    if (options_.timeout && options_.timeout->count() < 0) return wrong("the timeout of a command is negative");
    for (const auto& [name, value] : options_.env) {
      if (name.empty() || name.find('=') != std::string::npos) {
        return wrong(python_repr(name) + " cannot be the name of an environment variable");
      }
    }
    if (options_.hide == Hide::yes) options_.echo = false;
    if (options_.dry) options_.echo = true;
    if (options_.asynchronous) {
      options_.hide = Hide::both;
      if (options_.input == InputChoice::inherit) options_.input = InputChoice::none;
    }
    RunResult& result = outcome_.result;
    directory_ = below(context_.directory, options_.cwd);
    if (options_.argv.empty()) {
      result.command = prefixed_command(options_.command, options_.cd, options_.prefixes);
    } else {
      if (!options_.prefixes.empty()) return wrong("a program that is run without a shell cannot have a prefix");
      GITOPSCTL_CHECK(change_directory());
      result.command = shell_join(options_.argv);
    }
    result.shell = options_.shell;
    result.env = options_.env;
    pty_ = options_.pty && (context_.input.descriptor >= 0 || !options_.fallback);
    result.pty = pty_;
    result.hide_out = options_.hide == Hide::out || options_.hide == Hide::both || options_.hide == Hide::yes;
    result.hide_err = options_.hide == Hide::err || options_.hide == Hide::both || options_.hide == Hide::yes;
    return {};
  }

  /// What `cd` does in a shell, for a program without one.
  Result<void> change_directory() {
    for (const std::string& step : options_.cd) {
      if (!step.starts_with('~')) {
        directory_ = below(directory_, step);
        continue;
      }
      const auto home = context_.environment.find("HOME");
      if ((step.size() > 1 && step[1] != '/') || home == context_.environment.end()) {
        return wrong("cannot tell which directory " + python_repr(step) + " is");
      }
      directory_ = home->second + step.substr(1);
    }
    return {};
  }

  Result<void> echo() {
    if (!options_.echo) return {};
    const auto no_color = context_.environment.find("NO_COLOR");
    const bool bold = context_.compat ||
                      (context_.out_is_terminal && (no_color == context_.environment.end() || no_color->second.empty()));
    const std::string format = options_.echo_format.value_or(bold ? std::string(bold_echo) : "{command}");
    GITOPSCTL_TRY(const std::string text, echo_text(format, redactor_.redact(outcome_.result.command)));
    context_.out->write(text + "\n");
    return {};
  }

  [[nodiscard]] std::vector<std::string> environment() const {
    std::map<std::string, std::string> all = options_.replace_env ? options_.env : context_.environment;
    for (const auto& [name, value] : options_.env) all[name] = value;
    std::vector<std::string> out;
    out.reserve(all.size());
    for (const auto& [name, value] : all) out.push_back(name + "=" + value);
    return out;
  }

  Result<void> launch(WatcherSet watchers) {
    GuardedCommand command;
    Descriptor script;
    if (!options_.argv.empty()) {
      command.argv = options_.argv;
    } else if (redactor_.finds(outcome_.result.command)) {
      // On the first line, so that line numbers in messages stay right; and what it starts does not see the descriptor.
      GITOPSCTL_TRY(script, script_file("exec 3<&-; " + outcome_.result.command + "\n"));
      command.argv = {options_.shell, "-c", ". /dev/fd/3"};
      command.script = script.fd();
    } else {
      command.argv = {options_.shell, "-c", outcome_.result.command};
    }
    command.environment = environment();
    command.directory = directory_;
    command.own_session = !context_.share_terminal;
    command.disown = options_.disown;
    command.grace = context_.grace;
    if (options_.disown) {
      GITOPSCTL_TRY(guarded_, Guarded::start(command));
      outcome_.result.pid = guarded_.pid();
      return {};
    }
    if (options_.input == InputChoice::inherit && is_terminal(context_.input.descriptor)) {
      command.restore_terminal = context_.input.descriptor;
    }
    CommandStreams ours;
    CommandStreams theirs;
    GITOPSCTL_CHECK(pty_ ? open_terminal_streams(ours, theirs) : open_pipes(ours, theirs));
    command.in = theirs.in.fd();
    command.out = theirs.out.fd();
    command.err = pty_ ? theirs.out.fd() : theirs.err.fd();
    command.terminal = pty_;
    for (const Descriptor* end : {&ours.in, &ours.out, &ours.err}) {
      if (end->open()) set_nonblocking(end->fd());
    }
    // Listens before the command runs: a Ctrl-C that comes at once is not lost.
    interrupts_.emplace(context_.interrupts);
    GITOPSCTL_TRY(guarded_, Guarded::start(command));
    outcome_.result.pid = guarded_.pid();
    exchange_.emplace(options_, context_, redactor_, std::move(watchers), guarded_, *interrupts_, std::move(ours), pty_);
    return {};
  }

  static Result<void> open_pipes(CommandStreams& ours, CommandStreams& theirs) {
    GITOPSCTL_TRY(Pipe in, make_pipe());
    GITOPSCTL_TRY(Pipe out, make_pipe());
    GITOPSCTL_TRY(Pipe err, make_pipe());
    ours = {std::move(in.write), std::move(out.read), std::move(err.read)};
    theirs = {std::move(in.read), std::move(out.write), std::move(err.write)};
    return {};
  }

  Result<void> open_terminal_streams(CommandStreams& ours, CommandStreams& theirs) const {
    GITOPSCTL_TRY(PseudoTerminal terminal, open_terminal(context_.terminal_size));
    const int copy = ::fcntl(terminal.ours.fd(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    const int their_copy = ::fcntl(terminal.theirs.fd(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    ours = {Descriptor(copy), std::move(terminal.ours), {}};
    theirs = {Descriptor(their_copy), std::move(terminal.theirs), {}};
    if (copy < 0 || their_copy < 0) {
      return Error(ErrorCode::unavailable, std::string("cannot copy a descriptor: ") + std::strerror(errno));
    }
    return {};
  }

  void collect() {
    RunResult& result = outcome_.result;
    result.out_bytes = exchange_->out().bytes();
    result.err_bytes = exchange_->err().bytes();
    result.out_cut = exchange_->out().cut();
    result.err_cut = exchange_->err().cut();
    result.out = exchange_->out().take_text();
    result.err = exchange_->err().take_text();
    result.out_end = exchange_->out().take_end();
    result.err_end = exchange_->err().take_end();
    // Without a word from the guardian it was killed, and the program with it.
    result.exited = guarded_.exited().value_or(-SIGKILL);
  }

  void judge() {
    RunResult& result = outcome_.result;
    switch (exchange_->ending()) {
      case Exchange::Ending::by_itself:
        if (!result.ok() && !options_.warn) outcome_.failure = unexpected_exit(result, redactor_);
        return;
      case Exchange::Ending::timeout: outcome_.failure = timed_out(result, *options_.timeout, redactor_); return;
      case Exchange::Ending::cancelled: outcome_.failure = cancelled(*exchange_->cancel_reason()); return;
      case Exchange::Ending::watcher:
        result.exited.reset();
        outcome_.failure = watcher_failed(options_.watchers[exchange_->failed_watcher()], redactor_);
        outcome_.failure->watcher = exchange_->failed_watcher();
        return;
    }
  }

  /// What is left in the background.
  void settle() {
    const bool by_itself = exchange_->ending() == Exchange::Ending::by_itself;
    exchange_.reset();
    interrupts_.reset();
    guarded_.update();
    if (guarded_.gone()) return;
    if (by_itself && options_.leave_background) return guarded_.release();
    if (by_itself && context_.scope != nullptr) return context_.scope->adopt(std::move(guarded_));
    const Guarded ended = std::move(guarded_);
  }

  RunOptions options_;
  RunContext context_;
  Redactor redactor_;
  RunOutcome outcome_;
  std::string directory_;
  bool pty_ = false;
  Guarded guarded_;
  std::optional<Interrupts::Listener> interrupts_;
  std::optional<Exchange> exchange_;
};

/// The prompt as a pattern, and what sudo says when it does not like an answer; a terminal makes the line end longer.
Response sudo_response(const SudoOptions& sudo) {
  return {regex_quote_meta(sudo.prompt), sudo.password.value_or("") + "\n", "Sorry, try again\\.\r?\n"};
}

}  // namespace

Result<RunOutcome> run_command_line(const RunOptions& options, const RunContext& context) {
  return no_throw("running a command", [&]() -> Result<RunOutcome> {
    if (options.asynchronous && !options.disown) {
      return Error(ErrorCode::internal, "an asynchronous command is to be started, not run");
    }
    Running running(options, context);
    GITOPSCTL_TRY(const bool runs, running.start());
    return runs ? running.finish() : running.take();
  });
}

Result<RunOutcome> run_sudo(const RunOptions& options, const SudoOptions& sudo, const RunContext& context) {
  SudoLine line{sudo.prompt, sudo.user, {}};
  for (const auto& [name, value] : options.env) line.preserve.push_back(name);
  const std::string command = options.argv.empty() ? options.command : shell_join(options.argv);
  RunOptions with_sudo = options;
  with_sudo.argv.clear();
  // The reference puts `cd` and prefixes behind `sudo`, not before it.
  GITOPSCTL_TRY(with_sudo.command, sudo_command(line, prefixed_command(command, options.cd, options.prefixes)));
  with_sudo.cd.clear();
  with_sudo.prefixes.clear();
  with_sudo.watchers.push_back(sudo_response(sudo));
  if (sudo.password) with_sudo.secrets.push_back(*sudo.password);
  GITOPSCTL_TRY(RunOutcome outcome, run_command_line(with_sudo, context));
  if (outcome.failure && outcome.failure->watcher == with_sudo.watchers.size() - 1) {
    outcome.failure = password_rejected(sudo.prompt);
  }
  return outcome;
}

struct RunningCommand::State {
  State(const RunOptions& options, const RunContext& context)
      : either(context.interrupt.stop, dropped.get_token()), running(options, stopped_by(context, either.token())) {}
  static RunContext stopped_by(RunContext context, const std::stop_token& stop) {
    context.interrupt.stop = stop;
    return context;
  }
  std::stop_source dropped;
  EitherStop either;
  Running running;
  Result<RunOutcome> outcome{RunOutcome{}};
  std::thread thread;
};

RunningCommand::RunningCommand(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunningCommand::RunningCommand(RunningCommand&&) noexcept = default;

RunningCommand& RunningCommand::operator=(RunningCommand&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

RunningCommand::~RunningCommand() {
  if (!state_ || !state_->thread.joinable()) return;
  state_->dropped.request_stop();
  state_->thread.join();
}

pid_t RunningCommand::pid() const noexcept { return state_->running.pid(); }

Result<RunOutcome> RunningCommand::join() {
  if (state_->thread.joinable()) state_->thread.join();
  return std::move(state_->outcome);
}

Result<RunningCommand> start_command(const RunOptions& options, const RunContext& context) {
  return no_throw("starting a command", [&]() -> Result<RunningCommand> {
    RunOptions beside = options;
    beside.asynchronous = true;
    auto state = std::make_unique<RunningCommand::State>(beside, context);
    GITOPSCTL_TRY(const bool runs, state->running.start());
    if (runs) {
      state->thread = std::thread([one = state.get()] {
        one->outcome = no_throw("following a command", [one]() -> Result<RunOutcome> { return one->running.finish(); });
      });
    } else {
      state->outcome = state->running.take();
    }
    return RunningCommand(std::move(state));
  });
}

}  // namespace gitopsctl::invoke
