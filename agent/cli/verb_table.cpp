#include <algorithm>
#include <array>

#include "agent/cli/rows_acting.hpp"
#include "agent/cli/rows_charts.hpp"
#include "agent/cli/rows_helm.hpp"
#include "agent/cli/rows_other.hpp"
#include "agent/cli/rows_watching.hpp"
#include "agent/cli/verb.hpp"

namespace gitopsctl::agent::cli {
namespace {

constexpr std::array global_flag_rows{
    Flag{"config",
         '\0',
         FlagType::text,
         "FILE",
         "the agent's file (default: GITOPSCTL_CONFIG, else /etc/gitopsctl/agent.yaml)",
         {},
         ValueKind::file},
    Flag{"repo",
         '\0',
         FlagType::text,
         "REPOSITORY",
         "a repository: a name from the agent's file, a directory, or a URL",
         {},
         ValueKind::directory},
    Flag{"context", '\0', FlagType::text, "NAME",
         "an environment of the agent's file; where there is none, of the kubeconfig"},
    Flag{"kubeconfig",
         '\0',
         FlagType::text,
         "FILE",
         "the cluster, where there is no agent's file (default: as kubectl finds it)",
         {},
         ValueKind::file},
    Flag{"namespace", 'n', FlagType::text, "NAME", "only objects and releases of this namespace"},
    Flag{"output", 'o', FlagType::text, "FORMAT", "how to print the answer"},
    Flag{"no-color", '\0', FlagType::boolean, {}, "no colours (so does a non-empty NO_COLOR)"},
    Flag{"help", 'h', FlagType::boolean, {}, "this help"},
};

}  // namespace

std::span<const Flag> global_flags() noexcept { return global_flag_rows; }

std::span<const Verb> verb_table() noexcept {
  static constexpr auto table = [] {
    constexpr std::size_t count = rows::watching_verbs.size() + rows::acting_verbs.size() + rows::helm_verbs.size() +
                                  rows::chart_verbs.size() + rows::other_verbs.size() + rows::reserved_verbs.size();
    std::array<Verb, count> all{};
    auto next = all.begin();
    const auto add = [&next](const auto& part) { next = std::copy(part.begin(), part.end(), next); };
    add(rows::watching_verbs);
    add(rows::acting_verbs);
    add(rows::helm_verbs);
    add(rows::chart_verbs);
    add(rows::other_verbs);
    add(rows::reserved_verbs);
    return all;
  }();
  return table;
}

const Verb* find_verb(std::string_view name) noexcept {
  for (const Verb& verb : verb_table()) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

bool is_verb_group(std::string_view group) noexcept {
  for (const Verb& verb : verb_table()) {
    const std::size_t blank = verb.name.find(' ');
    if (blank != std::string_view::npos && verb.name.substr(0, blank) == group) return true;
  }
  return false;
}

}  // namespace gitopsctl::agent::cli
