#pragma once

// Verbs that look and change nothing.

#include <array>

#include "agent/cli/rows_charts.hpp"
#include "agent/cli/rows_shared.hpp"

namespace gitopsctl::agent::cli::rows {

inline constexpr std::array target_arguments{target};
inline constexpr std::array maybe_target_arguments{maybe_target};

inline constexpr std::array render_arguments{
    Argument{"CHANNEL[/RELEASE]", "the channel, or one release of it (not with --chart)", false, false, ValueKind::channel}};
inline constexpr std::array render_flags{
    revision,
    Flag{"chart", '\0', FlagType::text, "DIRECTORY", "render this chart instead of a channel", {}, ValueKind::directory},
    Flag{"values", 'f', FlagType::list, "FILE", "with --chart: a values file, later ones win", {}, ValueKind::file},
    Flag{"name", '\0', FlagType::text, "NAME", "with --chart: the release's name (default release-name)"},
    Flag{"helm-profile", '\0', FlagType::text, "PROFILE", "render as this version of helm does: helm-3.19 to helm-4.3"},
    Flag{"skip-schema-validation",
         '\0',
         FlagType::boolean,
         {},
         "with --chart: do not check values against values.schema.json"},
    Flag{"digest", '\0', FlagType::boolean, {}, "print the render digest of each release instead of the manifests"},
    Flag{"fetch", '\0', FlagType::boolean, {}, "fetch charts that are not in the repository", {}, ValueKind::any, true},
    lookup_snapshot,
    isolate,
    render_limit,
};
inline constexpr std::array render_examples{
    Example{"gitopsctl render prod/web", "the manifests of one release, from the files in this directory"},
    Example{"gitopsctl render prod --revision releases/prod", "the whole channel as it is on its branch"},
    Example{"gitopsctl render --chart charts/web -f values/web.yaml -n web", "a chart, as `helm template` prints it"},
};

inline constexpr std::array diff_flags{
    Flag{"from", '\0', FlagType::text, "REVISION", "compare from this revision (default: what is deployed)"},
    Flag{"to", '\0', FlagType::text, "REVISION", "compare to this revision (default: the tip of releases/CHANNEL)"},
    Flag{"live", '\0', FlagType::boolean, {}, "compare the environment with the revision"},
    Flag{"rendered", '\0', FlagType::boolean, {}, "compare two renderings, without asking the environment"},
    Flag{"unified", 'U', FlagType::integer, "LINES", "lines of context around a change (default 3)"},
    Flag{"detailed-exitcode", '\0', FlagType::boolean, {}, "exit 0 when equal, 2 when different, 1 on errors"},
};
inline constexpr std::array diff_examples{
    Example{"gitopsctl diff prod", "what deploying the tip of releases/prod would change now"},
    Example{"gitopsctl diff prod --from releases/prod --to candidates/main", "what merging the candidate would change"},
    Example{"gitopsctl diff prod/web --live", "drift of one release"},
    Example{"gitopsctl diff prod --to candidates/main -o markdown", "the same as a pull-request comment"},
};

inline constexpr std::array status_flags{
    Flag{"watch", 'w', FlagType::boolean, {}, "print again whenever something changes, until interrupted"}};
inline constexpr std::array status_examples{
    Example{"gitopsctl status", "every channel and release: revision, health, what it waits for"},
    Example{"gitopsctl status prod -o json", "the same for a program to read"},
};

inline constexpr std::array limit_flags{limit};
inline constexpr std::array history_examples{
    Example{"gitopsctl history prod --limit 5", "the last five deployments of prod"}};

inline constexpr std::array tree_examples{
    Example{"gitopsctl tree prod/web", "the objects that the release owns, with their health"}};

inline constexpr std::array events_flags{
    limit, Flag{"follow", 'f', FlagType::boolean, {}, "go on printing new ones until interrupted"}};
inline constexpr std::array events_examples{
    Example{"gitopsctl events prod --follow", "what happens on prod, as it happens"}};

inline constexpr std::array why_examples{
    Example{"gitopsctl why", "everything that is not where its branch says, and the command that moves it"},
    Example{"gitopsctl why prod/web", "the same for one release"},
};

inline constexpr std::array watching_verbs{
    Verb{"diff", Group::look, "show what deploying a revision would change",
         "Compares a channel between two revisions (rendered), or a revision with the environment (live).\n"
         "Values of Secrets are never shown: a change says added, removed or changed and nothing else.",
         target_arguments, diff_flags, diff_examples, "table|json|yaml|markdown", Network::always,
         "0 nothing differs, 1 something differs, above 1 an error"},
    Verb{"render", Group::look, "print the manifests of a channel, a release or a chart",
         "Renders from the files in this directory, or from a revision of the repository. No network and no\n"
         "cluster is asked for the former. Standard output is what helm prints, values of Secrets included.",
         render_arguments, render_flags, render_examples, "yaml|json", Network::by_flag},
    Verb{"status",
         Group::look,
         "show what is deployed, how it is, and what it waits for",
         {},
         maybe_target_arguments,
         status_flags,
         status_examples,
         "table|json|yaml",
         Network::always,
         "0 everything is ready, 1 something is not, above 1 an error"},
    Verb{"why",
         Group::look,
         "explain every release that is not where its branch says",
         "Prints for each one the term that holds it and the command that moves it. Silence means that nothing waits.",
         maybe_target_arguments,
         {},
         why_examples,
         "table|json|yaml",
         Network::always,
         "0 nothing waits, 1 something waits, above 1 an error"},
    Verb{"history", Group::look, "list past deployments, newest first",
         "History comes from the agent's store as it is reported in the environment; losing it loses no safety.",
         target_arguments, limit_flags, history_examples, "table|json|yaml", Network::always},
    Verb{"tree",
         Group::look,
         "show the objects that a channel owns",
         {},
         target_arguments,
         {},
         tree_examples,
         "table|json|yaml",
         Network::always},
    Verb{"events",
         Group::look,
         "show what happened to a channel or release",
         {},
         maybe_target_arguments,
         events_flags,
         events_examples,
         "table|json|yaml",
         Network::always},
};

}  // namespace gitopsctl::agent::cli::rows
