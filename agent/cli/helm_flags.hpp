#pragma once

// Every flag of the commands of helm that ours stand in for, of all versions that there are profiles for.

#include <array>
#include <cstdint>
#include <string_view>

#include "agent/cli/verb.hpp"

namespace gitopsctl::agent::cli {

/// What helm takes a flag's value for; decides what it says of a wrong one.
enum class HelmType : std::uint8_t { boolean, text, array, slice, map, duration, integer, number, wait, post_renderer };

/// The commands that have a flag, as bits. `every`: helm's global flags.
namespace helm_command {
inline constexpr std::uint8_t template_ = 1;
inline constexpr std::uint8_t show = 2;
inline constexpr std::uint8_t show_values = 4;
inline constexpr std::uint8_t lint = 8;
inline constexpr std::uint8_t every = 15;
}  // namespace helm_command

/// Which of helm's major versions have it.
enum class HelmLine : std::uint8_t { both, three, four };

/// One flag of helm.
struct HelmFlag {
  std::string_view name;
  char short_name = '\0';
  HelmType type = HelmType::text;
  std::uint8_t commands = helm_command::template_;
  HelmLine line = HelmLine::both;
  std::string_view deprecated = {};  ///< what Helm 4 says behind `Flag --NAME has been deprecated, `
};

namespace detail {
using enum HelmType;
using namespace helm_command;
inline constexpr std::uint8_t from_elsewhere = template_ | show | show_values;
inline constexpr std::uint8_t with_values = template_ | lint;
inline constexpr std::string_view no_effect = "this flag has no effect for 'helm template' and will be removed in Helm 5";
}  // namespace detail

inline constexpr std::array helm_flags{
    HelmFlag{"namespace", 'n', detail::text, detail::every},
    HelmFlag{"kubeconfig", '\0', detail::text, detail::every},
    HelmFlag{"kube-context", '\0', detail::text, detail::every},
    HelmFlag{"kube-token", '\0', detail::text, detail::every},
    HelmFlag{"kube-as-user", '\0', detail::text, detail::every},
    HelmFlag{"kube-as-group", '\0', detail::array, detail::every},
    HelmFlag{"kube-apiserver", '\0', detail::text, detail::every},
    HelmFlag{"kube-ca-file", '\0', detail::text, detail::every},
    HelmFlag{"kube-tls-server-name", '\0', detail::text, detail::every},
    HelmFlag{"kube-insecure-skip-tls-verify", '\0', detail::boolean, detail::every},
    HelmFlag{"debug", '\0', detail::boolean, detail::every},
    HelmFlag{"registry-config", '\0', detail::text, detail::every},
    HelmFlag{"repository-config", '\0', detail::text, detail::every},
    HelmFlag{"repository-cache", '\0', detail::text, detail::every},
    HelmFlag{"content-cache", '\0', detail::text, detail::every, HelmLine::four},
    HelmFlag{"burst-limit", '\0', detail::integer, detail::every},
    HelmFlag{"qps", '\0', detail::number, detail::every},
    HelmFlag{"color", '\0', detail::text, detail::every, HelmLine::four},
    HelmFlag{"colour", '\0', detail::text, detail::every, HelmLine::four},
    HelmFlag{"help", 'h', detail::boolean, detail::every},
    // Those of its client library's log, which its help does not show.
    HelmFlag{"add-dir-header", '\0', detail::boolean, detail::every},
    HelmFlag{"alsologtostderr", '\0', detail::boolean, detail::every},
    HelmFlag{"log-backtrace-at", '\0', detail::text, detail::every},
    HelmFlag{"log-dir", '\0', detail::text, detail::every},
    HelmFlag{"log-file", '\0', detail::text, detail::every},
    HelmFlag{"log-file-max-size", '\0', detail::integer, detail::every},
    HelmFlag{"logtostderr", '\0', detail::boolean, detail::every},
    HelmFlag{"one-output", '\0', detail::boolean, detail::every},
    HelmFlag{"skip-headers", '\0', detail::boolean, detail::every},
    HelmFlag{"skip-log-headers", '\0', detail::boolean, detail::every},
    HelmFlag{"stderrthreshold", '\0', detail::text, detail::every},
    HelmFlag{"v", 'v', detail::integer, detail::every},
    HelmFlag{"vmodule", '\0', detail::text, detail::every},
    // Values.
    HelmFlag{"values", 'f', detail::slice, detail::with_values},
    HelmFlag{"set", '\0', detail::array, detail::with_values},
    HelmFlag{"set-string", '\0', detail::array, detail::with_values},
    HelmFlag{"set-file", '\0', detail::array, detail::with_values},
    HelmFlag{"set-json", '\0', detail::array, detail::with_values},
    HelmFlag{"set-literal", '\0', detail::array, detail::with_values},
    HelmFlag{"kube-version", '\0', detail::text, detail::with_values},
    HelmFlag{"skip-schema-validation", '\0', detail::boolean, detail::with_values},
    // Where a chart comes from.
    HelmFlag{"version", '\0', detail::text, detail::from_elsewhere},
    HelmFlag{"devel", '\0', detail::boolean, detail::from_elsewhere},
    HelmFlag{"verify", '\0', detail::boolean, detail::from_elsewhere},
    HelmFlag{"keyring", '\0', detail::text, detail::from_elsewhere},
    HelmFlag{"repo", '\0', detail::text, detail::from_elsewhere},
    HelmFlag{"username", '\0', detail::text, detail::from_elsewhere},
    HelmFlag{"password", '\0', detail::text, detail::from_elsewhere},
    HelmFlag{"cert-file", '\0', detail::text, detail::from_elsewhere},
    HelmFlag{"key-file", '\0', detail::text, detail::from_elsewhere},
    HelmFlag{"ca-file", '\0', detail::text, detail::from_elsewhere},
    HelmFlag{"insecure-skip-tls-verify", '\0', detail::boolean, detail::from_elsewhere},
    HelmFlag{"plain-http", '\0', detail::boolean, detail::from_elsewhere},
    HelmFlag{"pass-credentials", '\0', detail::boolean, detail::from_elsewhere},
    HelmFlag{"jsonpath", '\0', detail::text, detail::show_values},
    // `helm template`, which has those of an installation.
    HelmFlag{"api-versions", 'a', detail::slice},
    HelmFlag{"atomic", '\0', detail::boolean, detail::template_, HelmLine::both, "use --rollback-on-failure instead"},
    HelmFlag{"create-namespace", '\0', detail::boolean},
    HelmFlag{"dependency-update", '\0', detail::boolean},
    HelmFlag{"description"},
    HelmFlag{"disable-openapi-validation", '\0', detail::boolean},
    HelmFlag{"dry-run"},
    HelmFlag{"enable-dns", '\0', detail::boolean},
    HelmFlag{"force", '\0', detail::boolean, detail::template_, HelmLine::both, "use --force-replace instead"},
    HelmFlag{"force-conflicts", '\0', detail::boolean, detail::template_, HelmLine::four},
    HelmFlag{"force-replace", '\0', detail::boolean, detail::template_, HelmLine::four},
    HelmFlag{"generate-name", 'g', detail::boolean},
    HelmFlag{"hide-notes", '\0', detail::boolean, detail::template_, HelmLine::both, detail::no_effect},
    HelmFlag{"include-crds", '\0', detail::boolean},
    HelmFlag{"is-upgrade", '\0', detail::boolean},
    HelmFlag{"labels", 'l', detail::map},
    HelmFlag{"name-template"},
    HelmFlag{"no-hooks", '\0', detail::boolean},
    HelmFlag{"output-dir"},
    HelmFlag{"post-renderer", '\0', detail::post_renderer},
    HelmFlag{"post-renderer-args", '\0', detail::array},
    HelmFlag{"release-name", '\0', detail::boolean},
    HelmFlag{"render-subchart-notes", '\0', detail::boolean, detail::template_, HelmLine::both, detail::no_effect},
    HelmFlag{"replace", '\0', detail::boolean},
    HelmFlag{"rollback-on-failure", '\0', detail::boolean, detail::template_, HelmLine::four},
    HelmFlag{"server-side", '\0', detail::boolean, detail::template_, HelmLine::four},
    HelmFlag{"show-only", 's', detail::array},
    HelmFlag{"skip-crds", '\0', detail::boolean},
    HelmFlag{"skip-tests", '\0', detail::boolean},
    HelmFlag{"take-ownership", '\0', detail::boolean},
    HelmFlag{"timeout", '\0', detail::duration},
    HelmFlag{"validate", '\0', detail::boolean, detail::template_, HelmLine::both, "use '--dry-run=server' instead"},
    HelmFlag{"wait", '\0', detail::wait},
    HelmFlag{"wait-for-jobs", '\0', detail::boolean},
    // `helm lint`
    HelmFlag{"quiet", '\0', detail::boolean, detail::lint},
    HelmFlag{"strict", '\0', detail::boolean, detail::lint},
    HelmFlag{"with-subcharts", '\0', detail::boolean, detail::lint},
};

namespace detail {

template <std::size_t count>
constexpr bool has_flag(const std::array<Flag, count>& flags, std::string_view name) {
  for (const Flag& flag : flags) {
    if (flag.name == name) return true;
  }
  return false;
}

/// Those that every verb of ours takes.
constexpr bool is_global(std::string_view name) {
  return name == "namespace" || name == "kubeconfig" || name == "repo" || name == "help";
}

template <std::uint8_t commands, std::size_t count>
constexpr bool is_missing(const std::array<Flag, count>& shown, const HelmFlag& flag) {
  return (flag.commands & commands) != 0 && !is_global(flag.name) && !has_flag(shown, flag.name);
}

constexpr Flag hidden_flag(const HelmFlag& flag) {
  Flag out;
  out.name = flag.name;
  out.short_name = flag.short_name;
  out.help = "as helm takes it";
  out.hidden = true;
  if (flag.type == HelmType::boolean) return out;
  const bool many = flag.type == HelmType::array || flag.type == HelmType::slice || flag.type == HelmType::map;
  out.type = many ? FlagType::list : FlagType::text;
  out.placeholder = "VALUE";
  if (flag.type == HelmType::wait) out.alone = "watcher";
  return out;
}

template <std::uint8_t commands, std::size_t count>
constexpr std::size_t count_missing(const std::array<Flag, count>& shown) {
  std::size_t out = 0;
  for (const HelmFlag& flag : helm_flags) out += is_missing<commands>(shown, flag) ? 1 : 0;
  return out;
}

}  // namespace detail

/// The flags `shown` of a verb, and behind them, hidden, the others that helm's `commands` have: taken, and without effect
/// unless the verb asks for them.
template <std::uint8_t commands, const auto& shown>
constexpr auto with_helm_flags() {
  std::array<Flag, shown.size() + detail::count_missing<commands>(shown)> out{};
  std::size_t at = 0;
  for (const Flag& flag : shown) out[at++] = flag;
  for (const HelmFlag& flag : helm_flags) {
    if (detail::is_missing<commands>(shown, flag)) out[at++] = detail::hidden_flag(flag);
  }
  return out;
}

}  // namespace gitopsctl::agent::cli
