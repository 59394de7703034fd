// The whole task runner beside the real invoke: the same tasks, once as tasks.py and once as tasks.yaml, called by the same
// words in the same order, have the same output, the same errors and the same exit code.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "tests/parity/invoke_peer.hpp"
#include "tests/support/not_run.hpp"
#include "tests/support/scratch.hpp"

using namespace gitopsctl;
using namespace gitopsctl::tests;

namespace {

namespace fs = std::filesystem;

using Environment = std::vector<std::pair<std::string, std::string>>;

struct Example {
  std::vector<std::string> words;
  Environment environment = {};
};

/// The worked examples that run tasks, but for those in which we differ on purpose.
std::vector<Example> examples() {
  return {
      {{"fetch", "-r=v2"}},
      {{"fetch", "-rv2"}},
      {{"fetch", "--ref", "v2"}},
      {{"fetch", "--ref", "a=b"}},
      {{"build-image", "web"}},
      {{"mk", "--image=web", "--no-cache", "-j8", "-p"}},
      {{"build-image", "-pc", "web"}},
      {{"build-image"}},
      {{"build-image", "web", "extra"}},
      {{"build-image", "--image"}},
      {{"audit", "-vv", "-l", "a", "--label=b"}},
      {{"audit", "-vl", "a"}},
      {{"audit", "--log", "-v"}},
      {{"audit", "--log", "--nope"}},
      {{"audit", "--log", "fetch"}},
      {{"audit", "-v=3"}},
      {{"fetch", "fetch", "--ref=v1", "build-image", "w"}},
      {{"fetch", "fetch"}},
      {{"--no-dedupe", "fetch", "fetch"}},
      {{"fetch", "roll"}},
      {{"fetch", "--ref", "a", "--ref", "b"}},
      {{"fetch", "--ref", "--echo"}},
      {{"build_image", "x"}},
      {{"db_admin.dump"}},
      {{"probe"}},
      {{"probe", "-w", "fetch"}},
      {{"-w", "probe", "--code=9", "fetch"}},
      {{"-R", "roll"}},
      {{"roll", "-e"}},
      {{}},
      {{"roll", "-f", "over.yaml"}},
      {{"stop", "--msg=bye"}},
      {{"stop", "--code=7"}},
      {{"stop", "-m", "no", "-c", "0"}},
      {{"stop"}},
      {{"db-admin"}},
      {{"db-admin"}, {{"INVOKE_DB_HOST", "env"}, {"INVOKE_DB_PORT", "9"}, {"INVOKE_DB_SSL", "0"}}},
      {{"db-admin.dump", "-f", "over.yaml"}, {{"INVOKE_DB_HOST", "env"}}},
      {{"db-admin.restore", "fetch"}},
      {{"-l", "nope"}},
      {{"-h", "nope"}},
      {{"-r", "/nowhere", "fetch"}},
      {{"fetch", "--", "--ref", "x"}},
      {{"-l"}},
      {{"-l", "-F", "nested"}},
      {{"-l", "-F", "json"}},
      {{"-l", "db-admin", "-F", "json"}},
      {{"-l", "-D", "1"}},
      {{"-h", "build-image"}},
      {{"build-image", "x", "-h"}},
      {{"-h", "audit"}},
      {{"-V"}},
      {{"probe", "--quiet=both"}},
      {{"probe", "--quiet=out"}},
      {{"probe", "--quiet=err"}},
      {{"--hide=both", "probe"}},
      {{"probe"}, {{"INVOKE_RUN_HIDE", "both"}}},
      {{"roll"}, {{"INVOKE_RUN_ECHO", "1"}}},
      {{"--complete", "--", "inv"}},
      {{"--complete", "--", "inv", "build-image", "--"}},
  };
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A directory with a task file and what both are configured with.
void fill(const support::ScratchDir& directory, const std::string& task_file) {
  const fs::path from = fs::path(GITOPSCTL_SOURCE_DIR) / "tests/parity/invoke";
  for (const auto& name : {task_file, std::string("over.yaml")}) {
    std::ofstream(fs::path(directory.path()) / name, std::ios::binary) << read_file(from / name);
  }
}

}  // namespace

TEST_SUITE("parity: invoke") {
  TEST_CASE("tasks.yaml runs as tasks.py does") {
    const auto program = need_peer("invoke", "running tasks against invoke");
    if (!program) return;
    const support::ScratchDir theirs_in;
    const support::ScratchDir ours_in;
    const support::ScratchDir links;
    fill(theirs_in, "tasks.py");
    fill(ours_in, "tasks.yaml");
    const auto link = fs::path(links.path()) / "inv";
    fs::create_symlink(fs::path(GITOPSCTL_BINARY_DIR) / "gitopsctl", link);
    const InvokePeer theirs(*program);
    const InvokePeer ours(link.string());
    for (const auto& example : examples()) {
      std::string shown;
      for (const auto& word : example.words) shown += word + ' ';
      CAPTURE(shown);
      const auto wanted = theirs.run(theirs_in.path(), example.words, example.environment);
      const auto got = ours.run(ours_in.path(), example.words, example.environment);
      CHECK(got.exit_code == wanted.exit_code);
      CHECK(got.out == wanted.out);
      CHECK(got.err == wanted.err);
    }
  }
}
