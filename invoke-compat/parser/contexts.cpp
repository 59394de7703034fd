#include "invoke-compat/parser/contexts.hpp"

#include "invoke-compat/python_text/python_text.hpp"

namespace gitopsctl::invoke {

Result<TaskContexts> TaskContexts::of(const Collection& root, const Rules& rules) {
  TaskContexts out;
  for (auto& named : named_tasks(root, rules)) {
    GITOPSCTL_TRY(auto flags, flags_of(*named.found.task, rules));
    out.all_.push_back({std::move(named.name), std::move(named.aliases), std::move(flags), std::move(named.found)});
  }
  const auto add = [&](const std::string& name, std::size_t index) -> Result<void> {
    if (out.by_name_.emplace(name, index).second) return {};
    return Error(ErrorCode::invalid_input, "two tasks are called " + python_repr(name))
        .with_hint("rename one of them, or remove the alias");
  };
  for (std::size_t i = 0; i < out.all_.size(); ++i) {
    GITOPSCTL_CHECK(add(out.all_[i].name, i));
    for (const auto& alias : out.all_[i].aliases) GITOPSCTL_CHECK(add(alias, i));
  }
  return out;
}

const ContextShape* TaskContexts::find(std::string_view name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : &all_[at->second];
}

const Value& ParsedContext::value(std::string_view attribute) const {
  static const Value nothing{};
  const auto index = shape->flags.find_attribute(attribute);
  return index ? values[*index].value : nothing;
}

bool ParsedContext::given(std::string_view attribute) const {
  const auto index = shape->flags.find_attribute(attribute);
  return index && values[*index].given;
}

ParsedContext fresh_context(const ContextShape& shape, std::string_view called_as) {
  ParsedContext out{.shape = &shape, .called_as = std::string(called_as), .values = {}};
  for (const auto& flag : shape.flags.all) {
    // What was declared must not change with what is given here: containers are shared.
    out.values.push_back({flag.default_value.deep_copy(), false});
  }
  return out;
}

}  // namespace gitopsctl::invoke
