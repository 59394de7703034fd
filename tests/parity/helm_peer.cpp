#include "tests/parity/helm_peer.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <utility>

#include "base/files/file_tree.hpp"
#include "base/process/spawn.hpp"
#include "render/helm/helm.hpp"
#include "tests/support/not_run.hpp"

namespace gitopsctl::tests {

WorkDirectory::WorkDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "gitopsctl-parity-XXXXXX").string();
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

WorkDirectory::~WorkDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void WorkDirectory::write(const std::string& name, std::string_view text) const {
  const auto file = path_ / name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  REQUIRE_MESSAGE(out.good(), file.string());
}

ProgramRun run_program_in(const std::filesystem::path& directory, const std::string& program,
                          std::vector<std::string> arguments) {
  CapturedCommand command;
  command.command.program = program;
  command.command.arguments = std::move(arguments);
  command.command.directory = directory.string();
  const auto home = directory.string() + "/.home";
  command.command.environment = {{{"HOME", home}, {"PATH", "/usr/bin:/bin"}, {"KUBECONFIG", "/dev/null"}}};
  const auto ran = run_command(command, {});
  REQUIRE_MESSAGE(ran.ok(), ran.error().to_string());
  return {.exit_code = ran->status.exit_code, .out = ran->out, .err = ran->err};
}

std::vector<HelmPeer> HelmPeer::all(const std::string& check) {
  std::vector<HelmPeer> out;
  // The program of 4.3 is called helm.
  for (const auto* profile : {"helm-4.3", "helm-4.2", "helm-3.22", "helm-3.21", "helm-3.20"}) {
    const std::string name = std::string(profile) == "helm-4.3" ? "helm" : profile;
    if (auto program = need_peer(name, check + " with " + profile)) out.emplace_back(*std::move(program), profile);
  }
  return out;
}

ProgramRun HelmPeer::run(const WorkDirectory& directory, std::vector<std::string> arguments) const {
  return run_program_in(directory.path(), program_, std::move(arguments));
}

RenderResult HelmPeer::render(const WorkDirectory& directory, const RenderCase& one) const {
  std::vector<std::string> arguments = {"template", one.release, "./" + one.chart, "-n", one.name_space, "--include-crds"};
  if (one.is_upgrade) arguments.emplace_back("--is-upgrade");
  for (const auto& file : one.value_files) arguments.insert(arguments.end(), {"-f", file});
  for (const auto& set : one.sets) arguments.insert(arguments.end(), {"--set", set});
  auto ran = run(directory, std::move(arguments));
  if (ran.exit_code == 0) return {.ok = true, .text = std::move(ran.out)};
  // Warnings and log lines stand before the error.
  constexpr std::string_view mark = "Error: ";
  auto start = ran.err.starts_with(mark) ? 0 : ran.err.find("\nError: ");
  REQUIRE_MESSAGE(start != std::string::npos, ran.err);
  if (start != 0) ++start;
  std::string text = ran.err.substr(start + mark.size());
  constexpr std::string_view advice = "\n\nUse --debug flag to render out invalid YAML";
  while (text.ends_with('\n')) text.pop_back();
  if (text.ends_with(advice)) text.erase(text.size() - advice.size());
  return {.ok = false, .text = std::move(text)};
}

void HelmPeer::create(const WorkDirectory& directory, const std::string& name) const {
  const auto ran = run(directory, {"create", name});
  REQUIRE_MESSAGE(ran.exit_code == 0, ran.err);
}

void HelmPeer::package(const WorkDirectory& directory, const std::string& chart, const std::string& to) const {
  const auto ran = run(directory, {"package", chart, "-d", to});
  REQUIRE_MESSAGE(ran.exit_code == 0, ran.err);
}

RenderResult render_with_ours(const WorkDirectory& directory, const RenderCase& one, const std::string& profile) {
  render::RenderInputs inputs;
  inputs.tree = open_disk_tree(directory.path().string()).value();
  inputs.namespace_ = one.name_space;
  inputs.helm.chart = TreePath::parse(one.chart).value();
  inputs.helm.release_name = one.release;
  inputs.helm.profile = profile;
  for (const auto& file : one.value_files) inputs.helm.value_files.push_back(TreePath::parse(file).value());
  for (const auto& set : one.sets) inputs.helm.set_values.push_back({render::SetValue::Kind::typed, set});
  inputs.helm.is_upgrade = one.is_upgrade;
  const auto out = render::helm::render_chart(inputs);
  if (out.ok()) return {.ok = true, .text = out->text()};
  return {.ok = false, .text = out.error().message()};
}

namespace {

/// The files below a directory, by their names.
std::map<std::string, std::string> files_below(const std::filesystem::path& root) {
  std::map<std::string, std::string> out;
  if (!std::filesystem::exists(root)) return out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    out[std::filesystem::relative(entry.path(), root).string()] = {std::istreambuf_iterator<char>(in),
                                                                   std::istreambuf_iterator<char>()};
  }
  return out;
}

/// The text without the name of the directory.
std::string without_directory(std::string text, const WorkDirectory& directory) {
  const auto root = directory.path().string();
  for (auto at = text.find(root); at != std::string::npos; at = text.find(root)) text.replace(at, root.size(), "DIR");
  return text;
}

/// The error without what is logged in front of it.
std::string error_of(const std::string& said, const WorkDirectory& directory) {
  auto text = without_directory(said, directory);
  // Behind it, with --debug, helm 3 shows the functions that it came through.
  if (const auto trace = text.find("\nhelm.go:"); trace != std::string::npos) text.resize(trace + 1);
  if (text.starts_with("Error: ")) return text;
  const auto at = text.find("\nError: ");
  return at == std::string::npos ? "" : text.substr(at + 1);
}

/// The lines in the order of their bytes.
std::string sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const auto& line : lines) out += line + '\n';
  return out;
}

/// In the order in which it can be compared.
std::string ordered(std::string text) {
  return text.find("values don't meet the specifications") == std::string::npos ? std::move(text)
                                                                                : sorted_schema_errors(text);
}

}  // namespace

CommandComparison run_both(const HelmPeer& helm, const WorkDirectory& theirs, const WorkDirectory& ours,
                           const std::vector<std::string>& arguments, Said said) {
  const auto wanted = helm.run(theirs, arguments);
  auto words = arguments;
  // In front, because `--` may end the flags.
  words.insert(words.begin(), {"helm", "--helm-compat", "--helm-profile", helm.profile()});
  const auto got = run_program_in(ours.path(), std::string(GITOPSCTL_BINARY_DIR) + "/gitopsctl", words);
  CommandComparison out{.exit_code = wanted.exit_code, .differences = {}};
  const auto differ = [&](const std::string& what, const std::string& our_text, const std::string& their_text) {
    std::string text = what;
    text.append("\n  ours: ").append(our_text).append("\n  helm: ").append(their_text);
    out.differences.push_back(std::move(text));
  };
  if (got.exit_code != wanted.exit_code) {
    differ("exit code", std::to_string(got.exit_code), std::to_string(wanted.exit_code));
  }
  const auto our_output = without_directory(got.out, ours);
  const auto their_output = without_directory(wanted.out, theirs);
  // Of what schemas refuse, the order is helm's own secret.
  const bool random_order = their_output.find("] values.yaml: - at '") != std::string::npos;
  if (random_order ? sorted_lines(our_output) != sorted_lines(their_output) : our_output != their_output) {
    out.differences.push_back("output, " + first_difference(our_output, their_output));
  }
  if (said == Said::all) {
    const auto our_lines = sorted_lines(without_directory(got.err, ours));
    const auto their_lines = sorted_lines(without_directory(wanted.err, theirs));
    if (our_lines != their_lines) differ("standard error", our_lines, their_lines);
  } else {
    const auto our_error = error_of(got.err, ours);
    const auto their_error = error_of(wanted.err, theirs);
    if (ordered(our_error) != ordered(their_error)) differ("error text", our_error, their_error);
  }
  if (files_below(ours.path() / "out") != files_below(theirs.path() / "out")) {
    out.differences.emplace_back("the files written below out/");
  }
  return out;
}

CommandComparison run_both_commands(const HelmPeer& helm, const WorkDirectory& theirs, const WorkDirectory& ours,
                                    const std::vector<std::string>& arguments) {
  auto words = arguments;
  words.insert(words.begin(), "template");
  return run_both(helm, theirs, ours, words, Said::error);
}

int compare_any(const HelmPeer& helm, const WorkDirectory& theirs, const WorkDirectory& ours,
                const std::vector<std::string>& arguments, Said said) {
  std::string shown;
  for (const auto& word : arguments) shown += (shown.empty() ? "" : " ") + word;
  CAPTURE(helm.profile());
  CAPTURE(shown);
  const auto compared = run_both(helm, theirs, ours, arguments, said);
  CHECK(compared.differences.empty());
  for (const auto& difference : compared.differences) FAIL_CHECK(difference);
  return compared.exit_code;
}

int compare_commands(const HelmPeer& helm, const WorkDirectory& theirs, const WorkDirectory& ours,
                     const std::vector<std::string>& arguments) {
  auto words = arguments;
  words.insert(words.begin(), "template");
  return compare_any(helm, theirs, ours, words, Said::error);
}

std::string sorted_schema_errors(std::string_view text) {
  constexpr std::string_view names = "additional properties ";
  constexpr std::string_view end = " not allowed";
  std::vector<std::string> lines;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) {
    if (const auto at = line.find(names); at != std::string::npos && line.ends_with(end)) {
      std::vector<std::string> list;
      const auto begin = at + names.size();
      std::istringstream words(line.substr(begin, line.size() - end.size() - begin));
      for (std::string word; std::getline(words, word, ',');) list.push_back(word.substr(word.find('\'')));
      std::sort(list.begin(), list.end());
      line.resize(begin);
      for (const auto& word : list) line += word + ' ';
    }
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const auto& line : lines) out += line + '\n';
  return out;
}

std::map<std::size_t, std::string> numbered_results(const std::string& output) {
  std::map<std::size_t, std::string> results;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash;
    std::size_t number = 0;
    if (words >> hash >> number && hash == "#") results[number] = line.substr(line.find(' ', 2) + 1);
  }
  return results;
}

}  // namespace gitopsctl::tests
