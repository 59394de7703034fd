#pragma once

#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/helm/chart.hpp"
#include "render/helm/coalescing.hpp"

namespace gitopsctl::render::helm {

/// Fills a copy of `user` with the defaults of `chart` and, below their names, of its children, passing `global` down.
/// The user's values win; tables merge, everything else replaces.
/// Errors: `type mismatch on NAME: …` when a child's values are no table. Oddities become `warnings`.
[[nodiscard]] Result<Value> coalesce_values(const Chart& chart, const Value& user, const Coalescing& how,
                                            std::vector<std::string>& warnings);

/// Fills the table `over` from the table `under`, in place; `over` wins. Both may end up sharing tables.
void fill_table(Value& over, Value& under, const std::string& prefix, const Coalescing& how,
                std::vector<std::string>& warnings);

}  // namespace gitopsctl::render::helm
