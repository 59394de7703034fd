#pragma once

#include <string>

#include "base/result/result.hpp"
#include "render/helm/helm.hpp"
#include "render/inputs/inputs.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent {

/// The word after the program's name that starts the other side. No verb: nobody types it.
inline constexpr const char* isolated_word = "isolated-render";

/// Renders in a process of its own, which is this program once more, locked up (base/process/sandbox.hpp) before it looks
/// at anything of the chart. It gets the inputs over a socket, asks over it for files of the tree, random bytes and time
/// zones, which are answered here, and sends the result back: the same bytes, errors and notes of what was read as without
/// it, at the price of a start and of a question for each file. The installation's key never goes there.
///
/// When that process crashes, is killed, or passes its limits, that is an error of this render and of nothing else.
/// Thread-safe.
class IsolatedRenderer {
 public:
  /// `program`: this program, unless a test says otherwise.
  explicit IsolatedRenderer(std::string program = "/proc/self/exe") : program_(std::move(program)) {}

  /// render::render_release over there.
  [[nodiscard]] Result<render::RenderedSet> release(const render::RenderInputs& inputs) const;
  /// render::helm::render_chart over there.
  [[nodiscard]] Result<render::helm::Output> chart(const render::RenderInputs& inputs,
                                                   render::helm::Stage* reached = nullptr) const;

 private:
  std::string program_;
};

/// The other side: takes one order from standard input, which must be a socket, and answers there. What the process exits
/// with.
[[nodiscard]] int run_isolated_render() noexcept;

}  // namespace gitopsctl::agent
