#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitopsctl::tests {

/// The example of a task file that has every key.
inline constexpr std::string_view whole_task_file = R"yaml(apiVersion: gitopsctl.dev/v1
kind: Tasks
help: Harbor deployment tasks.           # first line shows in listings
default: roll                            # task or namespace
config: {region: eu}
settings: {autoShort: true, dedupe: true, shell: bash}
include: [{file: ci/extra.yaml, as: extra}]        # becomes a namespace
tasks:
  fetch:
    help: Fetch the sources.
    args: [{name: ref, default: main}]
    steps: [{print: "fetch ${{ args.ref }}"}]
  build-image:
    help: "Build one image.\n\nUses every worker."
    aliases: [mk]
    pre: [{task: fetch, args: {ref: v1}}]          # or a bare name
    post: []
    args:
      - {name: image, help: Image to build}                       # no default -> positional
      - {name: push, kind: bool, default: false, help: Push when done}
      - {name: cache, kind: bool, default: true}
      - {name: jobs, kind: int, default: 4, help: Worker count, short: j, choices: [1, 2, 4, 8]}
    steps:
      - print: "build ${{ args.image }} push=${{ args.push ? 1 : 0 }} cache=${{ args.cache ? 1 : 0 }} jobs=${{ args.jobs }}"
  audit:
    args:
      - {name: label, kind: list}                                 # iterable
      - {name: verbose, kind: count, default: 0}                  # incrementable
      - {name: log, optionalValue: true}
    steps: [{print: "audit ${{ join(args.label, ',') || '-' }} ${{ args.verbose }} ${{ args.log == true ? 'on' : args.log || '-' }}"}]
  roll:
    post: [fetch]
    steps:
      - {id: out, run: "echo rolled", echo: null, hide: null, warn: false, pty: false, timeout: 30s, env: {A: b}, replaceEnv: false, shell: bash, cd: work dir, prefix: ["set -e"], when: "env.CI == 'true'"}   # from here on: vocabulary
      - {exec: [kubectl, apply, -k, "${{ config.overlay }}"], retries: 0}     # no shell, argv as given; echo prints it quoted
      - {run: "./login", responses: [{match: 'Name\? ', send: "bob\n"}, {match: 'pw: ', send: "${{ secret('p') }}\n", failOn: denied}]}
      - {sudo: "systemctl restart x", user: root}
      - {call: build-image, args: {image: web}}
      - {use: calitp.diff, with: {channelFile: channels/prod.yaml}}           # native task
      - {exit: {message: gone, code: 3}, when: "steps.out.exited != 0"}
namespaces:
  db-admin: {default: dump, config: {db: {host: inner, port: 5432, ssl: true}}, tasks: {dump: {help: Dump the database.}, restore: {args: [{name: name}]}}}
)yaml";

inline constexpr std::string_view extra_task_file = R"yaml(apiVersion: gitopsctl.dev/v1
kind: Tasks
help: More tasks.
tasks:
  lint: {steps: [{run: make lint}]}
)yaml";

/// Parts of a file, below `tasks: {t: …}` where they begin with a blank, that the loader refuses by themselves: what the
/// schema for editors has to refuse as well. With the place and the message of the first mistake.
struct TaskFileMistake {
  std::string_view text;
  std::string_view told;
};
[[nodiscard]] const std::vector<TaskFileMistake>& task_file_mistakes();

/// `text` of a mistake as a whole file; the task `t` begins in line 5.
[[nodiscard]] std::string with_head(std::string_view text);

}  // namespace gitopsctl::tests
