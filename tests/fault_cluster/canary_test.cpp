// Secret values on the road to a real API server, by the real programs: an agent that goes on and every command, while
// things go well, while a policy quotes what it refuses, and while what is applied does not fit the server's schema, which
// the server says with the value in its mouth. None of them shows any.

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/process/child.hpp"
#include "base/process/spawn.hpp"
#include "tests/fault_cluster/stage.hpp"
#include "tests/support/git_server.hpp"
#include "tests/support/installation.hpp"

using namespace gitopsctl;
using namespace gitopsctl::fault;

namespace {

const std::string program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The agent's directory with its file, and the programs run on it.
class Place {
 public:
  Place(const crash::Cluster& cluster, const crash::Names& names, const std::string& url) : channel_(names.channel()) {
    std::ofstream(directory_ / "kubeconfig") << const_cast<crash::Cluster&>(cluster).plane().kubeconfig();
    std::ofstream(directory_ / "agent.yaml")
        << "installation: " << names.prefix << "\nstateDirectory: state\nstore: {path: state/store.db}\nrepositories:\n"
        << "  - {name: shop, url: " << url << ", candidates: false, poll: {interval: 1s}}\nenvironments:\n"
        << "  - {name: cluster, kind: cluster, kubeconfig: kubeconfig}\nbindings:\n  - {repository: shop, channel: "
        << channel_ << ", environment: cluster}\n";
  }

  std::string run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--config", directory_ / "agent.yaml"});
    CapturedCommand command;
    command.command.program = program;
    command.command.arguments = std::move(arguments);
    command.command.environment = environment();
    command.max_output = 64ULL << 20U;
    auto output = run_command(command, {{}, Deadline(system_clock(), Millis{120'000})});
    REQUIRE_MESSAGE(output.ok(), output.error().to_string());
    said_ += output->out + output->err;
    return output->out;
  }

  /// Every command that looks, in every form.
  void look() {
    for (const std::string format : {"table", "json", "yaml", "markdown"}) {
      run({"diff", channel_, "--live", "-o", format});
      run({"diff", channel_, "-o", format});
    }
    for (const std::string verb : {"status", "why", "history", "tree"}) {
      for (const std::string format : {"table", "json"}) run({verb, channel_, "-o", format});
    }
    for (const std::string verb : {"events", "doctor"}) {
      for (const std::string format : {"table", "json"}) run({verb, "-o", format});
    }
  }

  support::RunningAgent start() {
    const int log = ::open((directory_ / "agent.log").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    Command command;
    command.program = program;
    command.arguments = {"agent", "--listen", "127.0.0.1:0", "--config", directory_ / "agent.yaml"};
    command.environment = environment();
    auto process = ChildProcess::start(command, {-1, log, log});
    ::close(log);
    REQUIRE(process.ok());
    const Deadline deadline(system_clock(), Millis{60'000});
    while (!deadline.passed()) {
      const std::string text = read_file(directory_ / "agent.log");
      const auto at = text.find(" port=");
      const auto end = text.find_first_not_of("0123456789", at + 6);
      if (at != std::string::npos && end != std::string::npos) {
        return {*std::move(process), static_cast<std::uint16_t>(std::stoi(text.substr(at + 6, end - at - 6)))};
      }
      system_clock().sleep(Millis{50}, {});
    }
    throw std::runtime_error("the agent does not listen");
  }

  [[nodiscard]] const std::string& said() const { return said_; }
  [[nodiscard]] const std::string& path() const { return directory_.path(); }

 private:
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const {
    return {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", directory_.path()}, {"LC_ALL", "C.UTF-8"}};
  }
  support::ScratchDir directory_;
  std::string channel_;
  std::string said_;
};

void replace(std::string& text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
}

/// Waits until a Release says so.
bool comes(const support::ControlPlane& plane, const std::string& space, const std::string& path, const std::string& value) {
  const Deadline deadline(system_clock(), Millis{120'000});
  while (!deadline.passed()) {
    if (plane
            .kubectl(
                {"get", "release.gitopsctl.dev", "web", "-n", space, "--ignore-not-found", "-o", "jsonpath={" + path + "}"})
            .find(value) != std::string::npos) {
      return true;
    }
    system_clock().sleep(Millis{200}, {});
  }
  return false;
}

/// Refuses Secrets of a namespace, with what is in them as its reason.
std::string quoting_policy(const std::string& name, const std::string& space) {
  const std::string head = "---\napiVersion: admissionregistration.k8s.io/v1\nmetadata: {name: " + name + "}\nkind: ";
  return head +
         "ValidatingAdmissionPolicy\nspec:\n  failurePolicy: Fail\n  matchConstraints: {namespaceSelector: "
         "{matchLabels: {kubernetes.io/metadata.name: " +
         space +
         "}}, resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [secrets]}]}\n"
         "  validations:\n  - expression: \"!has(object.data) || object.metadata.name != 'fresh'\"\n"
         "    messageExpression: \"'refused: ' + string(object.data['password'])\"\n" +
         head + "ValidatingAdmissionPolicyBinding\nspec: {policyName: " + name + ", validationActions: [Deny]}\n";
}

}  // namespace

TEST_SUITE("cluster faults") {
  TEST_CASE("an agent and every command show no secret value, whatever the server says") {
    crash::Cluster* cluster = need_cluster("secret values on the road to a cluster");
    if (cluster == nullptr) return;
    const crash::Names names{fresh_prefix(), crash::Extent::few};
    const auto& plane = cluster->plane();
    plane.apply(crash::yaml_by_hand(names));
    plane.kubectl({"apply", "--filename=-"}, crash::yaml_to_adopt(names));
    // The value is where it is to be looked for: in kubectl's annotation.
    const auto& canaries = crash::canaries();
    const std::string web = names.space("web");
    REQUIRE_FALSE(canaries.found_in(plane.kubectl({"get", "secret", "adopted", "-n", web, "-o", "json"})).empty());

    support::GitServer server;
    const auto shop = server.repository("shop.git");
    const std::string branch = "releases/" + names.channel();
    const auto first = crash::files_of(names, Commit::first);
    const auto second = crash::files_of(names, Commit::second);
    const auto gone = std::vector<std::string>{"deploy/old/all.yaml"};
    shop.commit(branch, first);
    Place place(*cluster, names, server.url() + "/shop.git");
    place.look();  // before there is anything
    place.run({"agent", "--once"});
    place.look();
    auto agent = place.start();
    REQUIRE(agent.comes_to("/readyz", 200));

    // A policy that quotes.
    plane.apply(quoting_policy(names.prefix, web));
    const Deadline deadline(system_clock(), Millis{30'000});
    for (bool refuses = false; !refuses && !deadline.passed();) {
      try {
        plane.kubectl({"create", "secret", "generic", "fresh", "-n", web, "--from-literal=password=x", "--dry-run=server"});
      } catch (const std::exception& refused) {
        refuses = std::string(refused.what()).find("refused: ") != std::string::npos;
      }
    }
    shop.commit(branch, second, gone);
    CHECK(comes(plane, web, ".status.errors[*].message", "fresh"));
    CHECK(comes(plane, web, ".status.state", "Failed"));
    place.look();
    plane.kubectl({"delete", "--filename=-"}, quoting_policy(names.prefix, web));
    const std::string tip = shop.commit(branch, {{"readme", "so that there is something new"}});
    CHECK(comes(plane, web, ".status.revision", tip));
    CHECK(comes(plane, web, ".status.state", "Deployed"));
    place.look();

    // What does not fit the schema: the server's word quotes it.
    std::string bad = second.at("deploy/web/all.yaml");
    replace(bad, "password: \"", "password: [\"");
    replace(bad, "2\"}\n---", "2\"]}\n---");
    shop.commit(branch, {{"deploy/web/all.yaml", bad}});
    CHECK(comes(plane, web, ".status.state", "Failed"));
    place.look();
    bad = second.at("deploy/web/all.yaml");
    replace(bad, "env: [{name: TOKEN, value: ", "env: [{name: TOKEN, value: {not: a text}}, {name: TOKEN, value: ");
    shop.commit(branch, {{"deploy/web/all.yaml", bad}});
    CHECK(comes(plane, web, ".status.errors[*].message", "CronJob"));
    place.look();
    // Somebody's hand, healed and told of.
    shop.commit(branch, {{"deploy/web/all.yaml", second.at("deploy/web/all.yaml")}});
    CHECK(comes(plane, web, ".status.state", "Deployed"));
    plane.kubectl({"patch", "secret", "same", "-n", web, "--type=merge", "-p", R"({"data":{"password":"eA=="}})"});
    plane.kubectl({"delete", "cronjob", "nightly", "-n", web});
    place.look();
    const std::string metrics = agent.get("/metrics").second;
    CHECK(metrics.find("gitopsctl_") != std::string::npos);
    const std::string ready = agent.get("/readyz").second;
    CHECK(agent.stop() == 0);

    for (const auto& found : canaries.found_in(place.said())) CHECK_MESSAGE(false, "the commands show " << found);
    for (const auto& found : canaries.found_in(metrics + ready)) CHECK_MESSAGE(false, "the server shows " << found);
    std::size_t files = 0;
    for (const auto& found : canaries.found_in_files(place.path(), {"mirrors"}, &files)) CHECK_MESSAGE(false, found);
    CHECK(files >= 4);  // the agent's file, its log, its name, the store
    const World now = cluster->look(names);
    CHECK(now.events.size() >= 4);
    for (const auto& problem : crash::judge_secrets(now)) CHECK_MESSAGE(false, problem);
    cluster->sweep(names);
  }
}
