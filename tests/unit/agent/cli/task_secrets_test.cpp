// Secrets that come over a network in tasks: the whole line is handed to the program that can ask, before anything runs.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "agent/cli/task_secrets.hpp"
#include "base/process/spawn.hpp"
#include "tests/support/gcp_server.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/vault_server.hpp"

using namespace gitopsctl;
using agent::cli::names_network_provider;
using agent::cli::TaskSecrets;
namespace fs = std::filesystem;

namespace {

const std::string program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
const std::string canary = "CANARY-5be20d17";

CapturedOutput run(const std::string& path, const std::vector<std::string>& arguments, const std::string& directory) {
  CapturedCommand command;
  command.command.program = path;
  command.command.directory = directory;
  command.command.arguments = arguments;
  command.command.environment =
      std::vector<std::pair<std::string, std::string>>{{"PATH", "/usr/bin:/bin"}, {"HOME", directory}};
  auto output = run_command(command, {{}, Deadline(system_clock(), Millis{60'000})});
  REQUIRE_MESSAGE(output.ok(), (output.ok() ? "" : output.error().to_string()));
  return *output;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Servers, and a task file whose tasks take secrets of them.
struct Rig {
  support::GcpServer gcp;
  support::VaultServer vault;
  support::ScratchDir scratch;

  Rig() {
    gcp.add_version("web_db", canary + "-gcp");
    vault.put("web", "{\"value\": \"" + canary + "-vault\"}");
    std::ofstream(scratch / "account.json") << gcp.service_account_json();
    std::ofstream(scratch / "token") << vault.root_token() << '\n';
    std::ofstream(scratch / "tasks.yaml") << R"(apiVersion: gitopsctl.dev/v1
kind: Tasks
config:
  secrets:
    default: gcp
    providers:
      gcp: {kind: gcp, project: ")" << gcp.project()
                                          << "\", endpoint: \"" << gcp.url()
                                          << R"(", auth: {method: file, file: account.json}}
      vault: {kind: vault, address: ")" << vault.url()
                                          << R"(", mount: kv, auth: {tokenFile: token}}
      env: {kind: env, prefix: HERE_}
tasks:
  plain: {steps: [{run: "readlink /proc/$PPID/exe > who.txt; echo plain"}]}
  both:
    pre: [first]
    steps:
      - {run: "echo ${{ secret('web_db') }} ${{ secret('vault:web') }} | tee both.txt"}
      - {run: "echo ${{ secret('web_db') }} >&2; false", warn: true}
      - {exec: [sh, -c, "readlink /proc/$PPID/exe > who.txt; tr '\\0' ' ' < /proc/$PPID/cmdline > words.txt"]}
  first: {steps: [{run: "echo first >> first.txt"}]}
  outer: {steps: [{call: both}]}
  lost: {steps: [{print: "${{ secret('nowhere') }}"}]}
)";
  }
};

}  // namespace

TEST_SUITE("task secrets") {
  TEST_CASE("secrets of gcp and vault, with the same words in the other program, and nothing runs twice") {
    const Rig rig;
    for (const auto* task : {"both", "outer"}) {
      CAPTURE(task);
      fs::remove(rig.scratch / "first.txt");
      const auto output = run(program, {"task", "-e", task}, rig.scratch.path());
      CHECK_MESSAGE(output.status.exit_code == 0, output.err);
      CHECK(read_file(rig.scratch / "both.txt") == canary + "-gcp " + canary + "-vault\n");
      CHECK(read_file(rig.scratch / "first.txt") == "first\n");
      CHECK(has(output.out, "[redacted] [redacted]\n"));
      CHECK(has(output.out, "echo [redacted] [redacted] | tee both.txt"));
      CHECK_FALSE(has(output.out + output.err, canary));
      CHECK_FALSE(has(read_file(rig.scratch / "words.txt"), canary));
    }
  }

  TEST_CASE("called as inv, and by a line of which nothing needs a secret") {
    const Rig rig;
    fs::create_directories(rig.scratch / "bin");
    fs::create_symlink(program, rig.scratch / "bin/inv");
    const auto output = run(rig.scratch / "bin/inv", {"both"}, rig.scratch.path());
    CHECK_MESSAGE(output.status.exit_code == 0, output.err);
    CHECK(has(output.out, "[redacted] [redacted]\n"));
    CHECK_FALSE(has(output.out + output.err, canary));
    const int asked = rig.gcp.asked() + rig.vault.asked();
    CHECK(asked == 2);  // each once in a run, however often it is used
    CHECK(run(program, {"task", "plain"}, rig.scratch.path()).out == "plain\n");
    CHECK(rig.gcp.asked() + rig.vault.asked() == asked);
  }

  TEST_CASE("what the server refuses ends the task with its name and what to do") {
    Rig rig;
    auto output = run(program, {"task", "lost"}, rig.scratch.path());
    CHECK(output.status.exit_code == 1);
    CHECK_MESSAGE(has(output.err, "secret gcp:nowhere: "), output.err);
    rig.gcp.deny("web_db");
    output = run(program, {"task", "both"}, rig.scratch.path());
    CHECK(output.status.exit_code == 1);
    CHECK_MESSAGE(has(output.err, "secret gcp:web_db: "), output.err);
    CHECK_MESSAGE(has(output.err, "hint: "), output.err);
  }

  TEST_CASE("a program without the other one says what is missing") {
    const Rig rig;
    fs::create_directories(rig.scratch / "alone");
    fs::copy_file(program, rig.scratch / "alone/gitopsctl");
    const auto output = run(rig.scratch / "alone/gitopsctl", {"task", "both"}, rig.scratch.path());
    CHECK(output.status.exit_code == 1);
    CHECK_MESSAGE(has(output.err, "needs the program gitopsctl-net"), output.err);
    CHECK_FALSE(fs::exists(rig.scratch / "first.txt"));
  }

  TEST_CASE("sections are told apart, and read when a secret of them is wanted") {
    channels::secrets::SecretContext context;
    context.environment = {{"A_X", "of a, indeed"}, {"B_X", "of b, indeed"}};
    std::vector<std::string> hidden;
    context.hide = [&](std::string_view value) { hidden.emplace_back(value); };
    TaskSecrets secrets(context, &channels::secrets::make_local_provider);
    const auto section = [](const std::string& kind, const std::string& prefix) {
      return make_map(
          {{"providers", make_map({{"p", make_map({{"kind", Value::string(kind)}, {"prefix", Value::string(prefix)}})}})}});
    };
    const auto get = [&](const Value& from, const std::string& name = "x") {
      const auto value = secrets.resolve({.name = name, .section = from, .directory = "/"}, {});
      return value.ok() ? *value : value.error().to_string();
    };
    CHECK(get(section("env", "A_")) == "of a, indeed");
    CHECK(get(section("env", "B_")) == "of b, indeed");
    CHECK(hidden == std::vector<std::string>{"of a, indeed", "of b, indeed"});
    CHECK(has(get(section("envy", "A_")), "configuration secrets.providers.p.kind: "));
    CHECK(has(get(Value()), "no secret provider is configured"));
    CHECK(has(get(section("env", "A_"), "p:"), "a secret has no name"));
    const Value far = make_map(
        {{"providers", make_map({{"p", make_map({{"kind", Value::string("gcp")}, {"project", Value::string("1")}})}})}});
    CHECK(has(get(far), "this program asks no servers for secrets"));
    CHECK(names_network_provider({Value(), section("env", "A_"), far}));
    CHECK_FALSE(names_network_provider({Value(), section("env", "A_"), section("envy", "")}));
  }
}
