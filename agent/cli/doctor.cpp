#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "agent/cli/check.hpp"
#include "agent/cli/doctor_cluster.hpp"
#include "agent/cli/print_value.hpp"
#include "agent/cli/runs.hpp"
#include "agent/cli/session.hpp"
#include "agent/cli/table.hpp"
#include "agent/config/agent_config.hpp"
#include "base/crypto/digest.hpp"
#include "base/process/signals.hpp"
#include "base/text/escape.hpp"
#include "channels/model/channel.hpp"

namespace gitopsctl::agent::cli {

namespace {

namespace fs = std::filesystem;

/// The directory itself, or the nearest one above it that is there: a new file below must be possible in it.
fs::path nearest_directory(fs::path path) {
  std::error_code ignored;
  while (!path.empty() && path.has_relative_path() && !fs::exists(path, ignored)) path = path.parent_path();
  return path.empty() ? fs::path(".") : path;
}

/// Makes a file in the directory (or where it would be made) and takes it away again.
Check check_writable(const std::string& name, const std::string& directory) {
  const fs::path place = nearest_directory(directory);
  const std::string probe = (place / (".gitopsctl-doctor-" + hex_encode(random_bytes(6)))).string();
  const int file = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    return {name, false, "cannot write in '" + place.string() + "': " + std::strerror(errno),
            "let the agent's user write there, or name another place in the agent's file"};
  }
  ::close(file);
  ::unlink(probe.c_str());
  return passed(name, place == fs::path(directory) ? "writable" : "will be made in " + place.string());
}

std::vector<std::string> bound_channels(const AgentConfig& config, const std::string& repository) {
  std::vector<std::string> out;
  for (const auto& binding : config.bindings) {
    if (binding.repository == repository) out.push_back(binding.channel);
  }
  return out;
}

/// The channel's file as the tip of its branch has it.
Check check_channel(channels::Mirror& mirror, const BindingConfig& binding, const channels::CommitId& tip) {
  const std::string name = "channel " + binding.repository + '/' + binding.channel;
  const std::string next = "mend the file and push releases/" + binding.channel;
  const auto tree = mirror.tree(tip);
  if (!tree.ok()) return failed(name, tree.error(), "run it again; the object was not fetched whole");
  const auto channel = channels::load_channel(**tree, binding.channel, binding.channel_file);
  if (!channel.ok()) return failed(name, channel.error().flatten().front(), next);
  std::size_t bad = 0;
  const Error* first = nullptr;
  for (const auto& release : channel->releases) {
    if (release.problems.empty()) continue;
    ++bad;
    if (first == nullptr) first = &release.problems.front();
  }
  const std::string all = std::to_string(channel->releases.size());
  if (first == nullptr) return passed(name, all + " releases at " + tip.substr(0, 12));
  Check out = failed(name, *first, next);
  out.message = std::to_string(bad) + " of " + all + " releases cannot be deployed; the first: " + out.message;
  return out;
}

void check_repository(const AgentConfig& config, const RepositoryConfig& repository, const Interrupt& interrupt,
                      std::vector<Check>& checks) {
  const std::string name = "repository " + repository.name;
  const std::string next = "see that this machine reaches the server and that the credentials are right";
  // A mirror of its own that goes away again: the agent's may be in use.
  std::string directory = (fs::temp_directory_path() / "gitopsctl-doctor-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) {
    checks.push_back({name, false, "cannot make a temporary directory", "set TMPDIR to a place that can be written to"});
    return;
  }
  const auto look = [&]() -> Result<void> {
    GITOPSCTL_TRY(const auto mirror, channels::Mirror::open(directory + "/mirror.git", repository.remote));
    GITOPSCTL_TRY(const auto listing, mirror->list_remote(interrupt));
    checks.push_back(passed(name, std::to_string(listing.refs.size()) + " branches at " + repository.remote.url));
    std::vector<std::string> wanted;
    for (const auto& channel : bound_channels(config, repository.name)) {
      const std::string ref = "refs/heads/releases/" + channel;
      if (listing.refs.contains(ref)) wanted.push_back(ref);
    }
    if (!wanted.empty()) GITOPSCTL_CHECK(mirror->fetch(listing, wanted, interrupt));
    for (const auto& binding : config.bindings) {
      if (binding.repository != repository.name) continue;
      const std::string branch = "releases/" + binding.channel;
      const auto tip = listing.refs.find("refs/heads/" + branch);
      const std::string label = "branch " + repository.name + ':' + branch;
      if (tip == listing.refs.end()) {
        checks.push_back({label, false, "the repository does not have it",
                          "push " + branch + ", or take the binding out of the agent's file"});
        continue;
      }
      checks.push_back(passed(label, "at " + tip->second.substr(0, 12)));
      checks.push_back(check_channel(*mirror, binding, tip->second));
    }
    return {};
  };
  if (const auto looked = look(); !looked.ok()) checks.push_back(failed(name, looked.error(), next));
  std::error_code ignored;
  fs::remove_all(directory, ignored);
}

Check check_embedded(const EnvironmentConfig& environment) {
  const std::string name = "environment " + environment.name;
  std::error_code ignored;
  if (!fs::exists(environment.path, ignored)) {
    // Looking must not make it.
    Check out = check_writable(name, fs::absolute(environment.path, ignored).parent_path().string());
    if (out.ok) out.message = "does not exist yet; the agent makes it";
    return out;
  }
  auto opened = open_embedded_environment(environment.path, system_clock());
  if (!opened.ok()) return failed(name, opened.error(), "see the rights of '" + environment.path + "' and of its directory");
  const auto version = (*opened)->version();
  if (!version.ok()) return failed(name, version.error(), "see the rights of '" + environment.path + "'");
  return passed(name, "opens");
}

Result<void> print(Terminal& terminal, const std::vector<Check>& checks, OutputFormat format) {
  if (format != OutputFormat::table) {
    Value::List list;
    for (const auto& check : checks) {
      list.push_back(make_map({{"check", Value::string(check.name)},
                               {"ok", Value::boolean(check.ok)},
                               {"message", Value::string(check.message)},
                               {"next", Value::string(check.next)}}));
    }
    return print_value(terminal, make_map({{"checks", Value::list(std::move(list))}}), format);
  }
  Table table({"CHECK", "RESULT", "MESSAGE"});
  for (const auto& check : checks) {
    table.add({check.name, check.ok ? "ok" : "FAILED", check.message}, check.ok ? Tint::good : Tint::bad, 1);
    if (!check.ok) table.add({"", "", "→ " + check.next});
  }
  terminal.out(table.text(terminal.colour_out()));
  return {};
}

}  // namespace

Result<int> run_doctor(const Invocation& invocation) {
  const std::stop_token stop = stop_on_signals();
  std::vector<Check> checks;
  const auto config = load_agent_config(invocation.config_path());
  if (config.ok()) {
    checks.push_back(passed("agent's file", config->file));
    checks.push_back(check_writable("state directory", config->state_directory));
    for (const auto& repository : config->repositories) {
      check_repository(*config, repository, {stop, {}}, checks);
    }
    for (const auto& environment : config->environments) {
      if (environment.kind == EnvironmentKind::cluster) {
        check_cluster(*config, environment, {stop, {}}, checks);
      } else {
        checks.push_back(check_embedded(environment));
      }
    }
  } else {
    for (const auto& error : config.error().flatten()) {
      checks.push_back(failed("agent's file", error, "mend it, or name another one with --config or GITOPSCTL_CONFIG"));
    }
  }
  GITOPSCTL_CHECK(print(invocation.terminal(), checks, invocation.output()));
  for (const auto& check : checks) {
    if (!check.ok) return 1;
  }
  return 0;
}

}  // namespace gitopsctl::agent::cli
