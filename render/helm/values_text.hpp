#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/helm/profile.hpp"

namespace gitopsctl::render::helm {

/// Reads the text of a values file: all its YAML documents, merged in order (Helm 3: the first one). Every number becomes a
/// float64, as Helm has it. The result is a map of its own, empty for an empty text. Errors: Helm's text (`cannot unmarshal
/// yaml document: …`), located in `file`. `quote_content`: as in RenderInputs.
[[nodiscard]] Result<Value> read_values(std::string_view text, const std::string& file, const HelmProfile& profile = {},
                                        bool quote_content = true);

/// read_values() of a chart's own values.yaml: what was read of the same text before is given again, shared with other
/// renders of the process, so it must not be changed in place. The 64 texts used last are kept, 512 KiB of them at most.
/// Thread-safe.
[[nodiscard]] Result<Value> read_default_values(std::string_view text, const std::string& file,
                                                const HelmProfile& profile = {}, bool quote_content = true);

/// `over` laid over `base`: a table onto a table merges, everything else replaces; null stays as a value. Neither is
/// changed; what is not merged is shared.
[[nodiscard]] Value merge_tables(const Value& base, const Value& over);

/// A copy with every number as a float64, for values that did not come through a values file.
[[nodiscard]] Value with_float_numbers(const Value& value);

}  // namespace gitopsctl::render::helm
