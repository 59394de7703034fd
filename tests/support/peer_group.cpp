#include "tests/support/peer_group.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "tests/support/peers.hpp"

namespace gitopsctl::support {
namespace {

constexpr std::size_t shown_log_bytes = 3000;
constexpr std::chrono::milliseconds between_questions{20};

std::vector<std::pair<std::string, std::string>> environment_with(
    const std::vector<std::pair<std::string, std::string>>& more) {
  auto out = more;
  for (char** line = environ; *line != nullptr; ++line) {
    const std::string text = *line;
    const auto equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const bool given = std::any_of(more.begin(), more.end(), [&](const auto& pair) { return pair.first == name; });
    if (!given && equals != std::string::npos) out.emplace_back(name, text.substr(equals + 1));
  }
  return out;
}

}  // namespace

PeerGroup::~PeerGroup() {
  // All at once: none is to be waited for because of another.
  for (auto& [name, process] : processes_) process.send(SIGKILL);
}

void PeerGroup::start(const std::string& name, const std::vector<std::string>& arguments,
                      const std::vector<std::pair<std::string, std::string>>& environment) {
  const auto program = tests::find_peer(name);
  if (!program) throw std::runtime_error(name + " is not here: ./dev setup --peers=" + name + " builds it");
  const std::string log = directory_ + "/" + name + ".log";
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("cannot write " + log);
  // setpriv sets the signal and becomes the program: posix_spawn cannot, and nothing of ours runs after a fork.
  Command command{"setpriv", {"--pdeathsig", "KILL", *program}, environment_with(environment), directory_};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  auto process = ChildProcess::start(command, {-1, file, file});
  close(file);
  if (!process.ok()) throw std::runtime_error(process.error().to_string());
  processes_.insert_or_assign(name, *std::move(process));
}

void PeerGroup::stop(const std::string& name, std::chrono::milliseconds grace) {
  const auto found = processes_.find(name);
  if (found == processes_.end()) return;
  found->second.terminate(grace);
  processes_.erase(found);
}

bool PeerGroup::runs(const std::string& name) {
  const auto found = processes_.find(name);
  return found != processes_.end() && !found->second.poll_exit();
}

bool PeerGroup::wait_until(const std::string& name, const std::function<bool()>& ready, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (runs(name)) {
    if (ready()) return true;
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(between_questions);
  }
  return false;
}

void PeerGroup::check() {
  for (auto& [name, process] : processes_) {
    if (process.poll_exit()) throw std::runtime_error(name + " has ended by itself:\n" + end_of_log(name));
  }
}

std::string PeerGroup::end_of_log(const std::string& name) const {
  std::ifstream file(directory_ + "/" + name + ".log");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.size() > shown_log_bytes) text.erase(0, text.find('\n', text.size() - shown_log_bytes) + 1);
  return text;
}

std::uint16_t free_port() {
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool good = file >= 0 && bind(file, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                    getsockname(file, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (file >= 0) close(file);
  if (!good) throw std::runtime_error("no free port on 127.0.0.1");
  return ntohs(address.sin_port);
}

}  // namespace gitopsctl::support
