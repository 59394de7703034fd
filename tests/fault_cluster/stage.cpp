#include "tests/fault_cluster/stage.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "agent/cluster/cluster_environment.hpp"
#include "agent/reconcile/preview.hpp"
#include "agent/reconcile/render_stage.hpp"
#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "channels/report/report.hpp"
#include "tests/support/not_run.hpp"

namespace gitopsctl::fault {

using agent::ChannelRunner;
using agent::RunResult;
using agent::RunState;

namespace {

// A request that is not answered is given up after so long, and one that fails is repeated for so long: the agent has more
// patience, and waits no other way. A busy machine takes seconds for what is a matter of milliseconds.
constexpr Millis attempt_limit{8'000};
constexpr Millis repeat_for{5'000};
constexpr Millis first_pause{50};
constexpr Millis longest_pause{500};
constexpr std::chrono::seconds settle_patience{10};

template <class T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().to_string());
  return std::move(result).value();
}

FileTreePtr tree_of(const std::map<std::string, std::string>& files) {
  auto tree = std::make_shared<MemoryTree>();
  for (const auto& [path, content] : files) tree->add(must(TreePath::parse(path)), content);
  return tree;
}

/// As a commit's.
std::string id_of(const crash::Names& names, const std::string& what) {
  return sha256_hex(names.prefix + ' ' + what).substr(0, 40);
}

const std::string& installation_key() {
  static const std::string key(32, 'k');
  return key;
}

}  // namespace

crash::Cluster* need_cluster(std::string_view check) {
  std::string missing;
  for (const auto& name : support::ControlPlane::missing_peers(true, true)) missing += " " + name;
  if (!missing.empty()) {
    tests::not_run(check, "no control plane without" + missing + ": ./dev setup --peers=kube builds it");
    return nullptr;
  }
  static crash::Cluster cluster;
  return &cluster;
}

std::string fresh_prefix() {
  static std::atomic<int> count{0};
  char out[16];
  std::snprintf(out, sizeof out, "cell%04d", ++count);
  return out;
}

Commit other(Commit commit) { return commit == Commit::first ? Commit::second : Commit::first; }

std::string shown(const RunResult& result) {
  std::string out(run_state_name(result.state));
  out += ": " + result.message;
  for (const auto& error : result.errors) out += "\n      " + error.to_string() + " (hint: " + error.hint() + ')';
  for (const auto& [release, error] : result.failures) out += "\n      " + release + ": " + error;
  return out;
}

Stage::Stage(crash::Cluster& cluster) : cluster_(cluster), proxy_(cluster.plane()) {
  measure_.names = {fresh_prefix(), crash::Extent::few};
  const auto& names = measure_.names;
  static_cast<void>(cluster_.deletions(names));  // they are noted from here on
  plane().apply(crash::yaml_by_hand(names));
  plane().kubectl({"apply", "--filename=-"}, crash::yaml_to_adopt(names));
  measure_.first_commit = id_of(names, "first");
  measure_.second_commit = id_of(names, "second");
  for (const auto commit : {Commit::first, Commit::second}) {
    trees_[measure_.commit(commit)] = tree_of(crash::files_of(names, commit));
  }
  store_ = must(channels::Store::open(directory_ / "store.db", system_clock()));
  {
    const auto direct = open(false);
    deploy_others(*direct);
  }
  renew();
  if (const auto result = run(Commit::first, "start"); result.state != RunState::deployed) {
    throw std::runtime_error("a first deployment: " + shown(result));
  }
  begin_measure();
}

Stage::~Stage() {
  try {
    proxy_.clear();  // what hangs is let go
    neighbour_.reset();
    runner_.reset();
    environment_.reset();
    cluster_.sweep(names());
  } catch (const std::exception& problem) {
    std::printf("a stage could not be taken down: %s\n", problem.what());
  }
}

std::unique_ptr<agent::Environment> Stage::open(bool through_proxy) {
  const std::string file = directory_.path() + (through_proxy ? "/proxy" : "/direct");
  std::ofstream(file) << (through_proxy ? proxy_.kubeconfig() : cluster_.plane().kubeconfig());
  agent::KubeTargetOptions options;
  options.kubeconfig = file;
  agent::ClusterSettings settings;
  settings.target = must(agent::load_kube_target(options));
  settings.client.attempt_limit = attempt_limit;
  settings.client.repeat_for = repeat_for;
  settings.client.first_pause = first_pause;
  settings.client.longest_pause = longest_pause;
  return must(agent::open_cluster_environment(std::move(settings), clock_));
}

std::unique_ptr<ChannelRunner> Stage::runner_of(agent::Environment& where, const agent::ChannelKey& key,
                                                channels::Store* store) {
  ChannelRunner::Setup setup;
  setup.key = key;
  setup.environment_name = "cluster";
  setup.installation_key = installation_key();
  setup.holder = "agent-of-" + key.installation;
  setup.render_threads = 1;
  return std::make_unique<ChannelRunner>(std::move(setup), where, store, clock_,
                                         [this](const channels::CommitId& id) -> Result<FileTreePtr> {
                                           const auto found = trees_.find(id);
                                           if (found != trees_.end()) return found->second;
                                           return Error(ErrorCode::not_found, "no commit " + id);
                                         });
}

void Stage::deploy_others(agent::Environment& where) {
  const auto& n = names();
  const std::vector<std::pair<agent::ChannelKey, std::string>> others{
      {{n.prefix, "shop", n.other_channel()}, "channel"},
      {{n.prefix, "store", n.channel()}, "store"},
      {{n.other_installation(), "shop", n.channel()}, "two"}};
  for (const auto& [key, word] : others) {
    const std::string commit = id_of(n, "of the second " + word);
    trees_[commit] = tree_of(crash::files_of_others(n, key.channel, word));
    const auto result = runner_of(where, key, nullptr)->run({commit, trees_[commit], "start"}, {});
    if (result.state != RunState::deployed) throw std::runtime_error("a neighbour: " + shown(result));
  }
}

void Stage::renew() {
  neighbour_.reset();
  runner_.reset();
  environment_.reset();
  environment_ = open(true);
  runner_ = runner_of(*environment_, {names().prefix, "shop", names().channel()}, store_.get());
  neighbour_ = runner_of(*environment_, {names().prefix, "shop", names().other_channel()}, nullptr);
}

RunResult Stage::note(RunResult result) {
  said_ += shown(result) + '\n';
  return result;
}

RunResult Stage::run(Commit goal, const std::string& trigger, const Interrupt& interrupt) {
  const auto& commit = measure_.commit(goal);
  return note(runner_->run({commit, trees_.at(commit), trigger}, interrupt));
}

RunResult Stage::run_files(Commit base, const std::map<std::string, std::string>& files, const std::string& trigger) {
  auto all = crash::files_of(names(), base);
  std::string sum;
  for (const auto& [path, content] : files) {
    sum += path + content;
    if (content.empty()) {
      all.erase(path);
    } else {
      all[path] = content;
    }
  }
  const std::string commit = id_of(names(), sum);
  trees_[commit] = tree_of(all);
  return note(runner_->run({commit, trees_[commit], trigger}, {}));
}

RunResult Stage::run_neighbour() {
  const std::string commit = id_of(names(), "of the second channel");
  return neighbour_->run({commit, trees_.at(commit), "drift"}, {});
}

std::string Stage::diff(Commit goal) {
  const auto& tree = trees_.at(measure_.commit(goal));
  const agent::ChannelKey key{names().prefix, "shop", names().channel()};
  agent::RenderStage stage({installation_key(), names().prefix + "/shop/" + names().channel() + '/', 1});
  const auto channel = std::make_shared<const channels::Channel>(must(channels::load_channel(*tree, names().channel(), "")));
  if (const auto rendered = stage.update(channel, tree, {}); !rendered.ok()) return rendered.error().to_string();
  std::vector<agent::RenderState> states;
  for (const auto& release : channel->releases) {
    if (const auto there = stage.materialise(release, tree); !there.ok()) return there.error().to_string();
    states.push_back(stage.state(release.name));
  }
  const auto changes =
      agent::preview_live(*environment_, key, *channel, states, measure_.commit(goal), {}, installation_key());
  if (!changes.ok()) return changes.error().to_string() + changes.error().hint();
  return channels::report_table(*changes, {}) + channels::report_markdown(*changes, {}) +
         canonical_json(channels::report_value(*changes));
}

World Stage::settled() const {
  const auto end = std::chrono::steady_clock::now() + settle_patience;
  for (;;) {
    World now = look();
    if (!now.has_deleting() || std::chrono::steady_clock::now() > end) return now;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

std::string Stage::kubectl(const std::string& space, std::vector<std::string> words, const std::string& input) const {
  for (auto& word : words) word = names().fill(std::move(word));
  if (!space.empty()) words.push_back("--namespace=" + names().space(space));
  return plane().kubectl(words, names().fill(input));
}

void Stage::begin_measure() {
  measure_.prepared = look();
  deletions_before_ = cluster_.deletions(names()).size();
}

std::vector<std::string> Stage::removed_by(Commit goal) const {
  std::vector<std::string> out;
  const auto after = crash::objects_at(names(), goal);
  for (const auto& [name, wanted] : crash::objects_at(names(), other(goal))) {
    if (!after.contains(name)) out.push_back(name);
  }
  return out;
}

Problems Stage::judge_remains(Commit goal, const std::vector<std::string>& removed_besides) {
  Problems problems = crash::judge_remains(look(), measure_, goal);
  auto deletions = cluster_.deletions(names());
  deletions.erase(deletions.begin(), deletions.begin() + static_cast<std::ptrdiff_t>(deletions_before_));
  auto removed = removed_by(goal);
  removed.insert(removed.end(), removed_besides.begin(), removed_besides.end());
  crash::add(problems, crash::judge_deletions(deletions, removed, false));
  return problems;
}

Problems Stage::converge(Commit goal, const Expected& expected) {
  auto removed = removed_by(goal);
  std::erase_if(removed, [&](const std::string& name) {
    return measure_.made_anew.contains(name) || std::ranges::find(expected.stays, name) != expected.stays.end();
  });
  removed.insert(removed.end(), expected.removed.begin(), expected.removed.end());
  auto may_be_new = removed;
  may_be_new.insert(may_be_new.end(), expected.anew.begin(), expected.anew.end());
  Problems problems;
  for (int i = 0; i < 2; ++i) {
    const auto result = run(goal, "retry");
    const World now = settled();
    problems = crash::judge_outcome(now, measure_, goal, may_be_new);
    auto deletions = cluster_.deletions(names());
    deletions.erase(deletions.begin(), deletions.begin() + static_cast<std::ptrdiff_t>(deletions_before_));
    crash::add(problems, crash::judge_deletions(deletions, removed, true));
    crash::add(problems, judge_secrets(now));
    if (result.state != RunState::deployed && result.state != RunState::up_to_date) {
      problems.push_back("the run after it " + shown(result));
    }
    if (problems.empty()) break;
  }
  if (!problems.empty()) return problems;
  renew();
  proxy_.forget_seen();
  if (const auto result = run(goal, "start"); result.state != RunState::up_to_date) {
    problems.push_back("a further run " + shown(result));
  }
  for (const auto& request : proxy_.seen()) {
    if (request.request_class == support::kube_class::mutating && request.target.find("/leases/") == std::string::npos) {
      problems.push_back("a further run wrote " + request.method + ' ' + names().anonymous(request.target));
    }
  }
  at_ = goal;
  return problems;
}

Problems Stage::judge_secrets(const World& now) const {
  Problems problems = crash::judge_secrets(now);
  crash::add(problems, crash::judge_secret_text("what was said", said_));
  crash::add(problems, crash::judge_secret_files(directory_.path()));
  return problems;
}

}  // namespace gitopsctl::fault
