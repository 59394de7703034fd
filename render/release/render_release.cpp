#include <string>
#include <utility>
#include <vector>

#include "render/helm/helm.hpp"
#include "render/release/manifests.hpp"
#include "render/release/render_release.hpp"
#include "render/release/rendered_objects.hpp"
#include "render/template/bounded.hpp"

namespace gitopsctl::render {

namespace {

Result<RenderedSet> render_helm(const RenderInputs& inputs) {
  GITOPSCTL_TRY(const auto output, helm::render_chart(inputs));
  RenderedObjects objects(inputs.namespace_, inputs.quote_content);
  for (const auto* documents : {&output.crds, &output.manifests}) {
    for (const auto& document : *documents) objects.add_rendered(document);
  }
  RenderedObjects hooks(inputs.namespace_, inputs.quote_content);
  for (const auto& hook : output.hooks) hooks.add_rendered(hook);
  RenderedSet set;
  GITOPSCTL_TRY(set.objects, objects.take());
  GITOPSCTL_TRY(set.hooks, hooks.take());
  set.text = output.text();
  set.warnings = output.warnings;
  if (!set.hooks.empty()) {
    set.warnings.push_back(std::to_string(set.hooks.size()) + (set.hooks.size() == 1 ? " Helm hook is" : " Helm hooks are") +
                           " rendered but not run; this version applies no hooks");
  }
  return set;
}

Result<RenderedSet> render_manifests(const RenderInputs& inputs) {
  GITOPSCTL_TRY(const auto files, read_manifests(*inputs.tree, inputs.path));
  RenderedObjects objects(inputs.namespace_, inputs.quote_content);
  RenderedSet set;
  for (const auto& file : files) {
    objects.add_file(file.text, file.path);
    for (const auto& document : manifest_documents(file.text)) {
      set.text += "---\n# Source: " + file.path + '\n';
      set.text += document;
      set.text += '\n';
    }
  }
  GITOPSCTL_TRY(set.objects, objects.take());
  return set;
}

Error no_kustomize(const RenderInputs& inputs) {
  return Error(ErrorCode::unsupported, "driver kustomize is not supported by this version")
      .at({.file = inputs.tree->display(inputs.path)})
      .with_hint("commit the output of 'kustomize build' and use driver manifests, or make the application a Helm chart");
}

Result<RenderedSet> render_by_driver(const RenderInputs& inputs) {
  switch (inputs.driver) {
    case DriverKind::helm: return render_helm(inputs);
    case DriverKind::manifests: return render_manifests(inputs);
    case DriverKind::kustomize: return no_kustomize(inputs);
  }
  return Error(ErrorCode::internal, "unknown driver");
}

}  // namespace

Result<RenderedSet> render_release(const RenderInputs& inputs) {
  if (inputs.tree == nullptr) return Error(ErrorCode::internal, "a render was asked for without a tree");
  const BudgetLimits limits{inputs.limits.memory_bytes, inputs.limits.cpu_time};
  auto rendered = run_bounded(limits, [&]() -> Result<RenderedSet> {
    GITOPSCTL_TRY(auto set, render_by_driver(inputs));
    sort_for_apply(set.objects);
    set.render_digest = render_digest(set.objects, inputs.sensitive);
    if (!inputs.installation_key.empty()) set.seal_digest = seal_digest(set.objects, inputs.installation_key);
    return set;
  });
  if (rendered.ok() || inputs.driver != DriverKind::helm) return rendered;
  return rendered.error().in("release " + inputs.helm.release_name);
}

}  // namespace gitopsctl::render
