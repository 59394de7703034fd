#pragma once

#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/helm/chart.hpp"

namespace gitopsctl::render::helm {

/// What happens to nulls when defaults are filled in.
enum class Nulls : bool {
  remove,  ///< a user's null removes the chart's default, and null defaults vanish: for rendering
  keep,    ///< nulls stay as values: while dependencies are still being worked out
};

/// Fills a copy of `user` with the defaults of `chart` and, below their names, of its children, passing `global` down.
/// The user's values win; tables merge, everything else replaces. Null rules are those of Helm 4.2 and later.
/// Errors: `type mismatch on NAME: …` when a child's values are no table. Oddities become `warnings`.
/// `quote_content`: as in RenderInputs.
[[nodiscard]] Result<Value> coalesce_values(const Chart& chart, const Value& user, Nulls nulls,
                                            std::vector<std::string>& warnings, bool quote_content = true);

/// Fills the table `over` from the table `under`, in place; `over` wins. Both may end up sharing tables.
void fill_table(Value& over, Value& under, const std::string& prefix, Nulls nulls, std::vector<std::string>& warnings);

}  // namespace gitopsctl::render::helm
