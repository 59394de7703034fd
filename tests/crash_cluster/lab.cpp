#include "tests/crash_cluster/lab.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/json/json.hpp"

namespace gitopsctl::crash {

namespace fs = std::filesystem;
using support::Moment;
using support::ScratchRepo;
using support::SeenRequest;
using support::WatchedRun;

namespace {

// Seconds where the machine is quiet.
constexpr std::chrono::minutes agent_patience{15};
constexpr std::chrono::minutes end_patience{5};

/// The last part of a path without the hash that it may end with: hashes are over the names of a case.
std::string without_hash(std::string path) {
  const auto dash = path.rfind('-');
  if (dash == std::string::npos || path.size() - dash != 9) return path;
  const bool hex = std::all_of(path.begin() + static_cast<std::ptrdiff_t>(dash) + 1, path.end(),
                               [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  return hex ? path.substr(0, dash) : path;
}

/// What a write is called in every case and every run.
std::string name_of_write(const Names& names, const SeenRequest& request, std::string_view body) {
  std::string path = names.anonymous(request.target.substr(0, request.target.find('?')));
  if (const auto events = path.find("/events"); events != std::string::npos) path.resize(events + 7);
  path = without_hash(std::move(path));
  std::string what = request.method;
  if (path.find("/leases/") != std::string::npos && request.method == "PUT") {
    what += body.find(R"("holderIdentity":"")") != std::string_view::npos ? " (given back)" : " (taken)";
  }
  // Of a POST the name stands in the body.
  if (request.method == "POST" && !path.ends_with("/events")) {
    const auto object = parse_json(body);
    if (object.ok()) path += '/' + without_hash(names.anonymous(std::string(object->string_at({"metadata", "name"}))));
  }
  return what + ' ' + path;
}

/// An object of a DELETE's path: resource and place, as kubectl takes them.
std::vector<std::string> kubectl_words(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t from = 1; from < path.size();) {
    const auto end = std::min(path.find('/', from), path.size());
    parts.push_back(path.substr(from, end - from));
    from = end + 1;
  }
  // /api/v1/… or /apis/GROUP/VERSION/…
  const std::string group = parts.at(0) == "apis" ? parts.at(1) : "";
  parts.erase(parts.begin(), parts.begin() + (group.empty() ? 2 : 3));
  std::string space;
  if (parts.size() == 4) {
    space = parts[1];
    parts.erase(parts.begin(), parts.begin() + 2);
  }
  std::vector<std::string> out{parts.at(0) + (group.empty() ? "" : "." + group), parts.at(1)};
  if (!space.empty()) out.push_back("--namespace=" + space);
  return out;
}

/// Somebody deletes an object and makes one of the same content at once, which is nobody's. Its name and uid.
std::pair<std::string, std::string> make_anew(const support::ControlPlane& plane, const std::string& path) {
  const auto words = kubectl_words(path);
  std::vector<std::string> get{"get", "--output=json"};
  get.insert(get.end(), words.begin(), words.end());
  auto body = parse_json(plane.kubectl(get));
  if (!body.ok()) throw std::runtime_error("kubectl does not answer with JSON");
  for (const char* field : {"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"}) {
    body->child_map("metadata").erase(field);
  }
  body->child_map("metadata").child_map("labels").erase("applyset.kubernetes.io/part-of");
  body->erase("status");
  if (body->string_at({"kind"}) == "Service") {
    body->child_map("spec").erase("clusterIP");
    body->child_map("spec").erase("clusterIPs");
  }
  if (body->string_at({"kind"}) == "Job") {
    body->child_map("spec").erase("selector");
    body->child_map("spec").child_map("template").child_map("metadata").erase("labels");
  }
  std::vector<std::string> gone{"delete", "--wait=true"};
  gone.insert(gone.end(), words.begin(), words.end());
  plane.kubectl(gone);
  const std::string uid =
      plane.kubectl({"create", "--filename=-", "--output=jsonpath={.metadata.uid}"}, canonical_json(*body));
  return {std::string(body->string_at({"kind"})) + '/' + std::string(body->string_at({"metadata", "namespace"})) + '/' +
              std::string(body->string_at({"metadata", "name"})),
          uid};
}

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

std::string ending_of(const WatchedRun& run) {
  if (run.timed_out) return "did not end";
  if (run.status.signal != 0) return "signal " + std::to_string(run.status.signal);
  return "exit " + std::to_string(run.status.exit_code);
}

std::string end_of(const std::string& text) {
  constexpr std::size_t shown = 1500;
  return text.size() <= shown ? text : "…" + text.substr(text.size() - shown);
}

}  // namespace

std::string Blow::to_string() const {
  const std::string times = nth == 1 ? "" : " #" + std::to_string(nth);
  switch (kind) {
    case Kind::none: return "nothing";
    case Kind::kill_at_write: return (moment == Moment::before_forwarding ? "before " : "after ") + name + times;
    case Kind::kill_at_point: return "at " + name + times;
    case Kind::make_anew: return "made anew at " + name + times;
  }
  return {};
}

/// The files of a case, and what it is measured with.
struct Lab::Place {
  Measure measure;
  std::string directory;
  std::string repositories;

  void point_branch(const std::string& commit) const {
    support::run_program(
        {"git", "-C", repositories + "/shop.git", "update-ref", "refs/heads/releases/" + measure.names.channel(), commit});
  }
};

Lab::Lab() {
  const Blow none{};
  const auto result = run(none, Commit::second);
  reference_problems_ = result.problems;
}

Lab::Place Lab::prepare() {
  Place place;
  {
    const std::lock_guard lock(mutex_);
    std::string number = std::to_string(++cases_);
    place.measure.names.prefix = "case" + std::string(4 - std::min<std::size_t>(number.size(), 4), '0') + number;
  }
  const Names& names = place.measure.names;
  place.directory = scratch_ / names.prefix;
  place.repositories = server_.root() + '/' + names.prefix;
  fs::create_directories(place.directory);
  fs::create_directories(place.repositories);
  static_cast<void>(cluster_.deletions(names));  // they are noted from here on
  cluster_.plane().apply(yaml_by_hand(names));
  cluster_.plane().kubectl({"apply", "--filename=-"}, yaml_to_adopt(names));

  const ScratchRepo shop(place.repositories + "/shop.git", true, {"--template="});
  const ScratchRepo store(place.repositories + "/store.git", true, {"--template="});
  const ScratchRepo two(place.repositories + "/two.git", true, {"--template="});
  shop.commit("releases/" + names.other_channel(), files_of_others(names, names.other_channel(), "second"));
  store.commit("releases/" + names.channel(), files_of_others(names, names.channel(), "store"));
  two.commit("releases/" + names.channel(), files_of_others(names, names.channel(), "two"));
  const auto before = files_of(names, Commit::first);
  place.measure.first_commit = shop.commit("releases/" + names.channel(), before);

  const auto write_config = [&](const std::string& file, const std::string& installation, bool all) {
    const std::string url = server_.url() + '/' + names.prefix + '/';
    std::ofstream out(place.directory + '/' + file + ".yaml");
    out << "installation: " << installation << "\nstateDirectory: " << place.directory << '/' << file
        << "\nstore: {path: " << place.directory << '/' << file << "/store.db}\nrepositories:\n  - {name: shop, url: " << url
        << (all ? "shop.git" : "two.git") << ", candidates: false}\n";
    if (all) out << "  - {name: store, url: " << url << "store.git, candidates: false}\n";
    out << "environments:\n  - {name: cluster, kind: cluster, kubeconfig: kubeconfig}\nbindings:\n  - {repository: shop, "
           "channel: "
        << names.channel() << ", environment: cluster}\n";
    if (all) {
      out << "  - {repository: shop, channel: " << names.other_channel() << ", environment: cluster}\n"
          << "  - {repository: store, channel: " << names.channel() << ", environment: cluster}\n";
    }
  };
  write_config("agent", names.prefix, true);
  write_config("two", names.other_installation(), false);
  for (const char* config : {"two", "agent"}) {
    const auto run = run_agent(place, config);
    if (ending_of(run) != "exit 0") {
      throw std::runtime_error("a deployment of the first commit (" + ending_of(run) + "): " + end_of(run.output));
    }
  }
  const auto after = files_of(names, Commit::second);
  std::vector<std::string> gone;
  for (const auto& [name, content] : before) {
    if (!after.contains(name)) gone.push_back(name);
  }
  place.measure.second_commit = shop.commit("releases/" + names.channel(), after, gone);
  place.measure.prepared = cluster_.look(names);
  return place;
}

WatchedRun Lab::run_agent(const Place& place, const std::string& config, const std::optional<support::WriteKill>& kill,
                          const Variables& variables, support::WriteKillerOptions options) const {
  const Names names = place.measure.names;
  options.name_of = [names](const SeenRequest& request, std::string_view body) {
    return name_of_write(names, request, body);
  };
  auto& plane = const_cast<Cluster&>(cluster_).plane();
  const support::WriteKiller killer(
      plane,
      [&](const support::KubeProxy& proxy) {
        std::ofstream(place.directory + "/kubeconfig") << proxy.kubeconfig();
        Command command;
        const char* other = std::getenv("GITOPSCTL_CRASH_PROGRAM");
        command.program = other != nullptr ? other : std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
        command.arguments = {"agent", "--once", "--config", place.directory + '/' + config + ".yaml"};
        command.environment = variables;
        for (const char* name : {"PATH", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
          if (const char* value = std::getenv(name); value != nullptr) command.environment->emplace_back(name, value);
        }
        command.environment->emplace_back("HOME", place.directory);
        return command;
      },
      std::move(options));
  auto run = killer.run(kill, {}, agent_patience);
  std::ofstream(place.directory + "/agent.log", std::ios::app) << run.output << "--- " << ending_of(run) << '\n';
  return run;
}

/// What is there once nothing is on its way out any more.
World Lab::settled_look(const Place& place) const {
  const auto end = std::chrono::steady_clock::now() + end_patience;
  for (;;) {
    World now = cluster_.look(place.measure.names);
    if (!now.has_deleting()) return now;
    if (std::chrono::steady_clock::now() > end) {
      for (const auto& [name, object] : now.objects) {
        if (object.deleting) std::printf("still on its way out: %s %s\n", place.measure.names.prefix.c_str(), name.c_str());
      }
      return now;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

Problems Lab::judge_run(const Place& place, const WatchedRun& run) const {
  Problems problems = judge_secret_text("the agent's output", run.output);
  add(problems, judge_secret_files(place.directory + "/agent"));
  return problems;
}

void Lab::recover(const Place& place, Commit goal, const std::vector<std::string>& deletions, CaseResult& result) {
  const Measure& measure = place.measure;
  place.point_branch(measure.commit(goal));
  Problems problems;
  const auto look = [&] {
    const World now = settled_look(place);
    problems = judge_outcome(now, measure, goal, deletions);
    add(problems, judge_secrets(now));
    add(problems, judge_deletions(cluster_.deletions(measure.names), deletions, true));
  };
  do {
    ++result.starts;
    const auto run = run_agent(place, "agent");
    look();
    add(problems, judge_run(place, run));
    if (ending_of(run) != "exit 0") problems.push_back("the agent after it: " + ending_of(run) + "\n" + end_of(run.output));
  } while (!problems.empty() && result.starts < 2);
  if (problems.empty()) {
    // What is right stays as it is: one more start writes nothing but leases.
    const auto run = run_agent(place, "agent");
    look();
    if (ending_of(run) != "exit 0") problems.push_back("a further run: " + ending_of(run));
    for (const auto& name : run.names) {
      if (name.find("/leases/") == std::string::npos) problems.push_back("a further run wrote " + name);
    }
  }
  add(result.problems, std::move(problems));
}

CaseResult Lab::run(const Blow& blow, Commit goal) {
  const auto begin = std::chrono::steady_clock::now();
  CaseResult result;
  result.name = blow.to_string();
  result.goal = goal;
  Place place = prepare();
  Measure& measure = place.measure;
  const Names names = measure.names;

  std::optional<support::WriteKill> kill;
  Variables variables;
  support::WriteKillerOptions options;
  std::once_flag once;
  if (blow.kind == Blow::Kind::none) variables.emplace_back("GITOPSCTL_CRASH_LOG", place.directory + "/points.log");
  if (blow.kind == Blow::Kind::kill_at_write) kill = support::WriteKill{blow.nth, blow.moment, blow.name};
  if (blow.kind == Blow::Kind::kill_at_point) {
    variables.emplace_back("GITOPSCTL_CRASH_AT", blow.name + ':' + std::to_string(blow.nth));
  }
  if (blow.kind == Blow::Kind::make_anew) {
    options.meanwhile = [&](const SeenRequest& request, std::string_view body) {
      if (name_of_write(names, request, body) != blow.name) return;
      std::call_once(once, [&] {
        const std::string path = request.target.substr(0, request.target.find('?'));
        try {
          auto [name, uid] = make_anew(cluster_.plane(), path);
          measure.made_anew[names.anonymous(name)] = uid;
        } catch (const std::exception& problem) {
          result.problems.emplace_back(problem.what());
        }
      });
    };
  }
  const auto struck = run_agent(place, "agent", kill, variables, options);
  switch (blow.kind) {
    case Blow::Kind::none: result.reached = ending_of(struck) == "exit 0"; break;
    case Blow::Kind::make_anew: result.reached = !measure.made_anew.empty(); break;
    default: result.reached = struck.status.signal == 9 && (struck.reached || !kill) && !struck.timed_out;
  }
  if (!result.reached) {
    result.problems.push_back("it was not reached: " + ending_of(struck) + "\n" + end_of(struck.output));
    cluster_.sweep(names);
    return result;
  }
  if (blow.kind == Blow::Kind::none) {
    for (const auto& name : struck.names) ++writes_[name];
    for (const auto& point : lines_of(place.directory + "/points.log")) ++points_[point];
  }
  add(result.problems, judge_run(place, struck), "right after: ");
  const World left = cluster_.look(names);
  add(result.problems, judge_remains(left, measure), "right after: ");
  add(result.problems, judge_secrets(left), "right after: ");
  auto removed = removed_by_second(names);
  std::erase_if(removed, [&](const std::string& name) { return measure.made_anew.contains(name); });
  add(result.problems, judge_deletions(cluster_.deletions(names), removed, false), "right after: ");

  auto deletions = removed;
  if (goal == Commit::first) {
    // What the killed run deleted is made anew, and what it made, and the first commit does not have, must go.
    deletions.clear();
    for (const auto& name : removed) {
      const auto there = left.objects.find(name);
      if (there == left.objects.end() || there->second.deleting) deletions.push_back(name);
    }
    const auto first = objects_at(names, Commit::first);
    for (const auto& [name, wanted] : objects_at(names, Commit::second)) {
      if (!first.contains(name) && left.objects.contains(name)) deletions.push_back(name);
    }
  }
  recover(place, goal, deletions, result);
  cluster_.sweep(names);
  if (std::getenv("GITOPSCTL_KEEP_SCRATCH") == nullptr && result.problems.empty()) {
    fs::remove_all(place.directory);
    fs::remove_all(place.repositories);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace gitopsctl::crash
