#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/text/go_release.hpp"
#include "render/template/error.hpp"

namespace gitopsctl::render::helm {

/// What becomes of nulls when values meet a chart's defaults.
enum class NullRule : std::uint8_t {
  defaulted_keys,  ///< a null removes itself from a nested table only where the defaults have its key
  all_keys,        ///< a null always removes itself
  non_null_keys,   ///< a null removes itself where the defaults hold something else than null
  clean_defaults,  ///< the same, and nulls of the defaults are left out
};

/// Where a rendered file is cut into documents.
enum class DocumentCut : std::uint8_t {
  trimmed,       ///< behind white space with a newline; documents without white space around them
  trimmed_left,  ///< the same place; documents keep the white space at their ends
  lines,         ///< at the beginning of a line; documents keep the white space at their ends
};

/// What differs between Helm versions, as switches. "The same bytes" has a meaning for one version only, so everything
/// that reads a version's habit reads it from here. Part of every render cache key by its name.
///
/// Unicode's tables are those of Go 1.27 for every version: letters and cases that Unicode got after version 15.0 are told
/// as such for Helm versions that do not know them yet.
struct HelmProfile {
  std::string name;                 ///< `helm-4.3.1`
  int major = 4;                    ///< 3 or 4
  std::string helm_version;         ///< `.Capabilities.HelmVersion.Version`: `v4.3.1`
  std::string go_version;           ///< `.Capabilities.HelmVersion.GoVersion` of the official build's Go release
  std::string kube_client_version;  ///< `.Capabilities.HelmVersion.KubeClientVersion`; Helm 3 has none
  int kube_minor = 37;              ///< the default Kubernetes version is v1.N.0
  GoRelease go = GoRelease::go_1_27;

  NullRule nulls = NullRule::clean_defaults;
  DocumentCut cut = DocumentCut::lines;
  HelmErrorStyle errors = HelmErrorStyle::trace;
  bool webhooks_have_a_place = true;      ///< their configurations come last in the install order, not among unlisted kinds
  bool chart_is_map = true;               ///< `.Chart` is a map with the names of Go's fields, not a struct
  bool strict_yaml_functions = true;      ///< `mustToYaml`
  bool strict_toml_functions = true;      ///< `mustToToml`
  bool duration_functions = true;         ///< `durationSeconds`, …
  bool joins_value_documents = true;      ///< a values file may hold several documents
  bool set_json_objects = true;           ///< `--set-json '{…}'`
  bool ends_open_index_quietly = true;    ///< `--set a[0` says nothing
  bool keeps_version_suffix = true;       ///< `.Capabilities.KubeVersion.Version` as it was given
  bool plain_names_only = true;           ///< a chart's name is no path
  bool lines_of_empty_file = true;        ///< `.Files.Lines` of an empty file is an empty list
  bool aliases_have_own_children = true;  ///< one chart under two aliases has two sets of subcharts
  bool corrected_schemas = true;          ///< jsonschema 6.0.3 instead of 6.0.2
  bool reads_last_line = true;            ///< also of values whose last line of n × 4096 bytes has no end
  bool bounds_each_file = false;          ///< 5 MiB for a file
  bool quotes_constraints = true;         ///< `improper constraint: "x"`, with quotes
  bool short_floats_in_toml = true;       ///< 1e+06 instead of 1000000.0
};

/// The profile called `name`: `helm-4.3` (its newest patch release) or `helm-4.3.0`. Helm versions from 3.19 on are known.
/// Errors: `unsupported` for other Helm versions, `invalid_input` for anything else.
[[nodiscard]] Result<HelmProfile> find_profile(std::string_view name);

/// The names of all profiles without patch numbers, newest first, for help and completion.
[[nodiscard]] std::string profile_names();

}  // namespace gitopsctl::render::helm
