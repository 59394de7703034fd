#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "render/inputs/inputs.hpp"

namespace gitopsctl::render::helm {

/// The random bytes of one call: HMAC-SHA-256 with the installation's key over release identity, `site` (the file) and the
/// number of the call there. The key must not be empty. Thread-safe.
[[nodiscard]] std::string keyed_random_bytes(const RenderInputs& inputs, std::string_view site, std::uint64_t call,
                                             std::size_t count);

}  // namespace gitopsctl::render::helm
