#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "render/template/evaluator.hpp"

namespace gitopsctl::render {

/// Random numbers of one function call, drawn from the render's random source (which is seeded by the installation, the
/// release, the file and the ordinal of the draw, or is the system's).
class RandomSource {
 public:
  explicit RandomSource(CallContext& context) : evaluator_(context.evaluator) {}

  [[nodiscard]] std::string bytes(std::size_t count) {
    return evaluator_.context().random_bytes(evaluator_.current_file(), count);
  }

  /// Evenly distributed in [0, bound); `bound` must not be 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
    // Draws above the last whole multiple of the bound would favour small numbers.
    const auto reject_from = UINT64_MAX - UINT64_MAX % bound;
    for (;;) {
      const auto drawn = next();
      if (drawn < reject_from) return drawn % bound;
    }
  }

 private:
  std::uint64_t next() {
    // One draw serves many numbers: every draw counts as a call of the source.
    if (at_ + 8 > pool_.size()) {
      pool_ = bytes(512);
      at_ = 0;
    }
    std::uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number = number << 8U | static_cast<unsigned char>(pool_[at_++]);
    return number;
  }

  Evaluator& evaluator_;
  std::string pool_;
  std::size_t at_ = 0;
};

}  // namespace gitopsctl::render
