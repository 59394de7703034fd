// `gitopsctl helm template`: stands in for helm where a chart on this machine is to be printed.
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <system_error>
#include <utility>

#include "agent/cli/helm_template.hpp"

#include "agent/cli/exit_code.hpp"
#include "agent/cli/invocation.hpp"
#include "agent/cli/lookup_snapshot.hpp"
#include "agent/cli/render_flags.hpp"
#include "agent/cli/runs.hpp"
#include "agent/isolate/isolate.hpp"
#include "base/text/escape.hpp"
#include "base/text/unicode.hpp"
#include "render/helm/helm.hpp"
#include "render/helm/strvals.hpp"

namespace gitopsctl::agent::cli {
namespace {

namespace fs = std::filesystem;

std::string reason(int number) {
  auto text = std::generic_category().message(number);
  if (!text.empty()) text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return text;
}

/// The bytes of a file of this machine, or of standard input. Errors in the words of helm: `open x: no such file or
/// directory`.
Result<std::string> read_given(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    errno = 0;
    file.open(path, std::ios::binary);
    if (!file) return Error(ErrorCode::not_found, "open " + path + ": " + reason(errno == 0 ? ENOENT : errno));
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) return Error(ErrorCode::invalid_input, "read " + path + ": " + reason(EISDIR));
  }
  std::istream& in = path == "-" ? std::cin : file;
  std::string out;
  std::array<char, 65536> part;
  while (in.read(part.data(), part.size()) || in.gcount() > 0) {
    out.append(part.data(), static_cast<std::size_t>(in.gcount()));
    if (out.size() > FileTree::default_max_bytes) return Error(ErrorCode::too_large, path + " is larger than 100 MiB");
  }
  return out;
}

/// Values files as they were named on the command line, as the files `0`, `1`, … of a tree.
class GivenFiles final : public FileTree {
 public:
  TreePath add(std::string name, std::string content) {
    const auto number = std::to_string(files_.size());
    files_.push_back({std::move(name), std::move(content)});
    return TreePath().child(number);
  }
  std::string display(const TreePath& path) const override {
    const auto* file = find(path);
    return file == nullptr ? path.str() : file->first;
  }

 protected:
  Result<FileInfo> do_stat(const TreePath& path) const override {
    if (path.is_root()) return FileInfo{.name = {}, .type = FileType::directory, .content_id = {}};
    const auto* file = find(path);
    if (file == nullptr) return Error(ErrorCode::not_found, path.str() + " does not exist");
    return FileInfo{.name = path.str(), .size = file->second.size(), .content_id = {}};
  }
  Result<std::string> do_read(const TreePath& path, std::uint64_t /*max_bytes*/) const override {
    const auto* file = find(path);
    if (file == nullptr) return Error(ErrorCode::not_found, path.str() + " does not exist");
    return file->second;
  }
  Result<std::vector<FileInfo>> do_list(const TreePath& /*path*/) const override { return std::vector<FileInfo>(); }
  Result<std::string> do_read_link(const TreePath& path) const override {
    return Error(ErrorCode::not_found, path.str() + " is no link");
  }

 private:
  [[nodiscard]] const std::pair<std::string, std::string>* find(const TreePath& path) const {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (path.str() == std::to_string(i)) return &files_[i];
    }
    return nullptr;
  }
  std::vector<std::pair<std::string, std::string>> files_;
};

Error no_such_chart(const std::string& chart) {
  if (chart.starts_with('/') || chart.starts_with('.')) {
    return {ErrorCode::not_found, "path \"" + chart + "\" not found"};
  }
  if (chart.find('/') == std::string::npos) {
    return {ErrorCode::not_found, "non-absolute URLs should be in form of repo_name/path_to_chart, got: " + chart};
  }
  return Error(ErrorCode::not_found, "'" + chart + "' is no directory and no file of this machine")
      .with_hint("a chart of a repository is named by --repo URL and its name, one of a registry by oci://HOST/PATH/NAME");
}

/// The tree that a chart stands in: the repository around it, so that links inside of that can be followed; else the
/// directory above it. Helm 4 looks for Chart.yaml before it loads a chart.
Result<FileTreePtr> open_around(const std::string& chart, bool wants_chart_yaml, TreePath& in_tree) {
  std::error_code failed;
  if (!fs::exists(chart, failed)) return no_such_chart(chart);
  const fs::path chart_yaml = fs::absolute(chart, failed).lexically_normal() / "Chart.yaml";
  if (wants_chart_yaml && fs::is_directory(chart, failed) && !fs::exists(chart_yaml, failed)) {
    return Error(ErrorCode::not_found, "unable to detect chart at " + chart_yaml.string() + ": open " + chart_yaml.string() +
                                           ": " + reason(ENOENT));
  }
  const fs::path real = fs::canonical(chart, failed);
  if (failed) return Error(ErrorCode::not_found, "path \"" + chart + "\": " + failed.message());
  fs::path root = real.parent_path();
  for (fs::path at = real; at != at.root_path(); at = at.parent_path()) {
    if (!fs::exists(at / ".git", failed)) continue;
    root = at;
    break;
  }
  GITOPSCTL_TRY(auto tree, open_disk_tree(root.string()));
  const auto relative = real.lexically_relative(root).string();
  GITOPSCTL_TRY(in_tree, TreePath::parse(relative == "." ? std::string_view() : std::string_view(relative)));
  return tree;
}

Result<void> add_overrides(const Invocation& invocation, render::HelmInputs& helm) {
  using Kind = render::SetValue::Kind;
  constexpr std::array<std::pair<std::string_view, Kind>, 5> flags{{{"set-json", Kind::json},
                                                                    {"set", Kind::typed},
                                                                    {"set-string", Kind::string},
                                                                    {"set-file", Kind::file},
                                                                    {"set-literal", Kind::literal}}};
  for (const auto& [name, kind] : flags) {
    for (auto& text : invocation.list(name)) helm.set_values.push_back({kind, std::move(text)});
  }
  // A render reads nothing by itself: what the files hold is given to it.
  for (const auto& text : invocation.list("set-file")) {
    Value scratch = Value::map();
    const auto read = [&](const std::string& path) -> Result<std::string> {
      GITOPSCTL_TRY(auto content, read_given(path));
      return helm.set_files[path] = std::move(content);
    };
    const auto done = render::helm::parse_set(text, render::helm::SetStyle::file, scratch, read);
    if (!done.ok()) return Error(done.error().code(), "failed parsing --set-file data: " + done.error().message());
  }
  return {};
}

/// Opens what the word names: a directory or file here, or a chart elsewhere.
Result<FileTreePtr> open_chart(const Invocation& invocation, const HelmTemplateNetwork& network, const std::string& chart,
                               TreePath& in_tree) {
  if (!invocation.given("repo") && !channels::is_remote_chart(chart)) {
    return open_around(chart, !invocation.text("helm-profile").starts_with("helm-3"), in_tree);
  }
  if (!network.fetch) return Error(ErrorCode::needs_source, "'" + chart + "' is not on this machine");
  GITOPSCTL_TRY(const auto fetched, network.fetch(chart));
  GITOPSCTL_TRY(in_tree, TreePath::parse(fetched.file_name));
  return fetched.tree();
}

/// The names given with `-f`; several may stand in one word, with commas between them.
std::vector<std::string> value_file_names(const Invocation& invocation) {
  std::vector<std::string> out;
  for (const auto& word : invocation.list("values")) {
    std::string_view rest = word;
    for (auto comma = rest.find(','); comma != std::string_view::npos; comma = rest.find(',')) {
      out.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(comma + 1);
    }
    out.emplace_back(rest);
  }
  return out;
}

Result<render::RenderInputs> read_inputs(const Invocation& invocation, const HelmTemplateNetwork& network) {
  render::RenderInputs inputs;
  inputs.helm.keep_content = false;
  inputs.driver = render::DriverKind::helm;
  auto& helm = inputs.helm;
  const bool named = invocation.arguments().size() > 1;
  const std::string chart(invocation.argument(named ? 1 : 0));
  if (named && invocation.is_set("generate-name")) {
    return Error(ErrorCode::invalid_input, "cannot set --generate-name and also specify a name");
  }
  // helm has a name for a render without one, so that --generate-name changes nothing.
  helm.release_name = named ? std::string(invocation.argument(0)) : "release-name";
  TreePath in_tree;
  GITOPSCTL_TRY(auto around, open_chart(invocation, network, chart, in_tree));
  const auto files = std::make_shared<GivenFiles>();
  for (const auto& name : value_file_names(invocation)) {
    const std::string path(trim_space(name));
    GITOPSCTL_TRY(auto content, read_given(path));
    GITOPSCTL_TRY(auto given, TreePath::parse("values/" + files->add(path, std::move(content)).str()));
    helm.value_files.push_back(std::move(given));
  }
  GITOPSCTL_TRY(helm.chart, TreePath::parse("chart/" + in_tree.str()));
  inputs.tree = mount_trees({{"chart", std::move(around)}, {"values", files}});
  GITOPSCTL_CHECK(add_overrides(invocation, helm));
  const char* environment = std::getenv("HELM_NAMESPACE");  // NOLINT(concurrency-mt-unsafe): nothing changes it
  const std::string fallback = environment == nullptr || *environment == '\0' ? "default" : environment;
  inputs.namespace_ = invocation.text("namespace", fallback);
  helm.profile = invocation.text("helm-profile", helm.profile);
  helm.capabilities.kube_version = invocation.text("kube-version");
  for (const auto& list : invocation.list("api-versions")) {
    for (std::size_t at = 0; at <= list.size();) {
      const auto end = std::min(list.find(',', at), list.size());
      if (end > at) helm.capabilities.api_versions.push_back(list.substr(at, end - at));
      at = end + 1;
    }
  }
  helm.is_upgrade = invocation.is_set("is-upgrade");
  helm.include_crds = invocation.is_set("include-crds");
  helm.skip_tests = invocation.is_set("skip-tests");
  helm.skip_schema = invocation.is_set("skip-schema-validation");
  inputs.identity = helm.release_name;
  inputs.now = system_clock().now();
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
    if (!file) return Error(ErrorCode::invalid_input, "open " + name + ": " + reason(errno));
    terminal_.out("wrote " + name + '\n');
    return {};
  }

  std::string directory_;
  std::string release_;
  Terminal& terminal_;
  std::set<std::string> begun_;
};

/// Renders; with --dependency-update a directory that lacks dependencies gets them first, as in helm.
Result<render::helm::Output> render(const Invocation& invocation, const HelmTemplateNetwork& network,
                                    render::RenderInputs inputs, render::helm::Stage& reached) {
  GITOPSCTL_TRY(const auto rules, render_rules(invocation));
  inputs.limits = rules.limits;
  GITOPSCTL_TRY(inputs.lookup, snapshot_lookup(invocation));
  const auto once = [&] {
    return rules.isolate ? IsolatedRenderer().chart(inputs, &reached) : render::helm::render_chart(inputs, &reached);
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

Result<void> run(const Invocation& invocation, const HelmTemplateNetwork& network, render::helm::Stage& reached) {
  GITOPSCTL_TRY(const auto inputs, read_inputs(invocation, network));
  GITOPSCTL_TRY(const auto output, render(invocation, network, inputs, reached));
  reached = render::helm::Stage::inputs;
  Terminal& terminal = invocation.terminal();
  for (const auto& warning : output.warnings) terminal.err("warning: " + terminal_safe(warning) + '\n');
  const bool hooks = !invocation.is_set("no-hooks");
  const auto directory = invocation.text("output-dir");
  if (!directory.empty()) {
    FileWriter writer(directory, invocation.is_set("release-name") ? inputs.helm.release_name : "", terminal);
    GITOPSCTL_CHECK(writer.write(output, hooks));
    terminal.out("\n");
    return {};
  }
  const auto patterns = invocation.list("show-only");
  if (patterns.empty()) {
    terminal.out(output.text(hooks));
    return {};
  }
  GITOPSCTL_TRY(const auto shown, output.show_only(patterns, hooks));
  terminal.out(shown);
  return {};
}

}  // namespace

Result<int> run_helm_template(const Invocation& invocation) { return helm_template(invocation, {}); }

Result<int> helm_template(const Invocation& invocation, const HelmTemplateNetwork& network) {
  auto reached = render::helm::Stage::inputs;
  const auto done = run(invocation, network, reached);
  if (done.ok()) return 0;
  Terminal& terminal = invocation.terminal();
  if (invocation.is_set("helm-compat")) {
    const bool rendering = reached == render::helm::Stage::values;
    terminal.err("Error: " + done.error().message() +
                 (rendering ? "\n\nUse --debug flag to render out invalid YAML\n" : "\n"));
  } else {
    terminal.err(describe_error(done.error(), terminal.colour_err()));
  }
  return 1;
}

}  // namespace gitopsctl::agent::cli
