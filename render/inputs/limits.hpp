#pragma once

#include <chrono>
#include <cstdint>

namespace gitopsctl::render {

/// What one render may take. The values here are the defaults; `limits.render` of the agent's file and `--render-limit`
/// change them. They are far above what charts use: no public chart that was tried takes a tenth of any.
/// docs/limits.md lists these and the fixed bounds beside them. Passing one is a `too_large` error of that release alone.
struct RenderLimits {
  std::uint64_t memory_bytes = 256ULL << 20U;  ///< held at once by everything that the render makes
  std::chrono::milliseconds cpu_time{8'000};   ///< of the thread that renders; waiting and other work do not count
  std::uint64_t steps = 50'000'000;            ///< nodes of templates walked, and turns of loops
  std::uint64_t output_bytes = 256ULL << 20U;  ///< text written by templates in total, that of nested ones again
  std::uint32_t include_depth = 1'000;         ///< nested calls of one name (Helm's number)
};

}  // namespace gitopsctl::render
