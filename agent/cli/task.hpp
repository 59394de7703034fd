#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace gitopsctl::agent::cli {

/// How this program was started when that makes it the task runner: as `inv` or `invoke` (through a link), or with the word
/// `task` first.
struct TaskWords {
  bool compat = false;             ///< called by the reference's name: its bytes
  std::vector<std::string> words;  ///< those for the task runner
};

/// Nothing when it is not. `program` is what the process was called by.
[[nodiscard]] std::optional<TaskWords> task_words(const std::string& program, std::span<const std::string> words);

/// Runs the task runner with this process's streams, environment and signals, and says what to end with. Call it in the main
/// thread before others are started.
[[nodiscard]] int run_task_words(const TaskWords& task);

}  // namespace gitopsctl::agent::cli
