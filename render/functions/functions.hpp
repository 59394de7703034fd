#pragma once

#include <span>

#include "render/template/function.hpp"

namespace gitopsctl::render {

// The functions that Helm adds to Go's own: sprig 3.3 as Helm 4.3 builds it, and Helm's. One table per file; the tables are
// constants that live as long as the program. Results and error texts are upstream's, byte for byte, unless a comment says
// otherwise; `include`, `tpl`, `required` and `lookup` belong to the chart engine and are not here.
//
// Bounds (render/functions/arguments.hpp): texts of 64 MiB, lists of 10 million items, trees of 10 million nodes and 1000
// levels. Passing one is a template error that names the function's limit.

/// `quote`, `trunc`, `replace`, `indent`, `join`, … (without cases)
[[nodiscard]] std::span<const Function> string_functions();
/// `title`, `snakecase`, `wrap`, `abbrev`, `initials`, …
[[nodiscard]] std::span<const Function> word_functions();
/// `list`, `append`, `uniq`, `without`, `slice`, …
[[nodiscard]] std::span<const Function> list_functions();
/// `dict`, `set`, `merge`, `dig`, …
[[nodiscard]] std::span<const Function> map_functions();
/// `add`, `divf`, `round`, `until`, `seq`, `int`, …
[[nodiscard]] std::span<const Function> math_functions();
/// `default`, `ternary`, `coalesce`, `typeOf`, `deepEqual`, `fail`, …
[[nodiscard]] std::span<const Function> type_functions();
/// `toYaml`, `fromJson`, `toToml`, … (those of all Helm versions)
[[nodiscard]] std::span<const Function> encoding_functions();
/// `mustToYaml`: Helm 4 only.
[[nodiscard]] std::span<const Function> strict_yaml_functions();
/// `mustToToml`: since Helm 4.2.
[[nodiscard]] std::span<const Function> strict_toml_functions();
/// `b64enc`, `sha256sum`, `adler32sum`, …
[[nodiscard]] std::span<const Function> digest_functions();
/// `regexMatch`, …
[[nodiscard]] std::span<const Function> regex_functions();
/// `semver`, `semverCompare`
[[nodiscard]] std::span<const Function> version_functions();
/// `base`, `dir`, `urlParse`, …
[[nodiscard]] std::span<const Function> path_functions();
/// `now`, `date`, `duration`, …
[[nodiscard]] std::span<const Function> date_functions();
/// `durationSeconds`, `mustToDuration`, …: since Helm 4.3.
[[nodiscard]] std::span<const Function> duration_functions();
/// `randAlphaNum`, `uuidv4`, `shuffle`, …: drawn from the render's random source.
[[nodiscard]] std::span<const Function> random_functions();
/// `htpasswd`, `bcrypt`, `derivePassword`, `genCA`, `encryptAES`, …
[[nodiscard]] std::span<const Function> crypto_functions();

/// The tables that all Helm versions have. Lives as long as the program.
[[nodiscard]] std::span<const std::span<const Function>> common_functions();
/// All tables, as Helm 4.3 has them. Lives as long as the program.
[[nodiscard]] std::span<const std::span<const Function>> all_functions();

}  // namespace gitopsctl::render
