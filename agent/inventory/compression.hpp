#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result/result.hpp"

namespace gitopsctl::agent {

/// Most of an inventory is hashes: `small` takes several times as long as `quick`, for a few percent less.
enum class Packing : std::uint8_t { quick, small };
/// `bytes` in gzip format; equal bytes give equal results (no time, no name).
[[nodiscard]] Result<std::string> gzip(std::string_view bytes, Packing packing = Packing::quick);
/// The content of one gzip member. `invalid_input` when it is damaged or something follows it, `too_large` when it unfolds
/// to more than `max_bytes`.
[[nodiscard]] Result<std::string> gunzip(std::string_view bytes, std::size_t max_bytes);

}  // namespace gitopsctl::agent
