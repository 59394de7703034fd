#include "agent/kube/discovery.hpp"

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/json/json.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent {
namespace {

constexpr std::string_view accept_all =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
constexpr std::size_t max_group_versions = 2000;

KubeError foreign(const std::string& path) {
  return {
      KubeErrorClass::foreign_answer,
      Error(ErrorCode::unavailable, path + " answers what no API server answers")
          .with_hint("check that the address is that of a Kubernetes API server and that no proxy answers in its place")};
}

struct GroupVersion {
  std::string group;
  std::string version;
};

/// What one of the two paths said last: as it came, which takes a tenth of the memory.
struct Part {
  std::string path;
  std::string etag;
  std::string body;
  bool legacy = false;
  std::optional<Value> read = {};  ///< the body, from when it came until a table was made of it
};

std::vector<GroupVersion> legacy_versions(const Value& answer) {
  std::vector<GroupVersion> out;
  if (const Value* versions = answer.find("versions"); versions != nullptr) {
    for (const Value& version : versions->as_list()) out.push_back({"", std::string(version.as_string())});
  }
  const Value* groups = answer.find("groups");
  if (groups == nullptr) return out;
  for (const Value& group : groups->as_list()) {
    const std::string name(group.string_at({"name"}));
    const std::string preferred(group.string_at({"preferredVersion", "version"}));
    if (!preferred.empty()) out.push_back({name, preferred});
    const Value* versions = group.find("versions");
    if (versions == nullptr) continue;
    for (const Value& version : versions->as_list()) {
      GroupVersion one{name, std::string(version.string_at({"version"}))};
      if (one.version != preferred) out.push_back(std::move(one));
    }
  }
  return out;
}

}  // namespace

struct Discovery::State {
  class Turn;

  explicit State(Fetch given) : fetch(std::move(given)) {}

  /// Whether it says something else than before.
  KubeResult<bool> ask(Part& part, const Interrupt& interrupt) const;
  KubeResult<void> add(ApiTable& table, const Part& part, const Interrupt& interrupt) const;
  KubeResult<void> add_legacy(ApiTable& table, const Part& part, const Value& versions, const Interrupt& interrupt) const;
  KubeResult<std::shared_ptr<const ApiTable>> build(const Interrupt& interrupt);

  const Fetch fetch;
  std::mutex mutex;  ///< of snapshot and asking
  Snapshot snapshot;
  bool asking = false;            ///< somebody has the turn to ask, and with it `parts` and `changed`
  std::condition_variable asked;  ///< the turn was given back
  bool changed = false;           ///< the parts are not those of the snapshot
  std::array<Part, 2> parts{{{"/api", "", "", false}, {"/apis", "", "", false}}};
};

/// Gives the turn back.
class Discovery::State::Turn {
 public:
  explicit Turn(State& state) : state_(state) {}
  ~Turn() {
    const std::lock_guard lock(state_.mutex);
    state_.asking = false;
    state_.asked.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  State& state_;
};

KubeResult<bool> Discovery::State::ask(Part& part, const Interrupt& interrupt) const {
  GITOPSCTL_TRY(auto answer, fetch({part.path, std::string(accept_all), part.etag}, interrupt));
  if (answer.status == 304 && !part.body.empty()) return false;
  auto read = parse_json(answer.body);
  const auto kind = read.ok() ? read->string_at({"kind"}) : std::string_view{};
  if (answer.status != 200 || (kind != "APIGroupDiscoveryList" && kind != "APIVersions" && kind != "APIGroupList")) {
    return foreign(part.path);
  }
  part.legacy = kind != "APIGroupDiscoveryList";
  part.body = std::move(answer.body);
  part.etag = std::move(answer.etag);
  part.read = std::move(read).value();
  return true;
}

KubeResult<void> Discovery::State::add(ApiTable& table, const Part& part, const Interrupt& interrupt) const {
  std::optional<Value> answer = part.read;
  if (!answer) {
    auto again = parse_json(part.body);
    if (!again) return foreign(part.path);
    answer = std::move(again).value();
  }
  if (part.legacy) return add_legacy(table, part, *answer, interrupt);
  GITOPSCTL_CHECK(table.add_aggregated(*answer));
  return {};
}

KubeResult<void> Discovery::State::add_legacy(ApiTable& table, const Part& part, const Value& list_of_versions,
                                              const Interrupt& interrupt) const {
  const auto versions = legacy_versions(list_of_versions);
  if (versions.empty() && part.path == "/api") return foreign(part.path);
  if (versions.size() > max_group_versions) return Error(ErrorCode::too_large, "the server lists more than 2000 versions");
  for (const auto& [group, version] : versions) {
    const std::string path = part.path + (group.empty() ? "" : "/" + group) + "/" + version;
    const auto answer = fetch({path, "application/json", ""}, interrupt);
    GITOPSCTL_CHECK(interrupt.check("discovery"));
    if (!answer) {
      // The server behind it does not answer: nobody knows what it has.
      if (answer.error().is(KubeErrorClass::unauthorized) || answer.error().is(KubeErrorClass::local)) return answer.error();
      table.add_stale(group);
      continue;
    }
    const auto list = parse_json(answer->body);
    if (!list) return foreign(path);
    GITOPSCTL_CHECK(table.add_legacy(group, version, *list));
  }
  return {};
}

KubeResult<std::shared_ptr<const ApiTable>> Discovery::State::build(const Interrupt& interrupt) {
  // Of a part that changed although the other one could not be asked, nothing was made yet.
  for (Part& part : parts) {
    GITOPSCTL_TRY(const bool differs, ask(part, interrupt));
    changed = changed || differs || part.legacy;
  }
  if (!changed) {
    const std::lock_guard lock(mutex);
    if (snapshot.table != nullptr) return snapshot.table;
  }
  auto table = std::make_shared<ApiTable>();
  for (const Part& part : parts) GITOPSCTL_CHECK(add(*table, part, interrupt));
  for (Part& part : parts) {
    part.read.reset();
    // What lacks a group is not to stay because somebody on the way says that it has not changed.
    if (!table->stale_groups().empty()) part.etag.clear();
  }
  if (table->find("", "v1", "Namespace") == nullptr) return foreign("/api");
  changed = false;
  return std::shared_ptr<const ApiTable>(std::move(table));
}

Discovery::Discovery(Fetch fetch) : state_(std::make_unique<State>(std::move(fetch))) {}
Discovery::~Discovery() = default;

KubeResult<Discovery::Snapshot> Discovery::table(const Interrupt& interrupt) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->snapshot.table != nullptr) return state_->snapshot;
  }
  return refresh(0, interrupt);
}

KubeResult<Discovery::Snapshot> Discovery::refresh(std::uint64_t seen, const Interrupt& interrupt) {
  {
    std::unique_lock lock(state_->mutex);
    while (state_->asking) {
      state_->asked.wait_for(lock, std::chrono::milliseconds(100));
      GITOPSCTL_CHECK(interrupt.check("discovery"));
    }
    if (state_->snapshot.generation > seen) return state_->snapshot;
    state_->asking = true;
  }
  const State::Turn turn(*state_);
  GITOPSCTL_TRY(auto table, state_->build(interrupt));
  const std::lock_guard lock(state_->mutex);
  state_->snapshot = {std::move(table), state_->snapshot.generation + 1};
  return state_->snapshot;
}

KubeResult<ApiResource> Discovery::map(std::string_view group, std::string_view version, std::string_view kind,
                                       const Interrupt& interrupt) {
  GITOPSCTL_TRY(const auto found, find(group, version, kind, interrupt));
  return *found;
}

KubeResult<std::shared_ptr<const ApiResource>> Discovery::find(std::string_view group, std::string_view version,
                                                               std::string_view kind, const Interrupt& interrupt) {
  GITOPSCTL_TRY(Snapshot now, table(interrupt));
  const ApiResource* found = now.table->find(group, version, kind);
  if (found == nullptr) {
    GITOPSCTL_TRY(now, refresh(now.generation, interrupt));
    found = now.table->find(group, version, kind);
  }
  if (found != nullptr) return std::shared_ptr<const ApiResource>(now.table, found);
  const std::string name =
      terminal_safe(truncate_utf8(std::string(group) + (group.empty() ? "" : "/") + std::string(version) +
                                      (version.empty() ? "" : " ") + std::string(kind),
                                  300));
  if (now.table->stale(group)) {
    return KubeError(KubeErrorClass::unavailable,
                     Error(ErrorCode::unavailable, "whether the server has " + name + " cannot be known now")
                         .with_hint("the API service of group '" + terminal_safe(truncate_utf8(group, 253)) +
                                    "' does not answer: look at its APIService"));
  }
  const ApiResource* other = version.empty() ? nullptr : now.table->find(group, "", kind);
  return KubeError(
      KubeErrorClass::no_match,
      Error(ErrorCode::invalid_input, "the server does not have " + name)
          .with_hint(other != nullptr ? "it has " + other->api_version()
                                      : "install its CustomResourceDefinition first, or write an apiVersion that "
                                        "the server has"));
}

}  // namespace gitopsctl::agent
