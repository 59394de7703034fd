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

constexpr std::array<std::string_view, 9> network_libraries{"libcurl",   "libgit2", "libssh2",    "libssh.", "libpq",
                                                            "libsqlite", "libssl.", "libnghttp2", "libldap"};

CapturedOutput run(const std::vector<std::string>& arguments, const std::vector<std::pair<std::string, std::string>>& more,
                   const std::string& path = program) {
  CapturedCommand command;
  command.command.program = path;
  command.command.arguments = arguments;
  command.command.environment = std::vector<std::pair<std::string, std::string>>{{"PATH", "/usr/bin:/bin"}};
  command.command.environment->insert(command.command.environment->end(), more.begin(), more.end());
  auto output = run_command(command, {{}, Deadline(system_clock(), Millis{60'000})});
  REQUIRE_MESSAGE(output.ok(), (output.ok() ? "" : output.error().to_string()));
  return *output;
}

/// Every library that the dynamic linker opened, also later with dlopen.
std::string libraries_of(const std::vector<std::string>& arguments) {
  const CapturedOutput output = run(arguments, {{"LD_DEBUG", "files"}});
  CHECK(output.status.exit_code == 0);
  REQUIRE(output.err.find("libstdc++") != std::string::npos);  // the linker did report
  return output.err;
}

}  // namespace

TEST_SUITE("start-up") {
  TEST_CASE("version, help and completion load no network library") {
    for (const auto& arguments : std::vector<std::vector<std::string>>{{"version"},
                                                                       {"version", "-o", "json"},
                                                                       {"--help"},
                                                                       {"diff", "--help"},
                                                                       {"completion", "bash"},
                                                                       {"help", "agent"}}) {
      const std::string libraries = libraries_of(arguments);
      for (const auto name : network_libraries) {
        CHECK_MESSAGE(libraries.find(name) == std::string::npos, arguments.front() << " loads " << name);
      }
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
    const auto refused =
        run({"version"}, {{"GITOPSCTL_HANDOVER", "0.0.1 abc"}}, std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl-net");
    CHECK(refused.status.exit_code == 5);
    CHECK(refused.err.find("install both from the same package") != std::string::npos);
  }
}
