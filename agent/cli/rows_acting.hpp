#pragma once

// Verbs that change an environment, or ask the agent to.

#include <array>

#include "agent/cli/rows_shared.hpp"

namespace gitopsctl::agent::cli::rows {

inline constexpr std::array channel_arguments{channel};
inline constexpr std::array acting_target_arguments{target};
inline constexpr std::array maybe_acting_arguments{
    Argument{"CHANNEL", "the channel (default: all)", false, false, ValueKind::channel}};

inline constexpr std::array agent_flags{
    Flag{"once", '\0', FlagType::boolean, {}, "make one pass over everything, then end"},
    Flag{"listen", '\0', FlagType::text, "HOST:PORT", "serve /healthz, /readyz and /metrics here (overrides the file)"},
};
inline constexpr std::array agent_examples{
    Example{"gitopsctl agent --config agent.yaml", "run until interrupted"},
    Example{"gitopsctl agent --config agent.yaml --once", "bring everything up to date once, for cron or CI"},
};

inline constexpr std::array apply_flags{
    Flag{"revision", 'r', FlagType::text, "REVISION", "deploy this revision (default: the tip of releases/CHANNEL)"},
    Flag{"dry-run", '\0', FlagType::boolean, {}, "do everything but write"},
    timeout,
};
inline constexpr std::array apply_examples{
    Example{"gitopsctl apply prod --dry-run", "plan and guard a deployment of the branch's tip, and write nothing"},
    Example{"gitopsctl apply prod/web", "deploy one release"},
};

inline constexpr std::array sync_flags{wait, timeout};
inline constexpr std::array sync_examples{
    Example{"gitopsctl sync prod --wait", "poll and deploy now, and return when it is done"}};

inline constexpr std::array suspend_flags{
    Flag{"reason", '\0', FlagType::text, "TEXT", "why, for those who ask `gitopsctl why`"}};
inline constexpr std::array suspend_examples{
    Example{"gitopsctl suspend prod --reason 'database move'", "nothing on prod is written until it is resumed"}};
inline constexpr std::array resume_examples{Example{"gitopsctl resume prod", "deploy again what the branch says"}};

inline constexpr std::array approve_flags{
    Flag{"digest", '\0', FlagType::text, "DIGEST",
         "approve exactly this content and policy (the approval digest, as in `why`)"},
    Flag{"deletes", '\0', FlagType::text, "DIGEST", "confirm the removal of exactly these objects (the digest is in `why`)"},
    Flag{"as", '\0', FlagType::text, "NAME", "who approves (default: the user of this session)"},
};
inline constexpr std::array approve_examples{
    Example{"gitopsctl approve prod --digest 3f8a…", "let what has that approval digest be deployed"},
    Example{"gitopsctl approve prod --deletes 91c0…", "let a removal above the channel's limit go on"},
};

inline constexpr std::array rollback_flags{
    Flag{"to", '\0', FlagType::text, "REVISION", "which revision (default: the one deployed before)"}, wait, timeout};
inline constexpr std::array rollback_examples{
    Example{"gitopsctl rollback prod", "deploy what was there before, and hold the digest that was bad"},
    Example{"gitopsctl rollback prod --to 4c1e2d0", "deploy a certain revision"},
};

inline constexpr std::array promote_flags{
    Flag{"candidate", '\0', FlagType::text, "BRANCH", "the candidate, for example candidates/main"}};
inline constexpr std::array promote_examples{Example{"gitopsctl promote test --candidate candidates/main",
                                                     "merge the candidate into releases/test, with exactly its tree"}};

inline constexpr std::array acting_verbs{
    Verb{"promote",
         Group::act,
         "merge a candidate into the branch of a channel",
         "Pushes a merge commit with exactly the candidate's tree to releases/CHANNEL, by compare-and-swap.",
         channel_arguments,
         promote_flags,
         promote_examples,
         {},
         Network::always},
    Verb{"sync",
         Group::act,
         "ask the agent to look at a channel now",
         {},
         maybe_acting_arguments,
         sync_flags,
         sync_examples,
         {},
         Network::always},
    Verb{"apply", Group::act, "deploy a revision by hand, with the agent's own steps",
         "Takes the road that the agent takes: render, plan, guard, apply, record. It holds the channel's lease while it "
         "writes,\nso it never runs beside the agent.",
         acting_target_arguments, apply_flags, apply_examples, "table|json|yaml", Network::always,
         "0 done or nothing to do, 1 a guard holds it, above 1 an error"},
    Verb{"suspend",
         Group::act,
         "stop writing to a channel or release",
         {},
         acting_target_arguments,
         suspend_flags,
         suspend_examples,
         {},
         Network::always},
    Verb{"resume",
         Group::act,
         "go on writing to a channel or release",
         {},
         acting_target_arguments,
         {},
         resume_examples,
         {},
         Network::always},
    Verb{"approve",
         Group::act,
         "let a held deployment or removal go on",
         "An approval names a digest: it is worth nothing for anything else, and falls when the plan changes.",
         channel_arguments,
         approve_flags,
         approve_examples,
         {},
         Network::always},
    Verb{"rollback",
         Group::act,
         "deploy an earlier revision and hold the bad one",
         "The hold stays until the branch moves to another digest or it is approved by name.",
         channel_arguments,
         rollback_flags,
         rollback_examples,
         {},
         Network::always},
    Verb{"agent",
         Group::start,
         "run the agent: watch repositories and keep environments equal to them",
         "The agent's file says which repositories, environments and channels (docs/formats/agent.md).",
         {},
         agent_flags,
         agent_examples,
         {},
         Network::always},
};

}  // namespace gitopsctl::agent::cli::rows
