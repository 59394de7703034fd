#pragma once

#include "render/inputs/limits.hpp"

namespace gitopsctl::agent {

/// Where renders run and what they may take; changes nothing of what comes out.
struct RenderRules {
  render::RenderLimits limits;
  bool isolate = false;  ///< each in a locked process of its own (isolate.hpp)
};

}  // namespace gitopsctl::agent
