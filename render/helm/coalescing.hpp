#pragma once

#include "render/helm/profile.hpp"

namespace gitopsctl::render::helm {

class HelmLog;

/// What happens to nulls when defaults are filled in.
enum class Nulls : bool {
  remove,  ///< a user's null removes the chart's default, and null defaults vanish: for rendering
  keep,    ///< nulls stay as values: while dependencies are still being worked out
};

/// How defaults are filled in.
struct Coalescing {
  Nulls nulls = Nulls::remove;
  NullRule rule = NullRule::clean_defaults;
  bool quote_content = true;  ///< as in RenderInputs
  HelmLog* log = nullptr;     ///< what helm would log; not owned
};

}  // namespace gitopsctl::render::helm
