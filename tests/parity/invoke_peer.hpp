#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "invoke-compat/collection/collection.hpp"
#include "tests/parity/helm_peer.hpp"

namespace gitopsctl::tests {

/// A command line without the program's name, for a terminal of `width` columns.
struct TaskLine {
  std::vector<std::string> words;
  std::size_t width = 80;
};

/// What a command line gives: texts and an exit code, or the calls that would run now.
struct TaskAnswer {
  int code = 0;
  std::string out = {};
  std::string err = {};
  bool crashed = false;        ///< a traceback in the reference, one line `error: …` in ours
  bool own_text = false;       ///< ours is not meant to be the same bytes: a completion script
  Value calls = {};            ///< a list of {name, args, given}; null when nothing would run
  Value core = {};             ///< the core's values by name
  std::string remainder = {};  ///< behind `--`
};

/// Where both agree: an empty text; else what differs.
[[nodiscard]] std::string difference(const TaskAnswer& ours, const TaskAnswer& theirs);

/// Runs our parts in the order in which a task runner uses them.
[[nodiscard]] TaskAnswer answer_of_ours(const invoke::Collection& root, const TaskLine& line, const invoke::Rules& rules);

/// A collection from the description that the driver builds one from as well (tests/parity/invoke/driver.py).
[[nodiscard]] invoke::Collection collection_from(const Value& description);

/// The tasks of tests/parity/invoke/tasks.py.
[[nodiscard]] invoke::Collection harbor_collection();

/// A real invoke.
class InvokePeer {
 public:
  /// `program` is its path; the interpreter stands beside it.
  explicit InvokePeer(std::string program) : program_(std::move(program)) {}

  /// The whole program, in a directory.
  [[nodiscard]] ProgramRun run(const std::string& directory, const std::vector<std::string>& words,
                               const std::vector<std::pair<std::string, std::string>>& environment = {}) const;

  /// One collection and command lines for it: exactly one of `file` and `description` is given.
  struct Questions {
    std::string file = {};
    Value description = {};
    std::vector<TaskLine> lines = {};
  };
  struct Answers {
    bool usable = false;  ///< the collection could be made
    std::vector<TaskAnswer> lines = {};
  };
  /// All answers, from one process.
  [[nodiscard]] Result<std::vector<Answers>> ask(const std::vector<Questions>& questions) const;

 private:
  std::string program_;
};

}  // namespace gitopsctl::tests
