// Several agents on one channel of a real API server: two replicas with one file, a third agent of the same installation
// with another file, and one of another installation. Commits come at random, agents are killed, asked to end, and stopped
// for longer than their leases last, their clocks jump, and some of their writes are held up on the way until somebody else
// works. Every version of every inventory and lease is watched: there is never a second writer, and in the end everything is
// equal to the last commit.
//
// 30 seconds of it; GITOPSCTL_CRASH_LONG=1 makes that ten minutes, GITOPSCTL_REPLICAS_SECONDS=N so many.
// GITOPSCTL_CRASH_SEED=N repeats the choices of a run that printed N.

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>

#include "agent/control/lease_names.hpp"
#include "base/json/json.hpp"
#include "tests/replicas/history.hpp"
#include "tests/replicas/judge.hpp"
#include "tests/support/cluster_agent.hpp"
#include "tests/support/kube_proxy.hpp"
#include "tests/support/need_control_plane.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::replicas {
namespace {

using support::ClusterAgent;
using support::Fault;

constexpr int releases = 4;
constexpr int always = 3;     ///< objects that a release has in every commit
constexpr int sometimes = 2;  ///< … and in some: so few that no removal needs an approval

const char* variable(const char* name) { return std::getenv(name); }

std::chrono::seconds length() {
  if (const char* given = variable("GITOPSCTL_REPLICAS_SECONDS"); given != nullptr)
    return std::chrono::seconds(std::strtol(given, nullptr, 10));
  return variable("GITOPSCTL_CRASH_LONG") != nullptr ? std::chrono::seconds(600) : std::chrono::seconds(30);
}

std::uint32_t seed() {
  if (const char* given = variable("GITOPSCTL_CRASH_SEED"); given != nullptr) {
    return static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10));
  }
  return std::random_device{}();
}

/// The time of day of one program, through tests/support/preload.
class Clock {
 public:
  explicit Clock(const std::string& file) : file_(file) {
    const int opened = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(opened >= 0);
    REQUIRE(::ftruncate(opened, sizeof(std::int64_t)) == 0);
    void* place = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, opened, 0);
    ::close(opened);
    REQUIRE(place != MAP_FAILED);
    offset_ = static_cast<volatile std::int64_t*>(place);
  }
  void jump(std::int64_t seconds) { *offset_ = seconds; }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> variables() const {
    std::vector<std::pair<std::string, std::string>> out{{"LD_PRELOAD", GITOPSCTL_CLOCK_JUMP_LIBRARY},
                                                         {"GITOPSCTL_CLOCK_JUMP", file_}};
    // The sanitizer wants to be the first library, and is told that here it is not.
    if (const char* options = variable("ASAN_OPTIONS"); options != nullptr || GITOPSCTL_SANITIZED) {
      out.emplace_back("ASAN_OPTIONS", (options == nullptr ? "" : std::string(options) + ":") + "verify_asan_link_order=0");
    }
    return out;
  }

 private:
  std::string file_;
  volatile std::int64_t* offset_ = nullptr;
};

enum class State { works, paused, dead };

/// One agent, the way to the API server, and its clock.
struct Player {
  Player(const support::ControlPlane& plane, const support::ScratchDir& scratch, std::string called,
         const std::string& installation, const std::string& channel, const std::string& poll)
      : name(std::move(called)),
        proxy(plane),
        clock(scratch / (name + ".clock")),
        agent({.kubeconfig = proxy.kubeconfig(),
               .installation = installation,
               .repository = scratch / "shop.git",
               .channels = {channel},
               .poll = poll,
               .drift = "3s",
               .environment = clock.variables()}) {}

  std::string name;
  support::KubeProxy proxy;
  Clock clock;
  ClusterAgent agent;
  State state = State::dead;
  Millis due{0};  ///< when a paused one goes on, and a dead one is started
};

/// The content of the branch.
struct Content {
  std::array<std::array<int, always + sometimes>, releases> values{};  ///< 0: not there

  [[nodiscard]] static std::string space(const std::string& channel, int release) {
    return channel + (release % 2 == 0 ? "-a" : "-b");
  }
  [[nodiscard]] static std::string object(int release, int which) {
    return "r" + std::to_string(release) + "-" + std::to_string(which);
  }
  void change(std::mt19937& random, int number) {
    for (int i = 0; i < 3; ++i) {
      auto& release = values.at(random() % releases);
      release.at(random() % always) = number;
      release.at(always + random() % sometimes) = random() % 2 == 0 ? number : 0;
    }
  }
  [[nodiscard]] std::map<std::string, std::string> files(const std::string& channel) const {
    std::string text = "apiVersion: gitopsctl.dev/v1\nkind: Channel\nname: " + channel + "\nreleases:\n";
    std::map<std::string, std::string> out;
    for (int r = 0; r < releases; ++r) {
      const std::string name = "r" + std::to_string(r);
      text += "  - {name: " + name + ", driver: manifests, namespace: " + space(channel, r) + ", manifests: {path: " + name +
              "}}\n";
      std::string objects;
      for (int i = 0; i < always + sometimes; ++i) {
        if (values.at(static_cast<std::size_t>(r)).at(static_cast<std::size_t>(i)) == 0) continue;
        objects += "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + object(r, i) +
                   ", namespace: " + space(channel, r) + "}\ndata: {value: \"" +
                   std::to_string(values.at(static_cast<std::size_t>(r)).at(static_cast<std::size_t>(i))) + "\"}\n---\n";
      }
      out[name + "/all.yaml"] = objects;
    }
    out[".gitopsctl/channels/" + channel + ".yaml"] = text;
    return out;
  }
  /// `namespace/name=value` of every object, sorted.
  [[nodiscard]] std::vector<std::string> objects(const std::string& channel) const {
    std::vector<std::string> out;
    for (int r = 0; r < releases; ++r) {
      for (int i = 0; i < always + sometimes; ++i) {
        const int value = values.at(static_cast<std::size_t>(r)).at(static_cast<std::size_t>(i));
        if (value != 0) out.push_back(space(channel, r) + '/' + object(r, i) + '=' + std::to_string(value));
      }
    }
    std::ranges::sort(out);
    return out;
  }
};

/// What befell the agents.
struct Counts {
  int commits = 0, kills = 0, ends = 0, pauses = 0, jumps = 0, held = 0, leases_deleted = 0;
  int handed_over = 0;  ///< leaders that were ended, killed and stopped whatever chance says
};

class Game {
 public:
  explicit Game(support::ControlPlane& plane) : plane_(plane), random_(seed_) {
    for (const auto* name : {"channels", "releases", "approvals"}) {
      std::ifstream file(std::string(GITOPSCTL_SOURCE_DIR) + "/charts/gitopsctl/crds/" + name + ".yaml");
      plane_.apply({std::istreambuf_iterator<char>(file), {}});
    }
    plane_.kubectl({"wait", "--for=condition=established", "crd/channels.gitopsctl.dev", "crd/releases.gitopsctl.dev",
                    "crd/approvals.gitopsctl.dev", "--timeout=60s"});
    plane_.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: gitopsctl-system}\n");
    channel_ = plane_.fresh_namespace("many");
    for (const char* end : {"-a", "-b"}) plane_.kubectl({"create", "namespace", channel_ + end});
    history_ = std::make_unique<History>(plane_, std::vector<std::string>{channel_ + "-a", channel_ + "-b"});
    repository_ = std::make_unique<support::ScratchRepo>(scratch_ / "shop.git");
    for (auto& release : content_.values) {
      for (int i = 0; i < always; ++i) release.at(static_cast<std::size_t>(i)) = 1;
    }
    for (const auto& [name, poll] : {std::pair{"one", "400ms"}, {"two", "400ms"}, {"three", "1s"}}) {
      players_.push_back(std::make_unique<Player>(plane_, scratch_, name, channel_, channel_, poll));
    }
    stranger_ = std::make_unique<Player>(plane_, scratch_, "stranger", channel_ + "-other", channel_, "1s");
    std::printf("    GITOPSCTL_CRASH_SEED=%u\n", seed_);
    std::fflush(stdout);
  }

  void play() {
    commit();
    for (auto& player : players_) start(*player);
    REQUIRE(comes_to_equal(std::chrono::seconds(90)));
    // What it finds is not its own: it says so, and touches nothing.
    start(*stranger_);
    const Millis until = now() + length();
    int turn = 0;
    while (now() < until) {
      keep();
      // These come in every run, however short, as soon as somebody leads.
      Player* const first = turn >= 4 && counts_.handed_over < 3 ? leader() : nullptr;
      if (first == nullptr) {
        act();
      } else if (++counts_.handed_over == 1) {
        end(first);
        first->due = now() + Millis(5'000);
      } else if (counts_.handed_over == 2) {
        kill(first);
        first->due = now() + Millis(20'000);
      } else {
        pause(first, Millis(20'000));
      }
      ++turn;
      system_clock().sleep(Millis(300 + static_cast<std::int64_t>(random_() % 2'000)), {});
    }
    settle();
  }

  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] Judgement judgement() const {
    return judge(*history_, channel_, agent::channel_lease_name({channel_, "shop", channel_}),
                 agent::leader_lease_name(channel_));
  }
  /// The furthest that a lease was dated away from now.
  [[nodiscard]] std::chrono::seconds furthest_date() const {
    std::chrono::seconds out{0};
    const auto today = system_clock().now();
    for (const auto& [name, versions] : history_->leases()) {
      for (const auto& version : versions) {
        const auto at = parse_time(version.body.string_at({"spec", "renewTime"}));
        if (at.ok()) out = std::max(out, std::chrono::duration_cast<std::chrono::seconds>(std::chrono::abs(*at - today)));
      }
    }
    return out;
  }
  /// What is wrong at the end.
  [[nodiscard]] std::vector<std::string> differences() {
    std::vector<std::string> out;
    const auto wanted = content_.objects(channel_);
    const auto there = found();
    for (const auto& one : wanted) {
      if (std::ranges::find(there, one) == there.end()) out.push_back("missing: " + one);
    }
    for (const auto& one : there) {
      if (std::ranges::find(wanted, one) == wanted.end()) out.push_back("not of the commit: " + one);
    }
    std::vector<std::string> listed;
    for (const auto& [name, versions] : history_->inventories()) {
      if (versions.back().deleted) continue;
      const auto identity = versions.back().body.string_at({"metadata", "annotations", "gitopsctl.dev/identity"});
      if (identity.starts_with(channel_ + "-other/")) out.push_back("an inventory of the other installation: " + name);
      const auto content = parse_json(versions.back().body.string_at({"data", "inventory"}));
      if (!content.ok()) continue;
      if (content->string_at({"phase"}) != "applied")
        out.push_back(name + " is " + std::string(content->string_at({"phase"})));
      for (const auto& entry : content->find("entries")->as_list()) {
        const std::string object = std::string(entry.string_at({"ns"})) + '/' + std::string(entry.string_at({"n"}));
        listed.push_back(object);
        const auto begin = object + '=';
        if (std::ranges::none_of(wanted, [&](const auto& one) { return one.starts_with(begin); })) {
          out.push_back(name + " lists " + object);
        }
      }
    }
    if (listed.size() != wanted.size()) out.push_back(std::to_string(listed.size()) + " objects are listed");
    return out;
  }
  void print_logs() const {
    for (const auto& player : players_) std::printf("--- %s\n%s\n", player->name.c_str(), player->agent.log().c_str());
    std::printf("--- %s\n%s\n", stranger_->name.c_str(), stranger_->agent.log().c_str());
  }

 private:
  static Millis now() { return system_clock().monotonic(); }

  void act() {
    const unsigned dice = random_() % 100;
    if (dice < 36) {
      commit();
    } else if (dice < 42) {
      kill(anybody());
    } else if (dice < 46) {
      kill(leader());
    } else if (dice < 51) {
      end(leader());
    } else if (dice < 57) {
      // Shorter than its leases, and longer than all of them.
      pause(leader(), Millis(random_() % 2 == 0 ? 3'000 : 17'000 + static_cast<std::int64_t>(random_() % 20'000)));
    } else if (dice < 64) {
      hold_up(leader());
    } else if (dice < 98) {
      jump(anybody());
    } else {
      // Not the channel's: fences would begin anew.
      plane_.kubectl(
          {"delete", "lease", agent::leader_lease_name(channel_), "-n", "gitopsctl-system", "--ignore-not-found"});
      ++counts_.leases_deleted;
    }
  }

  /// Those that are to come back do.
  void keep() {
    for (auto& player : players_) {
      if (player->state == State::works && !player->agent.runs()) {
        problems_.push_back(player->name + " ended by itself");
        player->state = State::dead;
      }
      if (player->state == State::works || now() < player->due) continue;
      if (player->state == State::dead) {
        start(*player);
      } else {
        player->agent.go_on();
        player->state = State::works;
      }
    }
  }

  void start(Player& player) {
    // Every write takes its time, so that there is one under way at most moments.
    player.proxy.set({{.kind = Fault::Kind::delay, .request_class = "mutating", .wait = std::chrono::milliseconds(40)}});
    player.agent.start();
    player.state = State::works;
  }

  Player* anybody() {
    std::vector<Player*> all;
    for (auto& player : players_) {
      if (player->state == State::works) all.push_back(player.get());
    }
    return all.empty() ? nullptr : all[random_() % all.size()];
  }
  Player* leader() {
    const std::string holder = history_->holder(agent::leader_lease_name(channel_));
    for (auto& player : players_) {
      if (player->state == State::works && player->agent.holder() == holder) return player.get();
    }
    return nullptr;
  }

  void commit() {
    content_.change(random_, ++counts_.commits + 1);
    repository_->commit("releases/" + channel_, content_.files(channel_));
  }
  void kill(Player* player) {
    if (player == nullptr) return;
    player->agent.kill();
    rest(*player);
    ++counts_.kills;
  }
  void end(Player* player) {
    if (player == nullptr) return;
    const auto stopped = player->agent.stop();
    if (stopped.exit_code != 0) problems_.push_back(player->name + " ended with " + std::to_string(stopped.exit_code));
    rest(*player);
    ++counts_.ends;
  }
  void rest(Player& player) {
    player.state = State::dead;
    // Back before its leases have ended, or after.
    player.due = now() + Millis((random_() % 2 == 0 ? 0 : 17'000) + static_cast<std::int64_t>(random_() % 6'000));
  }
  void pause(Player* player, Millis span) {
    if (player == nullptr) return;
    player->agent.pause();
    player->state = State::paused;
    player->due = now() + span;
    ++counts_.pauses;
  }
  /// Its next writes of inventories are under way until others work on the channel, and it stands still.
  void hold_up(Player* player) {
    if (player == nullptr) return;
    player->proxy.set({{.kind = Fault::Kind::hold,
                        .path = "/configmaps/gitopsctl-",
                        .method = "PUT",
                        .wait = std::chrono::milliseconds(18'000 + static_cast<int>(random_() % 25'000)),
                        .times = 2},
                       {.kind = Fault::Kind::delay, .request_class = "mutating", .wait = std::chrono::milliseconds(40)}});
    commit();
    ++counts_.held;
  }
  void jump(Player* player) {
    if (player == nullptr) return;
    // Up to an hour, both ways.
    player->clock.jump(static_cast<std::int64_t>(random_() % 7'200) - 3'600);
    ++counts_.jumps;
  }

  void settle() {
    for (auto& player : players_) {
      if (player->state == State::paused) player->agent.go_on();
      if (player->state == State::dead) start(*player);
      player->state = State::works;
      player->proxy.clear();
    }
    commit();
    CHECK(comes_to_equal(std::chrono::seconds(150)));
    for (const auto& problem : problems_) FAIL_CHECK(problem);
    // What is still held up on its way arrives now at the latest.
    for (const auto& player : players_) CHECK(player->agent.get("/readyz").first == 200);
    for (auto& player : players_) CHECK(player->agent.stop().exit_code == 0);
    CHECK(stranger_->agent.runs());
    CHECK(stranger_->agent.log().find("belongs to") != std::string::npos);
    CHECK(stranger_->agent.stop().exit_code == 0);
  }

  /// Objects in the channel's namespaces but inventories and what Kubernetes makes.
  [[nodiscard]] std::vector<std::string> found() const {
    std::vector<std::string> out;
    for (const char* end : {"-a", "-b"}) {
      const auto list =
          plane_.kubectl({"get", "configmap", "-n", channel_ + end, "-l", "!applyset.kubernetes.io/id", "--field-selector",
                          "metadata.name!=kube-root-ca.crt", "-o",
                          "jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name}={.data.value} {end}"});
      for (std::size_t at = 0; at < list.size();) {
        const auto blank = std::min(list.find(' ', at), list.size());
        out.push_back(list.substr(at, blank - at));
        at = blank + 1;
      }
    }
    std::ranges::sort(out);
    return out;
  }

  bool comes_to_equal(std::chrono::seconds patience) {
    const Millis end = now() + patience;
    while (now() < end) {
      keep();
      if (differences().empty()) return true;
      system_clock().sleep(Millis(300), {});
    }
    return differences().empty();
  }

  support::ControlPlane& plane_;
  const std::uint32_t seed_ = seed();
  std::mt19937 random_;
  support::ScratchDir scratch_;
  std::string channel_;
  std::unique_ptr<History> history_;
  std::unique_ptr<support::ScratchRepo> repository_;
  Content content_;
  std::vector<std::unique_ptr<Player>> players_;
  std::unique_ptr<Player> stranger_;
  std::vector<std::string> problems_;
  Counts counts_;
};

}  // namespace

TEST_SUITE("replicas") {
  TEST_CASE("several agents on one channel: never two writers, and everything is as the last commit says") {
    auto* plane = tests::need_control_plane("several agents on one channel");
    if (plane == nullptr) return;
    Game game(*plane);
    game.play();
    const auto judgement = game.judgement();
    const auto& counts = game.counts();
    std::printf(
        "    %lld s: %d commits, %d kills, %d ended, %d stopped for a while, %d jumps of a clock, %d held up, %d leases "
        "gone\n"
        "    %zu versions of inventories by %zu runs; %zu holders of the channel and %zu leaders, one after the other; %zu "
        "writes arrived late; the furthest date on a lease is %lld s off\n",
        static_cast<long long>(length().count()), counts.commits, counts.kills, counts.ends, counts.pauses, counts.jumps,
        counts.held, counts.leases_deleted, judgement.versions, judgement.runs, judgement.holders, judgement.leaders,
        judgement.late, static_cast<long long>(game.furthest_date().count()));
    for (const auto& problem : judgement.problems) FAIL_CHECK(problem);
    const auto differences = game.differences();
    for (const auto& difference : differences) FAIL_CHECK(difference);
    CHECK(judgement.leaders >= (length() > std::chrono::minutes(2) ? 5U : 2U));
    CHECK(judgement.versions > (length() > std::chrono::minutes(2) ? 20U : 5U));
    if (counts.jumps > 10) CHECK(game.furthest_date() > std::chrono::minutes(10));
    if (!judgement.problems.empty() || !differences.empty()) game.print_logs();
  }
}

}  // namespace gitopsctl::replicas
