#pragma once

// Verbs that stand in for commands of helm.

#include <array>

#include "agent/cli/helm_flags.hpp"
#include "agent/cli/rows_charts.hpp"
#include "agent/cli/rows_shared.hpp"

namespace gitopsctl::agent::cli::rows {

// What several of these verbs take.
inline constexpr Flag values_file{
    "values", 'f', FlagType::list, "FILE", "a values file, later ones win; - is standard input", {}, ValueKind::file};
inline constexpr Flag set_value{"set", '\0', FlagType::list, "KEY=VALUE,…",
                                "set values; true, false, null and whole numbers are no strings"};
inline constexpr Flag set_string{"set-string", '\0', FlagType::list, "KEY=VALUE,…", "set values that are strings"};
inline constexpr Flag set_json{"set-json", '\0', FlagType::list, "KEY=JSON,…",
                               "set values to JSON, or merge a whole JSON object"};
inline constexpr Flag set_file{"set-file", '\0', FlagType::list, "KEY=FILE,…", "set values to what files hold"};
inline constexpr Flag set_literal{"set-literal", '\0', FlagType::list, "KEY=VALUE",
                                  "set one value to everything behind the ="};
inline constexpr Flag pass_credentials{
    "pass-credentials", '\0', FlagType::boolean, {}, "send user and password to every host"};
inline constexpr Flag helm_compat{
    "helm-compat", '\0', FlagType::boolean, {}, "read the command line and print errors exactly as helm does"};
inline constexpr Flag skip_schema{
    "skip-schema-validation", '\0', FlagType::boolean, {}, "do not check values against values.schema.json"};

inline constexpr std::array helm_template_arguments{
    Argument{"NAME", "the release's name (default release-name), or the chart when it is the only argument", true, false},
    Argument{"CHART",
             "a directory, a packaged chart, oci://…, the address of an archive, REPOSITORY/NAME, or a name with --repo",
             false,
             false,
             ValueKind::directory,
             {},
             true}};
inline constexpr std::array helm_template_shown{
    values_file,
    set_value,
    set_string,
    set_json,
    set_file,
    set_literal,
    Flag{"show-only", 's', FlagType::list, "PATTERN", "print only what comes from these templates"},
    Flag{"api-versions", 'a', FlagType::list, "VERSION,…", "more for .Capabilities.APIVersions"},
    Flag{"kube-version", '\0', FlagType::text, "VERSION", "for .Capabilities.KubeVersion"},
    Flag{"generate-name", 'g', FlagType::boolean, {}, "changes nothing, as in helm: a render without a name has one"},
    Flag{"name-template", '\0', FlagType::text, "TEMPLATE", "make the release's name by this template"},
    Flag{"include-crds", '\0', FlagType::boolean, {}, "print what stands in crds/ too"},
    Flag{"is-upgrade", '\0', FlagType::boolean, {}, "set .Release.IsUpgrade instead of .Release.IsInstall"},
    Flag{"no-hooks", '\0', FlagType::boolean, {}, "leave out hooks"},
    Flag{"skip-tests", '\0', FlagType::boolean, {}, "leave out test hooks"},
    skip_schema,
    Flag{"output-dir", '\0', FlagType::text, "DIRECTORY", "write files there instead", {}, ValueKind::directory},
    Flag{"release-name", '\0', FlagType::boolean, {}, "with --output-dir: in a directory of the release's name"},
    chart_version,
    chart_devel,
    chart_username,
    chart_password,
    chart_registry_config,
    chart_ca,
    chart_insecure,
    chart_plain,
    Flag{
        "dependency-update", '\0', FlagType::boolean, {}, "fetch dependencies that charts/ lacks", {}, ValueKind::any, true},
    pass_credentials,
    Flag{"dry-run", '\0', FlagType::text, "WAY", "client is what happens anyhow; server is for helm 3 alone",
         "client|server", ValueKind::any, false, "client"},
    Flag{"post-renderer",
         '\0',
         FlagType::text,
         "PROGRAM",
         "as in helm 3: send the manifests through this program (helm 4: names a plugin, which is refused)",
         {},
         ValueKind::file},
    Flag{"post-renderer-args", '\0', FlagType::list, "WORD", "a word for that program"},
    Flag{"kube-context", '\0', FlagType::text, "NAME", "the context of the kubeconfig whose namespace is taken without -n"},
    rows::timeout,
    Flag{"helm-profile", '\0', FlagType::text, "PROFILE", "print what this version of helm does: helm-3.19 to helm-4.3"},
    helm_compat,
    lookup_snapshot,
    isolate,
    render_limit,
};
inline constexpr auto helm_template_flags = with_helm_flags<helm_command::template_, helm_template_shown>();
inline constexpr std::array helm_template_examples{
    Example{"gitopsctl helm template web charts/web -f values/prod.yaml -n web", "what helm would print"},
    Example{"gitopsctl helm template charts/web -s templates/deployment.yaml", "one template of it"},
    Example{"gitopsctl helm template web charts/web --helm-profile helm-3.22 --helm-compat",
            "as helm 3.22 would, mistakes of the command line included"},
};

inline constexpr std::array helm_show_arguments{
    Argument{"WHAT", "the part of the chart", true, false, ValueKind::any, "all|chart|crds|readme|values"},
    Argument{"CHART",
             "a directory, a packaged chart, oci://…, the address of an archive, REPOSITORY/NAME, or a name with --repo",
             true,
             false,
             ValueKind::directory,
             {},
             true}};
inline constexpr std::array helm_show_shown{
    chart_version,
    chart_devel,
    chart_username,
    chart_password,
    chart_registry_config,
    chart_ca,
    chart_insecure,
    chart_plain,
    pass_credentials,
    rows::timeout,
    Flag{"helm-profile", '\0', FlagType::text, "PROFILE", "print what this version of helm does: helm-3.19 to helm-4.3"},
    helm_compat,
};
inline constexpr auto helm_show_flags = with_helm_flags<helm_command::show | helm_command::show_values, helm_show_shown>();
inline constexpr std::array helm_show_examples{
    Example{"gitopsctl helm show values charts/web", "the defaults of a chart, with their comments"},
    Example{"gitopsctl helm show chart web --repo https://charts.example.org", "Chart.yaml of a chart elsewhere"},
};

inline constexpr std::array helm_lint_arguments{
    Argument{"CHART", "a directory, or a packaged chart", true, true, ValueKind::directory}};
inline constexpr std::array helm_lint_shown{
    Flag{"strict", '\0', FlagType::boolean, {}, "warnings are failures too"},
    Flag{"quiet", '\0', FlagType::boolean, {}, "print warnings and errors only"},
    Flag{"with-subcharts", '\0', FlagType::boolean, {}, "the charts in charts/ too"},
    values_file,
    set_value,
    set_string,
    set_json,
    set_file,
    set_literal,
    Flag{"kube-version", '\0', FlagType::text, "VERSION", "for .Capabilities.KubeVersion, and for what is deprecated"},
    skip_schema,
    Flag{"helm-profile", '\0', FlagType::text, "PROFILE", "print what this version of helm does: helm-3.19 to helm-4.3"},
    helm_compat,
    render_limit,
};
inline constexpr auto helm_lint_flags = with_helm_flags<helm_command::lint, helm_lint_shown>();
inline constexpr std::array helm_lint_examples{
    Example{"gitopsctl helm lint charts/web -f values/prod.yaml",
            "mistakes in the chart, with the values of an environment"},
    Example{"gitopsctl helm lint charts/web charts/db --strict --quiet", "for a build: silent unless something is wrong"},
};

inline constexpr std::array helm_get_values_arguments{
    Argument{"CHART", "with --all: the chart, as for `helm template`", false, false, ValueKind::directory, {}, true}};
inline constexpr std::array helm_get_values_flags{
    Flag{"all", 'a', FlagType::boolean, {}, "all computed values, the defaults of the chart and of those below it too"},
    values_file,
    set_value,
    set_string,
    set_json,
    set_file,
    set_literal,
    chart_version,
    chart_devel,
    chart_username,
    chart_password,
    chart_registry_config,
    chart_ca,
    chart_insecure,
    chart_plain,
    pass_credentials,
    rows::timeout,
    Flag{"helm-profile", '\0', FlagType::text, "PROFILE", "compute as this version of helm does: helm-3.19 to helm-4.3"},
    render_limit,
};
inline constexpr std::array helm_get_values_examples{
    Example{"gitopsctl helm get-values -f base.yaml -f prod.yaml --set replicas=3", "what several sources add up to"},
    Example{"gitopsctl helm get-values charts/web --all -f prod.yaml -o json", "what the templates of the chart would see"},
};

inline constexpr std::array helm_verbs{
    Verb{.name = "helm template",
         .summary = "print a chart as `helm template` prints it, without helm",
         .description =
             "Takes all flags of helm, and exits with 1 on every error, as helm does. Those of an installation (--wait,\n"
             "--atomic, --create-namespace, --labels, …) and of the connection to a cluster change nothing, as in helm; "
             "what\n"
             "needs a cluster or a network of its own (--validate, --enable-dns) is refused. Without -n the namespace is "
             "that\n"
             "of HELM_NAMESPACE, else of the kubeconfig's context, as in helm.",
         .arguments = helm_template_arguments,
         .flags = helm_template_flags,
         .examples = helm_template_examples,
         .network = Network::by_flag,
         .exit_codes = "0 rendered, 1 an error, 2 the command line is wrong (1 with --helm-compat)",
         .like_helm = true},
    Verb{.name = "helm show",
         .summary = "print a chart's definition, values, README or definitions, as `helm show` does",
         .description = "The bytes are those of helm. No release and no cluster is asked.",
         .arguments = helm_show_arguments,
         .flags = helm_show_flags,
         .examples = helm_show_examples,
         .network = Network::by_flag,
         .exit_codes = "0 shown, 1 an error, 2 the command line is wrong (1 with --helm-compat)",
         .like_helm = true},
    Verb{.name = "helm lint",
         .summary = "look for mistakes in charts, as `helm lint` does",
         .description = "Says what helm says, and fails where helm fails. Only charts on this machine.",
         .arguments = helm_lint_arguments,
         .flags = helm_lint_flags,
         .examples = helm_lint_examples,
         .exit_codes = "0 no chart failed, 1 one did, or an error, 2 the command line is wrong (1 with --helm-compat)",
         .like_helm = true},
    Verb{.name = "helm get-values",
         .summary = "print the values that -f and --set add up to, or all that a chart would see",
         .description = "In the forms of `helm get values`, which asks a cluster for those of a release; this asks none.",
         .arguments = helm_get_values_arguments,
         .flags = helm_get_values_flags,
         .examples = helm_get_values_examples,
         .outputs = "table|json|yaml",
         .network = Network::by_flag,
         .like_helm = true},
};

}  // namespace gitopsctl::agent::cli::rows
