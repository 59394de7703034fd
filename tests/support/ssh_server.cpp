#include "tests/support/ssh_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace gitopsctl::support {
namespace {

constexpr const char* sshd = "/usr/sbin/sshd";

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  out.sin_port = htons(port);
  return out;
}

/// A port that nobody uses. sshd takes it over a moment later.
std::uint16_t free_port() {
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool good = ::bind(file, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                    ::getsockname(file, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(file);
  if (!good) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

bool answers(std::uint16_t port) {
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool good = ::connect(file, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(file);
  return good;
}

std::string without_comment(const std::string& line) {
  const auto first = line.find(' ');
  return line.substr(0, line.find_first_of(" \n", first + 1));
}

}  // namespace

bool has_ssh_server() {
  return ::access(sshd, X_OK) == 0 && ::access("/usr/bin/ssh-keygen", X_OK) == 0 &&
         ::access("/usr/bin/git-shell", X_OK) == 0;
}

std::string SshKeyPair::private_text() const { return text_of(path); }
std::string SshKeyPair::public_text() const { return without_comment(text_of(path + ".pub")); }

SshKeyPair make_ssh_key(const std::string& path, const std::vector<std::string>& arguments, const std::string& passphrase) {
  std::vector<std::string> command{"ssh-keygen", "-q", "-N", passphrase, "-C", "", "-f", path};
  command.insert(command.end(), arguments.begin(), arguments.end());
  run_program(command);
  return {path};
}

SshServer::SshServer(SshServerOptions options) : options_(std::move(options)), repositories_(root_ / "repositories") {
  const passwd* me = ::getpwuid(::geteuid());
  if (me == nullptr) throw std::runtime_error("this user has no name");
  user_ = me->pw_name;
  std::filesystem::create_directory(repositories_);
  for (const auto& kind : options_.host_keys) static_cast<void>(make_ssh_key(root_ / ("host_" + kind), {"-t", kind}));
  authorize({});
  port_ = free_port();
  // What git needs to be everybody's and nobody's; then the command as a forge's account runs it, or in a shell.
  const std::string wrapper = root_ / "command";
  std::ofstream(wrapper) << "#!/bin/sh\n"
                         << "export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_CONFIG_COUNT=2\n"
                         << "export GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'\n"
                         << "export GIT_CONFIG_KEY_1=core.fsync GIT_CONFIG_VALUE_1=none\n"
                         << options_.preamble << "\n"
                         << (options_.allow_push ? ""
                                                 : "case $SSH_ORIGINAL_COMMAND in git-receive-pack*)\n"
                                                   "  echo 'ERROR: The key is marked as read only.' >&2; exit 1;; esac\n")
                         << (options_.shell ? "exec sh -c \"$SSH_ORIGINAL_COMMAND\"\n"
                                            : "exec git-shell -c \"$SSH_ORIGINAL_COMMAND\"\n");
  std::filesystem::permissions(wrapper, std::filesystem::perms::owner_all);
  std::ofstream config(root_ / "sshd_config");
  config << "ListenAddress 127.0.0.1\nPort " << port_ << "\nPidFile none\nUsePAM no\nStrictModes no\nLogLevel VERBOSE\n"
         << "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nPrintMotd no\n"
         << "MaxStartups 100\nAuthorizedKeysFile " << (root_ / "authorized_keys") << "\nForceCommand " << wrapper << "\n";
  for (const auto& kind : options_.host_keys) config << "HostKey " << (root_ / ("host_" + kind)) << "\n";
  if (options_.protocol_v2) config << "AcceptEnv GIT_PROTOCOL\n";
  for (const auto& line : options_.configuration) config << line << "\n";
  config.close();
  start();
}

SshServer::~SshServer() { stop(); }

void SshServer::start() {
  // sshd started by root wants its empty directory.
  if (::geteuid() == 0) ::mkdir("/run/sshd", 0755);
  Command command;
  command.program = sshd;
  command.arguments = {"-D", "-e", "-f", root_ / "sshd_config"};
  const int log = ::open((root_ / "sshd.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  auto started = ChildProcess::start(command, {-1, log, log});
  ::close(log);
  if (!started.ok()) throw std::runtime_error("sshd does not start: " + started.error().to_string());
  process_.emplace(std::move(started).value());
  for (int i = 0; i < 200 && !answers(port_); ++i) {
    if (process_->poll_exit()) throw std::runtime_error("sshd ended: " + this->log());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void SshServer::stop() {
  if (!process_) return;
  process_->terminate(Millis(2000));
  process_.reset();
}

void SshServer::restart() {
  stop();
  start();
}

ScratchRepo SshServer::repository(const std::string& name) { return ScratchRepo(repositories_ + "/" + name); }

std::string SshServer::url(const std::string& name, std::uint16_t port) const {
  return "ssh://" + user_ + "@127.0.0.1:" + std::to_string(port == 0 ? port_ : port) + repositories_ + "/" + name;
}

SshKeyPair SshServer::user_key(const std::vector<std::string>& arguments, const std::string& passphrase) {
  SshKeyPair key = make_ssh_key(root_ / ("user_" + std::to_string(keys_++)), arguments, passphrase);
  authorized_.push_back(key.public_text());
  authorize(authorized_);
  return key;
}

void SshServer::authorize(const std::vector<std::string>& public_keys) {
  authorized_ = public_keys;
  std::ofstream file(root_ / "authorized_keys");
  for (const auto& key : public_keys) file << key << "\n";
}

std::string SshServer::host_key(const std::string& kind) const {
  return without_comment(text_of(root_ / ("host_" + kind + ".pub")));
}

std::string SshServer::known_hosts(const std::string& kind, std::uint16_t port) const {
  std::string out;
  for (const auto& each : options_.host_keys) {
    if (!kind.empty() && kind != each) continue;
    out += "[127.0.0.1]:" + std::to_string(port == 0 ? port_ : port) + " " + host_key(each) + "\n";
  }
  return out;
}

std::string SshServer::log() const { return text_of(root_ / "sshd.log"); }

struct Relay::State {
  std::uint16_t upstream = 0;
  std::uint16_t port = 0;
  int listener = -1;
  std::atomic<std::int64_t> cut{-1};
  std::atomic<std::int64_t> hang{-1};
  std::atomic<int> connections{0};
  std::atomic<bool> ending{false};
  bool proxy = false;
  mutable std::mutex mutex;
  std::string asked;
  std::vector<std::jthread> threads;

  void serve(int client);
  bool take_request(int client);
  void accept_all();
};

/// Reads the head of a CONNECT and says yes.
bool Relay::State::take_request(int client) {
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    char sign = 0;
    if (::recv(client, &sign, 1, 0) != 1 || head.size() > 8192) return false;
    head += sign;
  }
  const std::lock_guard lock(mutex);
  asked = head.substr(0, head.find('\r'));
  const std::string yes = "HTTP/1.1 200 Connection established\r\n\r\n";
  return ::send(client, yes.data(), yes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(yes.size());
}

void Relay::State::serve(int client) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(upstream);
  std::int64_t passed = 0;
  bool open = (!proxy || take_request(client)) &&
              ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  while (open && !ending) {
    if (hang >= 0 && passed > hang) {  // nothing is taken either, so that what is sent piles up
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    std::array<pollfd, 2> files{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    if (::poll(files.data(), files.size(), 50) <= 0) continue;
    for (int i = 0; i < 2 && open; ++i) {
      if (files[static_cast<std::size_t>(i)].revents == 0) continue;
      std::array<char, 16384> piece{};
      const auto got = ::recv(files[static_cast<std::size_t>(i)].fd, piece.data(), piece.size(), 0);
      open = got > 0;
      if (!open) break;
      if (i == 1) passed += got;
      if (hang >= 0 && passed > hang) break;
      open = cut < 0 || passed <= cut;
      if (open) open = ::send(i == 0 ? server : client, piece.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
    }
  }
  ::close(server);
  ::close(client);
}

void Relay::State::accept_all() {
  std::vector<std::jthread> served;
  while (!ending) {
    pollfd file{listener, POLLIN, 0};
    if (::poll(&file, 1, 50) <= 0) continue;
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    ++connections;
    served.emplace_back([this, client] { serve(client); });
  }
}

Relay::Relay(std::uint16_t upstream_port, bool proxy) : state_(std::make_unique<State>()) {
  state_->upstream = upstream_port;
  state_->proxy = proxy;
  state_->listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(state_->listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(state_->listener, 16) != 0 ||
      ::getsockname(state_->listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("the relay cannot listen");
  }
  state_->port = ntohs(address.sin_port);
  state_->threads.emplace_back([state = state_.get()] { state->accept_all(); });
}

Relay::~Relay() {
  state_->ending = true;
  state_->threads.clear();
  ::close(state_->listener);
}

std::uint16_t Relay::port() const { return state_->port; }
void Relay::cut_after(std::int64_t bytes) { state_->cut = bytes; }
void Relay::hang_after(std::int64_t bytes) { state_->hang = bytes; }
std::string Relay::asked() const {
  const std::lock_guard lock(state_->mutex);
  return state_->asked;
}
int Relay::connections() const { return state_->connections; }

}  // namespace gitopsctl::support
