#include "tests/replicas/history.hpp"

#include <stdexcept>
#include <utility>

namespace gitopsctl::replicas {

namespace {

agent::KubeClient admin_client(const support::ControlPlane& plane) {
  agent::KubeTargetOptions options;
  options.kubeconfig = plane.kubeconfig_file();
  auto target = agent::load_kube_target(options);
  if (!target.ok()) throw std::runtime_error(target.error().to_string());
  return agent::KubeClient(*std::move(target));
}

std::string name_of(const Value& body) {
  return std::string(body.string_at({"metadata", "namespace"})) + '/' + std::string(body.string_at({"metadata", "name"}));
}

}  // namespace

class History::Sink final : public agent::KubeWatchSink {
 public:
  Sink(History& history, std::map<std::string, std::vector<Version>>& into) : history_(history), into_(into) {}
  Result<void> replace(const agent::KubeList& all) override {
    const std::lock_guard lock(history_.mutex_);
    ++history_.listed_;
    for (const auto& item : all.items) add(item, false);
    return {};
  }
  Result<void> change(Event event, const Value& object) override {
    const std::lock_guard lock(history_.mutex_);
    add(object, event == Event::deleted);
    return {};
  }

 private:
  void add(const Value& body, bool deleted) {
    // Read as a number by a test alone, which has one etcd.
    const std::uint64_t at = std::stoull(std::string(body.string_at({"metadata", "resourceVersion"})));
    auto& versions = into_[name_of(body)];
    if (versions.empty() || versions.back().at < at) versions.push_back({at, deleted, body});
  }

  History& history_;
  std::map<std::string, std::vector<Version>>& into_;
};

History::History(const support::ControlPlane& plane, const std::vector<std::string>& namespaces)
    : client_(admin_client(plane)) {
  for (const auto& space : namespaces) watch({"", "", "ConfigMap"}, space, "applyset.kubernetes.io/id", inventories_);
  watch({"coordination.k8s.io", "", "Lease"}, "gitopsctl-system", "", leases_);
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (listed_ == begun_) return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

History::~History() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
}

void History::watch(agent::KubeKind kind, const std::string& name_space, const std::string& selector,
                    std::map<std::string, std::vector<Version>>& into) {
  ++begun_;
  threads_.emplace_back([this, kind = std::move(kind), name_space, selector, &into](const std::stop_token& stop) {
    Sink sink(*this, into);
    agent::KubeListOptions options;
    options.namespace_ = name_space;
    options.label_selector = selector;
    agent::KubeCall call;
    call.interrupt.stop = stop;
    static_cast<void>(client_.watch(kind, options, sink, call).ok());
  });
}

std::map<std::string, std::vector<Version>> History::inventories() const {
  const std::lock_guard lock(mutex_);
  return inventories_;
}

std::map<std::string, std::vector<Version>> History::leases() const {
  const std::lock_guard lock(mutex_);
  return leases_;
}

std::string History::holder(const std::string& lease) const {
  const std::lock_guard lock(mutex_);
  const auto found = leases_.find("gitopsctl-system/" + lease);
  if (found == leases_.end() || found->second.back().deleted) return {};
  return std::string(found->second.back().body.string_at({"spec", "holderIdentity"}));
}

int History::gaps() const {
  const std::lock_guard lock(mutex_);
  return listed_ - begun_;
}

}  // namespace gitopsctl::replicas
