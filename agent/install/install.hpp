#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/control/control.hpp"
#include "agent/environment/environment.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent::install {

/// A values file as it was read.
struct ValuesFile {
  std::string name;  ///< how errors name it
  std::string text;
};

/// What `gitopsctl install` is asked for.
struct InstallRequest {
  std::string release = "gitopsctl";
  std::string namespace_ = std::string(home_namespace);  ///< where the agent's pod is
  std::vector<ValuesFile> values;                        ///< later ones win
  std::vector<std::string> sets;                         ///< `--set` of helm, after the files
};

/// charts/gitopsctl as the program carries it, rendered, with the namespaces that it needs.
struct Installation {
  std::string release;
  std::string namespace_;
  std::string installation;             ///< of its values: part of the identity of everything it deploys
  std::vector<render::Object> objects;  ///< in the order in which they are applied
  std::string text;                     ///< what `-o yaml` prints, in an order that `kubectl apply -f -` can take
  std::vector<std::string> warnings;
};

/// Renders the chart that the program carries. Nothing in it is random: the installation's key is made by the agent, once
/// (docs/decisions/0014). Thread-safe.
[[nodiscard]] Result<Installation> render_installation(const InstallRequest& request);

/// A new key for one repository: the Secret that holds it, and the half to register where the repository is.
struct DeployKey {
  render::Object secret;
  std::string text;         ///< the Secret as YAML. A secret.
  std::string public_text;  ///< one line
};
/// The Secret is `gitopsctl-deploy-key-REPOSITORY` in the installation's namespace; `ssh-privatekey` and `ssh-publickey` are
/// its keys, and an annotation holds the public half, so that it can be shown again.
[[nodiscard]] Result<DeployKey> make_deploy_key(const Installation& installation, const std::string& repository);

/// What became of one object.
struct InstallStep {
  enum class What : std::uint8_t { created, configured, unchanged, removed, kept };
  What what = What::unchanged;
  render::ObjectId id;
};
using InstallProgress = std::function<void(const InstallStep&)>;

/// Applies an installation and removes what an earlier one of the same name and namespace had and this one has not (never
/// definitions or namespaces). What was made is noted in a record before it is made, so a killed run is finished by the next
/// one. Namespaces that are there stay as they are. `conflict` for an object that is there and not the chart's, or belongs
/// to a release of helm.
Result<void> apply_installation(Environment& environment, const Installation& installation, const InstallProgress& progress);

/// Creates the Secret, or leaves the one that is there; returns the public half of what is there then.
Result<std::string> apply_deploy_key(Environment& environment, const DeployKey& key, const InstallProgress& progress);

/// Until the agent of the installation runs: `timeout` or `cancelled` when `interrupt` says so.
Result<void> wait_for_installation(Environment& environment, const Installation& installation, Clock& clock,
                                   const Interrupt& interrupt);

/// Which installation goes, and how much of it.
struct UninstallRequest {
  std::string release = "gitopsctl";
  std::string namespace_ = std::string(home_namespace);
  std::string confirm;  ///< the name of the installation, said by a person
  /// Everything that is left after the agent: its channels, approvals, records, events, deploy keys and its key; definitions
  /// and namespaces that were made for it, with all that is in them, when nothing of another installation is there.
  /// `conflict` while releases are deployed.
  bool purge = false;
};

/// Removes what the record of an installation names, the agent itself first. What its channels deployed stays, and without
/// `purge` everything stays that a new installation of that name needs to go on: definitions, namespaces, switches,
/// inventories, and the key. `not_found` when there is no record.
Result<void> uninstall(Environment& environment, const UninstallRequest& request, const InstallProgress& progress);

/// The cluster of a context of the kubeconfig (empty: as kubectl chooses).
[[nodiscard]] Result<std::unique_ptr<Environment>> open_install_target(const std::string& kubeconfig,
                                                                       const std::string& context, Clock& clock);

}  // namespace gitopsctl::agent::install
