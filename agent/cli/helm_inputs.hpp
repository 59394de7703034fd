#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/cli/invocation.hpp"
#include "base/files/file_tree.hpp"
#include "channels/registry/fetched_chart.hpp"
#include "render/helm/helm_log.hpp"
#include "render/inputs/inputs.hpp"

namespace gitopsctl::agent::cli {

/// What the commands of helm's names can do beyond this machine; both are empty in the program without network libraries.
struct HelmNetwork {
  std::function<Result<channels::FetchedChart>(const std::string& chart)> fetch;
  std::function<Result<void>(const std::string& directory)> update_dependencies;
};

/// The chart that a word of the command line names: a directory or file here, or a chart elsewhere. `in_tree`: where it is
/// in the tree that comes back, which may be the repository around it, so that links inside of that can be followed.
[[nodiscard]] Result<FileTreePtr> open_helm_chart(const Invocation& invocation, const HelmNetwork& network,
                                                  const std::string& chart, TreePath& in_tree);

/// Puts what `-f` and `--set…` say into `helm`; the files stand below `values/` of the render's tree, as the tree that
/// comes back. Errors: the words of helm, `open x: no such file or directory`.
[[nodiscard]] Result<FileTreePtr> read_helm_values(const Invocation& invocation, render::HelmInputs& helm);

/// The namespace that helm takes: `-n`, HELM_NAMESPACE, that of the kubeconfig's context (`--kubeconfig`, KUBECONFIG,
/// ~/.kube/config, in a pod its own; `--kube-context`, HELM_KUBECONTEXT), else `default`.
[[nodiscard]] std::string helm_namespace(const Invocation& invocation);

/// What is said of flags that this version cannot honour: signatures, keys of TLS clients, questions to a cluster. Nothing
/// when there is none.
[[nodiscard]] Result<void> refuse_unsupported(const Invocation& invocation, const std::string& chart);

/// What helm would log, collected where `--helm-compat` asks for it; empty otherwise, and for a profile that there is not.
/// What it says of links below `chart`, a directory of this machine, is in it already.
[[nodiscard]] std::optional<render::helm::HelmLog> helm_log(const Invocation& invocation, const std::string& chart);
/// Writes the lines to standard error.
void print_helm_log(const Invocation& invocation, const std::optional<render::helm::HelmLog>& log);

/// Prints the error of a command of helm's name, and gives its exit code, 1. `advice`: what helm adds to errors of renders.
int print_helm_error(const Invocation& invocation, const Error& error, bool advice);

/// The system's text for an error number, as Go writes it: `no such file or directory`.
[[nodiscard]] std::string system_reason(int number);

}  // namespace gitopsctl::agent::cli
