#include "tests/parity_charts/renders.hpp"

#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/crypto/digest.hpp"
#include "base/files/file_tree.hpp"
#include "base/process/spawn.hpp"
#include "render/helm/helm.hpp"
#include "tests/parity_charts/charts.hpp"

namespace gitopsctl::tests {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t max_output = 512ULL << 20U;
constexpr std::string_view release = "rel";
constexpr std::string_view name_space = "apps";

std::string value_file(std::size_t number) { return "values/" + std::to_string(number) + ".yaml"; }

CapturedOutput run(const std::string& program, std::vector<std::string> arguments, const fs::path& directory) {
  CapturedCommand command;
  command.command.program = program;
  command.command.arguments = std::move(arguments);
  command.command.directory = directory.string();
  // Nothing of the user's: no plugins, repositories or cluster.
  command.command.environment = {
      {{"HOME", directory.string() + "/.home"}, {"PATH", "/usr/bin:/bin"}, {"KUBECONFIG", "/dev/null"}}};
  command.max_output = max_output;
  auto ran = run_command(command, {});
  if (!ran.ok()) throw std::runtime_error(ran.error().to_string());
  return std::move(*ran);
}

/// The part of standard error that is the error: warnings stand before it.
std::string error_part(const std::string& text) {
  if (text.starts_with("Error: ")) return text;
  const auto start = text.find("\nError: ");
  return start == std::string::npos ? text : text.substr(start + 1);
}

}  // namespace

CachedHelm::CachedHelm(std::string program, fs::path cache) : program_(std::move(program)), cache_(std::move(cache)) {
  const auto file = fs::canonical(program_);
  identity_ = file.string() + ' ' + std::to_string(fs::file_size(file)) + ' ' +
              std::to_string(fs::last_write_time(file).time_since_epoch().count());
}

std::string CachedHelm::version() const {
  auto out = run(program_, {"version", "--template", "{{ .Version }}"}, fs::temp_directory_path()).out;
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

Rendered CachedHelm::render(const RenderOrder& order, int run_number) const {
  Sha256 sum;
  sum.add_field(identity_);
  sum.add_field(order.chart_digest);
  sum.add_field(order.include_crds ? "crds" : "");
  if (order.skip_schema) sum.add_field("no schema");
  sum.add_field(std::to_string(run_number));
  for (const auto& text : order.values->texts) sum.add_field(text);
  const auto key = sum.hex();
  const auto kept = cache_ / key.substr(0, 2) / key;
  if (fs::exists(kept)) {
    auto text = read_text(kept);
    return {.ok = text.starts_with('+'), .text = text.substr(1)};
  }
  std::vector<std::string> arguments = {"template", std::string(release), "./chart", "-n", std::string(name_space)};
  if (order.include_crds) arguments.emplace_back("--include-crds");
  if (order.skip_schema) arguments.emplace_back("--skip-schema-validation");
  for (std::size_t i = 0; i < order.values->texts.size(); ++i) {
    write_text(order.work / value_file(i), order.values->texts[i]);
    arguments.insert(arguments.end(), {"-f", value_file(i)});
  }
  auto ran = run(program_, std::move(arguments), order.work);
  // A program that was killed, as the kernel does when memory is short, has given no answer.
  if (ran.status.signal != 0)
    throw std::runtime_error(program_ + " was ended by signal " + std::to_string(ran.status.signal));
  Rendered out{.ok = ran.status.exit_code == 0, .text = {}};
  out.text = out.ok ? std::move(ran.out) : error_part(ran.err);
  const auto beside = kept.string() + '.' + std::to_string(std::hash<std::thread::id>()(std::this_thread::get_id()));
  write_text(beside, (out.ok ? '+' : '-') + out.text);
  fs::rename(beside, kept);
  return out;
}

Rendered render_ours(const RenderOrder& order, const std::string& profile) {
  const auto values = std::make_shared<MemoryTree>();
  render::RenderInputs inputs;
  for (std::size_t i = 0; i < order.values->texts.size(); ++i) {
    const auto path = TreePath::parse(value_file(i)).value();
    values->add(TreePath::parse(path.name()).value(), order.values->texts[i]);
    inputs.helm.value_files.push_back(path);
  }
  auto disk = open_disk_tree((order.work / "chart").string());
  if (!disk.ok()) throw std::runtime_error(disk.error().to_string());
  inputs.tree = mount_trees({{"chart", *disk}, {"values", values}});
  inputs.namespace_ = std::string(name_space);
  inputs.helm.chart = TreePath::parse("chart").value();
  inputs.helm.release_name = std::string(release);
  inputs.helm.include_crds = order.include_crds;
  inputs.helm.skip_schema = order.skip_schema;
  inputs.helm.profile = profile;
  inputs.now = system_clock().now();
  auto reached = render::helm::Stage::inputs;
  const auto out = render::helm::render_chart(inputs, &reached);
  if (out.ok()) return {.ok = true, .text = out->text()};
  // The form of `gitopsctl helm template --helm-compat`.
  const bool rendering = reached == render::helm::Stage::values;
  return {
      .ok = false,
      .text = "Error: " + out.error().message() + (rendering ? "\n\nUse --debug flag to render out invalid YAML\n" : "\n")};
}

}  // namespace gitopsctl::tests
