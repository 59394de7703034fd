#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "channels/secrets/providers.hpp"

namespace gitopsctl::agent::cli {

/// How this program was started when that makes it the task runner: as `inv` or `invoke` (through a link), or with the word
/// `task` first.
struct TaskWords {
  bool compat = false;             ///< called by the reference's name: its bytes
  std::vector<std::string> words;  ///< those for the task runner
};

/// Nothing when it is not. `program` is what the process was called by.
[[nodiscard]] std::optional<TaskWords> task_words(const std::string& program, std::span<const std::string> words);

/// The program that runs tasks.
struct TaskProgram {
  std::string path;  ///< the real path of the one that people start
  channels::secrets::ProviderMaker make_provider = nullptr;
  /// For the kinds of provider that ask a cluster; empty: none is asked.
  channels::secrets::KubeSecretReader read_kube_secret;
  /// Its words, when it has no network library and another program takes its place for secrets that come over one. Else
  /// nullptr.
  char* const* hand_over_argv = nullptr;
};

/// Runs the task runner with this process's streams, environment and signals, and says what to end with. Call it in the main
/// thread before others are started.
[[nodiscard]] int run_task_words(const TaskWords& task, const TaskProgram& program);

}  // namespace gitopsctl::agent::cli
