#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gitopsctl::render::helm {

/// The regular expression for a glob over `/`-separated names as `.Files.Glob` reads it: `*` stays inside a segment, `**`
/// does not, `?` is one character other than `/`, `[a-z]`, `[!abc]`, `{a,b}` with nesting, `\` makes the next character
/// literal. nullopt when the pattern is not well formed.
[[nodiscard]] std::optional<std::string> glob_regex(std::string_view pattern);

}  // namespace gitopsctl::render::helm
