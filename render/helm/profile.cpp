#include "render/helm/profile.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace gitopsctl::render::helm {

namespace {

/// One minor version: its newest patch, the Go of its official builds and the Kubernetes that its client library is of.
struct Minor {
  int major;
  int minor;
  int newest_patch;
  GoRelease go;
  std::string_view go_version;
  int kube_minor;
};

// Newest first.
constexpr std::array<Minor, 8> minors = {{
    {4, 3, 1, GoRelease::go_1_27, "go1.27.4", 37},
    {4, 2, 4, GoRelease::go_1_26, "go1.26.6", 36},
    {4, 1, 4, GoRelease::go_1_25, "go1.25.9", 35},
    {4, 0, 5, GoRelease::go_1_25, "go1.25.9", 34},
    {3, 22, 0, GoRelease::go_1_26, "go1.26.6", 37},
    {3, 21, 4, GoRelease::go_1_26, "go1.26.6", 36},
    {3, 20, 2, GoRelease::go_1_25, "go1.25.9", 35},
    {3, 19, 5, GoRelease::go_1_24, "go1.24.13", 34},
}};

/// Versions in their order, for `since`.
struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;

  constexpr bool operator==(const Version&) const = default;
  /// In the line of Helm 3 from `three` on, in that of Helm 4 from `four` on.
  [[nodiscard]] constexpr bool since(Version three, Version four) const {
    const Version& first = major == 3 ? three : four;
    return minor != first.minor ? minor > first.minor : patch >= first.patch;
  }
};

constexpr Version never{0, 1000, 0};
constexpr Version three{3, 0, 0};
constexpr Version four{4, 0, 0};

NullRule null_rule(Version version) {
  if (version.since(never, {4, 2, 0})) return NullRule::clean_defaults;
  if (version.since({3, 20, 1}, {4, 1, 3})) return NullRule::non_null_keys;
  return version.since({3, 19, 5}, four) ? NullRule::all_keys : NullRule::defaulted_keys;
}

DocumentCut document_cut(Version version) {
  if (version.since(never, {4, 2, 4})) return DocumentCut::lines;
  return version.since(never, {4, 2, 0}) ? DocumentCut::trimmed_left : DocumentCut::trimmed;
}

HelmProfile make_profile(const Minor& minor, int patch) {
  const Version version{minor.major, minor.minor, patch};
  const bool is_four = minor.major == 4;
  const auto number = std::to_string(minor.major) + '.' + std::to_string(minor.minor) + '.' + std::to_string(patch);
  HelmProfile out;
  out.name = "helm-" + number;
  out.major = minor.major;
  out.helm_version = 'v' + number;
  out.go = minor.go;
  out.go_version = minor.go_version;
  out.kube_minor = minor.kube_minor;
  // Helm 3.21 took both with a patch release.
  if (minor.major == 3 && minor.minor == 21 && patch < 2) out.kube_minor = 35;
  if (minor.major == 3 && minor.minor == 21 && patch < 1) out.go = GoRelease::go_1_25;
  if (is_four) out.kube_client_version = "v1." + std::to_string(minor.kube_minor);
  out.nulls = null_rule(version);
  out.cut = document_cut(version);
  out.errors = is_four ? HelmErrorStyle::trace : HelmErrorStyle::line;
  out.webhooks_have_a_place = is_four;
  out.chart_is_map = is_four;
  out.strict_yaml_functions = is_four;
  out.strict_toml_functions = version.since(never, {4, 2, 0});
  out.duration_functions = version.since(never, {4, 3, 0});
  out.joins_value_documents = is_four;
  out.set_json_objects = is_four;
  out.ends_open_index_quietly = is_four;
  out.keeps_version_suffix = version.since(never, {4, 2, 0});
  out.plain_names_only = version.since({3, 20, 0}, four);
  out.lines_of_empty_file = version.since({3, 21, 4}, {4, 3, 0});
  out.aliases_have_own_children = is_four;
  out.corrected_schemas = version.since({3, 22, 0}, {4, 3, 0});
  out.reads_last_line = version.since(three, {4, 3, 0});
  out.bounds_each_file = !version.since(never, {4, 3, 0});
  out.quotes_constraints = version.since({3, 21, 4}, {4, 2, 0});
  out.short_floats_in_toml = version.since({3, 20, 0}, {4, 1, 0});
  return out;
}

/// The number at the beginning of `text`, which loses it; nullopt when there is none.
std::optional<int> take_number(std::string_view& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

std::string profile_names() {
  std::string out;
  for (const auto& minor : minors) {
    if (!out.empty()) out += ", ";
    out += "helm-" + std::to_string(minor.major) + '.' + std::to_string(minor.minor);
  }
  return out;
}

Result<HelmProfile> find_profile(std::string_view name) {
  const auto unknown = [&] {
    return Error(ErrorCode::invalid_input, "no Helm profile is called '" + std::string(name) + "'")
        .with_hint("the profiles are " + profile_names() + ", with or without a patch number");
  };
  constexpr std::string_view prefix = "helm-";
  if (!name.starts_with(prefix)) return unknown();
  auto rest = name.substr(prefix.size());
  const auto major = take_number(rest);
  if (!major || !rest.starts_with('.')) return unknown();
  rest.remove_prefix(1);
  const auto minor = take_number(rest);
  if (!minor) return unknown();
  std::optional<int> patch;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    patch = take_number(rest);
    if (!patch) return unknown();
  }
  if (!rest.empty()) return unknown();
  const auto row = std::find_if(minors.begin(), minors.end(),
                                [&](const Minor& one) { return one.major == *major && one.minor == *minor; });
  if (row == minors.end() || patch.value_or(0) > row->newest_patch) {
    return Error(ErrorCode::unsupported, "the Helm profile '" + std::string(name) + "' is not supported by this version")
        .with_hint("the profiles are " + profile_names() + "; compare the rendered set before the first sync");
  }
  return make_profile(*row, patch.value_or(row->newest_patch));
}

}  // namespace gitopsctl::render::helm
