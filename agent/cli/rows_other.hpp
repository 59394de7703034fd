#pragma once

// Verbs around the road: first steps, files, the program itself; and the names kept for later.

#include <array>

#include "agent/cli/rows_shared.hpp"

namespace gitopsctl::agent::cli::rows {

inline constexpr std::array demo_flags{
    Flag{"keep", '\0', FlagType::boolean, {}, "leave everything running to play with, until interrupted"},
    Flag{"directory",
         '\0',
         FlagType::text,
         "DIRECTORY",
         "work here (default: a new temporary directory)",
         {},
         ValueKind::directory},
    Flag{"break", '\0', FlagType::text, "CHANNEL/KIND/NAMESPACE/NAME", "with --set: change an object of the demo by hand"},
    Flag{"set", '\0', FlagType::list, "PATH=VALUE", "with --break: what to change, for example spec.replicas=0"},
};
inline constexpr std::array demo_examples{
    Example{"gitopsctl demo", "the whole road on this machine, in under half a minute"},
    Example{"gitopsctl demo --keep", "the same, and leave it running to play with"},
    Example{"gitopsctl demo --kubeconfig ~/.kube/config", "the same in a cluster, where everything of it is removed again"},
};
inline constexpr Flag install_name{"name", '\0', FlagType::text, "NAME",
                                   "of the installation's objects (default gitopsctl)"};

inline constexpr std::array install_flags{
    Flag{"values",
         'f',
         FlagType::list,
         "FILE",
         "values of the chart (charts/gitopsctl), later ones win",
         {},
         ValueKind::file},
    Flag{"set", '\0', FlagType::list, "PATH=VALUE", "one value, after the files"},
    Flag{"deploy-key", '\0', FlagType::list, "REPOSITORY",
         "make an SSH key for this repository where there is none, and print its public half"},
    install_name,
    wait,
    timeout,
};
inline constexpr std::array install_examples{
    Example{"gitopsctl install -f values.yaml --wait", "put the agent into the cluster, or bring it up to date"},
    Example{"gitopsctl install -f values.yaml -o yaml", "print what would be applied, for kubectl or a look"},
    Example{"gitopsctl install -f values.yaml --deploy-key shop",
            "make a key, and print what to register at the Git server"},
};
inline constexpr std::array uninstall_arguments{
    Argument{"CHANNEL", "a channel, with all that it owns (default: the agent)", false, false, ValueKind::channel}};
inline constexpr std::array uninstall_flags{
    Flag{"confirm", '\0', FlagType::text, "NAME", "the name of what goes: the installation's, or the channel's"},
    Flag{"purge",
         '\0',
         FlagType::boolean,
         {},
         "with the agent: its channels, switches, definitions, namespaces and keys as well"},
    install_name,
};
inline constexpr std::array uninstall_examples{
    Example{"gitopsctl uninstall --confirm default", "remove the agent; what it deployed stays, and a new one goes on"},
    Example{"gitopsctl uninstall --confirm default --purge", "leave nothing behind, once nothing is deployed any more"},
    Example{"gitopsctl uninstall prod --confirm prod", "take a channel down; without --confirm it says what would go"},
};

inline constexpr std::array doctor_examples{
    Example{"gitopsctl doctor --config agent.yaml", "check what the agent would need"}};

inline constexpr std::array channel_check_arguments{
    Argument{"FILE", "a channel file, or a channel's name", true, true, ValueKind::file}};
inline constexpr std::array channel_check_flags{revision};
inline constexpr std::array channel_check_examples{
    Example{"gitopsctl channel check .gitopsctl/channels/prod.yaml", "every mistake of the file at once, with its place"}};
inline constexpr std::array schema_arguments{
    Argument{"KIND", "which kind of file", true, false, ValueKind::any, "channel|agent"}};
inline constexpr std::array schema_examples{
    Example{"gitopsctl schema channel > channel.schema.json", "for an editor that completes and checks channel files"}};

inline constexpr std::array help_arguments{
    Argument{"COMMAND", "which command (default: the overview)", false, true, ValueKind::verb}};
inline constexpr std::array version_examples{Example{"gitopsctl version -o json", "for a program to read"}};
inline constexpr std::array completion_arguments{
    Argument{"SHELL", "which shell", true, false, ValueKind::any, "bash|zsh|fish"}};
inline constexpr std::array completion_examples{
    Example{"source <(gitopsctl completion bash)", "complete in this bash session"},
    Example{"gitopsctl completion zsh > \"${fpath[1]}/_gitopsctl\"", "complete in every new zsh session"},
    Example{"gitopsctl completion fish > ~/.config/fish/completions/gitopsctl.fish", "the same for fish"},
};

inline constexpr std::array task_arguments{
    Argument{"NAME", "tasks with their flags, one after another", false, true, ValueKind::any}};
inline constexpr std::array task_examples{
    Example{"gitopsctl task -l", "what there is to run"},
    Example{"gitopsctl task build --image web -j 4 push", "two tasks, with flags of the first"},
    Example{"gitopsctl task -h build", "a task's flags"},
    Example{"ln -s $(which gitopsctl) ~/bin/inv", "as inv or invoke it takes the place of pyinvoke"},
};

inline constexpr std::array tasks_check_arguments{
    Argument{"FILE", "a task file (default: the nearest tasks.yaml)", false, true, ValueKind::file}};
inline constexpr std::array tasks_check_examples{
    Example{"gitopsctl tasks check", "every mistake at once, with its place, and where values reach a shell unquoted"}};

inline constexpr std::array other_verbs{
    Verb{"demo",
         Group::start,
         "show everything on this machine with a small repository",
         "Makes a repository, serves it, runs an agent on an environment in one file, and prints at each step what a\n"
         "person would type to do the same. Nothing outside its own directory is touched, unless a cluster is named with\n"
         "--kubeconfig or --context: there it brings a namespace for each release, and takes them away.",
         {},
         demo_flags,
         demo_examples,
         {},
         Network::always},
    Verb{"doctor",
         Group::start,
         "check the agent's file, its repositories and its environments",
         {},
         {},
         {},
         doctor_examples,
         "table|json|yaml",
         Network::always,
         "0 all is well, 1 something is not, above 1 an error"},
    Verb{"install",
         Group::start,
         "put the agent into a cluster, or bring it up to date",
         "Renders the chart that the program carries and applies it. What an earlier installation had and this one has not\n"
         "goes. The installation's key and deploy keys are made once and never replaced. --namespace is where the agent's "
         "pod\n"
         "is (default gitopsctl-system), --context one of the kubeconfig. docs/install.md has more.",
         {},
         install_flags,
         install_examples,
         "text|yaml",
         Network::always},
    Verb{
        "uninstall",
        Group::act,
        "remove the agent from a cluster, or a channel with all that it owns",
        "Without CHANNEL: what gitopsctl install made. What channels deployed stays. With CHANNEL: every object of its "
        "releases; it stays suspended, so that no agent puts it back. Namespaces, definitions and volumes stay unless their "
        "release allowed it, and then the exit code is 1.",
        uninstall_arguments,
        uninstall_flags,
        uninstall_examples,
        {},
        Network::always},
    Verb{"task",
         Group::more,
         "run tasks of tasks.yaml, or of tasks.py through Python's invoke",
         "The words behind `task` are those of pyinvoke: its flags, its configuration, its listings, its exit codes.\n"
         "`gitopsctl task -h` has them all; docs/formats/tasks.md says what tasks.yaml may hold.",
         task_arguments,
         {},
         task_examples},
    Verb{"tasks check",
         Group::more,
         "check a task file and what it includes",
         "Prints every mistake at once as file:line:column, and warns of `raw`, which puts a value into a command without\n"
         "quotes.",
         tasks_check_arguments,
         {},
         tasks_check_examples,
         "text|json",
         Network::never,
         "0 no mistakes, 2 mistakes"},
    Verb{"channel check", Group::more, "check a channel file and everything that it names",
         "Prints every mistake at once as file:line:column. Paths are looked up in this directory, or in a revision.",
         channel_check_arguments, channel_check_flags, channel_check_examples, "text|json", Network::by_flag,
         "0 no mistakes, 2 mistakes"},
    Verb{"channel schema", Group::more, "print the JSON Schema of channel files", "The same as `gitopsctl schema channel`."},
    Verb{"schema", Group::more, "print the JSON Schema of a kind of file", {}, schema_arguments, {}, schema_examples},
    Verb{"completion",
         Group::more,
         "print the completion script of a shell",
         {},
         completion_arguments,
         {},
         completion_examples},
    Verb{"version", Group::more, "print version, commit and compiler", {}, {}, {}, version_examples, "text|json|yaml"},
    Verb{"help", Group::more, "print help for a command", {}, help_arguments},
};

/// A name that belongs to us from the first day; `meanwhile` says what to use until it works.
consteval Verb reserved(std::string_view name, std::string_view summary, std::string_view meanwhile = {}) {
  Verb verb{name, Group::reserved, summary, {}};
  verb.reserved = true;
  verb.meanwhile = meanwhile;
  return verb;
}

inline constexpr std::array reserved_verbs{
    reserved("review", "explain a pull request in a comment", "use gitopsctl diff CHANNEL --to REVISION -o markdown"),
    reserved("pipeline", "stages between channels"),
    reserved("env", "environments on request"),
    reserved("gate", "what a deployment waits for", "use gitopsctl why CHANNEL"),
    reserved("holo", "project a tree"),
    reserved("kustomize", "kustomize's own commands"),
};

}  // namespace gitopsctl::agent::cli::rows
