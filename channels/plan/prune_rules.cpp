#include "channels/plan/prune_rules.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace gitopsctl::channels {

namespace {

std::string_view annotation(const Value& body, std::string_view key) {
  return body.string_at({"metadata", "annotations", key});
}

std::string lower_trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return {};
  std::string out(text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1));
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return out;
}

/// True when the comma list `options` has `wanted`; case does not matter.
bool has_option(std::string_view options, std::string_view wanted) {
  while (!options.empty()) {
    const auto comma = options.find(',');
    if (lower_trimmed(options.substr(0, comma)) == wanted) return true;
    if (comma == std::string_view::npos) return false;
    options.remove_prefix(comma + 1);
  }
  return false;
}

struct Subject {
  const render::ObjectId& id;
  const Value& body;
  const PruneSettings& settings;
};
using Rule = std::optional<std::string> (*)(const Subject&);

std::optional<std::string> prune_is_off(const Subject& subject) {
  if (subject.settings.prune) return std::nullopt;
  return subject.settings.whole_release ? "no longer listed in the channel file; prune is off" : "prune is off";
}

std::optional<std::string> kept_by_annotation(const Subject& subject) {
  struct Mark {
    std::string_view key;
    std::string_view value;
  };
  // specs: cluster-apply §4.4
  static constexpr std::array marks = {
      Mark{"gitopsctl.dev/prune", "never"},
      Mark{"helm.sh/resource-policy", "keep"},
      Mark{"kustomize.toolkit.fluxcd.io/prune", "disabled"},
      Mark{"client.lifecycle.config.k8s.io/deletion", "detach"},
      Mark{"cli-utils.sigs.k8s.io/on-remove", "keep"},
  };
  for (const auto& mark : marks) {
    if (lower_trimmed(annotation(subject.body, mark.key)) == mark.value) {
      return "annotation " + std::string(mark.key) + ": " + std::string(mark.value);
    }
  }
  return std::nullopt;
}

std::optional<std::string> kept_by_argo_option(const Subject& subject) {
  constexpr std::string_view key = "argocd.argoproj.io/sync-options";
  const auto options = annotation(subject.body, key);
  if (options.empty()) return std::nullopt;
  const auto found = [&](std::string_view option) -> std::optional<std::string> {
    if (!has_option(options, option)) return std::nullopt;
    std::string shown(option);
    shown.front() = static_cast<char>(shown.front() - 'a' + 'A');
    return "annotation " + std::string(key) + ": " + shown;
  };
  if (auto why = found("prune=false")) return why;
  if (subject.settings.whole_release) {
    if (auto why = found("delete=false")) return why;
  }
  if (!annotation(subject.body, "argocd.argoproj.io/deletion-approved").empty()) return std::nullopt;
  if (auto why = found("prune=confirm")) return why;
  return subject.settings.whole_release ? found("delete=confirm") : std::nullopt;
}

/// The namespaces that the cluster itself lives in.
std::optional<std::string> system_namespace(const Subject& subject) {
  const bool is_namespace = subject.id.group.empty() && subject.id.kind == "Namespace";
  if (!is_namespace || (subject.id.name != "default" && !subject.id.name.starts_with("kube-"))) return std::nullopt;
  return "a namespace of the cluster itself is never removed";
}

std::optional<std::string> holds_data(const Subject& subject) {
  struct Kind {
    std::string_view group;
    std::string_view kind;
  };
  static constexpr std::array kinds = {
      Kind{"", "Namespace"},
      Kind{"", "PersistentVolume"},
      Kind{"", "PersistentVolumeClaim"},
      Kind{"apiextensions.k8s.io", "CustomResourceDefinition"},
  };
  const bool listed = std::any_of(kinds.begin(), kinds.end(), [&](const Kind& kind) {
    return kind.group == subject.id.group && kind.kind == subject.id.kind;
  });
  const auto& allowed = subject.settings.allow_delete;
  if (!listed || std::find(allowed.begin(), allowed.end(), subject.id.kind) != allowed.end()) return std::nullopt;
  return "kind " + subject.id.kind + " holds data and stays unless the release says allowDelete: [" + subject.id.kind + "]";
}

constexpr std::array<Rule, 5> rules = {prune_is_off, kept_by_annotation, kept_by_argo_option, system_namespace, holds_data};

}  // namespace

std::optional<std::string> kept_by_rule(const render::ObjectId& id, const Value& body, const PruneSettings& settings) {
  for (const auto rule : rules) {
    if (auto why = rule({id, body, settings})) return why;
  }
  return std::nullopt;
}

std::optional<std::string> other_tool(const Value& body, const std::string& helm_name) {
  if (!body.string_at({"metadata", "labels", "kustomize.toolkit.fluxcd.io/name"}).empty() ||
      !body.string_at({"metadata", "labels", "helm.toolkit.fluxcd.io/name"}).empty()) {
    return "Flux";
  }
  if (!annotation(body, "argocd.argoproj.io/tracking-id").empty()) return "Argo CD";
  const auto helm = annotation(body, "meta.helm.sh/release-name");
  if (!helm.empty() && helm != helm_name) return "Helm release " + std::string(helm);
  return std::nullopt;
}

}  // namespace gitopsctl::channels
