#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result/result.hpp"
#include "invoke-compat/collection/collection.hpp"
#include "invoke-compat/listing/columns.hpp"

namespace gitopsctl::invoke {

/// What of a collection is listed, and how.
struct ListingOptions {
  std::string format = "flat";  ///< flat, nested or json
  std::string root = {};        ///< a namespace, dotted; empty: everything
  std::int64_t depth = 0;       ///< levels that are shown; 0: all
  std::size_t width = default_width;
};

/// The listing of a collection, as `-l` prints it on standard output. Errors are `not_found` or `invalid_input`, each with a
/// message that is the whole line for standard error: no such namespace, a namespace without tasks, a depth together with
/// json, an unknown format.
[[nodiscard]] Result<std::string> list_tasks(const Collection& collection, const ListingOptions& options);

/// Whether a collection or one inside of it has a task.
[[nodiscard]] bool has_tasks(const Collection& collection);

}  // namespace gitopsctl::invoke
