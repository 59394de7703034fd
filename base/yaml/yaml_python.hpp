#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl {

/// The one document of `text` as PyYAML's `safe_load` understands it, with the places of its nodes: scalars by YAML 1.1
/// (`010` is 8, `0x1F` is 31, `1:30` is 90, `no` is false, `1e3` and `y` are text), of equal keys the last one counts unless
/// `unique_keys` is set, and a merge never overrides a key that is written out. Pure.
///
/// Not as there: dates are text; keys are text as written (`on`, `8080`); integers beyond 64 bits are floats; infinities,
/// NaN and maps as keys are errors; tags that are unknown there, and an error, are passed over. The profile of `options`
/// does not matter. Errors as those of parse_located_yaml().
[[nodiscard]] Result<LocatedYaml> parse_python_yaml(std::string_view text, const std::string& file,
                                                    YamlOptions options = {});

}  // namespace gitopsctl
