#include "tests/support/cluster_agent.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "channels/http/client.hpp"

namespace gitopsctl::support {

namespace {

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

ClusterAgent::ClusterAgent(ClusterAgentOptions options) : options_(std::move(options)) {
  std::ofstream(directory_ / "kubeconfig") << options_.kubeconfig;
  std::ofstream out(directory_ / "agent.yaml");
  out << "installation: " << options_.installation << "\nstateDirectory: state\nrepositories:\n"
      << "  - {name: shop, url: \"" << options_.repository << "\", poll: {interval: " << options_.poll << "}}\n"
      << "environments:\n  - {name: cluster, kind: cluster, kubeconfig: kubeconfig}\nbindings:\n";
  for (const auto& channel : options_.channels) {
    out << "  - {repository: shop, channel: " << channel << ", environment: cluster}\n";
  }
  out << "drift: {interval: " << options_.drift << "}\n";
}

ClusterAgent::~ClusterAgent() = default;

std::vector<std::pair<std::string, std::string>> ClusterAgent::variables() const {
  std::vector<std::pair<std::string, std::string>> out{{"HOME", directory_.path()}};
  for (const char* name : {"PATH", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name); value != nullptr) out.emplace_back(name, value);
  }
  for (const auto& added : options_.environment) {
    std::erase_if(out, [&added](const auto& variable) { return variable.first == added.first; });
    out.push_back(added);
  }
  return out;
}

void ClusterAgent::start() {
  const std::size_t before = log().size();
  const int file = ::open((directory_ / "agent.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  Command command;
  command.program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
  command.arguments = {"agent", "--config", directory_ / "agent.yaml", "--listen", "127.0.0.1:0"};
  command.environment = variables();
  auto started = ChildProcess::start(command, {-1, file, file});
  ::close(file);
  if (!started.ok()) throw std::runtime_error(started.error().to_string());
  process_ = std::move(started).value();
  const Deadline deadline(system_clock(), Millis{60'000});
  while (!deadline.passed() && runs()) {
    const std::string said = log().substr(before);
    const auto at = said.find(" port=");
    const auto end = at == std::string::npos ? at : said.find_first_not_of("0123456789", at + 6);
    if (end != std::string::npos) {
      port_ = static_cast<std::uint16_t>(std::stoi(said.substr(at + 6, end - at - 6)));
      return;
    }
    system_clock().sleep(Millis{20}, {});
  }
  throw std::runtime_error("the agent does not listen: " + log().substr(before));
}

bool ClusterAgent::runs() { return process_ && !process_->poll_exit(); }

ClusterAgent::Stopped ClusterAgent::stop() {
  if (!process_) return {};
  const Millis begin = system_clock().monotonic();
  const int code = process_->terminate(Millis{20'000}).exit_code;
  process_.reset();
  return {code, system_clock().monotonic() - begin};
}

void ClusterAgent::kill() {
  if (!process_) return;
  process_->send(SIGKILL);
  static_cast<void>(process_->wait({}).ok());
  process_.reset();
}

void ClusterAgent::pause() {
  if (process_) process_->send(SIGSTOP);
}

void ClusterAgent::go_on() {
  if (process_) process_->send(SIGCONT);
}

std::pair<int, std::string> ClusterAgent::get(const std::string& path) const {
  channels::HttpClient client({});
  channels::HttpRequest request;
  request.url = "http://127.0.0.1:" + std::to_string(port_) + path;
  const auto answer = client.send(request, {{}, Deadline(system_clock(), Millis{10'000})});
  if (!answer.ok()) return {0, answer.error().to_string()};
  return {answer->status, answer->body};
}

CapturedOutput ClusterAgent::run(const std::vector<std::string>& arguments) const {
  CapturedCommand command;
  command.command.program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
  command.command.arguments = arguments;
  command.command.arguments.insert(command.command.arguments.end(), {"--config", path() + "/agent.yaml"});
  command.command.environment = variables();
  auto output = run_command(command, {{}, Deadline(system_clock(), Millis{120'000})});
  if (!output.ok()) throw std::runtime_error(output.error().to_string());
  return *std::move(output);
}

std::string ClusterAgent::log() const { return content_of(path() + "/agent.log"); }

std::string ClusterAgent::holder() const { return content_of(path() + "/state/agent.id"); }

}  // namespace gitopsctl::support
