#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text/go_format.hpp"
#include "base/text/regex.hpp"
#include "base/text/semver.hpp"
#include "render/helm/capabilities.hpp"
#include "render/helm/check_schemas.hpp"
#include "render/helm/coalesce.hpp"
#include "render/helm/crds.hpp"
#include "render/helm/dependencies.hpp"
#include "render/helm/documents.hpp"
#include "render/helm/execute.hpp"
#include "render/helm/helm.hpp"
#include "render/helm/load_chart.hpp"
#include "render/helm/logged_render.hpp"
#include "render/helm/profile.hpp"
#include "render/helm/user_values.hpp"
#include "render/helm/whitespace.hpp"
#include "render/manifest/redact.hpp"
#include "render/template/bounded.hpp"

namespace gitopsctl::render::helm {

namespace {

Result<void> check_release_name(const std::string& name, const HelmProfile& profile) {
  constexpr std::string_view pattern = R"(^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)";
  constexpr std::size_t max_length = 53;  // Helm's: names of objects add to it and may have 63
  GITOPSCTL_TRY(const auto regex, Regex::compile(pattern));
  if (!name.empty() && name.size() <= max_length && regex->matches(name)) return {};
  const std::string why = name.empty() ? "no name provided"
                                       : "invalid release name, must match regex " + std::string(pattern) +
                                             " and the length must not be longer than " + std::to_string(max_length);
  return Error(ErrorCode::invalid_input,
               (profile.major == 3 ? "" : "release name check failed: ") + ("release name " + go_quote(name)) + ": " + why);
}

std::string chart_yaml_of(const Chart& chart) { return chart.origin.empty() ? "Chart.yaml" : chart.origin + "/Chart.yaml"; }

Result<void> check_installable(const Chart& chart) {
  const auto& type = chart.metadata->type;
  if (type.empty() || type == "application") return {};
  return Error(ErrorCode::invalid_input, type + " charts are not installable").at({.file = chart_yaml_of(chart)});
}

Result<void> check_kube_version(const Chart& chart, const KubeVersion& version) {
  const auto& wanted = chart.metadata->kube_version;
  if (wanted.empty()) return {};
  const auto parsed = parse_semver(version.normalized);
  const auto range = SemVerConstraint::parse(wanted);
  if (parsed.ok() && range.ok() && range->matches(*parsed)) return {};
  return Error(ErrorCode::invalid_input,
               "chart requires kubeVersion: " + wanted + " which is incompatible with Kubernetes " + version.version)
      .at({.file = chart_yaml_of(chart)});
}

// NOTES.txt is executed like every file, and is no manifest.
void take_notes(const Chart& root, std::vector<RenderedFile>& files, Output& out) {
  const auto notes = root.name() + "/templates/NOTES.txt";
  for (auto& file : files) {
    if (file.path == notes) out.notes = std::move(file.text);
  }
  std::erase_if(files, [](const RenderedFile& file) { return file.path.ends_with("NOTES.txt"); });
}

/// What a chart says itself when it refuses its values may repeat them.
Error without_values(const Error& error, const Value& values) {
  SecretScrubber scrubber;
  scrubber.learn_texts(values);
  const std::string message = scrubber.scrub(error.message());
  if (message == error.message()) return error;
  return Error(error.code(), message)
      .at(error.where())
      .with_hint(error.hint().empty() ? "`gitopsctl render` shows the whole message" : scrubber.scrub(error.hint()));
}

/// A chart can put megabytes into what is said about it: the middle of that is left out. Both ends say something, the first
/// about where, the last about what.
std::string shortened(const std::string& text) {
  constexpr std::size_t half = 256UL << 10U;  // Helm's limit of nested includes makes 270 KB
  if (text.size() <= 2 * half) return text;
  const auto inside = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U; };
  std::size_t head = half;
  while (inside(head)) --head;
  std::size_t tail = text.size() - half;
  while (tail < text.size() && inside(tail)) ++tail;
  return text.substr(0, head) + " … (" + std::to_string(tail - head) + " bytes) … " + text.substr(tail);
}

/// One that passes a limit does so for a reason that it does not know itself.
Error printable(const Error& error) {
  Error out = error;
  if (auto message = shortened(error.message()); message != error.message()) {
    out = Error(error.code(), std::move(message)).at(error.where()).with_hint(error.hint());
  }
  if (error.code() != ErrorCode::too_large || !error.hint().empty()) return out;
  return out.with_hint(
      "docs/limits.md lists the limits of renders; raise them by `--render-limit`, or `limits.render` of the agent's file");
}

/// As Helm shows what it cannot read. The order is its own secret; ours is that of the names.
std::string all_files(const std::vector<RenderedFile>& files) {
  std::vector<const RenderedFile*> sorted;
  for (const auto& file : files) {
    if (!trim_space(file.text).empty()) sorted.push_back(&file);
  }
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->path < b->path; });
  std::string out;
  for (const auto* file : sorted) out += "---\n# Source: " + file->path + '\n' + file->text + '\n';
  return out;
}

Result<Output> render(const RenderInputs& inputs, Stage& reached, RenderTrace& trace) {
  HelmLog* log = trace.log;
  const auto& helm = inputs.helm;
  Output out;
  GITOPSCTL_TRY(const auto profile, find_profile(helm.profile));
  GITOPSCTL_TRY(const auto version, kube_version(profile, helm.capabilities));
  GITOPSCTL_TRY(const auto user, user_values(inputs, profile));
  GITOPSCTL_TRY(const auto charts, load_chart(inputs.tree, helm.chart, inputs.quote_content, profile, log));
  const Chart& root = *charts->root;
  GITOPSCTL_CHECK(check_installable(root));
  if (root.metadata->deprecated) {
    charts->warnings.push_back("chart " + root.name() + " is deprecated");
    // Helm 3 does not log this one.
    if (log != nullptr)
      log->plain(log->is_three() ? "WARNING: This chart is deprecated" : slog_line("WARN", "this chart is deprecated", {}));
  }
  GITOPSCTL_CHECK(check_dependencies(root, profile));
  GITOPSCTL_CHECK(check_release_name(helm.release_name, profile));

  auto processed = process_dependencies(*charts, user);
  if (!processed.ok()) {
    const auto& error = processed.error();
    return Error(error.code(), (profile.major == 3 ? "" : "chart dependencies processing failed: ") + error.message())
        .at(error.where())
        .at({.file = chart_yaml_of(root)})
        .with_hint(error.hint());
  }
  auto values = coalesce_values(root, user, charts->coalescing(Nulls::remove), charts->warnings);
  if (!values.ok()) return values.error().at({.file = chart_yaml_of(root)});
  if (!helm.skip_schema) {
    const auto checked = check_schemas(root, *values, profile, charts->warnings, inputs.quote_content, log);
    if (!checked.ok()) return inputs.quote_content ? checked.error() : without_values(checked.error(), *values);
  }
  reached = Stage::values;
  GITOPSCTL_CHECK(check_kube_version(root, version));

  auto files = execute_templates(*charts, *values, profile, version, inputs, charts->warnings);
  if (!files.ok()) return inputs.quote_content ? files.error() : without_values(files.error(), *values);
  take_notes(root, *files, out);
  if (trace.keeps_text) trace.text = all_files(*files);
  GITOPSCTL_CHECK(sort_documents(std::move(*files), out, profile, inputs.quote_content, inputs.helm.keep_content, log));
  if (helm.include_crds) collect_crds(root, out.crds);
  if (helm.skip_tests) {
    std::erase_if(out.hooks, [](const Document& hook) {
      return std::find(hook.hook_events.begin(), hook.hook_events.end(), "test") != hook.hook_events.end();
    });
  }
  out.warnings.insert(out.warnings.begin(), charts->warnings.begin(), charts->warnings.end());
  return out;
}

Result<Output> render_within(const RenderInputs& inputs, Stage& stage, RenderTrace& trace) {
  const auto name = inputs.tree->display(inputs.helm.chart);
  auto out = run_bounded(BudgetLimits{inputs.limits.memory_bytes, inputs.limits.cpu_time},
                         [&] { return render(inputs, stage, trace); });
  if (out.ok()) {
    trace.text.clear();
    for (auto& warning : out->warnings) warning = shortened(warning);
    return out;
  }
  return printable(out.error()).at({.file = name}).in("chart " + (name.empty() ? std::string(".") : name));
}

}  // namespace

Result<Output> render_chart(const RenderInputs& inputs, Stage* reached) {
  Stage ignored = Stage::inputs;
  RenderTrace untraced;
  return render_within(inputs, reached == nullptr ? ignored : *reached, untraced);
}

Result<Output> render_chart_traced(const RenderInputs& inputs, Stage& reached, RenderTrace& trace) {
  return render_within(inputs, reached, trace);
}

}  // namespace gitopsctl::render::helm
