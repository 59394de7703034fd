#include "tests/support/bench_agent.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::support {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string program() { return std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl"; }

std::string http_get(channels::HttpClient& client, const std::string& url) {
  channels::HttpRequest request;
  request.url = url;
  const auto answer = client.send(request, {{}, Deadline(system_clock(), Millis(60'000))});
  if (!answer.ok()) throw std::runtime_error(answer.error().to_string());
  return answer->status == 200 ? answer->body : std::string();
}

channels::HttpOrigin origin_of(const ControlPlane& plane) {
  channels::HttpOrigin origin;
  origin.url = plane.url();
  origin.ca_pem = plane.ca_pem();
  origin.bearer = plane.admin_token();
  origin.direct = true;
  return origin;
}

/// The value of a label in a line of metrics.
std::string label(const std::string& line, const std::string& name) {
  const auto at = line.find(name + "=\"");
  if (at == std::string::npos) return {};
  const auto from = at + name.size() + 2;
  return line.substr(from, line.find('"', from) - from);
}

double value_of(const std::string& line) { return std::strtod(line.c_str() + line.rfind(' ') + 1, nullptr); }

}  // namespace

bool lacks_control_plane(const char* bench, int& code) {
  std::string missing;
  for (const auto& name : ControlPlane::missing_peers(false, false)) missing += ' ' + name;
  if (missing.empty()) return false;
  const char* strict = std::getenv("CI");
  code = strict != nullptr && std::string(strict) == "true" ? 1 : 0;
  std::fprintf(stderr, "NOT RUN: %s: no control plane without%s: ./dev setup --peers=kube builds it\n", bench,
               missing.c_str());
  return true;
}

void install_gitopsctl(ControlPlane& plane) {
  for (const char* name : {"channels", "releases", "approvals"}) {
    plane.apply(read_file(std::string(GITOPSCTL_SOURCE_DIR) + "/charts/gitopsctl/crds/" + name + ".yaml"));
  }
  plane.kubectl({"wait", "--for=condition=established", "crd/channels.gitopsctl.dev", "crd/releases.gitopsctl.dev",
                 "crd/approvals.gitopsctl.dev", "--timeout=30s"});
  plane.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: gitopsctl-system}\n");
  // The first list of a new kind is put off for a second (429), while the server fills its cache.
  plane.kubectl({"get", "channels,releases,approvals", "--all-namespaces"});
}

BenchAgent::BenchAgent(const ControlPlane& plane, const std::string& name, const std::string& poll)
    : plane_(plane),
      name_(name),
      http_(std::make_unique<channels::HttpClient>(origin_of(plane))),
      repository_(directory_ / "origin.git"),
      port_(free_port()) {
  std::ofstream file(directory_ / "agent.yaml");
  file << "installation: " << name << "\nstateDirectory: state\nstore: {path: state/store.db}\nlisten: 127.0.0.1:" << port_
       << "\nrepositories:\n  - {name: bench, url: " << repository_.path()
       << ", candidates: false, poll: {interval: " << poll
       << ", jitter: 0}}\nenvironments:\n  - {name: cluster, kind: cluster, kubeconfig: " << plane.kubeconfig_file()
       << "}\nbindings:\n  - {repository: bench, channel: prod, environment: cluster}\n";
}

BenchAgent::~BenchAgent() { stop(); }

void BenchAgent::make_key() {
  plane_.apply("apiVersion: v1\nkind: Secret\nmetadata: {name: gitopsctl-key-" + name_ +
               ", namespace: gitopsctl-system}\ndata: {key: " + base64_encode(std::string(32, 'k')) + "}\n");
}

void BenchAgent::start() {
  const int log = ::open((directory_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  auto started = ChildProcess::start({program(), {"agent", "--config", directory_ / "agent.yaml"}, {}, {}}, {-1, log, log});
  ::close(log);
  if (!started.ok()) throw std::runtime_error(started.error().to_string());
  process_ = std::move(started).value();
}

void BenchAgent::stop() {
  if (process_) process_->terminate(Millis(10'000));
  process_.reset();
}

MeasuredRun BenchAgent::run(std::vector<std::string> words) const {
  words.insert(words.begin(), program());
  words.insert(words.end(), {"--config", directory_ / "agent.yaml"});
  return run_measured(words, {{"XDG_CACHE_HOME", directory_ / "cache"}});
}

std::string BenchAgent::deployed() const {
  const auto body =
      parse_json(http_get(*http_, plane_.url() + "/apis/gitopsctl.dev/v1/namespaces/gitopsctl-system/channels/prod"));
  if (!body.ok() || body->string_at({"status", "state"}) != "Deployed") return {};
  return std::string(body->string_at({"status", "revision"}));
}

void BenchAgent::wait_for(const std::string& commit, double seconds) const {
  constexpr std::chrono::milliseconds look_every{100};
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (deployed() != commit) {
    if (std::chrono::steady_clock::now() > end) {
      throw std::runtime_error("the agent did not come to " + commit + ":\n" + log());
    }
    std::this_thread::sleep_for(look_every);
  }
}

double BenchAgent::metric(const std::string& name) const {
  channels::HttpOrigin origin;
  origin.url = "http://127.0.0.1:" + std::to_string(port_);
  origin.direct = true;
  channels::HttpClient client(origin);
  std::istringstream lines(http_get(client, origin.url + "/metrics"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + '{') || line.starts_with(name + ' ')) return value_of(line);
  }
  return 0;
}

std::string BenchAgent::log() const {
  const std::string text = read_file(directory_ / "log");
  return text.substr(text.size() - std::min<std::size_t>(text.size(), 4000));
}

std::map<std::string, double> server_requests(const ControlPlane& plane) {
  std::map<std::string, double> out;
  channels::HttpClient client(origin_of(plane));
  std::istringstream lines(http_get(client, plane.url() + "/metrics"));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("apiserver_request_total{")) continue;
    const std::string verb = label(line, "verb");
    if (verb == "WATCH" || verb == "CONNECT") continue;
    out[verb + ' ' + label(line, "resource")] += value_of(line);
  }
  return out;
}

double server_processor_s() {
  double out = 0;
  for (const char* program : {"kube-apiserver", "etcd"}) out += usage_of(child_named(program, ::getpid())).processor_s;
  return out;
}

const char* met(bool good) noexcept { return good ? "met" : "MISSED"; }

}  // namespace gitopsctl::support
