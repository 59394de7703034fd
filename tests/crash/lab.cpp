#include "tests/crash/lab.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>
#include <tuple>

#include "agent/control/control.hpp"
#include "agent/environment/environment.hpp"
#include "agent/inventory/inventory.hpp"
#include "base/process/spawn.hpp"
#include "channels/store/store.hpp"

namespace gitopsctl::crash {

namespace fs = std::filesystem;
using support::ScratchRepo;

namespace {

constexpr Millis agent_patience{120'000};
const std::vector<std::string> channel_names{"test", "prod"};

std::string config_map(const std::string& name, const std::string& value, const std::string& namespace_ = "shop") {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: " + namespace_ + "}\ndata: {value: \"" +
         value + "\"}\n---\n";
}

std::string secret(const std::string& name, const std::string& value) {
  return "apiVersion: v1\nkind: Secret\nmetadata: {name: " + name + ", namespace: shop}\nstringData: {password: \"" + value +
         "\"}\n---\n";
}

const std::string claim =
    "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: shop}\n"
    "spec: {accessModes: [ReadWriteOnce]}\n---\n";

/// A channel file with the chart `web` and these releases of manifests.
std::string channel_file(const std::string& channel, const std::string& namespace_,
                         const std::vector<std::string>& manifests) {
  std::string out = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: " + channel +
                    "\ncandidate: {paths: [charts, deploy, .gitopsctl]}\nreleases:\n  - name: web\n    driver: helm\n"
                    "    namespace: " +
                    namespace_ + "\n    helm: {chart: charts/web}\n";
  for (const auto& name : manifests) {
    out +=
        "  - name: " + name + "\n    driver: manifests\n    namespace: shop\n    manifests: {path: deploy/" + name + "}\n";
  }
  return out;
}

std::map<std::string, std::string> chart(const std::string& replicas) {
  const std::string meta = "metadata: {name: web-{{ .Chart.Name }}, namespace: {{ .Release.Namespace }}}\n";
  return {{"charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n"},
          {"charts/web/values.yaml", "replicas: " + replicas + "\n"},
          {"charts/web/templates/deployment.yaml",
           "apiVersion: apps/v1\nkind: Deployment\n" + meta + "spec: {replicas: {{ .Values.replicas }}}\n"},
          {"charts/web/templates/service.yaml", "apiVersion: v1\nkind: Service\n" + meta + "spec: {ports: [{port: 80}]}\n"},
          {"charts/web/templates/secret.yaml",
           "apiVersion: v1\nkind: Secret\n" + meta + "stringData: {password: \"p{{ .Values.replicas }}\"}\n"}};
}

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

agent::ChannelKey key_of(const std::string& channel) { return {"crash", "shop", channel}; }

}  // namespace

/// A copy of everything: the agent's files here, the repository below the server's root.
struct Lab::Place {
  std::string name;
  std::string directory;
  std::string repository;
  [[nodiscard]] std::string environment() const { return directory + "/local/env.db"; }
  [[nodiscard]] std::string mirror() const { return directory + "/state/mirrors/shop.git"; }
};

Lab::Lab() {
  const Place place{"prepared", scratch_ / "prepared", server_.root() + "/prepared/shop.git"};
  fs::create_directories(place.directory + "/local");
  const ScratchRepo repository(place.repository);
  write_config(place);
  {
    // Objects of other people, some under names of ours.
    const auto environment = need(agent::open_embedded_environment(place.environment(), system_clock()), "environment");
    const auto put = [&](const std::string& kind, const std::string& namespace_, const std::string& name,
                         const std::string& owner) {
      render::Object object;
      object.id = {"", kind, namespace_, name};
      object.api_version = "v1";
      object.body =
          make_map({{"apiVersion", Value::string("v1")},
                    {"kind", Value::string(kind)},
                    {"metadata", make_map({{"name", Value::string(name)}, {"namespace", Value::string(namespace_)}})},
                    {"data", make_map({{"value", Value::string("theirs")}})}});
      agent::ApplyOptions options;
      options.owner = owner;
      need(environment->put(object, "", options), name);
    };
    for (const char* name : {"base-a", "base-c", "old-a"}) put("ConfigMap", "elsewhere", name, "");
    put("ConfigMap", "shop", "old-b", "");
    put("ConfigMap", "shop", "theirs", "applyset-of-somebody-else-v1");
    put("ConfigMap", "shop", "nobodys", "");
  }
  note_deletions(place.environment());
  commit_first(repository);
  if (const auto end = run_agent(place); end != "exit 0") throw std::runtime_error("the first deployment: " + end);
  commit_second(repository);
  prepared_ = read_snapshot(place.environment());
  if (!prepared_.deletions.empty()) throw std::runtime_error("the first deployment deleted something");
}

void Lab::commit_first(const ScratchRepo& repository) {
  auto files = chart("1");
  files[".gitopsctl/channels/test.yaml"] = channel_file("test", "shop", {"base", "old", "tools"});
  files[".gitopsctl/channels/prod.yaml"] = channel_file("prod", "prod", {});
  files["deploy/base/all.yaml"] =
      config_map("base-a", "1") + config_map("base-b", "1") + config_map("base-c", "1") + config_map("base-d", "1") + claim;
  files["deploy/old/all.yaml"] = config_map("old-a", "1") + secret("old-b", "x") + config_map("old-c", "1");
  files["deploy/tools/all.yaml"] = config_map("tools-a", "1");
  repository.commit("releases/test", files);
  repository.commit("releases/prod", files);
  files["src/main.c"] = "int main(void) { return 0; }\n";
  repository.commit("feature", files);
}

void Lab::commit_second(const ScratchRepo& repository) {
  auto files = chart("2");
  files["charts/web/templates/extra.yaml"] = config_map("extra", "{{ .Release.Name }}", "{{ .Release.Namespace }}");
  files[".gitopsctl/channels/test.yaml"] = channel_file("test", "shop", {"base", "tools"});
  // base-a is changed, base-c goes, base-d moves to another release, the claim leaves the file but holds data and stays.
  files["deploy/base/all.yaml"] = config_map("base-a", "2") + config_map("base-b", "1") + config_map("base-e", "1");
  files["deploy/tools/all.yaml"] = config_map("tools-a", "1") + config_map("base-d", "2");
  second_commit_ = repository.commit("releases/test", files, {"deploy/old/all.yaml"});
  files["src/main.c"] = "int main(void) { return 1; }\n";
  repository.commit("feature", files);
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

std::string Lab::run_agent(const Place& place, const std::vector<std::pair<std::string, std::string>>& environment) const {
  CapturedCommand command;
  command.command.program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
  command.command.arguments = {"agent", "--once", "--config", place.directory + "/agent.yaml"};
  command.command.environment = environment;
  for (const char* name : {"PATH", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name); value != nullptr) command.command.environment->emplace_back(name, value);
  }
  command.command.environment->emplace_back("HOME", place.directory);
  const auto said = need(run_command(command, {{}, Deadline(system_clock(), agent_patience)}), "the agent");
  std::ofstream(place.directory + "/agent.log", std::ios::app) << said.out << said.err << "---\n";
  return said.status.signal != 0 ? "signal " + std::to_string(said.status.signal)
                                 : "exit " + std::to_string(said.status.exit_code);
}

void Lab::run_reference() {
  const Place place = copy_prepared("reference");
  const std::string log = place.directory + "/points.log";
  if (const auto end = run_agent(place, {{"GITOPSCTL_CRASH_LOG", log}}); end != "exit 0") {
    throw std::runtime_error("the reference run: " + end);
  }
  for (const auto& name : lines_of(log)) ++times_reached_[name];
  reference_ = read_snapshot(place.environment());
  const ScratchRepo repository(place.repository);
  reference_candidate_ = repository.git({"log", "-1", "--format=%T %P", "candidates/feature"});
}

CaseResult Lab::kill_at(const std::string& point, int nth) const {
  CaseResult result;
  result.point = nth == 1 ? point : point + ':' + std::to_string(nth);
  const Place place = copy_prepared(point + '-' + std::to_string(nth));
  const auto end = run_agent(place, {{"GITOPSCTL_CRASH_AT", point + ':' + std::to_string(nth)}});
  result.reached = end == "signal 9";
  if (!result.reached) {
    result.problems = {"the point was not reached: " + end};
    return result;
  }
  do {
    ++result.reconciles;
    const auto again = run_agent(place);
    result.problems = compare(place);
    if (again != "exit 0") result.problems.push_back("the agent after the kill: " + again);
  } while (!result.problems.empty() && result.reconciles < 2);
  if (!result.problems.empty()) return result;

  // What is right stays as it is: one more start changes nothing.
  const auto version = read_snapshot(place.environment()).version;
  run_agent(place);
  if (read_snapshot(place.environment()).version != version) {
    result.problems.push_back("a further run without a reason wrote to the environment");
  }
  for (auto& problem : compare(place)) result.problems.push_back("after a further run: " + problem);
  if (result.problems.empty() && std::getenv("GITOPSCTL_KEEP_SCRATCH") == nullptr) {
    fs::remove_all(place.directory);
    fs::remove_all(fs::path(place.repository).parent_path());
  }
  return result;
}

namespace {

/// Inventories say exactly what is there and whose it is.
void compare_inventories(agent::Environment& environment, const std::string& channel, const Snapshot& now,
                         std::vector<std::string>& problems) {
  const auto key = key_of(channel);
  const auto inventories =
      need(agent::list_inventories(environment, key.installation, key.repository, channel), "inventories");
  for (const auto& unreadable : inventories.unreadable) {
    problems.push_back("the inventory of " + channel + '/' + unreadable.release + " cannot be read");
  }
  for (const auto& inventory : inventories.readable) {
    const std::string& release = inventory.identity.release;
    const std::string owner = inventory.identity.apply_set_id(inventory.namespace_);
    std::set<std::string> owned;
    for (const auto& [name, object] : now.objects) {
      if (object.owner == owner) owned.insert(name);
    }
    std::set<std::string> listed;
    for (const auto& entry : inventory.entries) {
      const std::string name = entry.id.kind + '/' + entry.id.namespace_ + '/' + entry.id.name;
      listed.insert(name);
      const auto object = now.objects.find(name);
      if (object != now.objects.end() && !entry.uid.empty() && object->second.uid != entry.uid) {
        problems.push_back("the inventory of " + release + " has another uid for " + name);
      }
      if (entry.state != agent::EntryState::applied && entry.state != agent::EntryState::kept) {
        problems.push_back("the inventory of " + release + " is not done with " + name);
      }
    }
    if (owned != listed)
      problems.push_back("the inventory of " + channel + '/' + release + " lists other objects than there are");
    if (inventory.phase != "applied") problems.push_back("the inventory of " + release + " is " + inventory.phase);
  }
}

void compare_status(agent::Environment& environment, const std::string& channel, const std::string& commit,
                    std::vector<std::string>& problems) {
  const auto id = need(agent::channel_object_id(environment, key_of(channel)), "channel");
  const auto live = need(environment.get(id), "channel");
  if (!live) {
    problems.push_back("channel " + channel + " has no status");
    return;
  }
  const auto says = [&](std::string_view field, const std::string& wanted) {
    const std::string said(live->body.string_at({"status", field}));
    if (said != wanted) problems.push_back("status." + std::string(field) + " of " + channel + " is " + said);
  };
  says("state", "Deployed");
  if (commit.empty()) return;
  says("revision", commit);
  const Value* history = live->body.find_path({"status", "history"});
  if (history == nullptr || history->size() == 0 || history->as_list().front().string_at({"commit"}) != commit ||
      history->as_list().front().string_at({"outcome"}) != "succeeded") {
    problems.push_back("the history of " + channel + " does not begin with the commit");
  }
}

/// The store opens as it is, and tells of a deployment that came to its end.
void compare_store(const std::string& path, const std::string& commit, std::vector<std::string>& problems) {
  const auto store = need(channels::Store::open(path, system_clock()), "store");
  const auto rows = need(store->deployments("shop", "test", 100), "deployments");
  if (rows.empty() || rows.front().commit != commit || rows.front().outcome != "succeeded") {
    problems.emplace_back("the newest deployment in the store is not that of the commit");
  }
  for (const auto& row : rows) {
    if (row.outcome == "running") problems.emplace_back("a deployment in the store is running for ever");
  }
}

}  // namespace

std::vector<std::string> Lab::compare(const Place& place) const {
  const Snapshot now = read_snapshot(place.environment());
  std::vector<std::string> problems = compare_objects(prepared_, reference_, now);
  const auto environment = need(agent::open_embedded_environment(place.environment(), system_clock()), "environment");
  for (const auto& channel : channel_names) {
    compare_inventories(*environment, channel, now, problems);
    compare_status(*environment, channel, channel == "test" ? second_commit_ : "", problems);
  }
  compare_store(place.directory + "/state/store.db", second_commit_, problems);
  for (auto& problem : compare_candidate(place)) problems.push_back(std::move(problem));
  // Nothing was so broken that it had to be put aside.
  for (const auto& entry : fs::recursive_directory_iterator(place.directory + "/state")) {
    const std::string name = entry.path().filename().string();
    if (name.find(".damaged") != std::string::npos || name.find(".broken") != std::string::npos) {
      problems.push_back(name + " was put aside");
    }
  }
  return problems;
}

std::vector<std::string> Lab::compare_candidate(const Place& place) const {
  std::vector<std::string> problems;
  try {
    const ScratchRepo repository(place.repository);
    const auto candidate = repository.git({"log", "-1", "--format=%T %P", "candidates/feature"});
    if (candidate != reference_candidate_) problems.push_back("candidates/feature is " + candidate);
    support::run_program({"git", "-C", place.repository, "fsck", "--strict"});
    support::run_program({"git", "-c", "safe.directory=*", "-C", place.mirror(), "fsck", "--strict"});
  } catch (const std::exception& problem) {
    problems.emplace_back(problem.what());
  }
  return problems;
}

}  // namespace gitopsctl::crash
