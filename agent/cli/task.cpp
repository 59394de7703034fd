#include "agent/cli/task.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "agent/cli/environment_variable.hpp"
#include "agent/cli/handover.hpp"
#include "agent/cli/invocation.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/task_secrets.hpp"
#include "agent/cli/version_text.hpp"
#include "invoke-compat/program/program.hpp"
#include "invoke-compat/runner/descriptor.hpp"
#include "invoke-compat/runner/guard.hpp"
#include "invoke-compat/runner/interrupts.hpp"
#include "invoke-compat/runner/output.hpp"
#include "invoke-compat/runner/terminal.hpp"

namespace gitopsctl::agent::cli {
namespace {

/// The reference whose words and bytes are ours.
constexpr std::string_view reference_version = "Invoke 3.0.3";

invoke::Environment whole_environment() {
  invoke::Environment out;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view text(*one);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

/// The columns of standard output; nothing else counts, as in the reference.
std::size_t columns() {
  winsize size{};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

/// Reads a line from the terminal without showing it.
Result<std::string> ask_password(const std::string& prompt) {
  const invoke::Descriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.open()) return Error(ErrorCode::unavailable, "there is no terminal to ask for a password");
  const auto written = ::write(terminal.fd(), prompt.data(), prompt.size());
  termios before{};
  if (written < 0 || ::tcgetattr(terminal.fd(), &before) != 0) {
    return Error(ErrorCode::unavailable, std::string("cannot ask for a password: ") + std::strerror(errno));
  }
  termios hidden = before;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  hidden.c_lflag |= ECHONL;
  ::tcsetattr(terminal.fd(), TCSAFLUSH, &hidden);
  constexpr std::size_t longest = 4096;
  std::string out;
  for (char c = 0; out.size() < longest;) {
    const auto got = ::read(terminal.fd(), &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || c == '\n') break;
    out += c;
  }
  ::tcsetattr(terminal.fd(), TCSAFLUSH, &before);
  return out;
}

Result<CapturedOutput> run_quietly(const std::vector<std::string>& argv, const std::string& directory, Millis limit) {
  CapturedCommand command;
  command.command.program = argv.front();
  command.command.arguments.assign(argv.begin() + 1, argv.end());
  command.command.directory = directory;
  return run_command(command, {.stop = {}, .deadline = Deadline(system_clock(), limit)});
}

/// A program that takes this one's place begins with the signals that this one began with.
void give_back_signals() {
  sigset_t none;
  sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
}

/// Takes the place of this process.
Result<int> become(const std::vector<std::string>& argv) {
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));  // execvp's type predates const
  words.push_back(nullptr);
  give_back_signals();
  ::execvp(words.front(), words.data());
  return Error(ErrorCode::unavailable, "cannot start " + argv.front() + ": " + std::strerror(errno));
}

std::string state_directory(const invoke::Environment& environment) {
  const auto cache = environment.find("XDG_CACHE_HOME");
  if (cache != environment.end() && cache->second.starts_with('/')) return cache->second + "/gitopsctl/tasks";
  const auto home = environment.find("HOME");
  return home != environment.end() && home->second.starts_with('/') ? home->second + "/.cache/gitopsctl/tasks"
                                                                    : std::string();
}

}  // namespace

std::optional<TaskWords> task_words(const std::string& program, std::span<const std::string> words) {
  const auto name = program.substr(program.rfind('/') + 1);
  if (name == "inv" || name == "invoke") return TaskWords{.compat = true, .words = {words.begin(), words.end()}};
  if (words.empty() || words.front() != "task") return std::nullopt;
  return TaskWords{.compat = false, .words = {words.begin() + 1, words.end()}};
}

Result<int> run_task(const Invocation& /*invocation*/) {
  return Error(ErrorCode::invalid_input, "a flag stands before 'task'").with_hint("begin with it: gitopsctl task NAME");
}

int run_task_words(const TaskWords& task, const TaskProgram& program) {
  // Both live as long as the process: a thread of signals looks at them.
  static invoke::Interrupts interrupts;
  static std::stop_source stop;
  invoke::forward_signals(interrupts, stop);

  invoke::DescriptorSink out(STDOUT_FILENO);
  invoke::DescriptorSink err(STDERR_FILENO);
  invoke::TaskScope scope;
  std::error_code unknown;
  const auto here = std::filesystem::current_path(unknown);
  if (unknown) {
    err.write("error: cannot tell the working directory: " + unknown.message() + "\n");
    return 2;
  }

  channels::secrets::SecretContext context;
  context.environment = whole_environment();
  context.read_kube_secret = program.read_kube_secret;
  std::optional<TaskSecrets> providers;
  invoke::Secrets secrets(
      [&](const invoke::SecretQuestion& question) { return providers->resolve(question, {stop.get_token(), Deadline()}); });
  context.hide = [&secrets](std::string_view value) { secrets.remember(value); };
  context.show = [](std::string_view) {};
  providers.emplace(std::move(context), program.make_provider);

  invoke::ProgramWorld world;
  world.files = &invoke::machine_files();
  world.environment = whole_environment();
  world.places.home = environment_variable("HOME");
  world.places.working_directory = here.string();
  world.run.out = &out;
  world.run.err = &err;
  world.run.input.descriptor = STDIN_FILENO;
  world.run.environment.insert(world.environment.begin(), world.environment.end());
  world.run.directory = here.string();
  world.run.out_is_terminal = invoke::is_terminal(STDOUT_FILENO) && environment_variable("NO_COLOR").empty();
  world.run.terminal_size = invoke::terminal_size_of(STDOUT_FILENO);
  world.run.share_terminal = true;
  world.run.compat = task.compat;
  world.run.interrupt.stop = stop.get_token();
  world.run.interrupts = &interrupts;
  world.run.scope = &scope;
  world.width = columns();
  world.usage_word = task.compat ? "inv[oke]" : "gitopsctl task";
  if (task.compat) {
    world.names = {"inv", "invoke"};
  } else {
    world.names = {"gitopsctl task"};
  }
  auto version = version_text();
  if (version.ends_with('\n')) version.pop_back();
  world.version_line = task.compat ? std::string(reference_version) : version;
  world.compat = task.compat;
  world.own_program = program.path;
  world.state_directory = state_directory(world.environment);
  world.secrets = &secrets;
  world.before_secrets = [&program](const std::vector<Value>& sections) -> Result<void> {
    if (program.hand_over_argv == nullptr || !names_network_provider(sections)) return {};
    give_back_signals();
    return hand_over_to_network_program(program.hand_over_argv);
  };
  world.ask_password = ask_password;
  world.run_program = run_quietly;
  world.become = become;
  return invoke::run_tasks(task.words, world);
}

}  // namespace gitopsctl::agent::cli
