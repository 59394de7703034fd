#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/helm/chart.hpp"
#include "render/helm/profile.hpp"

namespace gitopsctl::render::helm {

/// `.Files` of a chart: names to contents (strings holding the bytes).
[[nodiscard]] Value files_object(const std::vector<ChartFile>& files);

/// True when `.Files` has the method `name`: Get GetBytes Glob Lines AsConfig AsSecrets.
[[nodiscard]] bool has_files_method(std::string_view name) noexcept;
/// Calls it. Errors are Go's texts.
[[nodiscard]] Result<Value> call_files_method(const Value& files, std::string_view name, std::span<const Value> arguments,
                                              const HelmProfile& profile);

/// True when `.Values` has the method `name`: Table YAML AsMap PathValue Encode.
[[nodiscard]] bool has_values_method(std::string_view name) noexcept;
[[nodiscard]] Result<Value> call_values_method(const Value& values, std::string_view name, std::span<const Value> arguments);

}  // namespace gitopsctl::render::helm
