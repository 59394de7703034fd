#pragma once

#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/helm/chart.hpp"
#include "render/helm/profile.hpp"

namespace gitopsctl::render::helm {

/// Checks the coalesced values of a chart and of every chart below it against the values.schema.json that each of them has.
/// The error names all that is wrong, in the words of helm. What schemas refer to and nobody resolved becomes a warning.
/// `quote_values`: as RenderInputs::quote_content.
Result<void> check_schemas(const Chart& root, const Value& values, const HelmProfile& profile,
                           std::vector<std::string>& warnings, bool quote_values, HelmLog* log = nullptr);

}  // namespace gitopsctl::render::helm
