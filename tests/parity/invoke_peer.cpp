#include "tests/parity/invoke_peer.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "base/json/json.hpp"
#include "base/process/spawn.hpp"
#include "invoke-compat/listing/completion.hpp"
#include "invoke-compat/listing/help.hpp"
#include "invoke-compat/listing/listing.hpp"
#include "invoke-compat/parser/parser.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::tests {
namespace {

using namespace gitopsctl::invoke;

Value optional_text(const std::optional<std::string>& text) { return text ? Value::string(*text) : Value(); }
Value optional_number(const std::optional<std::int64_t>& number) { return number ? Value::int64(*number) : Value(); }
Value requested(const NamedRequest& request) {
  if (!request.asked) return {};
  return request.name.empty() ? Value::boolean(true) : Value::string(request.name);
}

/// As the driver has them: with the reference's defaults.
Value core_values(const CoreOptions& core) {
  return make_map({{"complete", Value::boolean(core.complete)},
                   {"hide", optional_text(core.hide)},
                   {"no-dedupe", Value::boolean(core.no_dedupe)},
                   {"print-completion-script", Value::string(core.print_completion_script)},
                   {"prompt-for-sudo-password", Value::boolean(core.prompt_for_sudo_password)},
                   {"write-pyc", Value::boolean(core.write_pyc)},
                   {"collection", optional_text(core.collection)},
                   {"debug", Value::boolean(core.debug)},
                   {"list-depth", Value::int64(core.list_depth.value_or(0))},
                   {"echo", Value::boolean(core.echo)},
                   {"config", optional_text(core.config)},
                   {"list-format", Value::string(core.list_format)},
                   {"help", requested(core.help)},
                   {"list", requested(core.list)},
                   {"pty", Value::boolean(core.pty)},
                   {"search-root", optional_text(core.search_root)},
                   {"dry", Value::boolean(core.dry)},
                   {"command-timeout", optional_number(core.command_timeout)},
                   {"version", Value::boolean(core.version)},
                   {"warn-only", Value::boolean(core.warn_only)}});
}

TaskAnswer failure(const Error& error) {
  return {.code = 1, .err = error.message() + "\n", .crashed = error.message().starts_with("error: ")};
}

TaskAnswer text(std::string out) { return {.out = std::move(out)}; }

template <class T>
TaskAnswer text_or_failure(const Result<T>& out) {
  return out.ok() ? text(*out) : failure(out.error());
}

Value call_value(const ParsedCall& call) {
  Value given = Value::list();
  for (const auto& name : call.given) given.push_back(Value::string(name));
  return make_map({{"name", Value::string(call.name)}, {"args", call.arguments}, {"given", given}});
}

std::vector<std::string> texts(const Value* list) {
  std::vector<std::string> out;
  if (list == nullptr) return out;
  for (const auto& item : list->as_list()) out.emplace_back(item.as_string());
  return out;
}

bool holds(const Value& description, std::string_view key, std::string_view name) {
  const auto all = texts(description.find(key));
  return std::find(all.begin(), all.end(), name) != all.end();
}

ArgumentKind kind_of(const Value& default_value) {
  if (default_value.is_bool()) return ArgumentKind::boolean;
  if (default_value.is_int()) return ArgumentKind::integer;
  return default_value.is_float() ? ArgumentKind::floating : ArgumentKind::str;
}

Task task_from(const Value& description) {
  Task out{.name = std::string(description.string_at({"name"}))};
  out.docstring = description.string_at({"doc"});
  out.aliases = texts(description.find("aliases"));
  if (const auto* list = description.find("positional")) out.positional = texts(list);
  if (const auto* automatic = description.find("short")) out.automatic_short_flags = automatic->as_bool();
  for (const auto& one : description.find("args")->as_list()) {
    Argument argument{.name = std::string(one.string_at({"name"}))};
    argument.help = one.string_at({"help"});
    if (const auto* value = one.find("default")) {
      argument.default_value = *value;
      argument.has_default = true;
    }
    argument.kind = kind_of(argument.default_value);
    if (holds(description, "iterable", argument.name)) argument.kind = ArgumentKind::list;
    if (holds(description, "incrementable", argument.name)) argument.kind = ArgumentKind::count;
    argument.value_optional = holds(description, "optional", argument.name);
    out.arguments.push_back(std::move(argument));
  }
  return out;
}

/// The first column of the core's help: what is behind it is in our words.
std::string labels_only(const std::string& help) {
  std::istringstream lines(help);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  -")) {
      if (!line.starts_with("  ")) out += line + '\n';
      continue;
    }
    out += line.substr(0, line.find("   ", 2)) + '\n';
  }
  return out;
}

std::string sorted_lines(const std::string& all) {
  std::vector<std::string> lines;
  std::istringstream in(all);
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const auto& line : lines) out += line + '\n';
  return out;
}

/// In the form in which outputs can be compared.
std::string comparable(const std::string& out) {
  if (out.starts_with("Usage: inv[oke] [--core-opts] task1")) return labels_only(out);
  // The names of one flag come in any order from the reference.
  if (out.starts_with("-")) return sorted_lines(out);
  return out;
}

std::string json(const Value& value) {
  const auto out = to_json(value, {.escape_html = false});
  return out.ok() ? *out : "?";
}

TaskAnswer answer_from(const Value& value) {
  TaskAnswer out;
  out.code = static_cast<int>(value.find("code")->as_int());
  out.out = value.string_at({"out"});
  out.err = value.string_at({"err"});
  out.crashed = value.find("crash") != nullptr;
  if (out.crashed) out.err = std::string(value.string_at({"crash"}));
  if (const auto* calls = value.find("calls")) {
    out.calls = *calls;
    out.core = *value.find("core");
    // Empty counts as not given, by the time that anything runs.
    for (const auto* name : {"help", "list"}) {
      if (const auto* given = out.core.find(name); given != nullptr && given->as_string().empty() && given->is_string()) {
        out.core.set(name, Value());
      }
    }
  }
  out.remainder = value.string_at({"remainder"});
  return out;
}

std::vector<std::pair<std::string, std::string>> environment_in(const std::string& home) {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nothing changes it
  return {{"HOME", home},
          {"PATH", path == nullptr ? "/usr/bin:/bin" : path},
          {"PYTHONDONTWRITEBYTECODE", "1"},
          {"PYTHONUTF8", "1"},
          {"LC_ALL", "C.UTF-8"}};
}

Value question(const TaskLine& line) {
  Value words = Value::list();
  for (const auto& word : line.words) words.push_back(Value::string(word));
  return make_map({{"argv", words}, {"width", Value::int64(static_cast<std::int64_t>(line.width))}});
}

}  // namespace

std::string difference(const TaskAnswer& ours, const TaskAnswer& theirs) {
  if (ours.crashed && theirs.crashed) return {};
  std::string out;
  const auto differ = [&](const std::string& what, const std::string& our_text, const std::string& their_text) {
    if (our_text != their_text) out += what + "\n  ours:      " + our_text + "\n  reference: " + their_text + "\n";
  };
  differ("exit code", std::to_string(ours.code), std::to_string(theirs.code));
  differ("error", ours.err, theirs.err);
  if (!ours.own_text) differ("output", comparable(ours.out), comparable(theirs.out));
  if (!json_equal(ours.calls, theirs.calls)) differ("calls", json(ours.calls), json(theirs.calls));
  if (!json_equal(ours.core, theirs.core)) differ("core values", json(ours.core), json(theirs.core));
  differ("remainder", ours.remainder, theirs.remainder);
  return out;
}

TaskAnswer answer_of_ours(const Collection& root, const TaskLine& line, const Rules& rules) {
  const std::vector<std::string> names{"invoke", "inv"};
  const HelpOptions help{.usage_word = "inv[oke]", .width = line.width, .reference_spelling = true};
  const auto core = core_shape(rules);
  const auto first = read_core(line.words, core, rules);
  if (!first.ok()) return failure(first.error());
  if (first->options.version) return text("Invoke 3.0.3\n");
  if (const auto& shell = first->options.print_completion_script; !shell.empty()) {
    auto out = text_or_failure(completion_script(shell, names));
    out.own_text = true;
    return out;
  }
  if (first->options.help.asked && first->options.help.name.empty()) return text(core_help(core.flags, help));
  const auto contexts = TaskContexts::of(root, rules);
  if (!contexts.ok()) return {.code = 1, .err = contexts.error().to_string(), .crashed = true};
  const auto all = read_tasks(*first, core, *contexts, rules);
  if (!all.ok()) return failure(all.error());
  const auto& options = all->options;
  if (options.help.asked) return text_or_failure(task_help(*contexts, options.help.name, help));
  if (options.list.asked) {
    return text_or_failure(list_tasks(root, {.format = options.list_format,
                                             .root = options.list.name,
                                             .depth = options.list_depth.value_or(0),
                                             .width = line.width}));
  }
  if (options.complete) return text(complete(first->remainder, names, core, *contexts, rules));
  if (all->calls.empty() && root.default_name.empty()) return text(core_help(core.flags, help));
  TaskAnswer out{.calls = Value::list(), .core = core_values(options), .remainder = first->remainder};
  for (const auto& call : all->calls) out.calls.push_back(call_value(call));
  return out;
}

Collection collection_from(const Value& description) {
  Collection out;
  out.name = description.string_at({"name"});
  out.docstring = description.string_at({"doc"});
  out.default_name = description.string_at({"default"});
  if (const auto* dashed = description.find("dashed")) out.auto_dash_names = dashed->as_bool();
  for (const auto& one : description.find("tasks")->as_list()) out.tasks.push_back(task_from(one));
  for (const auto& one : description.find("collections")->as_list()) out.collections.push_back(collection_from(one));
  return out;
}

Collection harbor_collection() {
  const auto text_with = [](const char* name, const char* value) {
    return Argument{.name = name, .default_value = Value::string(value), .has_default = true};
  };
  const auto number_with = [](const char* name, std::int64_t value) {
    return Argument{.name = name, .kind = ArgumentKind::integer, .default_value = Value::int64(value), .has_default = true};
  };
  const auto bool_with = [](const char* name, bool value) {
    return Argument{
        .name = name, .kind = ArgumentKind::boolean, .default_value = Value::boolean(value), .has_default = true};
  };
  Task fetch{.name = "fetch", .docstring = "Fetch the sources.", .arguments = {text_with("ref", "main")}};
  Task build{.name = "build_image",
             .docstring = "Build one image.\n\nUses every worker.",
             .aliases = {"mk"},
             .arguments = {{.name = "image", .help = "Image to build"},
                           bool_with("push", false),
                           bool_with("cache", true),
                           number_with("jobs", 4)},
             .pre = {{.task = "fetch", .arguments = make_map({{"ref", Value::string("v1")}})}}};
  build.arguments[1].help = "Push when done";
  build.arguments[3].help = "Worker count";
  Task audit{
      .name = "audit",
      .arguments = {{.name = "label", .kind = ArgumentKind::list},
                    {.name = "verbose", .kind = ArgumentKind::count, .default_value = Value::int64(0), .has_default = true},
                    {.name = "log", .has_default = true, .value_optional = true}}};
  Task probe{.name = "probe", .arguments = {number_with("code", 3), text_with("quiet", "")}};
  Task roll{.name = "roll", .docstring = "Roll out.", .post = {{.task = "fetch"}}};
  Task stop{.name = "stop", .arguments = {text_with("msg", ""), number_with("code", -1)}};
  Collection db{
      .name = "db_admin",
      .tasks = {{.name = "dump", .docstring = "Dump the database."}, {.name = "restore", .arguments = {{.name = "name"}}}},
      .default_name = "dump"};
  db.configuration = make_map(
      {{"db", make_map({{"host", Value::string("inner")}, {"port", Value::int64(5432)}, {"ssl", Value::boolean(true)}})}});
  return {.name = "tasks",
          .docstring = "Harbor deployment tasks.",
          .tasks = {fetch, build, audit, probe, roll, stop},
          .collections = {db},
          .default_name = "roll"};
}

ProgramRun InvokePeer::run(const std::string& directory, const std::vector<std::string>& words,
                           const std::vector<std::pair<std::string, std::string>>& environment) const {
  const support::ScratchDir home;
  CapturedCommand command;
  command.command = {
      .program = program_, .arguments = words, .environment = environment_in(home.path()), .directory = directory};
  for (const auto& one : environment) command.command.environment->push_back(one);
  const auto out = run_command(command, {.stop = {}, .deadline = Deadline(system_clock(), Millis(60'000))});
  if (!out.ok()) throw std::runtime_error(out.error().to_string());
  return {out->status.exit_code, out->out, out->err};
}

Result<std::vector<InvokePeer::Answers>> InvokePeer::ask(const std::vector<Questions>& questions) const {
  const support::ScratchDir home;
  CapturedCommand command;
  for (const auto& one : questions) {
    const auto which =
        one.file.empty() ? make_map({{"collection", one.description}}) : make_map({{"file", Value::string(one.file)}});
    command.input += json(which) + '\n';
    for (const auto& line : one.lines) command.input += json(question(line)) + '\n';
  }
  const auto python = std::filesystem::canonical(program_).parent_path() / "python";
  command.command = {.program = python.string(),
                     .arguments = {std::string(GITOPSCTL_SOURCE_DIR) + "/tests/parity/invoke/driver.py"},
                     .environment = environment_in(home.path()),
                     .directory = home.path()};
  command.max_output = 256ULL << 20U;
  GITOPSCTL_TRY(auto output, run_command(command, {.stop = {}, .deadline = Deadline(system_clock(), Millis(600'000))}));
  std::istringstream lines(output.out);
  const auto next = [&]() -> Result<Value> {
    std::string line;
    if (!std::getline(lines, line)) return Error(ErrorCode::unavailable, "the driver ended: " + output.err);
    return parse_json(line);
  };
  std::vector<Answers> out;
  for (const auto& one : questions) {
    GITOPSCTL_TRY(const auto made, next());
    Answers answers{.usable = made.find("ok") != nullptr && made.find("ok")->as_bool()};
    for (std::size_t i = 0; i < one.lines.size(); ++i) {
      GITOPSCTL_TRY(const auto answer, next());
      answers.lines.push_back(answer_from(answer));
    }
    out.push_back(std::move(answers));
  }
  return out;
}

}  // namespace gitopsctl::tests
