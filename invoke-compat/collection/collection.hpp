#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "invoke-compat/collection/rules.hpp"
#include "invoke-compat/collection/task.hpp"

namespace gitopsctl::invoke {

/// A namespace of tasks. Plain data; check_collection() says whether it can be used.
struct Collection {
  std::string name = {};  ///< as declared; of the root, the base name of its file
  std::string docstring = {};
  std::vector<Task> tasks = {};
  std::vector<Collection> collections = {};
  std::string default_name = {};  ///< a task or namespace of this collection, as declared; empty: none
  Value configuration = {};       ///< what its author configured: a map, or null
  bool auto_dash_names = true;    ///< off: names are spelled with underscores

  /// A name of this collection's members as it is typed.
  [[nodiscard]] std::string typed(std::string_view declared) const;
  /// The member of that name as it is typed here, or nullptr.
  [[nodiscard]] const Collection* find_collection(std::string_view typed_name) const;
  /// The task of that name or alias as it is typed here, or nullptr.
  [[nodiscard]] const Task* find_task(std::string_view typed_name) const;
};

/// Limits of a collection, far above what people write: they bound time and depth for whatever builds one.
inline constexpr std::size_t max_collection_depth = 16;
inline constexpr std::size_t max_tasks = 10'000;

/// A task and the collections on the way to it, whose configuration applies to it: the root first. Pointers live as long as
/// the root is neither moved nor changed.
struct FoundTask {
  const Task* task = nullptr;
  std::vector<const Collection*> path;
};

/// A task under the names by which a command line calls it.
struct NamedTask {
  std::string name;                  ///< dotted from the root: `db-admin.dump`
  std::vector<std::string> aliases;  ///< those of the task, then of namespaces whose default it is, inside out
  FoundTask found;
};

/// Every task of a collection: its own as declared, then those of its namespaces.
[[nodiscard]] std::vector<NamedTask> named_tasks(const Collection& root, const Rules& rules);

/// The task of a dotted name or alias, or the default task of the namespace of that name; the root's own for an empty name.
/// Both spellings of a name are found, as in the reference's look-up (its parser takes only one). `not_found`.
[[nodiscard]] Result<FoundTask> find_task(const Collection& root, std::string_view dotted);

/// The namespace of a dotted name, the root for an empty one; nullptr when there is none.
[[nodiscard]] const Collection* find_namespace(const Collection& root, std::string_view dotted);

/// Whether a collection can be used: names that are there and have no dot or blank, none given twice, defaults that exist,
/// flags of every task, and the limits above. All mistakes at once, `invalid_input`.
[[nodiscard]] Result<void> check_collection(const Collection& root, const Rules& rules);

}  // namespace gitopsctl::invoke
