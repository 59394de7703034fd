// `gitopsctl helm template`: stands in for helm where a chart is to be printed.
#include "agent/cli/helm_template.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/cli/helm_name.hpp"
#include "agent/cli/helm_words.hpp"
#include "agent/cli/invocation.hpp"
#include "agent/cli/lookup_snapshot.hpp"
#include "agent/cli/render_flags.hpp"
#include "agent/cli/runs.hpp"
#include "agent/isolate/isolate.hpp"
#include "base/budget/small_blocks.hpp"
#include "base/process/memory.hpp"
#include "base/process/signals.hpp"
#include "base/process/spawn.hpp"
#include "base/text/escape.hpp"
#include "base/text/unicode.hpp"
#include "render/helm/helm.hpp"
#include "render/helm/logged_render.hpp"

namespace gitopsctl::agent::cli {
namespace {

namespace fs = std::filesystem;

bool is_helm_three(const Invocation& invocation) { return invocation.text("helm-profile").starts_with("helm-3"); }

/// What needs more than the chart: a cluster, names from a network, a plugin of helm.
Result<void> refuse(const Invocation& invocation) {
  const auto no = [](const std::string& what, const std::string& instead) {
    return Error(ErrorCode::unsupported, what).with_hint(instead);
  };
  const bool asks_server = invocation.text("dry-run") == "server" && !is_helm_three(invocation);
  if (asks_server || invocation.is_set("validate")) {
    return no(std::string(asks_server ? "--dry-run=server" : "--validate") + " asks a cluster, and this command asks none",
              "leave it out; `kubectl apply --dry-run=server -f -` checks what is printed");
  }
  if (invocation.is_set("enable-dns")) {
    return no("--enable-dns looks up names in a network, and a render asks none", "give the chart the addresses as values");
  }
  if (!invocation.text("post-renderer").empty() && !is_helm_three(invocation)) {
    return no("--post-renderer names a plugin of helm 4, and there are no plugins here",
              "with --helm-profile helm-3.22 it names a program, as in helm 3; or send what is printed through the program");
  }
  constexpr std::array<std::string_view, 6> reserved{"name", "owner", "status", "version", "createdAt", "modifiedAt"};
  for (const auto& text : invocation.list("labels")) {
    std::vector<std::string> pairs{text};
    if (std::count(text.begin(), text.end(), '=') > 1) {
      GITOPSCTL_TRY(pairs, split_helm_list(text));
    }
    for (const auto& pair : pairs) {
      const auto equals = pair.find('=');
      if (equals == std::string::npos) return Error(ErrorCode::invalid_input, pair + " must be formatted as key=value");
      if (std::find(reserved.begin(), reserved.end(), pair.substr(0, equals)) == reserved.end()) continue;
      return Error(ErrorCode::invalid_input,
                   "user supplied labels contains system reserved label name. System labels: [name owner status version "
                   "createdAt modifiedAt]");
    }
  }
  return {};
}

/// The name of the release: given, made by `--name-template`, or helm's own for a render. helm has that one before it asks
/// for --generate-name, which therefore changes nothing.
Result<std::string> release_name(const Invocation& invocation, const render::RenderInputs& inputs) {
  const auto text = invocation.text("name-template");
  if (invocation.arguments().size() > 1) {
    for (const std::string flag : {"generate-name", "name-template"}) {
      if (flag == "name-template" ? text.empty() : !invocation.is_set(flag)) continue;
      return Error(ErrorCode::invalid_input, "cannot set --" + flag + " and also specify a name");
    }
    return std::string(invocation.argument(0));
  }
  if (text.empty()) return std::string("release-name");
  GITOPSCTL_TRY(const auto profile, render::helm::find_profile(inputs.helm.profile));
  return helm_release_name(text, profile, inputs.limits, inputs.now);
}

Result<render::RenderInputs> read_inputs(const Invocation& invocation, const HelmNetwork& network) {
  render::RenderInputs inputs;
  inputs.helm.keep_content = false;
  inputs.driver = render::DriverKind::helm;
  inputs.now = system_clock().now();
  auto& helm = inputs.helm;
  helm.profile = invocation.text("helm-profile", helm.profile);
  const std::string chart(invocation.argument(invocation.arguments().size() > 1 ? 1 : 0));
  GITOPSCTL_CHECK(refuse(invocation));
  GITOPSCTL_TRY(helm.release_name, release_name(invocation, inputs));
  GITOPSCTL_CHECK(refuse_unsupported(invocation, chart));
  TreePath in_tree;
  GITOPSCTL_TRY(auto around, open_helm_chart(invocation, network, chart, in_tree));
  GITOPSCTL_TRY(auto files, read_helm_values(invocation, helm));
  GITOPSCTL_TRY(helm.chart, TreePath::parse("chart/" + in_tree.str()));
  inputs.tree = mount_trees({{"chart", std::move(around)}, {"values", std::move(files)}});
  inputs.namespace_ = helm_namespace(invocation);
  helm.capabilities.kube_version = invocation.text("kube-version");
  for (const auto& list : invocation.list("api-versions")) {
    GITOPSCTL_TRY(auto versions, split_helm_list(list));
    for (auto& version : versions) helm.capabilities.api_versions.push_back(std::move(version));
  }
  helm.is_upgrade = invocation.is_set("is-upgrade");
  helm.include_crds = invocation.is_set("include-crds");
  helm.skip_tests = invocation.is_set("skip-tests");
  helm.skip_schema = invocation.is_set("skip-schema-validation");
  inputs.identity = helm.release_name;
  return inputs;
}

/// Writes documents to the files that they are named after, as helm does: the first of a file replaces what was there. The
/// first hook does not.
class FileWriter {
 public:
  FileWriter(std::string directory, std::string release, Terminal& terminal)
      : directory_(std::move(directory)), release_(std::move(release)), terminal_(terminal) {}

  Result<void> write(const render::helm::Output& output, bool with_hooks) {
    // helm leaves the release's name out of the places of custom resource definitions.
    for (const auto& document : output.crds) GITOPSCTL_CHECK(put(directory_, document, false));
    const std::string place = release_.empty() ? directory_ : directory_ + '/' + release_;
    for (const auto& document : output.manifests) GITOPSCTL_CHECK(put(place, document, false));
    if (!with_hooks) return {};
    for (const auto& document : output.hooks) GITOPSCTL_CHECK(put(place, document, true));
    return {};
  }

 private:
  Result<void> put(const std::string& place, const render::helm::Document& document, bool keep) {
    const std::string name = place + '/' + document.path;
    std::error_code failed;
    fs::create_directories(fs::path(name).parent_path(), failed);
    if (failed)
      return Error(ErrorCode::invalid_input, "mkdir " + fs::path(name).parent_path().string() + ": " + failed.message());
    const bool append = keep || !begun_.insert(name).second;
    std::ofstream file(name, append ? std::ios::binary | std::ios::app : std::ios::binary | std::ios::trunc);
    file << "---\n# Source: " << document.path << '\n' << document.text << '\n';
    file.close();
    if (!file) return Error(ErrorCode::invalid_input, "open " + name + ": " + system_reason(errno));
    terminal_.out("wrote " + name + '\n');
    return {};
  }

  std::string directory_;
  std::string release_;
  Terminal& terminal_;
  std::set<std::string> begun_;
};

/// Renders; with --dependency-update a directory that lacks dependencies gets them first, as in helm.
Result<render::helm::Output> render(const Invocation& invocation, const HelmNetwork& network, render::RenderInputs inputs,
                                    render::helm::Stage& reached, render::helm::RenderTrace& trace) {
  GITOPSCTL_TRY(const auto rules, render_rules(invocation));
  inputs.limits = rules.limits;
  GITOPSCTL_TRY(inputs.lookup, snapshot_lookup(invocation));
  const auto once = [&] {
    // What is locked up leaves no trace.
    return rules.isolate ? IsolatedRenderer().chart(inputs, &reached)
                         : render::helm::render_chart_traced(inputs, reached, trace);
  };
  auto output = once();
  const bool lacks = !output.ok() && output.error().code() == ErrorCode::needs_source;
  const std::string chart(invocation.argument(invocation.arguments().size() > 1 ? 1 : 0));
  std::error_code failed;
  if (!lacks || !invocation.is_set("dependency-update") || !network.update_dependencies ||
      !fs::is_directory(chart, failed)) {
    return output;
  }
  GITOPSCTL_CHECK(network.update_dependencies(fs::absolute(chart, failed).lexically_normal().string()));
  return once();
}

/// Runs the program that `--post-renderer` names: it gets the manifests, and what it prints takes their place.
Result<std::string> post_render(const Invocation& invocation, const std::string& program, std::string manifests) {
  GITOPSCTL_TRY(const auto path, find_post_renderer(program));
  CapturedCommand command;
  command.command.program = path;
  command.command.arguments = invocation.list("post-renderer-args");
  command.input = std::move(manifests);
  command.max_output = render::RenderLimits().output_bytes;
  // Its process group is not ours: who ends us ends it.
  const auto ran = run_command(command, {stop_on_signals(), {}});
  const std::string prefix = "error while running post render on files: ";
  if (!ran.ok()) return Error(ran.error().code(), prefix + ran.error().message());
  if (ran->status.exit_code == 0) return ran->out;
  const auto how = ran->status.signal == 0 ? "exit status " + std::to_string(ran->status.exit_code)
                                           : "signal: " + std::string(::strsignal(ran->status.signal));
  return Error(ErrorCode::invalid_input,
               prefix + "error while running command " + path + ". error output:\n" + ran->err + ": " + how);
}

/// With --debug: prints what was rendered and cannot be read, and returns the error.
Error print_unread(const Invocation& invocation, const std::string& text, const Error& error) {
  render::helm::Output output;
  if (const auto profile = render::helm::find_profile(invocation.text("helm-profile", render::HelmInputs().profile));
      profile.ok()) {
    output.cut = profile->cut;
  }
  const auto patterns = invocation.list("show-only");
  if (patterns.empty()) {
    invocation.terminal().out(output.text(false, text));
    return error;
  }
  const auto shown = output.show_only(patterns, false, text);
  // Helm 4 thinks that what it cannot find is among what it could not read.
  if (!shown.ok()) return is_helm_three(invocation) ? shown.error() : error;
  invocation.terminal().out(*shown);
  return error;
}

Result<void> run(const Invocation& invocation, const HelmNetwork& network, render::helm::Stage& reached) {
  GITOPSCTL_TRY(const auto inputs, read_inputs(invocation, network));
  auto log = helm_log(invocation, std::string(invocation.argument(invocation.arguments().size() > 1 ? 1 : 0)));
  render::helm::RenderTrace trace{.log = log ? &*log : nullptr, .keeps_text = invocation.is_set("debug"), .text = {}};
  auto rendered = render(invocation, network, inputs, reached, trace);
  print_helm_log(invocation, log);
  if (!rendered.ok() && trace.keeps_text && reached == render::helm::Stage::values) {
    reached = render::helm::Stage::inputs;  // helm's advice is to do what was done here
    return print_unread(invocation, trace.text, rendered.error());
  }
  GITOPSCTL_TRY(auto output, std::move(rendered));
  Terminal& terminal = invocation.terminal();
  for (const auto& warning : output.warnings) {
    if (!log) terminal.err("warning: " + terminal_safe(warning) + '\n');
  }
  const bool hooks = !invocation.is_set("no-hooks");
  const auto directory = invocation.text("output-dir");
  if (!directory.empty()) {
    FileWriter writer(directory, invocation.is_set("release-name") ? inputs.helm.release_name : "", terminal);
    GITOPSCTL_CHECK(writer.write(output, hooks));
    // What is in files is not printed.
    output.crds.clear();
    output.manifests.clear();
    output.hooks.clear();
  }
  std::optional<std::string> rewritten;
  if (const auto program = invocation.text("post-renderer"); !program.empty()) {
    GITOPSCTL_TRY(rewritten, post_render(invocation, program, output.body()));
  }
  reached = render::helm::Stage::inputs;
  const auto patterns = invocation.list("show-only");
  if (patterns.empty()) {
    terminal.out(output.text(hooks, rewritten));
    return {};
  }
  GITOPSCTL_TRY(const auto shown, output.show_only(patterns, hooks, rewritten));
  terminal.out(shown);
  return {};
}

}  // namespace

Result<int> run_helm_template(const Invocation& invocation) {
  // What rendering any chart takes.
  use_small_blocks();
  prepare_memory(std::size_t{512} << 10U);
  return helm_template(invocation, {});
}

Result<int> helm_template(const Invocation& invocation, const HelmNetwork& network) {
  auto reached = render::helm::Stage::inputs;
  const auto done = run(invocation, network, reached);
  if (done.ok()) return 0;
  return print_helm_error(invocation, done.error(), reached == render::helm::Stage::values);
}

}  // namespace gitopsctl::agent::cli
