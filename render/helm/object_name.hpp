#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gitopsctl::render::helm {

/// What Kubernetes has against `name` as the name of an object of that kind, in its words; empty when nothing.
[[nodiscard]] std::vector<std::string> object_name_mistakes(std::string_view kind, std::string_view name);

}  // namespace gitopsctl::render::helm
