#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/config/reader.hpp"
#include "invoke-compat/declarative/model.hpp"

namespace gitopsctl::invoke::declarative::detail {

/// The text at `node` with its expressions; nothing when it is none, or wrong (noted).
[[nodiscard]] std::optional<Template> read_template(const ConfigNode& node, Template::Use use);
/// The items of `pre` or `post`.
[[nodiscard]] std::vector<TaskCall> read_references(const ConfigNode& list);
/// Steps; `ids` are those of the whole task so far.
[[nodiscard]] std::vector<Step> read_steps(const ConfigNode& list, std::set<std::string>& ids);

}  // namespace gitopsctl::invoke::declarative::detail
