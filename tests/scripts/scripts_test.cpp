// Runs every tests/scripts/*.txt against the real program; the format is in README.md beside them.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/process/spawn.hpp"
#include "tests/scripts/script.hpp"
#include "tests/support/scratch.hpp"

namespace fs = std::filesystem;
using namespace gitopsctl;
using namespace gitopsctl::tests;

namespace {

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

CapturedOutput run_step(const ScriptStep& step, const fs::path& directory) {
  CapturedCommand command;
  command.command.program = "sh";
  command.command.arguments = {"-c", step.command};
  command.command.directory = directory.string();
  command.command.environment = {{"PATH", std::string(GITOPSCTL_BINARY_DIR) + ":/usr/local/bin:/usr/bin:/bin"},
                                 {"HOME", directory.string()},
                                 {"LC_ALL", "C.UTF-8"},
                                 {"TERM", "dumb"},
                                 {"TZ", "UTC"},
                                 {"GIT_CONFIG_NOSYSTEM", "1"}};
  auto output = run_command(command, {{}, Deadline(system_clock(), Millis{120'000})});
  REQUIRE_MESSAGE(output.ok(), (output.ok() ? "" : output.error().to_string()));
  return *output;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += "  " + line + "\n";
  return out;
}

/// Runs one script; the lines it would have if every outcome was accepted.
std::vector<std::string> run_script(const std::string& name, const Script& script) {
  const support::ScratchDir scratch;
  const fs::path directory = scratch.path();
  std::vector<std::string> accepted;
  std::size_t copied = 0;
  for (const ScriptStep& step : script.steps) {
    if (!step.file.empty()) {
      const fs::path path = directory / step.file;
      fs::create_directories(path.parent_path());
      std::ofstream(path, std::ios::binary) << step.content;
      continue;
    }
    const CapturedOutput output = run_step(step, directory);
    const auto out = split_lines(output.out);
    const auto err = split_lines(output.err);
    const auto as_expected = expected_lines(out, err, output.status.exit_code);
    accepted.insert(accepted.end(), script.lines.begin() + static_cast<std::ptrdiff_t>(copied),
                    script.lines.begin() + static_cast<std::ptrdiff_t>(step.begin));
    copied = step.end;
    const bool same = lines_match(step.out, out) && lines_match(step.err, err) && step.exit_code == output.status.exit_code;
    if (same) {
      accepted.insert(accepted.end(), script.lines.begin() + static_cast<std::ptrdiff_t>(step.begin),
                      script.lines.begin() + static_cast<std::ptrdiff_t>(step.end));
      continue;
    }
    accepted.insert(accepted.end(), as_expected.begin(), as_expected.end());
    if (std::getenv("GITOPSCTL_ACCEPT") == nullptr) {
      FAIL_CHECK(name << ":" << step.line << ": $ " << step.command << "\nexpected:\n"
                      << joined(expected_lines(step.out, step.err, step.exit_code)) << "came:\n"
                      << joined(as_expected));
    }
  }
  accepted.insert(accepted.end(), script.lines.begin() + static_cast<std::ptrdiff_t>(copied), script.lines.end());
  return accepted;
}

}  // namespace

TEST_CASE("the scripts come out as they are written") {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(GITOPSCTL_SOURCE_DIR) / "tests/scripts")) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  REQUIRE(!files.empty());
  for (const auto& file : files) {
    const std::string name = "tests/scripts/" + file.filename().string();
    const Script script = parse_script(read_file(file));
    CHECK_MESSAGE(script.mistake.empty(), name << ": " << script.mistake);
    if (!script.mistake.empty()) continue;
    const auto accepted = run_script(name, script);
    if (std::getenv("GITOPSCTL_ACCEPT") != nullptr && accepted != script.lines) {
      std::ofstream out(file, std::ios::binary);
      for (const auto& line : accepted) out << line << '\n';
      MESSAGE(name << " was rewritten");
    }
  }
}

TEST_CASE("patterns of expected lines") {
  const std::vector<std::string> actual{"a 1 b", "c", "d"};
  CHECK(lines_match({"a <*> b", "c", "d"}, actual));
  CHECK(lines_match({"<*>", "c", "d"}, actual));
  CHECK(lines_match({"<...>"}, actual));
  CHECK(lines_match({"a 1 b", "<...>", "d"}, actual));
  CHECK(lines_match({"a 1 b", "c", "d", "<...>"}, actual));
  CHECK_FALSE(lines_match({"a <*> b", "c"}, actual));
  CHECK_FALSE(lines_match({"a <*> c", "c", "d"}, actual));
  CHECK_FALSE(lines_match({"<...>", "e"}, actual));
  CHECK_FALSE(lines_match({}, actual));
}

TEST_CASE("what is accepted is read back as the same expectation") {
  const std::vector<std::string> out{"$ 5", "# title", "[3]", "\\x", "plain", "", "! no", "--- file x"};
  const std::vector<std::string> err{"error: x", "", "! y"};
  std::string text = "$ command\n";
  for (const auto& line : expected_lines(out, err, 4)) text += line + "\n";
  const Script script = parse_script(text);
  REQUIRE(script.mistake.empty());
  REQUIRE(script.steps.size() == 1);
  CHECK(script.steps[0].out == out);
  CHECK(script.steps[0].err == err);
  CHECK(script.steps[0].exit_code == 4);
}
