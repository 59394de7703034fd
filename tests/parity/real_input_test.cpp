// The channel files and charts of a real repository (cal-itp/data-infra), as the agent meets them over HTTP. It is not ours
// to keep a copy of: $GITOPSCTL_REAL_INPUT names a clone. `./dev real-input CLONE` runs this and writes docs/real-input.md.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "channels/model/channel.hpp"
#include "tests/support/git_server.hpp"
#include "tests/support/installation.hpp"
#include "tests/support/not_run.hpp"

using namespace gitopsctl;
using namespace gitopsctl::support;

namespace {

const std::vector<std::string> channel_names{"prod", "test"};

std::string channel_path(const std::string& channel) { return "ci/channels/" + channel + ".yaml"; }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

/// The clone, read with the real git.
struct Clone {
  std::string path;
  [[nodiscard]] std::string git(const std::vector<std::string>& arguments, const std::string& input = {}) const {
    std::vector<std::string> command{"git", "-c", "safe.directory=*", "-C", path};
    command.insert(command.end(), arguments.begin(), arguments.end());
    std::string out = run_program(command, {"LC_ALL=C"}, input);
    if (out.ends_with('\n')) out.pop_back();
    return out;
  }
  /// The last commit that has both channel files: before test.yaml was deleted.
  [[nodiscard]] std::string last_with_both() const {
    const auto gone = lines_of(git({"log", "--all", "--diff-filter=D", "--format=%H", "--", channel_path("test")}));
    REQUIRE_FALSE(gone.empty());
    return git({"rev-parse", gone.front() + "^1"});
  }
};

/// A served copy of `commit`. Objects that a partial clone lacks are left out of its tree; returns how many.
std::size_t serve(const Clone& clone, const std::string& commit, ScratchRepo& served) {
  const std::string objects = clone.git({"rev-parse", "--path-format=absolute", "--git-path", "objects"});
  std::ofstream(served.path() + "/objects/info/alternates") << objects << '\n';
  std::string index, asked;
  const auto entries = lines_of(clone.git({"ls-tree", "-r", commit}));
  for (const auto& entry : entries) {
    if (entry.substr(7, 4) == "blob") asked += entry.substr(12, 40) + '\n';
  }
  std::set<std::string> missing;
  for (const auto& line : lines_of(clone.git({"cat-file", "--batch-check"}, asked))) {
    if (line.ends_with(" missing")) missing.insert(line.substr(0, 40));
  }
  std::size_t left_out = 0;
  for (const auto& entry : entries) {
    if (missing.contains(entry.substr(12, 40))) {
      ++left_out;
    } else {
      index += entry + '\n';
    }
  }
  served.git({"update-index", "--index-info"}, index);
  const auto tip = served.git({"commit-tree", served.git({"write-tree"}), "-m", "the tree of " + commit});
  for (const auto& channel : channel_names) served.git({"update-ref", "refs/heads/releases/" + channel, tip});
  return left_out;
}

/// `helm template` of a release in a checkout.
std::string real_helm(const std::string& helm, const std::string& directory, const channels::Release& release) {
  std::vector<std::string> command{"env",         "-C", directory,         helm, "template", release.helm_name,
                                   release.chart, "-n", release.namespace_};
  for (const auto& file : release.value_files) command.insert(command.end(), {"-f", file});
  return run_program(command, {"HOME=" + directory});
}

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\|");
  return text;
}

struct Outcome {
  std::string state;
  std::string told;  ///< where, what and what to do
};

/// Release → what status says of it.
std::map<std::string, Outcome> outcomes(Installation& installation, const std::string& channel) {
  std::map<std::string, Outcome> out;
  const Value status = installation.json({"status", channel});
  REQUIRE(status.find("channels") != nullptr);
  for (const auto& release : status.find("channels")->as_list()[0].find("releases")->as_list()) {
    out[std::string(release.string_at({"spec", "release"}))].state = release.string_at({"status", "state"});
  }
  const Value why = installation.json({"why", channel});
  for (const auto& obstacle : why.find("obstacles")->as_list()) {
    Outcome& one = out[std::string(obstacle.string_at({"release"}))];
    const std::string where(obstacle.string_at({"where"}));
    CHECK_MESSAGE(std::count(where.begin(), where.end(), ':') == 2, where);
    CHECK_FALSE(obstacle.string_at({"next"}).empty());
    if (!one.told.empty()) one.told += "; ";
    one.told += '`' + where + "`: " + std::string(obstacle.string_at({"message"})) + " → " +
                std::string(obstacle.string_at({"next"}));
  }
  return out;
}

bool expected_whole(const std::string& release) {
  return release == "metabase" || release.starts_with("postgresql-backup-");
}

/// Every version that a channel file ever had; returns their number.
std::size_t load_history(const Clone& clone, const std::string& channel) {
  std::size_t loaded = 0;
  for (const auto& commit :
       lines_of(clone.git({"log", "--all", "--diff-filter=AMR", "--format=%H", "--", channel_path(channel)}))) {
    const auto text = clone.git({"show", commit + ":" + channel_path(channel)}) + '\n';
    const auto read = channels::parse_channel(text, *TreePath::parse(channel_path(channel)), channel);
    CHECK_MESSAGE(read.ok(), commit << ": " << (read.ok() ? "" : read.error().to_string()));
    ++loaded;
  }
  return loaded;
}

std::string table_of(Installation& installation, const channels::Channel& channel, const std::string& helm,
                     const std::string& checkout, std::size_t versions) {
  std::string out = "\n## " + channel.name + "\n`" + channel_path(channel.name) + "`, of which " + std::to_string(versions) +
                    " historic versions load.\n\n| release | outcome | bytes, or what is missing |\n|---|---|---|\n";
  const auto found = outcomes(installation, channel.name);
  for (const auto& release : channel.releases) {
    const auto known = found.find(release.name);
    REQUIRE_MESSAGE(known != found.end(), release.name);
    const Outcome& outcome = known->second;
    CAPTURE(release.name);
    CHECK((outcome.state == "Deployed") == expected_whole(release.name));
    std::string told = outcome.told;
    if (outcome.state == "Deployed") {
      const auto ours =
          installation.run({"render", channel.name + '/' + release.name, "--revision", "releases/" + channel.name});
      const auto theirs = real_helm(helm, checkout, release);
      CHECK_MESSAGE(ours.out == theirs, "differs from the real helm: " << ours.err);
      told = std::to_string(ours.out.size()) + (ours.out == theirs ? " bytes, equal to helm's" : " bytes, NOT helm's");
    }
    out += "| " + release.name + " | " + outcome.state + " | " + cell(told) + " |\n";
  }
  return out;
}

}  // namespace

TEST_CASE("the channels of a real repository are deployed as far as they are whole, and the rest is explained") {
  const char* path = std::getenv("GITOPSCTL_REAL_INPUT");
  if (path == nullptr || *path == '\0') {
    std::cout << "NOT RUN: real input: $GITOPSCTL_REAL_INPUT names no clone: ./dev real-input CLONE runs it" << std::endl;
    return;
  }
  const auto helm = tests::need_peer("helm", "real input");
  if (!helm) return;
  const Clone clone{path};
  const std::string commit = clone.last_with_both();

  GitServer server;
  ScratchRepo served = server.repository("infra.git");
  const std::size_t left_out = serve(clone, commit, served);
  std::cout << "real input: " << commit << ", " << left_out << " files are not in the clone\n";
  ScratchDir checkout;
  const std::string archive = checkout / "tree.tar";
  served.git({"archive", "-o", archive, "releases/prod", "kubernetes", "ci"});
  run_program({"tar", "-x", "-f", archive, "-C", checkout.path()});

  Installation installation({server.url() + "/infra.git", channel_names, "    candidates: false\n"});
  for (int run = 0; run < 2; ++run) {
    CHECK(installation.once().status.exit_code == 1);  // not everything can be deployed, and it says so
  }
  std::string document =
      "# Real input\nThe last commit of cal-itp/data-infra that has both channel files, `" + commit +
      "`, served over HTTP as `releases/prod` and `releases/test`, and the agent run twice on it with an embedded "
      "environment "
      "per channel. Nothing was deleted. Made by `./dev real-input CLONE`; none of that repository's files are kept here.\n";
  for (const auto& name : channel_names) {
    const auto text = clone.git({"show", commit + ":" + channel_path(name)}) + '\n';
    const auto channel = channels::parse_channel(text, *TreePath::parse(channel_path(name)), name);
    REQUIRE(channel.ok());
    document += table_of(installation, *channel, *helm, checkout.path(), load_history(clone, name));
  }
  CHECK(installation.deletes().empty());

  const std::string file = std::string(GITOPSCTL_SOURCE_DIR) + "/docs/real-input.md";
  if (std::getenv("GITOPSCTL_ACCEPT") != nullptr) std::ofstream(file) << document;
  std::ifstream in(file);
  const std::string kept{std::istreambuf_iterator<char>(in), {}};
  CHECK_MESSAGE(kept == document, "docs/real-input.md is not what came out: ./dev real-input CLONE --accept writes it");
}
