#include "tests/support/control_plane.hpp"

#include <openssl/rand.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "base/crypto/digest.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/pod_fates.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::support {
namespace {

namespace fs = std::filesystem;
using agent::demo::Wire;
using agent::demo::WireHead;
using Millis = std::chrono::milliseconds;

// etcd keeps 64 MB for each of two log segments free, and the rest is the data of one test program.
constexpr unsigned long long wanted_memory = 768ULL << 20U;
// Two seconds where the machine is quiet.
constexpr Millis start_limit{300'000};
constexpr Millis stop_grace{20'000};
constexpr int port_attempts = 3;
constexpr const char* issuer = "https://kubernetes.default.svc";
constexpr std::array stage_folders{"kustomize/stage/node/fast", "kustomize/stage/node/heartbeat",
                                   "kustomize/stage/pod/fast"};

constexpr const char* node = R"yaml({apiVersion: v1, kind: Node, metadata: {name: fake,
  annotations: {kwok.x-k8s.io/node: fake}, labels: {kubernetes.io/hostname: fake, kubernetes.io/os: linux}}}
)yaml";

std::string random_hex() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) throw std::runtime_error("no random bytes");
  std::string out;
  for (const unsigned char byte : bytes) {
    out += "0123456789abcdef"[byte >> 4U];
    out += "0123456789abcdef"[byte & 15U];
  }
  return out;
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

/// Whether a GET is answered with 200.
bool answers(Wire* wire, const std::string& path, const std::string& token) {
  if (wire == nullptr) return false;
  std::string text = "GET " + path + " HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n";
  if (!token.empty()) text += "authorization: Bearer " + token + "\r\n";
  WireHead head;
  return wire->write(text + "\r\n") && wire->read_head(head) && head.first_line.starts_with("HTTP/1.1 200");
}

/// The folder that `./dev setup` keeps kwok's stages in: beside the program itself, wherever the link to it is.
fs::path kwok_home() {
  std::error_code failed;
  const auto program = tests::find_peer("kwok");
  return program ? fs::canonical(*program, failed).parent_path() : fs::path();
}

std::vector<std::string> yaml_files(const fs::path& folder) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const auto name = entry.path().filename();
    if (name.extension() == ".yaml" && name != "kustomization.yaml") out.push_back(entry.path().string());
  }
  return out;
}

std::string comma_list(const std::set<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ",") + name;
  return out;
}

}  // namespace

ControlPlane::ControlPlane(ControlPlaneOptions options)
    : directory_(wanted_memory),
      peers_(directory_.path()),
      options_(std::move(options)),
      dialer_(authority_.pem()),
      server_(authority_.issue_server({"IP:127.0.0.1", "IP:10.0.0.1", "DNS:localhost"})),
      admin_token_(random_hex()),
      kubeconfig_file_(directory_ / "admin.kubeconfig") {
  const KeyPair accounts = make_rsa_pair();
  write_file(directory_ / "ca.pem", authority_.pem());
  write_file(directory_ / "server.pem", server_.certificate_pem);
  write_file(directory_ / "server.key", server_.key_pem);
  write_file(directory_ / "accounts.key", accounts.private_pem);
  write_file(directory_ / "accounts.pub", accounts.public_pem);
  write_file(directory_ / "tokens.csv", admin_token_ + ",admin,admin-uid,\"system:masters\"\n");
  start_etcd();
  start_api_server();
}

// The members end what they hold: first the processes, then the directory.
ControlPlane::~ControlPlane() = default;

std::vector<std::string> ControlPlane::missing_peers(bool controllers, bool pods) {
  std::vector<std::string> needed{"etcd", "kube-apiserver", "kubectl"};
  if (controllers) needed.emplace_back("kube-controller-manager");
  if (pods) needed.insert(needed.end(), {"kube-scheduler", "kwok"});
  std::erase_if(needed, [](const std::string& name) { return tests::find_peer(name).has_value(); });
  return needed;
}

ControlPlane& ControlPlane::shared() {
  static std::string failure;
  if (!failure.empty()) throw std::runtime_error("the control plane failed before: " + failure);
  try {
    static ControlPlane plane;
    plane.check();
    return plane;
  } catch (const std::exception& error) {
    failure = error.what();
    throw;
  }
}

void ControlPlane::fail(const std::string& program, const std::string& what) const {
  throw std::runtime_error(program + " " + what + ":\n" + peers_.end_of_log(program));
}

void ControlPlane::start_etcd() {
  for (int attempt = 1;; ++attempt) {
    etcd_port_ = free_port();
    const std::string client = "http://127.0.0.1:" + std::to_string(etcd_port_);
    const std::string peer = "http://127.0.0.1:" + std::to_string(free_port());
    peers_.start("etcd",
                 {"--name=test", "--data-dir=" + (directory_ / ("etcd-" + std::to_string(attempt))),
                  "--listen-client-urls=" + client, "--advertise-client-urls=" + client, "--listen-peer-urls=" + peer,
                  "--initial-advertise-peer-urls=" + peer, "--initial-cluster=test=" + peer, "--unsafe-no-fsync",
                  "--heartbeat-interval=10", "--election-timeout=100", "--log-level=warn"});
    const auto ready = [this] {
      const int socket = agent::demo::connect_loopback(etcd_port_);
      if (socket < 0) return false;
      Wire wire(socket, nullptr, 5);
      return answers(&wire, "/readyz", {});
    };
    if (peers_.wait_until("etcd", ready, start_limit)) return;
    if (peers_.runs("etcd") || attempt == port_attempts) fail("etcd", "did not become ready");
  }
}

std::vector<std::string> ControlPlane::api_server_arguments() const {
  std::vector<std::string> out{"--etcd-servers=http://127.0.0.1:" + std::to_string(etcd_port_),
                               "--bind-address=127.0.0.1",
                               "--secure-port=" + std::to_string(port_),
                               "--advertise-address=127.0.0.1",
                               "--endpoint-reconciler-type=none",
                               "--service-cluster-ip-range=10.0.0.0/24",
                               "--authorization-mode=RBAC",
                               "--token-auth-file=" + (directory_ / "tokens.csv"),
                               "--client-ca-file=" + (directory_ / "ca.pem"),
                               "--tls-cert-file=" + (directory_ / "server.pem"),
                               "--tls-private-key-file=" + (directory_ / "server.key"),
                               std::string("--service-account-issuer=") + issuer,
                               "--service-account-key-file=" + (directory_ / "accounts.pub"),
                               "--service-account-signing-key-file=" + (directory_ / "accounts.key"),
                               "--cert-dir=" + (directory_ / "api-server"),
                               "--profiling=false"};
  out.insert(out.end(), options_.api_server_flags.begin(), options_.api_server_flags.end());
  return out;
}

void ControlPlane::start_api_server() {
  if (peers_.runs("kube-apiserver")) return;
  std::vector<std::pair<std::string, std::string>> environment;
  if (!options_.api_server_gogc.empty()) environment.emplace_back("GOGC", options_.api_server_gogc);
  const bool first = port_ == 0;
  for (int attempt = 1;; ++attempt) {
    if (first) port_ = free_port();
    peers_.start("kube-apiserver", api_server_arguments(), environment);
    const auto ready = [this] { return answers(dialer_.dial(port_, 10).get(), "/readyz", admin_token_); };
    if (peers_.wait_until("kube-apiserver", ready, start_limit)) break;
    // A port that somebody else took in between is worth another one.
    if (!first || attempt == port_attempts || peers_.runs("kube-apiserver")) fail("kube-apiserver", "did not become ready");
  }
  write_file(kubeconfig_file_, kubeconfig());
}

void ControlPlane::stop_api_server(bool kill) { peers_.stop("kube-apiserver", kill ? Millis{0} : stop_grace); }

void ControlPlane::run_controllers(const std::set<std::string>& names) {
  const auto known = controllers_.size();
  controllers_.insert(names.begin(), names.end());
  if (controllers_.size() == known) return;
  peers_.stop("kube-controller-manager", Millis{0});
  start_serving("kube-controller-manager",
                {"--service-account-private-key-file=" + (directory_ / "accounts.key"),
                 "--root-ca-file=" + (directory_ / "ca.pem"), "--controllers=" + comma_list(controllers_)});
}

void ControlPlane::start_serving(const std::string& program, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--kubeconfig=" + kubeconfig_file_, "--leader-elect=false", "--bind-address=127.0.0.1",
                                     "--tls-cert-file=" + (directory_ / "server.pem"),
                                     "--tls-private-key-file=" + (directory_ / "server.key")});
  for (int attempt = 1;; ++attempt) {
    const std::uint16_t port = free_port();
    auto all = arguments;
    all.push_back("--secure-port=" + std::to_string(port));
    peers_.start(program, all);
    const auto ready = [&] { return answers(dialer_.dial(port, 10).get(), "/healthz", {}); };
    if (peers_.wait_until(program, ready, start_limit)) return;
    if (attempt == port_attempts || peers_.runs(program)) fail(program, "did not become ready");
  }
}

void ControlPlane::run_pods() {
  if (peers_.runs("kwok")) return;
  apply(node);
  start_serving("kube-scheduler", {});
  start_kwok();
  // The API server gives every new node a taint that the node-lifecycle controller takes away, which need not run.
  kubectl({"patch", "node", "fake", "--type=merge", "--patch", R"({"spec":{"taints":null}})"});
  kubectl({"wait", "--for=condition=Ready", "--timeout=120s", "node/fake"});
}

void ControlPlane::start_kwok() {
  std::vector<std::string> arguments{"--kubeconfig=" + kubeconfig_file_, "--manage-all-nodes=true"};
  for (const auto* folder : stage_folders) {
    const auto files = yaml_files(kwok_home() / folder);
    if (files.empty()) throw std::runtime_error("kwok has no stages beside it: ./dev setup --peers=kwok keeps them there");
    for (const auto& file : files) arguments.push_back("--config=" + file);
  }
  auto stages = pod_fate_stages();
  for (const auto& [name, yaml] : stages_) stages[name] = yaml;
  for (const auto& [name, yaml] : stages) {
    const std::string file = directory_ / ("stage-" + name + ".yaml");
    write_file(file, yaml);
    arguments.push_back("--config=" + file);
  }
  peers_.stop("kwok", Millis{0});
  peers_.start("kwok", arguments);
}

void ControlPlane::play_stage(const std::string& name, const std::string& yaml) {
  stages_[name] = yaml;
  if (peers_.runs("kwok")) start_kwok();
}

void ControlPlane::forget_stage(const std::string& name) {
  if (stages_.erase(name) > 0 && peers_.runs("kwok")) start_kwok();
}

CertifiedKey ControlPlane::client(const std::string& user, const std::string& group) {
  return authority_.issue_client(user, group);
}

std::string ControlPlane::service_account_token(const std::string& name_space, const std::string& name) const {
  std::string token = kubectl({"create", "token", name, "--namespace=" + name_space});
  while (token.ends_with('\n')) token.pop_back();
  return token;
}

std::string ControlPlane::kubeconfig(const KubeconfigOptions& options) const {
  const std::string server = options.server.empty() ? url() : options.server;
  std::string cluster = "server: '" + server + "'";
  if (server.starts_with("https:")) {
    cluster += ", certificate-authority-data: " + base64_encode(options.other_ca.empty() ? ca_pem() : options.other_ca);
  }
  std::string user;
  if (!options.client.certificate_pem.empty()) {
    user = "client-certificate-data: " + base64_encode(options.client.certificate_pem) +
           ", client-key-data: " + base64_encode(options.client.key_pem);
  } else {
    user = "token: '" + (options.token.empty() ? admin_token_ : options.token) + "'";
  }
  const std::string name_space = options.name_space.empty() ? "" : ", namespace: '" + options.name_space + "'";
  return "apiVersion: v1\nkind: Config\ncurrent-context: test\nclusters:\n- {name: test, cluster: {" + cluster +
         "}}\nusers:\n- {name: test, user: {" + user + "}}\ncontexts:\n- {name: test, context: {cluster: test, user: test" +
         name_space + "}}\n";
}

std::string ControlPlane::kubectl(const std::vector<std::string>& arguments, const std::string& input) const {
  const auto program = tests::find_peer("kubectl");
  if (!program) throw std::runtime_error("kubectl is not here: ./dev setup --peers=kubectl builds it");
  std::vector<std::string> command{*program, "--kubeconfig=" + kubeconfig_file_, "--cache-dir=" + (directory_ / "kubectl")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_program(command, {"KUBERC=off"}, input);
}

void ControlPlane::apply(const std::string& yaml, const std::string& name_space) const {
  std::vector<std::string> arguments{"apply", "--server-side", "--field-manager=test", "--filename=-"};
  if (!name_space.empty()) arguments.push_back("--namespace=" + name_space);
  kubectl(arguments, yaml);
}

std::string ControlPlane::fresh_namespace(const std::string& prefix) {
  const std::string name = prefix + "-" + std::to_string(++namespaces_);
  kubectl({"create", "namespace", name});
  if (controllers_.contains("serviceaccount-controller")) {
    kubectl({"wait", "--for=create", "--timeout=120s", "--namespace=" + name, "serviceaccount/default"});
  }
  return name;
}

}  // namespace gitopsctl::support
