#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/fault_cluster/stage.hpp"
#include "tests/support/kube_faults.hpp"

// The matrix of docs/consistency.md: each fault at each class of request.

namespace gitopsctl::fault {

/// When a run failed.
enum class Phase { before_pruning, at_pruning };

/// Whom a fault may hit.
enum class Scope {
  nobody,   ///< the run does its work
  release,  ///< release `web` fails and says so; the others are deployed
  channel,  ///< the channel does not move, and says so
  run,      ///< the same, but nothing can be written where it is said: the log has it
};

/// Requests of one kind.
struct RequestClass {
  std::string name;
  Scope scope = Scope::run;
  Phase phase = Phase::before_pruning;
  /// Whether it is one, in the stage of these names.
  bool (*fits)(const crash::Names& names, const support::SeenRequest& request, std::string_view body) = nullptr;
};
[[nodiscard]] const std::vector<RequestClass>& request_classes();
/// By its name. Throws std::runtime_error when there is none.
[[nodiscard]] const RequestClass& request_class(std::string_view name);

/// A fault at a class of requests: at each of them as long as the run goes on, or at the first.
struct Cell {
  const RequestClass* where = nullptr;
  support::NamedFault fault;
  bool once = false;

  [[nodiscard]] std::string to_string() const { return where->name + ": " + fault.name + (once ? ", once" : ""); }
};
[[nodiscard]] std::vector<Cell> every_cell();

/// How a cell went.
struct CellResult {
  bool reached = false;
  bool absorbed = false;  ///< the run did its work all the same
  double seconds = 0;
  Problems problems;
};

/// Lets the fault meet a run from where the stage is to the other commit, judges it, ends the fault, and lets it converge.
/// After problems the stage is good for nothing any more.
[[nodiscard]] CellResult run_cell(Stage& stage, const Cell& cell);

/// What has to be told of release `web` in a state after a run that could not deploy it, and whether the others went on;
/// nothing is pruned by a run in which something failed before.
[[nodiscard]] Problems judge_failed_release(Stage& stage, const World& now, const agent::RunResult& result, Commit goal,
                                            Phase phase = Phase::before_pruning);

}  // namespace gitopsctl::fault
