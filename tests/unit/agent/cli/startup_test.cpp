// What people wait for at every keystroke must not load what talks to networks.

#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "base/process/spawn.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
namespace fs = std::filesystem;

namespace {

const std::string program = std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl";
const std::string network_program = program + "-net";

constexpr std::array<std::string_view, 9> network_libraries{"libcurl",   "libgit2", "libssh2",    "libssh.", "libpq",
                                                            "libsqlite", "libssl.", "libnghttp2", "libldap"};

CapturedOutput run(const std::vector<std::string>& arguments, const std::vector<std::pair<std::string, std::string>>& more,
                   const std::string& path = program, const std::string& directory = {}) {
  CapturedCommand command;
  command.command.program = path;
  command.command.directory = directory;
  command.command.arguments = arguments;
  command.command.environment = std::vector<std::pair<std::string, std::string>>{{"PATH", "/usr/bin:/bin"}};
  command.command.environment->insert(command.command.environment->end(), more.begin(), more.end());
  auto output = run_command(command, {{}, Deadline(system_clock(), Millis{60'000})});
  REQUIRE_MESSAGE(output.ok(), (output.ok() ? "" : output.error().to_string()));
  return *output;
}

/// What the dynamic linker opened until the end of the program, also with dlopen, and who got which symbol from where.
/// The program must end well.
std::string linker_report(const std::vector<std::string>& arguments, const std::string& directory = {},
                          const std::string& path = program) {
  const CapturedOutput output = run(arguments, {{"LD_DEBUG", "files,bindings"}}, path, directory);
  CHECK_MESSAGE(output.status.exit_code == 0, arguments.front());
  CHECK(!output.out.empty());
  REQUIRE(output.err.find("libc.so") != std::string::npos);  // the linker did report
  return output.err;
}

void check_no_network_library(const std::vector<std::string>& arguments, const std::string& directory = {}) {
  const std::string report = linker_report(arguments, directory);
  for (const auto name : network_libraries) {
    CHECK_MESSAGE(report.find(name) == std::string::npos, arguments.front() << " loads " << name);
  }
}

/// The demo's repository as files: two charts, plain manifests and two channels.
void make_working_tree(const fs::path& at) {
  const fs::path demo = fs::path(GITOPSCTL_SOURCE_DIR) / "charts/demo";
  const std::array<std::pair<const char*, const char*>, 4> places{{{"storefront", "charts/storefront"},
                                                                   {"greeter", "charts/greeter"},
                                                                   {"notes", "notes"},
                                                                   {"channels", ".gitopsctl/channels"}}};
  for (const auto& [from, to] : places) {
    fs::create_directories(at / to);
    fs::copy(demo / from, at / to, fs::copy_options::recursive);
  }
}

}  // namespace

TEST_SUITE("start-up") {
  TEST_CASE("version, help, completion and schemas load no network library") {
    for (const auto& arguments : std::vector<std::vector<std::string>>{{"version"},
                                                                       {"version", "-o", "json"},
                                                                       {"--help"},
                                                                       {"diff", "--help"},
                                                                       {"completion", "bash"},
                                                                       {"help", "agent"},
                                                                       {"schema", "channel"},
                                                                       {"schema", "agent"},
                                                                       {"channel", "schema"}}) {
      check_no_network_library(arguments);
    }
  }

  TEST_CASE("rendering and checking the files of a directory load no network library") {
    const support::ScratchDir scratch;
    make_working_tree(scratch.path());
    for (const auto& arguments :
         std::vector<std::vector<std::string>>{{"render", "prod"},
                                               {"render", "test/storefront", "-o", "json"},
                                               {"render", "prod", "--digest"},
                                               {"render", "--chart", "charts/storefront"},
                                               {"channel", "check", "prod"},
                                               {"channel", "check", ".gitopsctl/channels/test.yaml"}}) {
      check_no_network_library(arguments, scratch.path());
    }
  }

  TEST_CASE("tasks load no network library, with secrets of this machine and without those of a network") {
    const support::ScratchDir scratch;
    std::ofstream(scratch / "tasks.yaml") << R"(apiVersion: gitopsctl.dev/v1
kind: Tasks
config:
  secrets:
    default: local
    providers: {local: {kind: file, dir: .}}
tasks:
  plain: {steps: [{print: "plain"}]}
  secret: {steps: [{run: "echo ${{ trim(secret('token')) }}"}]}
)";
    std::ofstream(scratch / "token") << "a-secret-token\n";
    std::ofstream(scratch / "far.yaml") << "secrets: {providers: {far: {kind: vault, address: \"http://127.0.0.1:9\"}}}\n";
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {"task", "-l"}, {"task", "plain"}, {"task", "secret"}, {"task", "-f", "far.yaml", "plain"}}) {
      check_no_network_library(arguments, scratch.path());
    }
  }

  TEST_CASE("the network program does load them, and keeps the one that it does not use asleep") {
    const std::string report = linker_report({"version"}, {}, network_program);
    CHECK(report.find("libcurl") != std::string::npos);
    CHECK(report.find("libgit2") != std::string::npos);
    // Only where this system's libcurl brings GnuTLS along.
    if (report.find("libgnutls") != std::string::npos) {
      const auto asked = report.find("`_gnutls_global_init_skip'");
      REQUIRE(asked != std::string::npos);
      const std::string binding = report.substr(report.rfind('\n', asked) + 1, asked - report.rfind('\n', asked));
      CHECK_MESSAGE(binding.find("/gitopsctl-net") != std::string::npos, binding);
    }
  }

  TEST_CASE("a missing network program is said with what to do") {
    const support::ScratchDir scratch;
    const std::string& directory = scratch.path();
    fs::copy_file(program, directory + "/gitopsctl");
    const auto alone = run({"status"}, {}, directory + "/gitopsctl");
    CHECK(alone.status.exit_code == 3);
    CHECK(alone.err.find("needs the program gitopsctl-net") != std::string::npos);
    CHECK(alone.err.find("./dev build") != std::string::npos);

    // One of another version beside it is refused instead of run.
    fs::create_directories(directory + "/libexec");
    std::ofstream(directory + "/gitopsctl-net") << "#!/bin/sh\necho \"$0 $* $GITOPSCTL_HANDOVER\"\n";
    fs::permissions(directory + "/gitopsctl-net", fs::perms::owner_all);
    const auto handed = run({"status", "prod"}, {}, directory + "/gitopsctl");
    CHECK(handed.status.exit_code == 0);
    CHECK(handed.out.find("status prod ") != std::string::npos);
    const auto refused = run({"version"}, {{"GITOPSCTL_HANDOVER", "0.0.1 abc"}}, network_program);
    CHECK(refused.status.exit_code == 5);
    CHECK(refused.err.find("install both from the same package") != std::string::npos);
  }
}
