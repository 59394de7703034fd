#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "render/helm/profile.hpp"
#include "render/inputs/limits.hpp"

namespace gitopsctl::agent::cli {

/// The release's name that `--name-template` makes: a template with the functions of sprig alone and without data. Random
/// functions draw from the system, and `env` and `expandenv` read this process's environment: the text is the caller's own,
/// from the command line. Errors: Go's text, `template: name-template:1: …`.
[[nodiscard]] Result<std::string> helm_release_name(std::string_view text, const render::helm::HelmProfile& profile,
                                                    const render::RenderLimits& limits, TimePoint now);

}  // namespace gitopsctl::agent::cli
