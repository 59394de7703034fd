#include "agent/cli/helm_inputs.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/cli/environment_variable.hpp"
#include "agent/cli/exit_code.hpp"
#include "agent/cli/helm_repositories.hpp"
#include "agent/cli/helm_words.hpp"
#include "agent/kube/kubeconfig_namespace.hpp"
#include "base/text/escape.hpp"
#include "base/text/go_format.hpp"
#include "base/text/unicode.hpp"
#include "channels/model/remote_chart.hpp"
#include "render/helm/strvals.hpp"

namespace gitopsctl::agent::cli {
namespace {

namespace fs = std::filesystem;

/// The bytes of a file of this machine, or of standard input. Errors in the words of helm: `open x: no such file or
/// directory`.
Result<std::string> read_given(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    errno = 0;
    file.open(path, std::ios::binary);
    if (!file) return Error(ErrorCode::not_found, "open " + path + ": " + system_reason(errno == 0 ? ENOENT : errno));
    std::error_code ignored;
    if (fs::is_directory(path, ignored))
      return Error(ErrorCode::invalid_input, "read " + path + ": " + system_reason(EISDIR));
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

/// Not every verb of helm's kind has the flag.
bool compatible(const Invocation& invocation) { return invocation.given("helm-compat") && invocation.is_set("helm-compat"); }

Error no_such_chart(const std::string& chart, bool as_helm) {
  if (chart.starts_with('/') || chart.starts_with('.')) {
    return {ErrorCode::not_found, "path \"" + chart + "\" not found"};
  }
  if (chart.find('/') == std::string::npos) {
    return {ErrorCode::not_found, "non-absolute URLs should be in form of repo_name/path_to_chart, got: " + chart};
  }
  if (as_helm) return {ErrorCode::not_found, "repo " + chart.substr(0, chart.find('/')) + " not found"};
  return Error(ErrorCode::not_found, "'" + chart + "' is no directory and no file of this machine")
      .with_hint(
          "a chart of a repository is named by --repo URL and its name, or REPOSITORY/NAME after `helm repo add`; one "
          "of a registry by oci://HOST/PATH/NAME");
}

/// The tree that a chart stands in: the repository around it, so that links inside of that can be followed; else the
/// directory above it. Helm 4 looks for Chart.yaml before it loads a chart.
Result<FileTreePtr> open_around(const std::string& chart, bool wants_chart_yaml, bool as_helm, TreePath& in_tree) {
  std::error_code failed;
  if (!fs::exists(chart, failed)) return no_such_chart(chart, as_helm);
  const fs::path chart_yaml = fs::absolute(chart, failed).lexically_normal() / "Chart.yaml";
  if (wants_chart_yaml && fs::is_directory(chart, failed) && !fs::exists(chart_yaml, failed)) {
    return Error(ErrorCode::not_found, "unable to detect chart at " + chart_yaml.string() + ": open " + chart_yaml.string() +
                                           ": " + system_reason(ENOENT));
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

/// The names given with `-f`; several may stand in one word, with commas between them.
Result<std::vector<std::string>> value_file_names(const Invocation& invocation) {
  std::vector<std::string> out;
  for (const auto& word : invocation.list("values")) {
    GITOPSCTL_TRY(auto names, split_helm_list(word));
    for (auto& name : names) out.push_back(std::move(name));
  }
  return out;
}

/// Tells of every link that helm's walk through a directory meets; it goes through those to directories as well.
void log_links(const fs::path& shown, const fs::path& real, int depth, render::helm::HelmLog& log) {
  constexpr int max_depth = 100;
  std::error_code failed;
  if (fs::is_symlink(real, failed)) {
    const auto resolved = fs::canonical(real, failed);
    if (failed) return;
    log.write("walk.go:75",
              "found symbolic link in path: " + shown.string() + " resolves to " + resolved.string() +
                  ". Contents of linked file included and used",
              "INFO", "found symbolic link in path. Contents of linked file included and used",
              {{"path", shown.string()}, {"resolved", resolved.string()}});
    return log_links(shown, resolved, depth + 1, log);
  }
  if (depth > max_depth || !fs::is_directory(real, failed)) return;
  std::vector<fs::path> names;
  for (const auto& entry : fs::directory_iterator(real, failed)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  for (const auto& name : names) log_links(shown / name, real / name, depth + 1, log);
}

Error unsupported(const std::string& what, const std::string& instead) {
  return Error(ErrorCode::unsupported, what).with_hint(instead);
}

}  // namespace

std::string system_reason(int number) {
  auto text = std::generic_category().message(number);
  if (!text.empty()) text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return text;
}

Result<FileTreePtr> open_helm_chart(const Invocation& invocation, const HelmNetwork& network, const std::string& chart,
                                    TreePath& in_tree) {
  GITOPSCTL_TRY(const auto repository, named_repository(invocation, chart));
  if (!repository && !invocation.given("repo") && !channels::is_remote_chart(chart)) {
    const bool looks_first =
        invocation.verb().name == "helm template" && !invocation.text("helm-profile").starts_with("helm-3");
    return open_around(chart, looks_first, compatible(invocation), in_tree);
  }
  if (!network.fetch) return Error(ErrorCode::needs_source, "'" + chart + "' is not on this machine");
  GITOPSCTL_TRY(const auto fetched, network.fetch(chart));
  GITOPSCTL_TRY(in_tree, TreePath::parse(fetched.file_name));
  return fetched.tree();
}

Result<FileTreePtr> read_helm_values(const Invocation& invocation, render::HelmInputs& helm) {
  const auto files = std::make_shared<GivenFiles>();
  GITOPSCTL_TRY(const auto names, value_file_names(invocation));
  for (const auto& name : names) {
    const std::string path(trim_space(name));
    GITOPSCTL_TRY(auto content, read_given(path));
    GITOPSCTL_TRY(auto given, TreePath::parse("values/" + files->add(path, std::move(content)).str()));
    helm.value_files.push_back(std::move(given));
  }
  GITOPSCTL_CHECK(add_overrides(invocation, helm));
  return FileTreePtr(files);
}

std::string helm_namespace(const Invocation& invocation) {
  if (const auto given = invocation.text("namespace", environment_variable("HELM_NAMESPACE")); !given.empty()) return given;
  KubeNamespaceOptions options;
  options.kubeconfig = invocation.text("kubeconfig");
  options.context = invocation.text("kube-context");
  if (options.context.empty()) options.context = environment_variable("HELM_KUBECONTEXT");
  return kubeconfig_namespace(options);
}

Result<void> refuse_unsupported(const Invocation& invocation, const std::string& chart) {
  if (invocation.is_set("verify")) {
    std::error_code failed;
    if (compatible(invocation) && fs::is_directory(chart, failed)) {
      return Error(ErrorCode::invalid_input, "unpacked charts cannot be verified");
    }
    return unsupported("--verify is not supported: this version does not verify signatures of charts",
                       "verify it with helm verify, or name an oci:// chart by its digest");
  }
  for (const std::string_view name : {"cert-file", "key-file"}) {
    if (invocation.text(name).empty()) continue;
    return unsupported("--" + std::string(name) + " is not supported: this version logs in with a user and a password only",
                       "fetch the chart by other means and name the archive");
  }
  return {};
}

std::optional<render::helm::HelmLog> helm_log(const Invocation& invocation, const std::string& chart) {
  if (!compatible(invocation)) return std::nullopt;
  const auto profile = render::helm::find_profile(invocation.text("helm-profile", render::HelmInputs().profile));
  if (!profile.ok()) return std::nullopt;
  std::optional<render::helm::HelmLog> out(*profile);
  std::error_code failed;
  const bool here = !invocation.given("repo") && !channels::is_remote_chart(chart);
  if (here && fs::is_directory(chart, failed)) {
    auto directory = fs::absolute(chart, failed).lexically_normal();
    if (!directory.has_filename()) directory = directory.parent_path();
    log_links(directory, directory, 0, *out);
  }
  return out;
}

void print_helm_log(const Invocation& invocation, const std::optional<render::helm::HelmLog>& log) {
  if (!log) return;
  for (const auto& line : log->lines()) invocation.terminal().err(terminal_safe(line) + '\n');
}

int print_helm_error(const Invocation& invocation, const Error& error, bool advice) {
  Terminal& terminal = invocation.terminal();
  if (!compatible(invocation)) {
    terminal.err(describe_error(error, terminal.colour_err()));
    return 1;
  }
  // Helm 4 logs some mistakes before it ends with them.
  if (!invocation.text("helm-profile").starts_with("helm-3")) {
    for (const std::string logged : {"release name check failed", "chart dependencies processing failed"}) {
      if (!error.message().starts_with(logged + ": ")) continue;
      terminal.err(render::helm::slog_line("ERROR", logged, {{"error", error.message().substr(logged.size() + 2)}}) + '\n');
    }
  }
  terminal.err("Error: " + error.message() + (advice ? "\n\nUse --debug flag to render out invalid YAML\n" : "\n"));
  return 1;
}

}  // namespace gitopsctl::agent::cli
