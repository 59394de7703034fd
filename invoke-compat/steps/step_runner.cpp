#include "invoke-compat/steps/step_runner.hpp"

#include <utility>

#include "base/text/go_format.hpp"
#include "invoke-compat/declared/task_set.hpp"
#include "invoke-compat/runner/parallel.hpp"
#include "invoke-compat/runner/run.hpp"
#include "invoke-compat/steps/run_options.hpp"

namespace gitopsctl::invoke {
namespace {

using declarative::Step;
using Done = std::optional<Ending>;

constexpr int max_call_depth = 32;

Value result_value(const RunResult& result) {
  Value out = Value::map();
  out.set("stdout", Value::string(result.out));
  out.set("stderr", Value::string(result.err));
  out.set("exited", result.exited ? Value::go_int(*result.exited) : Value());
  out.set("ok", Value::boolean(result.ok()));
  return out;
}

Error with_place(const Error& error, const Location& where) {
  return error.where().line > 0 ? error : Error(error).at(where);
}

}  // namespace

/// One task while it runs.
class StepRunner::Body {
 public:
  Body(StepRunner& runner, const FoundTask& found, const DeclaredTask& declared, Value config, const Value& arguments)
      : runner_(runner), found_(found), task_(*declared.task), config_(std::move(config)) {
    const StepWorld& world = runner.world_;
    scope_.args = arguments;
    scope_.config = config_;
    for (const auto& [name, value] : world.run.environment) scope_.env.set(name, Value::string(value));
    for (const auto& word : world.remainder) scope_.remainder.push_back(Value::string(word));
    scope_.project.set("dir", Value::string(world.run.directory));
    scope_.git = world.git;
    scope_.secrets = world.secrets;
  }

  Result<Done> run() {
    if (task_.cd) {
      GITOPSCTL_TRY(directory_, task_.cd->render(scope_));
    }
    auto ended = all(task_.steps);
    // Whatever became of the steps; the first failure counts.
    auto after = all(task_.finally);
    if (!ended.ok() || *ended) return ended;
    return after;
  }

 private:
  Result<Done> all(const std::vector<Step>& steps) {
    for (const auto& step : steps) {
      auto ended = one(step);
      if (!ended.ok()) return with_place(ended.error(), step.where);
      if (*ended) return ended;
    }
    return Done();
  }

  Result<Done> one(const Step& step) {
    if (step.when) {
      GITOPSCTL_TRY(const bool holds, step.when->truth(scope_));
      if (!holds) return Done();
    }
    switch (step.action) {
      case Step::Action::none: return Done();
      case Step::Action::run:
      case Step::Action::exec:
      case Step::Action::sudo: return command(step);
      case Step::Action::print: return print(step);
      case Step::Action::call: return call(step);
      case Step::Action::use: return use(step);
      case Step::Action::exit: return exit(step);
      case Step::Action::parallel: return parallel(step);
    }
    return Done();
  }

  Result<RunOptions> options_of(const Step& step) {
    GITOPSCTL_TRY(auto options, step_options(step.options, scope_, config_, directory_));
    if (step.action == Step::Action::exec) {
      for (const auto& word : step.argv) {
        GITOPSCTL_TRY(const auto value, word.evaluate(scope_));
        if (value.is_list()) {
          for (const auto& item : value.as_list()) {
            if (!item.is_string())
              return Error(ErrorCode::invalid_input, "a list of words for exec holds something else").at(step.where);
            options.argv.emplace_back(item.as_string());
          }
        } else {
          GITOPSCTL_TRY(auto text, word.render(scope_));
          options.argv.push_back(std::move(text));
        }
      }
    } else {
      GITOPSCTL_TRY(options.command, step.text.render(scope_));
    }
    // After all texts are made: what they hold of secrets is known now.
    if (scope_.secrets != nullptr) options.secrets = scope_.secrets->forms();
    return options;
  }

  Result<Done> command(const Step& step) {
    for (int attempt = 0;; ++attempt) {
      GITOPSCTL_TRY(const auto options, options_of(step));
      auto outcome = Result<RunOutcome>(RunOutcome{});
      if (step.action == Step::Action::sudo) {
        GITOPSCTL_TRY(const auto sudo, sudo_options(step.options, scope_, config_));
        outcome = run_sudo(options, sudo, runner_.world_.run);
      } else {
        outcome = run_command_line(options, runner_.world_.run);
      }
      if (!outcome.ok()) return outcome.error();
      note(step, outcome->result);
      if (!outcome->failure) return Done();
      const bool again = attempt < step.options.retries && outcome->failure->kind != RunFailure::Kind::cancelled;
      if (!again) return Done(ending_of(*outcome->failure));
    }
  }

  void note(const Step& step, const RunResult& result) {
    if (!step.id.empty()) scope_.steps.set(step.id, result_value(result));
  }

  [[nodiscard]] Ending ending_of(const RunFailure& failure) const {
    Ending out{.exit_code = failure.exit_code, .text = {}};
    const bool shown = failure.kind == RunFailure::Kind::unexpected_exit ? failure.hidden : true;
    if (failure.kind == RunFailure::Kind::unexpected_exit) {
      if (shown) out.text = failure.text;
    } else {
      out.text = "error: " + failure.line + '\n';
    }
    if (runner_.world_.explain && out.text.empty()) out.text = "error: " + failure.line + '\n';
    return out;
  }

  Result<Done> print(const Step& step) {
    GITOPSCTL_TRY(auto text, step.text.render(scope_));
    if (scope_.secrets != nullptr) text = scope_.secrets->mask(text);
    runner_.world_.run.out->write(text + '\n');
    return Done();
  }

  Result<Done> call(const Step& step) {
    GITOPSCTL_TRY(const auto found, find_task(runner_.root_, step.call.task));
    Value arguments = Value::map();
    for (const auto& [name, input] : step.call.args) {
      GITOPSCTL_TRY(auto value, input.evaluate(scope_));
      arguments.set(name, std::move(value));
    }
    if (runner_.depth_ >= max_call_depth)
      return Error(ErrorCode::too_large, "tasks call each other too deep").at(step.where);
    GITOPSCTL_TRY(const auto plan,
                  plan_call(found_, {.task = step.call.task, .arguments = arguments}, step.call.only, runner_.rules_));
    ++runner_.depth_;
    Result<Done> ended = Done();
    for (const auto& one : plan) {
      ended = runner_.run(one.found, one.arguments);
      if (!ended.ok() || *ended) break;
    }
    --runner_.depth_;
    return ended;
  }

  Result<Done> use(const Step& step) {
    const auto native = runner_.world_.natives.find(step.use);
    if (native == runner_.world_.natives.end()) {
      return Error(ErrorCode::not_found, "there is no native task " + go_quote(step.use)).at(step.where);
    }
    GITOPSCTL_TRY(const auto parameters, step.with.evaluate(scope_));
    return native->second(
        {.parameters = parameters, .config = config_, .run = runner_.world_.run, .secrets = scope_.secrets});
  }

  Result<Done> exit(const Step& step) {
    Ending out;
    if (step.message) {
      GITOPSCTL_TRY(out.text, step.message->render(scope_));
      if (scope_.secrets != nullptr) out.text = scope_.secrets->mask(out.text);
    }
    // As the reference: with a message and without a code it is a failure.
    out.exit_code = out.text.empty() ? 0 : 1;
    if (step.code) {
      GITOPSCTL_TRY(const auto code, step.code->evaluate(scope_));
      if (!code.is_null()) {
        constexpr std::int64_t most = 255;
        if (!code.is_int() || code.as_int() < 0 || code.as_int() > most) {
          return Error(ErrorCode::invalid_input, "an exit code is a whole number from 0 to 255").at(step.where);
        }
        out.exit_code = static_cast<int>(code.as_int());
      }
    }
    if (!out.text.empty()) out.text += '\n';
    return Done(std::move(out));
  }

  Result<Done> parallel(const Step& step) {
    std::vector<ParallelCommand> commands;
    std::vector<const Step*> steps;
    for (const auto& inner : step.parallel) {
      if (inner.when) {
        GITOPSCTL_TRY(const bool holds, inner.when->truth(scope_));
        if (!holds) continue;
      }
      ParallelCommand command;
      GITOPSCTL_TRY(command.options, options_of(inner));
      if (inner.action == Step::Action::sudo) {
        GITOPSCTL_TRY(command.sudo, sudo_options(inner.options, scope_, config_));
      }
      command.label = inner.id.empty() ? std::to_string(commands.size() + 1) : inner.id;
      commands.push_back(std::move(command));
      steps.push_back(&inner);
    }
    if (commands.empty()) return Done();
    GITOPSCTL_TRY(const auto ran, run_parallel(commands, runner_.world_.at_once, runner_.world_.run));
    for (std::size_t i = 0; i < ran.outcomes.size(); ++i) {
      if (ran.outcomes[i].ok()) note(*steps[i], ran.outcomes[i]->result);
    }
    if (!ran.first_failed) return Done();
    const auto& failed = ran.outcomes[*ran.first_failed];
    if (!failed.ok()) return failed.error();
    return Done(ending_of(*failed->failure));
  }

  StepRunner& runner_;
  const FoundTask& found_;
  const declarative::Task& task_;
  Value config_;
  Scope scope_;
  std::string directory_;  ///< `cd:` of the task
};

Result<std::optional<Ending>> StepRunner::run(const FoundTask& task, const Value& arguments) {
  const auto* declared = static_cast<const DeclaredTask*>(task.task->implementation.get());
  if (declared == nullptr) return Error(ErrorCode::internal, "task " + go_quote(task.task->name) + " has nothing to run");
  GITOPSCTL_TRY(auto config, config_of_(task));
  return Body(*this, task, *declared, std::move(config), arguments).run();
}

}  // namespace gitopsctl::invoke
