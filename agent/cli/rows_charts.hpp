#pragma once

// Verbs that work on charts, and what they share with `helm template`: helm's own flags for where a chart comes from.

#include <array>

#include "agent/cli/rows_shared.hpp"

namespace gitopsctl::agent::cli::rows {

inline constexpr Flag chart_version{"version", '\0', FlagType::text, "VERSION",
                                    "a version, or a range such as ~1.2 (default: the newest that is no prerelease)"};
inline constexpr Flag chart_devel{"devel", '\0', FlagType::boolean, {}, "prereleases too, without --version"};
inline constexpr Flag chart_username{"username", '\0', FlagType::text, "NAME", "to log in with, at the host that is named"};
inline constexpr Flag chart_password{"password", '\0', FlagType::text, "PASSWORD",
                                     "the same; others on this machine can see it while the command runs"};
inline constexpr Flag chart_ca{
    "ca-file", '\0', FlagType::text, "FILE", "certificates to trust instead of the system's", {}, ValueKind::file};
inline constexpr Flag chart_insecure{
    "insecure-skip-tls-verify", '\0', FlagType::boolean, {}, "believe whoever answers to be the server"};
inline constexpr Flag chart_plain{"plain-http", '\0', FlagType::boolean, {}, "speak http with the registry"};
inline constexpr Flag chart_registry_config{
    "registry-config",
    '\0',
    FlagType::text,
    "FILE",
    "credentials in Docker's form (default: HELM_REGISTRY_CONFIG, helm's own, Docker's)",
    {},
    ValueKind::file};

inline constexpr std::array chart_pull_arguments{
    Argument{"CHART", "oci://HOST/PATH/NAME, the address of an archive, or a name in the repository --repo URL"}};
inline constexpr std::array chart_pull_flags{
    chart_version,
    chart_devel,
    Flag{"destination", 'd', FlagType::text, "DIRECTORY", "put it there (default .)", {}, ValueKind::directory},
    Flag{"untar", '\0', FlagType::boolean, {}, "unpack it instead of keeping the archive"},
    Flag{"untardir",
         '\0',
         FlagType::text,
         "DIRECTORY",
         "with --untar: there, seen from --destination",
         {},
         ValueKind::directory},
    Flag{"prov", '\0', FlagType::boolean, {}, "fetch the provenance file as well; it is not verified"},
    Flag{"verify", '\0', FlagType::boolean, {}, "not supported by this version: signatures of charts are not verified"},
    chart_username,
    chart_password,
    chart_registry_config,
    chart_ca,
    chart_insecure,
    chart_plain,
    rows::timeout,
};
inline constexpr std::array chart_pull_examples{
    Example{"gitopsctl chart pull oci://registry.example.org/charts/web --version 1.2.3",
            "the archive, into this directory"},
    Example{"gitopsctl chart pull web --repo https://charts.example.org --version ~1.2 --untar -d charts",
            "unpacked, to be committed"},
};

inline constexpr std::array chart_directory_arguments{Argument{"DIRECTORY", "the chart", true, false, ValueKind::directory}};
inline constexpr std::array chart_deps_flags{
    Flag{"update", '\0', FlagType::boolean, {}, "find the newest versions, fetch them into charts/, and write the lock"},
    Flag{"build", '\0', FlagType::boolean, {}, "fetch into charts/ what the lock says"},
    chart_registry_config,
    chart_ca,
    chart_insecure,
    chart_plain,
    rows::timeout,
};
inline constexpr std::array chart_deps_examples{
    Example{"gitopsctl chart deps charts/web", "what the chart needs, and whether its charts/ has it"},
    Example{"gitopsctl chart deps charts/web --build", "fetch what Chart.lock says, and nothing else"},
};
inline constexpr std::array chart_lock_flags{
    chart_registry_config, chart_ca, chart_insecure, chart_plain, rows::timeout,
};
inline constexpr std::array chart_lock_examples{
    Example{"gitopsctl chart lock charts/web", "write Chart.lock, by which an agent fetches the dependencies"}};

inline constexpr std::array chart_verbs{
    Verb{"chart pull",
         Group::more,
         "fetch a chart from a repository or a registry",
         "What it is pinned by (digest: in a channel file) is printed. Everything is checked against the digests that are "
         "known.",
         chart_pull_arguments,
         chart_pull_flags,
         chart_pull_examples,
         {},
         Network::always},
    Verb{"chart deps",
         Group::more,
         "show, fetch or update the dependencies of a chart",
         "Prints what `helm dependency list` prints; with --update or --build it does what helm's commands of these names "
         "do.",
         chart_directory_arguments,
         chart_deps_flags,
         chart_deps_examples,
         {},
         Network::always},
    Verb{"chart lock",
         Group::more,
         "resolve the dependencies of a chart and write its lock file",
         "As `helm dependency update` writes it, without fetching the charts.",
         chart_directory_arguments,
         chart_lock_flags,
         chart_lock_examples,
         {},
         Network::always},
};

}  // namespace gitopsctl::agent::cli::rows
