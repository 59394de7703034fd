#include "invoke-compat/program/program.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "invoke-compat/declared/task_set.hpp"
#include "invoke-compat/execution/plan.hpp"
#include "invoke-compat/listing/completion.hpp"
#include "invoke-compat/listing/help.hpp"
#include "invoke-compat/listing/listing.hpp"
#include "invoke-compat/parser/parser.hpp"
#include "invoke-compat/program/loaded_tasks.hpp"
#include "invoke-compat/program/secret_use.hpp"
#include "invoke-compat/python/python_listing.hpp"

namespace gitopsctl::invoke {
namespace {

constexpr int failure = 1;
constexpr int bad_file = 2;

class Invocation {
 public:
  Invocation(const std::vector<std::string>& words, const ProgramWorld& world)
      : words_(words), world_(world), core_(core_shape(rules_)) {}

  int run() {
    if (const auto loaded = load_base_files(configuration_, *world_.files, world_.places, {}); !loaded.ok()) {
      return fail(loaded.error(), bad_file);
    }
    auto before = read_core(words_, core_, rules_);
    if (!before.ok()) return fail_line(before.error());
    if (before->options.version) return say(world_.version_line + '\n');
    if (!before->options.print_completion_script.empty()) {
      const auto script = completion_script(before->options.print_completion_script, world_.names);
      return script.ok() ? say(*script) : fail_line(script.error());
    }
    if (before->options.help.asked && before->options.help.name.empty()) return core_help_text();
    if (const int code = load(before->options); code >= 0) return code;
    auto contexts = TaskContexts::of(loaded_->collection, rules_);
    if (!contexts.ok()) return fail(contexts.error(), bad_file);
    return with_tasks(*before, *contexts);
  }

 private:
  /// -1: go on.
  int load(const CoreOptions& options) {
    const auto merged = settled();
    if (!merged.ok()) return fail(merged.error(), bad_file);
    TaskFileRequest request;
    request.search.working_directory = world_.places.working_directory;
    request.search.name = options.collection.value_or(text_of(*merged, "collection_name", "tasks"));
    request.search.start = options.search_root.value_or(text_of(*merged, "search_root", ""));
    auto engine = parse_engine(options.engine.value_or(text_of(*merged, "engine", "auto")));
    if (!engine.ok()) return fail(engine.error(), failure);
    request.engine = *engine;
    if (const Value* python = tasks_setting(*merged, "python"); python != nullptr && python->is_list()) {
      for (const auto& word : python->as_list()) {
        if (word.is_string()) request.python_command.emplace_back(word.as_string());
      }
    }
    auto loaded = load_tasks(request, world_);
    if (!loaded.ok()) {
      const auto& error = loaded.error();
      // The reference's own words are a line by themselves.
      if (error.message().starts_with("Can't find any collection")) return fail_line(error);
      return fail(error, bad_file);
    }
    loaded_ = std::move(*loaded);
    for (const auto& warning : loaded_->warnings) warn(warning);
    const auto project = load_project_file(configuration_, *world_.files, loaded_->found.project_directory, {});
    return project.ok() ? -1 : fail(project.error(), bad_file);
  }

  int with_tasks(const CoreReading& before, const TaskContexts& contexts) {
    // Completion reads words that need not be right.
    if (before.options.complete) return complete_words(before, contexts);
    // Nobody here knows the flags of Python's tasks.
    const auto asked = before.options.help.asked ? before.options.help.name
                       : before.unparsed.empty() ? std::string()
                                                 : before.unparsed.front();
    const auto* first = contexts.find(asked);
    if (first != nullptr && is_python_task(first->found) && !before.options.list.asked) return run_python(before, contexts);
    const auto read = read_tasks(before, core_, contexts, rules_);
    if (!read.ok()) return fail_line(read.error());
    const CoreOptions& options = read->options;
    if (options.help.asked) {
      if (options.help.name.empty()) return core_help_text();
      const auto help = task_help(contexts, options.help.name, help_options());
      return help.ok() ? say(*help) : fail_line(help.error());
    }
    if (options.list.asked) {
      const auto list = list_tasks(loaded_->collection, {.format = options.list_format,
                                                         .root = options.list.name,
                                                         .depth = options.list_depth.value_or(0),
                                                         .width = world_.width});
      return list.ok() ? say(*list) : fail_line(list.error());
    }
    if (options.complete) return complete_words(before, contexts);
    if (read->calls.empty() && loaded_->collection.default_name.empty()) return core_help_text();
    return execute(before, *read, contexts);
  }

  int execute(const CoreReading& before, const TaskReading& read, const TaskContexts& contexts) {
    const CoreOptions& options = read.options;
    CommandLineConfig given{.warn = options.warn_only,
                            .pty = options.pty,
                            .echo = options.echo,
                            .dry = options.dry,
                            .no_dedupe = options.no_dedupe,
                            .hide = options.hide.value_or(""),
                            .command_timeout = options.command_timeout.value_or(0),
                            .sudo_password = {}};
    configuration_.set(ConfigLevel::command_line, command_line_data(given), "the command line");
    const auto file = options.config ? options.config : variable("INVOKE_RUNTIME_CONFIG");
    const auto runtime = load_runtime_file(configuration_, *world_.files, world_.places, file.value_or(""), {});
    if (!runtime.ok()) return fail(runtime.error(), bad_file);

    const auto merged = settled();
    if (!merged.ok()) return fail(merged.error(), bad_file);
    const Value* dedupe = tasks_setting(*merged, "dedupe");
    const bool once = dedupe == nullptr || !dedupe->is_bool() || dedupe->as_bool();
    const auto plan = plan_calls(loaded_->collection, read.calls, rules_, once);
    if (!plan.ok()) return fail_line(plan.error());
    const bool any_python =
        std::any_of(plan->begin(), plan->end(), [&](const PlannedCall& call) { return is_python_task(call.found); });
    if (any_python) {
      const bool all =
          std::all_of(plan->begin(), plan->end(), [&](const PlannedCall& call) { return is_python_task(call.found); });
      return all ? run_python(before, contexts) : two_commands();
    }
    if (const auto ready = prepare_secrets(*plan); !ready.ok()) return fail(ready.error(), failure);
    show_warnings();
    if (options.prompt_for_sudo_password && world_.ask_password) {
      auto password = world_.ask_password("Desired 'sudo.password' config value: ");
      if (!password.ok()) return fail(password.error(), failure);
      if (world_.secrets != nullptr) world_.secrets->remember(*password);
      given.sudo_password = *std::move(password);
      configuration_.set(ConfigLevel::command_line, command_line_data(given), "the command line");
    }
    return run_native(*plan, options);
  }

  Result<void> prepare_secrets(const std::vector<PlannedCall>& plan) {
    if (!world_.before_secrets) return {};
    std::vector<Value> sections;
    for (const auto& task : tasks_with_secrets(loaded_->collection, plan)) {
      GITOPSCTL_TRY(const auto config, config_of(task));
      const Value* section = config.find("secrets");
      sections.push_back(section == nullptr ? Value() : *section);
    }
    return sections.empty() ? Result<void>() : world_.before_secrets(sections);
  }

  int run_native(const std::vector<PlannedCall>& plan, const CoreOptions& options) {
    StepWorld world;
    world.run = world_.run;
    world.run.directory = loaded_->found.project_directory;
    world.run.compat = world_.compat;
    world.natives = world_.natives;
    world.secrets = world_.secrets;
    world.remainder = remainder();
    world.explain = options.explain;
    StepRunner runner(loaded_->collection, rules_, world, [this](const FoundTask& task) { return config_of(task); });
    for (const auto& call : plan) {
      const auto ended = runner.run(call.found, call.arguments);
      if (!ended.ok()) return fail(ended.error(), failure);
      if (!*ended) continue;
      world_.run.err->write((*ended)->text);
      return (*ended)->exit_code;
    }
    return 0;
  }

  /// Hands the whole line over as it is.
  int run_python(const CoreReading& before, const TaskContexts& contexts) {
    for (const auto& word : before.unparsed) {
      const auto* task = contexts.find(word);
      if (task != nullptr && !is_python_task(task->found)) return two_commands();
    }
    auto argv = loaded_->python;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      // Ours alone.
      if (words_[i] == "--explain" || words_[i].starts_with("--engine=")) continue;
      if (words_[i] == "--engine") {
        ++i;
        continue;
      }
      argv.push_back(words_[i]);
    }
    show_warnings();
    const auto code = world_.become(argv);
    return code.ok() ? *code : fail(code.error(), bad_file);
  }

  int two_commands() {
    return fail(Error(ErrorCode::unsupported, "tasks of tasks.yaml and of tasks.py stand on one command line")
                    .with_hint("call them with two commands"),
                failure);
  }

  bool is_python_task(const FoundTask& found) const {
    return loaded_->file == nullptr || loaded_->python_tasks.contains(found.task->implementation.get());
  }

  /// The configuration of a task: the data of the namespaces on its way lie below all files.
  Result<Value> config_of(const FoundTask& task) {
    std::vector<Value> data;
    data.reserve(task.path.size());
    for (const auto* collection : task.path) data.push_back(collection->configuration);
    GITOPSCTL_TRY(const auto merged, collection_data(data));
    configuration_.set(ConfigLevel::collection, merged, "the task file");
    return settled();
  }

  /// All levels, the environment read anew, as before every task.
  Result<Value> settled() {
    GITOPSCTL_TRY(const auto warnings, configuration_.read_environment(world_.environment));
    for (const auto& warning : warnings) {
      if (std::find(warned_.begin(), warned_.end(), warning) != warned_.end()) continue;
      warned_.push_back(warning);
      warn(warning);
    }
    return configuration_.merged();
  }

  int complete_words(const CoreReading& before, const TaskContexts& contexts) {
    return say(complete(before.remainder, world_.names, core_, contexts, rules_));
  }

  int core_help_text() { return say(core_help(core_.flags, help_options())); }

  HelpOptions help_options() const {
    return {.usage_word = world_.usage_word, .width = world_.width, .reference_spelling = world_.compat};
  }

  /// The words behind `--`.
  std::vector<std::string> remainder() const {
    const auto dashes = std::find(words_.begin(), words_.end(), "--");
    return dashes == words_.end() ? std::vector<std::string>() : std::vector<std::string>(dashes + 1, words_.end());
  }

  std::optional<std::string> variable(std::string_view name) const {
    const auto found = world_.environment.find(name);
    return found == world_.environment.end() ? std::nullopt : std::optional(found->second);
  }

  static const Value* tasks_setting(const Value& config, std::string_view name) {
    const Value* tasks = config.find("tasks");
    const Value* value = tasks == nullptr || !tasks->is_map() ? nullptr : tasks->find(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  static std::string text_of(const Value& config, std::string_view name, std::string_view otherwise) {
    const Value* value = tasks_setting(config, name);
    return std::string(value != nullptr && value->is_string() ? value->as_string() : otherwise);
  }

  /// Kept until it is clear that this process goes on: one that takes its place finds the same to warn of.
  void warn(const std::string& text) {
    warnings_ += "warning: " + text + '\n';
    if (shows_warnings_) show_warnings();
  }

  void show_warnings() {
    shows_warnings_ = true;
    if (!warnings_.empty()) world_.run.err->write(warnings_);
    warnings_.clear();
  }

  int say(std::string_view text) {
    show_warnings();
    world_.run.out->write(text);
    return 0;
  }

  /// An error whose message is the reference's whole line.
  int fail_line(const Error& error) {
    show_warnings();
    world_.run.err->write(error.message() + '\n');
    return failure;
  }

  int fail(const Error& error, int code) {
    show_warnings();
    std::string text = "error: " + error.to_string() + '\n';
    if (!world_.compat && !error.hint().empty()) text += "  hint: " + error.hint() + '\n';
    world_.run.err->write(text);
    return code;
  }

  const std::vector<std::string>& words_;
  const ProgramWorld& world_;
  const Rules rules_{};
  ContextShape core_;
  Configuration configuration_;
  std::unique_ptr<LoadedTasks> loaded_;
  std::vector<std::string> warned_;
  std::string warnings_;  ///< lines that are not shown yet
  bool shows_warnings_ = false;
};

}  // namespace

int run_tasks(const std::vector<std::string>& words, const ProgramWorld& world) { return Invocation(words, world).run(); }

}  // namespace gitopsctl::invoke
