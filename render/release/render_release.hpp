#pragma once

#include "base/result/result.hpp"
#include "render/inputs/inputs.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::render {

/// Renders one release. Errors carry file:line:column in the tree and the chain of templates. Thread-safe for different
/// inputs; the tree is only read.
[[nodiscard]] Result<RenderedSet> render_release(const RenderInputs& inputs);

}  // namespace gitopsctl::render
