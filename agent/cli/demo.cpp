#include "agent/demo/demo.hpp"

#include <unistd.h>

#include <array>
#include <filesystem>

#include "agent/cli/runs.hpp"
#include "agent/cli/session.hpp"
#include "agent/cluster/cluster_environment.hpp"
#include "agent/kube/kubeconfig.hpp"
#include "base/process/signals.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl::agent::cli {

namespace {

/// `gitopsctl` beside the program that runs now.
Result<std::string> shown_program() {
  std::array<char, 4096> path{};
  const auto size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (size <= 0) return Error(ErrorCode::internal, "the program does not find itself");
  const std::filesystem::path self(std::string(path.data(), static_cast<std::size_t>(size)));
  for (const auto& place : {self.parent_path() / "gitopsctl", self.parent_path() / "../../bin/gitopsctl"}) {
    std::error_code failed;
    if (std::filesystem::exists(place, failed)) return std::filesystem::canonical(place).string();
  }
  return Error(ErrorCode::not_found, "no gitopsctl beside " + self.string());
}

/// In a cluster somebody at a dashboard, which writes under a name of its own; nothing for other environments.
Result<std::unique_ptr<Environment>> hand_of(const AgentConfig& config, const BindingConfig& binding) {
  const EnvironmentConfig* environment = config.environment(binding.environment);
  if (environment->kind != EnvironmentKind::cluster) return std::unique_ptr<Environment>();
  KubeTargetOptions options;
  options.kubeconfig = environment->kubeconfig;
  options.context = environment->context;
  ClusterSettings settings;
  GITOPSCTL_TRY(settings.target, load_kube_target(options));
  settings.field_manager = "dashboard";
  return open_cluster_environment(std::move(settings), system_clock());
}

/// `--break CHANNEL/KIND/NAMESPACE/NAME --set a.b=value`: plays somebody who changes an object by hand, as kubectl edit
/// would.
Result<int> break_object(const Invocation& invocation) {
  const std::string object = invocation.text("break");
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= object.size();) {
    const auto slash = std::min(object.find('/', at), object.size());
    parts.push_back(object.substr(at, slash - at));
    at = slash + 1;
  }
  if (parts.size() != 4 || !invocation.given("set")) {
    return Error(ErrorCode::invalid_input, "--break takes CHANNEL/KIND/NAMESPACE/NAME and at least one --set PATH=VALUE");
  }
  GITOPSCTL_TRY(const auto session, Session::open(invocation));
  GITOPSCTL_TRY(auto channel, session->channel(parts[0]));
  GITOPSCTL_TRY(const auto hand, hand_of(session->config(), *channel.binding));
  if (hand) channel.environment = hand.get();
  // Kinds are named without their group here: the one object of that kind and name is meant.
  std::optional<LiveObject> live;
  for (const std::string group : {"", "apps", "batch", "networking.k8s.io", "autoscaling", "policy"}) {
    GITOPSCTL_TRY(live, channel.environment->get({group, parts[1], parts[2], parts[3]}));
    if (live) break;
  }
  if (!live) return Error(ErrorCode::not_found, "there is no " + parts[1] + " " + parts[2] + '/' + parts[3]);
  GITOPSCTL_CHECK(update_object(*channel.environment, live->id, [&](Value& body) {
    for (const auto& change : invocation.list("set")) {
      const auto equals = change.find('=');
      std::string path = change.substr(0, equals);
      Value* at = &body;
      for (auto dot = path.find('.'); dot != std::string::npos; dot = path.find('.')) {
        at = &at->child_map(path.substr(0, dot));
        path = path.substr(dot + 1);
      }
      auto value = parse_yaml(equals == std::string::npos ? "" : change.substr(equals + 1));
      at->set(path, value.ok() ? *std::move(value) : Value::string(change.substr(equals + 1)));
    }
  }));
  invocation.terminal().out(live->id.to_string() + " was changed by hand\n");
  return 0;
}

}  // namespace

Result<int> run_demo(const Invocation& invocation) {
  if (invocation.given("break")) return break_object(invocation);
  demo::DemoOptions options;
  options.stop = stop_on_signals();
  GITOPSCTL_TRY(options.program, shown_program());
  options.directory = invocation.text("directory");
  options.keep = invocation.is_set("keep");
  if (invocation.given("kubeconfig") || invocation.given("context")) {
    options.cluster = demo::ClusterOptions{invocation.text("kubeconfig"), invocation.text("context")};
  }
  Terminal& terminal = invocation.terminal();
  options.colour = terminal.colour_out();
  options.say = [&terminal](std::string_view text) {
    terminal.out(text);
    static_cast<void>(terminal.flush());  // a reader that went away is met at the end
  };
  GITOPSCTL_CHECK(demo::run_demo(options));
  return 0;
}

}  // namespace gitopsctl::agent::cli
