#include <set>

#include "agent/config/agent_config.hpp"
#include "agent/install/install.hpp"
#include "agent/install/install_files.hpp"
#include "base/crypto/digest.hpp"
#include "base/crypto/ssh_key.hpp"
#include "base/files/file_tree.hpp"
#include "base/log/redaction.hpp"
#include "base/yaml/yaml.hpp"
#include "channels/model/channel.hpp"
#include "render/release/render_release.hpp"

namespace gitopsctl::agent::install {

namespace {

constexpr std::string_view chart_directory = "gitopsctl";
constexpr std::string_view config_key = "agent.yaml";

/// Pods of the chart fit the strictest of the Pod Security Standards.
std::string namespace_text(const std::string& name) {
  return "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + name +
         "\n  labels:\n    app.kubernetes.io/name: gitopsctl\n    pod-security.kubernetes.io/enforce: restricted\n";
}

Result<void> check_names(const InstallRequest& request) {
  for (const auto& [what, name] : {std::pair("namespace", &request.namespace_), std::pair("name", &request.release)}) {
    if (channels::valid_channel_name(*name)) continue;
    return Error(ErrorCode::invalid_input, std::string(what) + " '" + *name + "' cannot be used")
        .with_hint("use at most 63 lower-case letters, digits and dashes");
  }
  return {};
}

/// The chart below its name, and each values file below a number, so that equal names do not meet.
Result<render::RenderInputs> chart_inputs(const InstallRequest& request) {
  const auto tree = std::make_shared<MemoryTree>();
  for (const auto& file : install_files()) {
    GITOPSCTL_TRY(const auto path, TreePath::parse(std::string(chart_directory) + '/' + std::string(file.path)));
    tree->add(path, std::string(file.content));
  }
  render::RenderInputs inputs;
  inputs.driver = render::DriverKind::helm;
  GITOPSCTL_TRY(inputs.helm.chart, TreePath::parse(chart_directory));
  std::set<std::string> seen;
  for (const auto& file : request.values) {
    const std::string base = file.name.substr(file.name.rfind('/') + 1);
    GITOPSCTL_TRY(auto path, TreePath::parse("values/" + std::to_string(seen.size()) + '/' + base));
    seen.insert(path.str());
    tree->add(path, file.text);
    inputs.helm.value_files.push_back(std::move(path));
  }
  for (const auto& set : request.sets) inputs.helm.set_values.push_back({render::SetValue::Kind::typed, set});
  inputs.tree = tree;
  inputs.namespace_ = request.namespace_;
  inputs.helm.release_name = request.release;
  inputs.identity = request.release;
  return inputs;
}

/// The installation's name, from the agent's file that was rendered: the agent would refuse any mistake in it, and is not
/// there to say so before it is applied.
Result<std::string> installation_name(const std::vector<render::Object>& objects) {
  for (const auto& object : objects) {
    if (object.id.kind != "ConfigMap") continue;
    const auto text = object.body.string_at({"data", config_key});
    if (text.empty()) continue;
    const auto config = parse_agent_config(text, std::string(config_key));
    if (!config.ok()) return config.error().in("the agent's file that the values make");
    return config->installation;
  }
  return Error(ErrorCode::internal, "the chart has no agent's file");
}

}  // namespace

Result<Installation> render_installation(const InstallRequest& request) {
  GITOPSCTL_CHECK(check_names(request));
  GITOPSCTL_TRY(const auto inputs, chart_inputs(request));
  GITOPSCTL_TRY(auto set, render::render_release(inputs));
  Installation out;
  out.release = request.release;
  out.namespace_ = request.namespace_;
  out.warnings = std::move(set.warnings);
  out.text = namespace_text(std::string(home_namespace));
  if (request.namespace_ != home_namespace) out.text += namespace_text(request.namespace_);
  GITOPSCTL_TRY(out.objects, render::read_objects(out.text, "namespaces", ""));
  out.text += set.text;
  GITOPSCTL_TRY(out.installation, installation_name(set.objects));
  for (auto& object : set.objects) out.objects.push_back(std::move(object));
  return out;
}

Result<DeployKey> make_deploy_key(const Installation& installation, const std::string& repository) {
  if (!channels::valid_channel_name(repository) || repository.size() > 40) {
    return Error(ErrorCode::invalid_input, "'" + repository + "' cannot be the name of a repository")
        .with_hint("use at most 40 lower-case letters, digits and dashes");
  }
  GITOPSCTL_TRY(const auto key, make_ssh_key("gitopsctl " + installation.installation + "/" + repository));
  log::register_secret(key.private_text);
  DeployKey out;
  out.public_text = key.public_text;
  const Value body = make_map({
      {"apiVersion", Value::string("v1")},
      {"kind", Value::string("Secret")},
      {"type", Value::string("kubernetes.io/ssh-auth")},
      {"metadata", make_map({{"name", Value::string("gitopsctl-deploy-key-" + repository)},
                             {"namespace", Value::string(installation.namespace_)},
                             {"labels", make_map({{"app.kubernetes.io/name", Value::string("gitopsctl")},
                                                  {"app.kubernetes.io/instance", Value::string(installation.release)}})},
                             {"annotations", make_map({{"gitopsctl.dev/public-key", Value::string(key.public_text)}})}})},
      {"data", make_map({{"ssh-privatekey", Value::string(base64_encode(key.private_text))},
                         {"ssh-publickey", Value::string(base64_encode(key.public_text + "\n"))}})},
  });
  GITOPSCTL_TRY(const auto text, to_yaml(body));
  out.text = "---\n" + text;
  out.secret = {
      {"", "Secret", installation.namespace_, std::string(body.string_at({"metadata", "name"}))}, "v1", body, "", 0};
  return out;
}

}  // namespace gitopsctl::agent::install
