#include "invoke-compat/parser/parser.hpp"

#include <utility>

#include "invoke-compat/parser/machine.hpp"
#include "invoke-compat/parser/values.hpp"

namespace gitopsctl::invoke {

Result<CoreReading> read_core(std::span<const std::string> words, const ContextShape& core, const Rules& rules) {
  auto parsed = parse_words(words, core, nullptr, true, rules);
  if (parsed.error) return *parsed.error;
  GITOPSCTL_TRY(auto options, core_options(parsed.contexts.front(), rules));
  return CoreReading{.core = std::move(parsed.contexts.front()),
                     .options = std::move(options),
                     .unparsed = std::move(parsed.unparsed),
                     .remainder = std::move(parsed.remainder)};
}

Result<TaskReading> read_tasks(const CoreReading& before, const ContextShape& core, const TaskContexts& tasks,
                               const Rules& rules) {
  const auto parsed = parse_words(before.unparsed, core, &tasks, false, rules);
  if (parsed.error) return *parsed.error;
  auto merged = before.core;
  overlay(merged, parsed.contexts.front());
  TaskReading out;
  GITOPSCTL_TRY(out.options, core_options(merged, rules));
  for (std::size_t i = 1; i < parsed.contexts.size(); ++i) out.calls.push_back(call_of(parsed.contexts[i]));
  return out;
}

Result<ParsedCall> call_with(const ContextShape& task, const Value& arguments) {
  auto context = fresh_context(task, task.name);
  for (const auto& member : arguments.as_map()) {
    const auto index = task.flags.find_attribute(member.key.view());
    if (!index) {
      return Error(ErrorCode::invalid_input, "'" + task.name + "' has no argument '" + member.key.str() + "'");
    }
    context.values[*index] = {member.value, true};
  }
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < context.values.size(); ++i) {
    const auto& flag = task.flags.all[i];
    if (flag.positional && context.values[i].value.is_nothing()) missing.push_back(flag.attribute);
  }
  if (!missing.empty()) return missing_positionals(task.name, missing);
  return call_of(context);
}

ParsedCall call_of(const ParsedContext& context) {
  ParsedCall out{.name = context.shape->name,
                 .called_as = context.called_as,
                 .found = context.shape->found,
                 .arguments = {},
                 .given = {}};
  Value::Members members;
  for (std::size_t i = 0; i < context.values.size(); ++i) {
    const auto& attribute = context.shape->flags.all[i].attribute;
    members.push_back({SharedString(attribute), context.values[i].value});
    if (context.values[i].given) out.given.push_back(attribute);
  }
  out.arguments = Value::map(std::move(members));
  return out;
}

}  // namespace gitopsctl::invoke
