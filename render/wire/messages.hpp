#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/helm/helm.hpp"
#include "render/inputs/inputs.hpp"
#include "render/manifest/object.hpp"

// What a render is given and what it gives, as bytes, so that it can run in a process of its own. The tree, the
// installation's key and the objects for `lookup` do not cross: the other side asks for what it needs of them
// (questions.hpp).
namespace gitopsctl::render::wire {

/// What is asked of a render.
enum class Task : std::uint8_t {
  release,  ///< render_release: a RenderedSet, sealed by who asked
  chart,    ///< helm::render_chart: an Output
};

struct Order {
  Task task = Task::release;
  bool has_key = false;     ///< the installation's key is at hand on the other side
  bool has_lookup = false;  ///< and somebody who answers `lookup`
  RenderInputs inputs;      ///< without tree, key and what asks for random bytes and objects
};

/// Levels of a value that crosses; more than any reader lets in.
inline constexpr int max_levels = 2'000;

/// What a reader says whose input nobody of us wrote.
[[nodiscard]] Error not_ours();

[[nodiscard]] std::string write_order(Task task, const RenderInputs& inputs);
/// `internal` for what write_order did not make. So it is with all that read here; they may be given anything.
[[nodiscard]] Result<Order> read_order(std::string_view bytes);

/// The set without its seal, or the error instead.
[[nodiscard]] std::string write_set(const Result<RenderedSet>& set);
[[nodiscard]] Result<RenderedSet> read_set(std::string_view bytes);

[[nodiscard]] std::string write_output(const Result<helm::Output>& output, helm::Stage reached);
[[nodiscard]] Result<helm::Output> read_output(std::string_view bytes, helm::Stage& reached);

}  // namespace gitopsctl::render::wire
