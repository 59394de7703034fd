#include "invoke-compat/declarative/shapes.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace gitopsctl::invoke::declarative::detail {

namespace {

using Action = Step::Action;

constexpr std::array<std::string_view, 6> kind_words{"str", "int", "float", "bool", "list", "count"};
constexpr std::array<std::string_view, 5> hidden{"out", "stdout", "err", "stderr", "both"};

constexpr std::array<ActionRow, 8> action_rows{{
    {"run", Action::run},
    {"exec", Action::exec},
    {"sudo", Action::sudo},
    {"print", Action::print},
    {"call", Action::call},
    {"use", Action::use},
    {"exit", Action::exit},
    {"parallel", Action::parallel},
}};

constexpr std::array commands{Action::run, Action::exec, Action::sudo};
constexpr std::array shells{Action::run, Action::sudo};
constexpr std::array only_sudo{Action::sudo};
constexpr std::array only_call{Action::call};
constexpr std::array only_use{Action::use};
constexpr std::array with_result{Action::run, Action::exec, Action::sudo, Action::use};

constexpr std::array<OptionRow, 17> option_rows{{
    {"id", with_result},
    {"echo", commands},
    {"hide", commands},
    {"warn", commands},
    {"pty", commands},
    {"timeout", commands},
    {"env", commands},
    {"replaceEnv", commands},
    {"shell", shells},
    {"cd", commands},
    {"prefix", shells},
    {"responses", commands},
    {"retries", commands},
    {"user", only_sudo},
    {"args", only_call},
    {"only", only_call},
    {"with", only_use},
}};

std::vector<std::string> strings(std::span<const std::string_view> words) { return {words.begin(), words.end()}; }

/// Keys that the root and every namespace have.
std::vector<ConfigField> namespace_fields() {
  using namespace shape;
  return {
      optional("help", text("What this is for; its first line shows in listings.", false)),
      optional("default", text("The task, or the namespace with a default of its own, that runs when none is named.")),
      optional("config", map("Configuration of these tasks, below all files and flags.", any(""))),
      optional("tasks", map("The tasks by name.", any(""))),
      optional("namespaces", map("Groups of tasks by name; their tasks are typed as namespace.task.", any(""))),
  };
}

ConfigShape make_file() {
  using namespace shape;
  std::vector<ConfigField> fields{
      required("apiVersion", choice("The version of this format.", {"gitopsctl.dev/v1"})),
      required("kind", choice("What this file is.", {"Tasks"})),
      optional("settings",
               object("How tasks of this file are read and run.",
                      {
                          optional("autoShort", boolean("Arguments get short flags by themselves."), Value::boolean(true)),
                          optional("dedupe", boolean("A task that is needed twice runs once.")),
                          optional("shell", text("The shell of commands, a POSIX one.")),
                      })),
      optional("include", list("Other task files, each as a namespace.",
                               object("One file.",
                                      {
                                          required("file", text("Path from the folder of this file; it cannot leave the "
                                                                "folder of the first one.")),
                                          required("as", text("Name of the namespace.")),
                                      }))),
  };
  for (auto& field : namespace_fields()) fields.push_back(std::move(field));
  return object("Tasks that gitopsctl task runs.", std::move(fields));
}

ConfigShape make_task() {
  using namespace shape;
  return object("One task.", {
                                 optional("help", text("What it does; its first line shows in listings.", false)),
                                 optional("aliases", list("Other names.", text(""))),
                                 optional("pre", list("Tasks that run before it.", any(""))),
                                 optional("post", list("Tasks that run after it.", any(""))),
                                 optional("args", list("Its arguments.", any(""))),
                                 optional("autoShort", boolean("Its arguments get short flags by themselves.")),
                                 optional("cd", text("Where its steps run, from the project directory.")),
                                 optional("steps", list("What it does, in order; the first failure ends it.", any(""))),
                                 optional("finally", list("What it does at the end in any case.", any(""))),
                             });
}

ConfigShape make_arg() {
  using namespace shape;
  return object(
      "One argument.",
      {
          required("name", text("Expressions call it by its underscore spelling, flags by the dashed one.")),
          optional("help", text("What it is for.", false)),
          optional("kind", choice("What it takes; without it, what its default is.", strings(arg_kinds()))),
          optional("default", any("Its value when it is not given. Without one it is positional.")),
          optional("positional", boolean("It can be given by its place alone.")),
          optional("optionalValue", boolean("Its flag can stand without a value, and is true then."), Value::boolean(false)),
          optional("short", any("Its short flag, one letter or digit; false: none.")),
          optional("choices", list("The only values that it takes.", any(""), true)),
      });
}

ConfigShape make_step() {
  using namespace shape;
  return object(
      "One step: exactly one of run, exec, sudo, print, call, use, exit, parallel, and how.",
      {
          optional("run", text("A command for the shell.")),
          optional("exec", list("A program and its arguments, without a shell.", text("", false), true)),
          optional("sudo", text("A command for the shell, as another user.")),
          optional("print", text("A text for standard output.", false)),
          optional("call", text("A task, looked for in this namespace first, then from the root.")),
          optional("use", text("A task that is built in.")),
          optional("exit", object("Ends everything.",
                                  {
                                      optional("message", text("Goes to standard error.", false)),
                                      optional("code", any("Exit code, or an expression. Without it: 1 with a message, "
                                                           "else 0.")),
                                  })),
          optional("parallel", list("Steps that run at once.", any(""), true)),
          optional("when", text("An expression; the step is left out unless it holds.")),
          optional("id", text("What later steps call its result: steps.ID.stdout.")),
          optional("echo", boolean("The command is shown before it runs.")),
          optional("hide", any("Output that is not shown: out, err, both; or an expression.")),
          optional("warn", boolean("A failure is no failure.")),
          optional("pty", boolean("It gets a terminal.")),
          optional("timeout", duration("When it is ended.")),
          optional("env", map("Variables of the environment.", text("", false))),
          optional("replaceEnv", boolean("It gets no other variables.")),
          optional("shell", text("The shell, a POSIX one.")),
          optional("cd", text("Where it runs, from where the task runs.")),
          optional("prefix", list("Commands that run before it, in the same shell.", text(""))),
          optional("responses", list("Answers to what it asks.",
                                     object("One answer.",
                                            {
                                                required("match", text("A regular expression of the question (RE2).")),
                                                required("send", text("The answer, with its line end.", false)),
                                                optional("failOn", text("A regular expression: seen after the answer, the "
                                                                        "command has failed.")),
                                            }))),
          optional("retries", integer("How often more it is tried when it fails.", 0, most_retries), Value::int64(0)),
          optional("user", text("Who it runs as.")),
          optional("args", map("Arguments of the task.", any(""))),
          optional("only", boolean("The task runs without its pre and post tasks."), Value::boolean(false)),
          optional("with", map("Parameters of the built-in task.", any(""))),
      });
}

ConfigShape make_reference() {
  using namespace shape;
  return either("A task.", text("Its name, looked for in this namespace first, then from the root."),
                object("A task with arguments.", {
                                                     required("task", text("Its name.")),
                                                     optional("args", map("Its arguments; no expressions.", any(""))),
                                                 }));
}

}  // namespace

const ConfigShape& file_shape() {
  static const ConfigShape shape = make_file();
  return shape;
}
const ConfigShape& namespace_shape() {
  static const ConfigShape shape = shape::object("A group of tasks.", namespace_fields());
  return shape;
}
const ConfigShape& task_shape() {
  static const ConfigShape shape = make_task();
  return shape;
}
const ConfigShape& arg_shape() {
  static const ConfigShape shape = make_arg();
  return shape;
}
const ConfigShape& reference_shape() {
  static const ConfigShape shape = make_reference();
  return shape;
}
const ConfigShape& step_shape() {
  static const ConfigShape shape = make_step();
  return shape;
}

std::span<const std::string_view> arg_kinds() noexcept { return kind_words; }
std::span<const std::string_view> hide_words() noexcept { return hidden; }
std::span<const ActionRow> actions() noexcept { return action_rows; }
std::span<const OptionRow> step_options() noexcept { return option_rows; }

}  // namespace gitopsctl::invoke::declarative::detail
