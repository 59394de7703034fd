#include "agent/cli/doctor_cluster.hpp"

#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "agent/control/control.hpp"
#include "agent/kube/client.hpp"
#include "agent/kube/kubeconfig.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::agent::cli {

namespace {

// Server-side apply, structural CRDs and aggregated discovery as they are used here are stable from then on.
constexpr int oldest_minor = 27;
// Leases are given for 30 s (agent/reconcile): who is further off shows times that mislead, though no lease is lost by it.
constexpr Millis worrying_skew{10'000};

struct Right {
  std::string_view group;
  std::string_view resource;
  std::array<std::string_view, 6> verbs;  ///< empty ones are left out
};

// What the agent does in its home namespace, and what it keeps in the namespaces of releases (charts/gitopsctl).
constexpr std::array home_rights{
    Right{"", "configmaps", {"get", "list", "watch", "create", "update"}},
    Right{"coordination.k8s.io", "leases", {"get", "list", "create", "update"}},
    Right{channels::api_group, "channels", {"get", "list", "watch", "create", "update"}},
    Right{channels::api_group, "approvals", {"get", "list", "watch"}},
};
constexpr std::array release_rights{
    Right{"", "configmaps", {"get", "list", "watch", "create", "update", "delete"}},
    Right{channels::api_group, "releases", {"get", "list", "watch", "create", "update", "delete"}},
};

class ClusterCheck {
 public:
  ClusterCheck(const AgentConfig& config, const EnvironmentConfig& environment, const Interrupt& interrupt,
               std::vector<Check>& checks)
      : config_(config), environment_(environment), checks_(checks) {
    call_.interrupt = interrupt;
  }

  void run() {
    KubeTargetOptions options;
    options.kubeconfig = environment_.kubeconfig;
    options.context = environment_.context;
    const auto target = load_kube_target(options);
    if (!target.ok()) {
      for (const auto& error : target.error().flatten()) {
        checks_.push_back(failed(name(), error, "name a kubeconfig in the agent's file, or run it in a pod"));
      }
      return;
    }
    KubeClientOptions client;
    client.reach_for = reach_for_command;
    client_.emplace(*target, client);
    if (!check_answer(target->server)) return;
    check_version(*target);
    if (check_kinds()) check_rights();
  }

 private:
  [[nodiscard]] std::string name(std::string_view what = {}) const {
    return "cluster " + environment_.name + (what.empty() ? "" : ", " + std::string(what));
  }

  /// Who are we there? The answer carries the server's time.
  bool check_answer(const std::string& server) {
    const auto review = client_->ask(
        make_map({{"apiVersion", Value::string("authentication.k8s.io/v1")}, {"kind", Value::string("SelfSubjectReview")}}),
        call_);
    const TimePoint now = system_clock().now();
    if (!review.ok()) {
      checks_.push_back(failed(name(), review.error(), "see that this machine reaches " + server + " and may log in there"));
      return false;
    }
    checks_.push_back(
        passed(name(), server + " answers to " + std::string(review->string_at({"status", "userInfo", "username"}))));
    const auto there = parse_time(review->string_at({"metadata", "creationTimestamp"}));
    if (!there.ok()) return true;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - *there).count();
    if (std::chrono::abs(now - *there) > worrying_skew) {
      checks_.push_back({name("clock"), false,
                         "this machine is " + std::to_string(std::abs(seconds)) + " s " +
                             (seconds < 0 ? "behind" : "ahead of") + " the server",
                         "let both keep time (NTP)"});
    } else {
      checks_.push_back(passed(name("clock"), "agrees with the server's"));
    }
    return true;
  }

  void check_version(const KubeTarget& target) {
    KubeTransport transport(target, client_->transport().options());
    KubeRequest request;
    request.path = "/version";
    request.traffic = KubeTraffic::discovery;
    const auto answer = transport.send(request, {}, call_);
    const std::string next = "see that the account may read /version";
    if (!answer.ok()) return checks_.push_back(failed(name("version"), answer.error(), next));
    const auto body = parse_json(answer->body);
    if (!body.ok()) return checks_.push_back(failed(name("version"), body.error(), next));
    const std::string version(body->string_at({"gitVersion"}));
    const std::string_view minor_text = body->string_at({"minor"});
    int minor = 0;
    std::from_chars(minor_text.data(), minor_text.data() + minor_text.size(), minor);  // `27+` of some is 27
    if (body->string_at({"major"}) == "1" && minor < oldest_minor) {
      checks_.push_back(
          {name("version"), false, version + " is older than 1." + std::to_string(oldest_minor), "upgrade the cluster"});
    } else {
      checks_.push_back(passed(name("version"), version));
    }
  }

  bool check_kinds() {
    std::string missing;
    for (const std::string_view kind : {"Channel", "Release", "Approval"}) {
      const auto found = client_->discovery().map(channels::api_group, "v1", kind, call_.interrupt);
      if (found.ok()) continue;
      if (!found.error().is(KubeErrorClass::no_match)) {
        checks_.push_back(failed(name("kinds"), found.error(), "try again in a moment"));
        return false;
      }
      missing += (missing.empty() ? "" : ", ") + std::string(kind);
    }
    if (!missing.empty()) {
      checks_.push_back({name("kinds"), false, "it does not know " + missing + " of " + std::string(channels::api_group),
                         "gitopsctl install"});
      return false;
    }
    checks_.push_back(passed(name("kinds"), "Channel, Release and Approval are there"));
    return true;
  }

  void check_rights() {
    missing_.clear();
    for (const auto& right : home_rights) ask(right, std::string(home_namespace));
    // A binding without namespaces may write to all of them: asked for the whole cluster then.
    std::set<std::string> namespaces;
    for (const auto& binding : config_.bindings) {
      if (binding.environment != environment_.name) continue;
      if (binding.namespaces.empty()) namespaces.insert("");
      namespaces.insert(binding.namespaces.begin(), binding.namespaces.end());
      if (!binding.service_account.empty()) ask_to_be(binding.service_account);
    }
    for (const auto& namespace_ : namespaces) {
      for (const auto& right : release_rights) ask(right, namespace_);
    }
    if (!asked_) return;
    if (missing_.empty()) return checks_.push_back(passed(name("rights"), "all that the agent itself needs"));
    checks_.push_back({name("rights"), false, "the account may not " + missing_,
                       "give them to it: the chart's roles do (gitopsctl install)"});
  }

  void ask(const Right& right, const std::string& namespace_) {
    for (const auto verb : right.verbs) {
      if (verb.empty()) continue;
      review(make_map({{"group", Value::string(right.group)},
                       {"resource", Value::string(right.resource)},
                       {"verb", Value::string(verb)},
                       {"namespace", Value::string(namespace_)}}),
             std::string(verb) + ' ' + std::string(right.resource) +
                 (right.group.empty() ? "" : "." + std::string(right.group)) +
                 (namespace_.empty() ? " in all namespaces" : " in " + namespace_));
    }
  }

  void ask_to_be(const std::string& account) {
    const auto slash = account.find('/');
    review(make_map({{"group", Value::string("")},
                     {"resource", Value::string("serviceaccounts")},
                     {"verb", Value::string("impersonate")},
                     {"namespace", Value::string(account.substr(0, slash))},
                     {"name", Value::string(account.substr(slash + 1))}}),
           "act as " + account);
  }

  void review(Value attributes, const std::string& words) {
    if (!asked_) return;
    const auto answer = client_->ask(make_map({{"apiVersion", Value::string("authorization.k8s.io/v1")},
                                               {"kind", Value::string("SelfSubjectAccessReview")},
                                               {"spec", make_map({{"resourceAttributes", std::move(attributes)}})}}),
                                     call_);
    if (!answer.ok()) {
      asked_ = false;
      return checks_.push_back(failed(name("rights"), answer.error(), "try again in a moment"));
    }
    const Value* allowed = answer->find_path({"status", "allowed"});
    if (allowed == nullptr || !allowed->as_bool()) missing_ += (missing_.empty() ? "" : "; ") + words;
  }

  const AgentConfig& config_;
  const EnvironmentConfig& environment_;
  std::vector<Check>& checks_;
  KubeCall call_;
  std::optional<KubeClient> client_;
  std::string missing_;
  bool asked_ = true;  ///< every question about rights was answered
};

}  // namespace

void check_cluster(const AgentConfig& config, const EnvironmentConfig& environment, const Interrupt& interrupt,
                   std::vector<Check>& checks) {
  ClusterCheck(config, environment, interrupt, checks).run();
}

}  // namespace gitopsctl::agent::cli
