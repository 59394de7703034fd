// `gitopsctl helm lint`: looks for mistakes in charts, and says them as helm does.
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/cli/helm_inputs.hpp"
#include "agent/cli/render_flags.hpp"
#include "agent/cli/runs.hpp"
#include "base/text/escape.hpp"
#include "render/helm/capabilities.hpp"
#include "render/helm/inspect.hpp"
#include "render/helm/lint.hpp"

namespace gitopsctl::agent::cli {
namespace {

namespace fs = std::filesystem;
using render::helm::LintSeverity;

bool is_archive(const std::string& path) { return path.ends_with(".tgz") || path.ends_with(".tar.gz"); }

/// The charts below `charts/` of a directory, in the order of a walk through it.
void add_subcharts(const fs::path& directory, std::vector<std::string>& out) {
  constexpr std::size_t most = 10'000;
  std::error_code failed;
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(directory, failed)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  for (const auto& entry : entries) {
    if (out.size() > most) return;
    if (entry.filename() == "Chart.yaml") {
      out.push_back(entry.parent_path().string());
    } else if (is_archive(entry.string())) {
      out.push_back(entry.string());
    }
    if (fs::is_directory(fs::symlink_status(entry, failed))) add_subcharts(entry, out);
  }
}

/// Why helm does not look into it at all; empty when it does.
std::string no_chart(const std::string& path) {
  std::error_code failed;
  if (is_archive(path)) {
    return fs::exists(path, failed) ? "" : "unable to open tarball: open " + path + ": " + system_reason(ENOENT);
  }
  const auto chart_yaml = (fs::path(path) / "Chart.yaml").lexically_normal().string();
  if (fs::exists(chart_yaml, failed)) return {};
  const int number = failed ? failed.value() : ENOENT;
  return "unable to check Chart.yaml file in chart: stat " + chart_yaml + ": " + system_reason(number);
}

class Lint {
 public:
  explicit Lint(const Invocation& invocation) : invocation_(invocation) {}

  Result<int> run() {
    GITOPSCTL_CHECK(read_inputs());
    auto paths = invocation_.arguments();
    if (paths.empty()) paths.emplace_back(".");
    if (invocation_.is_set("with-subcharts")) {
      for (const auto& path : invocation_.arguments()) add_subcharts((fs::path(path) / "charts").lexically_normal(), paths);
    }
    for (const auto& path : paths) GITOPSCTL_CHECK(lint(path));
    const auto summary = std::to_string(paths.size()) + " chart(s) linted, " + std::to_string(failed_) + " chart(s) failed";
    Terminal& terminal = invocation_.terminal();
    terminal.out(out_);
    if (failed_ > 0) return Error(ErrorCode::invalid_input, summary);
    if (!invocation_.is_set("quiet") || troubled_) terminal.out(summary + '\n');
    return 0;
  }

 private:
  Result<void> read_inputs() {
    auto& helm = inputs_.helm;
    helm.profile = invocation_.text("helm-profile", helm.profile);
    helm.release_name = "test-release";
    helm.skip_schema = invocation_.is_set("skip-schema-validation");
    helm.capabilities.kube_version = invocation_.text("kube-version");
    GITOPSCTL_TRY(const auto profile, render::helm::find_profile(helm.profile));
    GITOPSCTL_CHECK(render::helm::kube_version(profile, helm.capabilities));
    GITOPSCTL_TRY(const auto rules, render_rules(invocation_));
    inputs_.limits = rules.limits;
    inputs_.now = system_clock().now();
    inputs_.namespace_ = helm_namespace(invocation_);
    GITOPSCTL_TRY(files_, read_helm_values(invocation_, helm));
    inputs_.tree = mount_trees({{"values", files_}});
    GITOPSCTL_TRY(user_, render::helm::supplied_values(inputs_));
    return {};
  }

  Result<void> lint(const std::string& path) {
    const bool quiet = invocation_.is_set("quiet");
    render::helm::LintReport report;
    auto refused = no_chart(path);
    if (refused.empty()) {
      GITOPSCTL_TRY(report, look(path));
    }
    const auto least = invocation_.is_set("strict") ? LintSeverity::warning : LintSeverity::error;
    const auto at_least = [&](LintSeverity severity) {
      return std::any_of(report.messages.begin(), report.messages.end(),
                         [&](const auto& message) { return message.severity >= severity; });
    };
    const bool fails = !refused.empty() || at_least(least);
    const bool troubled = fails || at_least(LintSeverity::warning);
    troubled_ = troubled_ || troubled;
    for (const auto& warning : report.warnings) {
      if (!invocation_.is_set("helm-compat")) invocation_.terminal().err("warning: " + terminal_safe(warning) + '\n');
    }
    if (quiet && !troubled) return {};
    out_ += "==> Linting " + path + '\n';
    if (!refused.empty()) out_ += "Error " + refused + '\n';
    for (const auto& message : report.messages) {
      if (!quiet || message.severity > LintSeverity::info) out_ += message.line() + '\n';
    }
    out_ += '\n';
    failed_ += fails ? 1 : 0;
    return {};
  }

  Result<render::helm::LintReport> look(const std::string& path) {
    TreePath in_tree;
    GITOPSCTL_TRY(auto around, open_helm_chart(invocation_, {}, path, in_tree));
    GITOPSCTL_TRY(inputs_.helm.chart, TreePath::parse("chart/" + in_tree.str()));
    inputs_.tree = mount_trees({{"chart", std::move(around)}, {"values", files_}});
    std::error_code failed;
    auto directory = fs::absolute(path, failed).lexically_normal().string();
    while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
    auto log = helm_log(invocation_, "");
    auto report = render::helm::lint_chart(inputs_, user_, directory, log ? &*log : nullptr);
    print_helm_log(invocation_, log);
    return report;
  }

  const Invocation& invocation_;
  render::RenderInputs inputs_;
  FileTreePtr files_;
  Value user_;
  std::string out_;
  int failed_ = 0;
  bool troubled_ = false;
};

}  // namespace

Result<int> run_helm_lint(const Invocation& invocation) {
  const auto done = Lint(invocation).run();
  return done.ok() ? *done : print_helm_error(invocation, done.error(), false);
}

}  // namespace gitopsctl::agent::cli
