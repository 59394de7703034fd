#include "tests/crash/lab.hpp"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "base/process/spawn.hpp"

namespace gitopsctl::crash {

namespace fs = std::filesystem;
using support::ScratchRepo;

namespace {

constexpr Millis agent_patience{120'000};
constexpr Millis server_patience{20'000};
constexpr Millis look_again{5};

/// Lines of a file.
std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

template <class T>
T need(Result<T> result, const std::string& what) {
  if (!result.ok()) throw std::runtime_error(what + ": " + result.error().to_string());
  return std::move(result).value();
}

/// Waits until `done`; false when it does not come.
bool wait_for(const std::function<bool()>& done) {
  const Deadline deadline(system_clock(), server_patience);
  while (!done()) {
    if (deadline.passed()) return false;
    system_clock().sleep(look_again, {});
  }
  return true;
}

/// Git sees what came of a push that was cut off.
support::GitServerOptions streaming() {
  support::GitServerOptions options;
  options.pass_on_cut_bodies = true;
  return options;
}

/// The state of a process, as ps shows it: `T` is stopped.
char state_of(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::stringstream text;
  text << in.rdbuf();
  const std::string all = text.str();
  const auto end = all.rfind(')');  // the name may hold anything
  return end == std::string::npos || end + 2 >= all.size() ? '?' : all[end + 2];
}

}  // namespace

/// A copy of everything: the agent's files here, the repository below the server's root.
struct Lab::Place {
  std::string name;
  std::string directory;
  std::string repository;

  [[nodiscard]] Files files() const { return {directory + "/local/env.db", directory + "/state/store.db"}; }
  [[nodiscard]] std::string mirror() const { return directory + "/state/mirrors/shop.git"; }
  std::string git(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"git", "-c", "core.fsync=none", "-C", repository});
    std::string out = support::run_program(arguments, {"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null"});
    if (out.ends_with('\n')) out.pop_back();
    return out;
  }
};

Lab::Lab() : server_(streaming()) {
  const Place place{"prepared", scratch_ / "prepared", server_.root() + "/prepared/shop.git"};
  prepare(place);
  run_references();
}

void Lab::prepare(const Place& place) {
  fs::create_directories(place.directory + "/local");
  const ScratchRepo repository(place.repository, true, {"--template="});  // every case copies it: few files
  write_config(place);
  const std::string environment = place.files().environment;
  put_objects_of_others(environment);
  const auto deploy = [&](Commit commit) {
    repository.commit("releases/test", files_of(commit));
    if (const auto end = run_agent(place); end != "exit 0") throw std::runtime_error("a deployment: " + end);
  };
  auto source = files_of(Commit::first);
  repository.commit("releases/prod", source);
  source["src/main.c"] = "int main(void) { return 0; }\n";
  repository.commit("feature", source);
  deploy(Commit::before);
  note_deletions(environment);
  deploy(Commit::first);
  states_.first_commit = repository.tip("releases/test");
  if (!read_snapshot(environment).deletions.empty()) throw std::runtime_error("the first commit deleted something");
  // Only what the program deletes counts.
  let_others_touch(environment);
  forget_deletions(environment);

  std::vector<std::string> gone;
  const auto after = files_of(Commit::second);
  for (const auto& [name, content] : files_of(Commit::first)) {
    if (!after.contains(name)) gone.push_back(name);
  }
  states_.second_commit = repository.commit("releases/test", after, gone);
  auto moved = after;
  moved["src/main.c"] = "int main(void) { return 1; }\n";
  repository.commit("feature", moved, gone);
  repository.git({"repack", "-adq"});
  states_.prepared = read_snapshot(environment);
  old_candidate_ = candidate_of(place);
}

void Lab::write_config(const Place& place) const {
  std::ofstream out(place.directory + "/agent.yaml");
  out << "installation: crash\nstateDirectory: " << place.directory << "/state\nstore: {path: " << place.directory
      << "/state/store.db}\nrepositories:\n  - name: shop\n    url: " << server_.url() << '/' << place.name
      << "/shop.git\nenvironments:\n  - {name: local, kind: embedded, path: local/env.db}\nbindings:\n";
  for (const auto& channel : channel_names)
    out << "  - {repository: shop, channel: " << channel << ", environment: local}\n";
}

Lab::Place Lab::copy_prepared(const std::string& name) const {
  Place place{name, scratch_ / name, server_.root() + '/' + name + "/shop.git"};
  fs::create_directories(server_.root() + '/' + name);
  fs::copy(scratch_ / "prepared", place.directory, fs::copy_options::recursive);
  fs::copy(server_.root() + "/prepared/shop.git", place.repository, fs::copy_options::recursive);
  write_config(place);
  return place;
}

void Lab::remove(const Place& place) const {
  if (std::getenv("GITOPSCTL_KEEP_SCRATCH") != nullptr) return;
  fs::remove_all(place.directory);
  fs::remove_all(fs::path(place.repository).parent_path());
}

Command Lab::agent_command(const Place& place, const Variables& environment) const {
  Command command;
  command.program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
  command.arguments = {"agent", "--once", "--config", place.directory + "/agent.yaml"};
  command.environment = environment;
  for (const char* name : {"PATH", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name); value != nullptr) command.environment->emplace_back(name, value);
  }
  command.environment->emplace_back("HOME", place.directory);
  return command;
}

std::string Lab::run_agent(const Place& place, const Variables& environment) const {
  CapturedCommand command;
  command.command = agent_command(place, environment);
  const auto said = need(run_command(command, {{}, Deadline(system_clock(), agent_patience)}), "the agent");
  std::ofstream(place.directory + "/agent.log", std::ios::app) << said.out << said.err << "---\n";
  return said.status.signal != 0 ? "signal " + std::to_string(said.status.signal)
                                 : "exit " + std::to_string(said.status.exit_code);
}

/// The two runs that nobody kills, and what they make of the environment.
void Lab::run_references() {
  const auto run = [&](const Place& place, const Variables& variables) {
    if (const auto end = run_agent(place, variables); end != "exit 0") throw std::runtime_error("a reference run: " + end);
    return read_snapshot(place.files().environment);
  };
  const Place first = copy_prepared("first");
  first.git({"update-ref", "refs/heads/releases/test", states_.first_commit});
  states_.first = run(first, {});
  const Place second = copy_prepared("second");
  const std::string log = second.directory + "/points.log";
  states_.second = run(second, {{"GITOPSCTL_CRASH_LOG", log}});
  for (const auto& name : lines_of(log)) ++times_reached_[name];
  new_candidate_ = candidate_of(second);

  for (const auto& [place, commit] : {std::pair(first, Commit::first), std::pair(second, Commit::second)}) {
    const auto deletions = expected_deletions({states_.prepared, {}}, states_, commit);
    for (auto& problem : compare(place, commit, {}, deletions)) reference_problems_.push_back(std::move(problem));
    for (auto& problem : check_repositories(place)) reference_problems_.push_back(std::move(problem));
  }
}

CaseResult Lab::kill_at(const KillPoint& point, Commit goal) const {
  CaseResult result;
  result.goal = goal;
  result.name = point.nth == 1 ? point.name : point.name + ':' + std::to_string(point.nth);
  const Place place = copy_prepared(point.name + '-' + std::to_string(point.nth) + (goal == Commit::second ? "" : "-back"));
  const auto end = run_agent(place, {{"GITOPSCTL_CRASH_AT", point.name + ':' + std::to_string(point.nth)}});
  result.reached = end == "signal 9";
  if (!result.reached) {
    result.problems = {"the point was not reached: " + end};
    return result;
  }
  const Remains remains = look_at(place, result.problems);
  for (auto& problem : judge_candidate(place, point.name)) result.problems.push_back(std::move(problem));
  recover(place, goal, remains, result);
  return result;
}

std::string Moment::to_string() const {
  return "after " + std::to_string(points) + " points, " + std::to_string(microseconds) + " us";
}

bool Lab::kill_later(const Place& place, const Moment& moment) const {
  const std::string log = place.directory + "/points.log";
  fs::remove(log);
  auto agent = need(ChildProcess::start(agent_command(place, {{"GITOPSCTL_CRASH_LOG", log}}), {}), "the agent");
  std::ifstream in;
  for (int passed = 0; passed < moment.points && !agent.poll_exit();) {
    if (!in.is_open()) in.open(log);
    in.clear();
    const int c = in.get();
    if (c == '\n') ++passed;
    if (c == std::ifstream::traits_type::eof()) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  std::this_thread::sleep_for(std::chrono::microseconds(moment.microseconds));
  agent.send(SIGKILL);
  return need(agent.wait({{}, Deadline(system_clock(), agent_patience)}), "the agent").signal == SIGKILL;
}

CaseResult Lab::kill_after(const Moment& moment, const std::optional<Moment>& again, Commit goal) const {
  CaseResult result;
  result.goal = goal;
  result.name = moment.to_string() + (again ? "; " + again->to_string() : "");
  // Chance may pick one moment twice, so its name alone would not do.
  const Place place = copy_prepared("moment-" + std::to_string(++moments_));
  result.reached = kill_later(place, moment);
  const Remains remains = look_at(place, result.problems);
  if (again) {
    place.git({"update-ref", "refs/heads/releases/test", states_.commit(goal)});
    static_cast<void>(kill_later(place, *again));
  }
  recover(place, goal, remains, result);
  return result;
}

CaseResult Lab::lose_race() const {
  CaseResult result;
  result.name = "stopped at candidate.before_push";
  const Place place = copy_prepared("race");
  auto agent = need(
      ChildProcess::start(
          agent_command(place, {{"GITOPSCTL_CRASH_AT", "candidate.before_push"}, {"GITOPSCTL_CRASH_SIGNAL", "stop"}}), {}),
      "the agent");
  result.reached = wait_for([&] { return state_of(agent.pid()) == 'T' || agent.poll_exit(); }) && !agent.poll_exit();
  if (!result.reached) {
    result.problems = {"the point was not reached"};
    return result;
  }
  const ScratchRepo repository(place.repository);
  const auto theirs = repository.commit("candidates/feature", {{"theirs", "1"}}, {}, "another agent was faster");
  agent.send(SIGCONT);
  const auto status = need(agent.wait({{}, Deadline(system_clock(), agent_patience)}), "the agent");
  if (status.signal != 0 || status.exit_code != 0) {
    result.problems.push_back("the agent that lost the race ended with " + std::to_string(status.exit_code));
  }
  if (repository.tip("candidates/feature") != theirs) {
    result.problems.emplace_back("the candidate of the other agent was overwritten unseen");
  }
  recover(place, Commit::second, {states_.prepared, {}}, result);
  return result;
}

Remains Lab::look_at(const Place& place, Problems& problems) const {
  // Copies, so that the files that the agent finds again are as it left them.
  const fs::path copy = place.directory + "/remains";
  fs::create_directories(copy);
  fs::copy(place.directory + "/local", copy, fs::copy_options::recursive);
  for (const auto& entry : fs::directory_iterator(place.directory + "/state")) {
    if (entry.path().filename().string().starts_with("store.db")) fs::copy(entry.path(), copy / entry.path().filename());
  }
  Remains remains;
  for (auto& problem : judge_remains({copy / "env.db", copy / "store.db"}, states_, remains)) {
    problems.push_back("right after the kill: " + problem);
  }
  fs::remove_all(copy);
  return remains;
}

std::string Lab::candidate_of(const Place& place) const {
  return place.git({"log", "-1", "--format=%T %P", "candidates/feature"});
}

/// A push happens wholly or not at all.
Problems Lab::judge_candidate(const Place& place, const std::string& point) const {
  Problems problems;
  if (point == "candidate.push_half") {
    // Of this kill the server has seen the beginning of a push; it needs a moment to say no to it.
    const std::string path = '/' + place.name + "/shop.git/git-receive-pack";
    const bool cut = wait_for([&] {
      const auto seen = server_.cut_requests();
      return std::find(seen.begin(), seen.end(), path) != seen.end();
    });
    if (!cut) problems.emplace_back("the server did not see a push that was cut off");
  }
  const std::string now = candidate_of(place);
  const bool before = point == "candidate.push_half" || point == "candidate.before_push" || point.starts_with("fetch.");
  const bool after = point == "candidate.push_answered" || point == "candidate.after_push";
  if (now != old_candidate_ && now != new_candidate_)
    problems.push_back("right after the kill candidates/feature is " + now);
  if (before && now != old_candidate_) problems.emplace_back("candidates/feature was moved by a push that was not made");
  if (after && now != new_candidate_) problems.emplace_back("candidates/feature was not moved by a push that was made");
  return problems;
}

void Lab::recover(const Place& place, Commit goal, const Remains& remains, CaseResult& result) const {
  place.git({"update-ref", "refs/heads/releases/test", states_.commit(goal)});
  result.deleted = expected_deletions(remains, states_, goal);
  Problems problems;
  do {
    ++result.starts;
    const auto again = run_agent(place);
    problems = compare(place, goal, remains, result.deleted);
    if (again != "exit 0") problems.push_back("the agent after the kill: " + again);
  } while (!problems.empty() && result.starts < 2);
  if (problems.empty()) {
    // What is right stays as it is: one more start changes nothing.
    const auto version = read_snapshot(place.files().environment).version;
    run_agent(place);
    if (read_snapshot(place.files().environment).version != version) {
      problems.emplace_back("a further run without a reason wrote to the environment");
    }
    for (auto& problem : compare(place, goal, remains, result.deleted)) {
      problems.push_back("after a further run: " + problem);
    }
    // No step after the candidate touches a repository.
    const bool touched = result.name.find('.') == std::string::npos || result.name.find("fetch.") != std::string::npos ||
                         result.name.find("candidate.") != std::string::npos;
    if (touched) {
      for (auto& problem : check_repositories(place)) problems.push_back(std::move(problem));
    }
  }
  result.problems.insert(result.problems.end(), problems.begin(), problems.end());
  if (result.problems.empty()) remove(place);
}

Problems Lab::compare(const Place& place, Commit goal, const Remains& remains,
                      const std::vector<std::string>& deletions) const {
  auto problems = judge_outcome(place.files(), states_, goal, remains, deletions);
  if (const auto candidate = candidate_of(place); candidate != new_candidate_) {
    problems.push_back("candidates/feature is " + candidate);
  }
  // Nothing was so broken that it had to be put aside.
  for (const auto& entry : fs::recursive_directory_iterator(place.directory + "/state")) {
    const std::string name = entry.path().filename().string();
    if (name.find(".damaged") != std::string::npos || name.find(".broken") != std::string::npos) {
      problems.push_back(name + " was put aside");
    }
  }
  return problems;
}

Problems Lab::check_repositories(const Place& place) const {
  Problems problems;
  for (const auto& directory : {place.repository, place.mirror()}) {
    try {
      support::run_program({"git", "-c", "safe.directory=*", "-C", directory, "fsck", "--strict"});
    } catch (const std::exception& problem) {
      problems.emplace_back(problem.what());
    }
  }
  return problems;
}

}  // namespace gitopsctl::crash
