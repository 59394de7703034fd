#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "invoke-compat/collection/collection.hpp"
#include "invoke-compat/collection/flags.hpp"
#include "invoke-compat/collection/rules.hpp"

namespace gitopsctl::invoke {

/// What a stretch of a command line can hold: the core's flags, or those of a task under its names.
struct ContextShape {
  std::string name;  ///< dotted primary name; empty for the core
  std::vector<std::string> aliases = {};
  Flags flags = {};
  FoundTask found = {};  ///< of a task
};

/// Every task of a collection as the parser sees it. Points into the collection, which has to outlive it unchanged.
class TaskContexts {
 public:
  /// `invalid_input`: flags that collide, a name that two tasks have.
  [[nodiscard]] static Result<TaskContexts> of(const Collection& root, const Rules& rules);

  /// In the order of named_tasks().
  [[nodiscard]] const std::vector<ContextShape>& all() const noexcept { return all_; }
  /// The task of a dotted name or alias, spelled exactly so; nullptr when there is none.
  [[nodiscard]] const ContextShape* find(std::string_view name) const;

 private:
  std::vector<ContextShape> all_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

/// The value of one flag of a context.
struct FlagValue {
  Value value = {};
  bool given = false;  ///< it stood on the command line
};

/// One context that was met on a command line.
struct ParsedContext {
  const ContextShape* shape = nullptr;
  std::string called_as = {};     ///< the name or alias that was typed
  std::vector<FlagValue> values;  ///< one for each of shape->flags
  bool help_asked = false;        ///< nothing is missing then

  /// The value of an attribute; null when there is none of that name.
  [[nodiscard]] const Value& value(std::string_view attribute) const;
  /// Whether a flag was given on the command line.
  [[nodiscard]] bool given(std::string_view attribute) const;
};

/// A context in which nothing is given yet.
[[nodiscard]] ParsedContext fresh_context(const ContextShape& shape, std::string_view called_as);

}  // namespace gitopsctl::invoke
