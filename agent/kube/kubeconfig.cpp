#include "agent/kube/kubeconfig.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>

#include "agent/config/credential_file.hpp"
#include "agent/kube/kubeconfig_shape.hpp"
#include "agent/kube/kubeconfig_target.hpp"
#include "base/config/reader.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent {
namespace {

constexpr std::size_t max_file_bytes = 8U << 20U;
constexpr std::size_t max_files = 100;

std::string shown(std::string_view text) { return "'" + terminal_safe(truncate_utf8(text, 120)) + "'"; }

/// One file: where it is, what stands in it, and what is wrong with it. At a fixed address, since nodes point into it.
struct Source {
  std::string path;
  LocatedYaml document;
  ConfigMistakes mistakes;
};

/// A cluster, user or context, and the file that it is in.
struct Entry {
  ConfigNode node;
  const Source* source;
};

class Loader {
 public:
  explicit Loader(const KubeTargetOptions& options) : options_(options) {}

  [[nodiscard]] std::optional<std::string> environment(const std::string& name) const {
    if (options_.environment) return options_.environment(name);
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  }

  Result<KubeTarget> load() {
    if (!options_.kubeconfig.empty()) {
      GITOPSCTL_CHECK(open(options_.kubeconfig, true));
      return resolve();
    }
    const std::string list = environment("KUBECONFIG").value_or("");
    if (!list.empty()) {
      GITOPSCTL_CHECK(open_list(list));
      if (!sources_.empty()) return resolve();
      return Error(ErrorCode::not_found, "none of the files in KUBECONFIG is there")
          .with_hint("name a file with --kubeconfig, or correct KUBECONFIG");
    }
    if (const std::string home = environment("HOME").value_or(""); !home.empty()) {
      GITOPSCTL_CHECK(open(home + "/.kube/config", false));
      if (!sources_.empty()) return resolve();
    }
    if (!environment("KUBERNETES_SERVICE_HOST").value_or("").empty()) return in_cluster_target(options_);
    return Error(ErrorCode::not_found, "no cluster is configured: no KUBECONFIG, no ~/.kube/config, and not in a pod")
        .with_hint("name a file with --kubeconfig");
  }

 private:
  Result<void> open_list(std::string_view list) {
    std::set<std::string> seen;
    while (!list.empty()) {
      const auto end = std::min(list.find(':'), list.size());
      const std::string path(list.substr(0, end));
      list.remove_prefix(std::min(end + 1, list.size()));
      if (path.empty() || !seen.insert(path).second) continue;
      if (seen.size() > max_files) return Error(ErrorCode::too_large, "KUBECONFIG names more than 100 files");
      GITOPSCTL_CHECK(open(path, false));
    }
    return {};
  }

  /// Reads a file. Its mistakes are kept: those of all files are told at once.
  Result<void> open(const std::string& path, bool required) {
    auto text = detail::read_small_file(path, max_file_bytes);
    if (!text && text.error().code() == ErrorCode::not_found && !required) return {};
    if (!text) return text.error().in("kubeconfig");
    const auto yaml = detail::kubeconfig_yaml(max_file_bytes);
    auto document = parse_located_yaml(*text, path, yaml);
    if (!document) return document.error();
    auto source = std::make_unique<Source>();
    source->path = path;
    source->document = {detail::known_part(document->value, detail::kubeconfig_shape()), document->marks};
    const ConfigNode root(source->document, source->mistakes);
    if (root.present()) {
      check_config(root, detail::kubeconfig_shape());
      for (const auto* list : {"clusters", "users", "contexts"}) check_unique(root.at(list));
    }
    sources_.push_back(std::move(source));
    return {};
  }

  static void check_unique(const ConfigNode& list) {
    std::set<std::string> seen;
    for (const auto& item : list.items()) {
      const std::string name = item.text("name");
      if (!name.empty() && !seen.insert(name).second) {
        item.at("name").fail(Error(ErrorCode::invalid_input, list.name() + " has two named " + shown(name)));
      }
    }
  }

  Result<void> mistakes() {
    std::vector<Error> all;
    for (const auto& source : sources_) {
      for (auto& error : source->mistakes.take_all()) all.push_back(std::move(error));
    }
    if (all.empty()) return {};
    return combine(std::move(all));
  }

  /// The entry of this name in the first file that has one.
  [[nodiscard]] std::optional<Entry> find(const char* list, const char* item, std::string_view name) const {
    for (const auto& source : sources_) {
      const ConfigNode root(source->document, source->mistakes);
      for (const auto& node : root.at(list).items()) {
        if (node.text("name") == name) return Entry{node.at(item), source.get()};
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::vector<std::string> names(const char* list) const {
    std::vector<std::string> out;
    for (const auto& source : sources_) {
      const ConfigNode root(source->document, source->mistakes);
      for (const auto& node : root.at(list).items()) out.push_back(node.text("name"));
    }
    return out;
  }

  Result<KubeTarget> resolve() {
    GITOPSCTL_CHECK(mistakes());
    std::string name = options_.context;
    std::optional<ConfigNode> chosen_by;
    for (const auto& source : sources_) {
      const ConfigNode root(source->document, source->mistakes);
      if (!name.empty()) break;
      name = root.text("current-context");
      if (!name.empty()) chosen_by = root.at("current-context");
    }
    if (name.empty()) {
      return Error(ErrorCode::invalid_input, "the kubeconfig has no current-context")
          .at({sources_.front()->path})
          .with_hint(names("contexts").empty()
                         ? "it has no context either: name another file with --kubeconfig or KUBECONFIG"
                         : "choose one with --context: " + suggest("", names("contexts"), "contexts"));
    }
    const auto context = find("contexts", "context", name);
    if (!context) return missing("context", name, "contexts", chosen_by);
    const ConfigNode cluster_name = context->node.at("cluster");
    const ConfigNode user_name = context->node.at("user");
    if (cluster_name.value().as_string().empty()) {
      return Error(ErrorCode::invalid_input, "context " + shown(name) + " names no cluster").at(context->node.where());
    }
    const auto cluster = find("clusters", "cluster", cluster_name.value().as_string());
    if (!cluster) return missing("cluster", cluster_name.value().as_string(), "clusters", cluster_name);

    KubeTarget target;
    target.name = "context " + terminal_safe(truncate_utf8(name, 120));
    if (const auto space = context->node.text("namespace"); !space.empty()) target.default_namespace = space;
    detail::TargetReader reader(target);
    reader.read_cluster(cluster->node, directory_of(*cluster));
    // A context without a user is that of an anonymous one, or of a proxy that logs in.
    if (const auto user = user_name.value().as_string(); !user.empty()) {
      const auto entry = find("users", "user", user);
      if (!entry) return missing("user", user, "users", user_name);
      reader.read_user(entry->node, directory_of(*entry), user);
    }
    GITOPSCTL_CHECK(mistakes());
    return target;
  }

  static std::string directory_of(const Entry& entry) {
    return std::filesystem::path(entry.source->path).parent_path().string();
  }

  [[nodiscard]] Error missing(const std::string& what, std::string_view name, const char* list,
                              const std::optional<ConfigNode>& named_by) const {
    const Error error = Error(ErrorCode::invalid_input, "the kubeconfig has no " + what + " " + shown(name))
                            .with_hint(suggest(name, names(list), list));
    return error.at(named_by ? named_by->where() : Location{sources_.front()->path});
  }

  const KubeTargetOptions& options_;
  std::vector<std::unique_ptr<Source>> sources_;
};

}  // namespace

Result<KubeTarget> load_kube_target(const KubeTargetOptions& options) { return Loader(options).load(); }

Result<KubeTarget> in_cluster_target(const KubeTargetOptions& options) {
  const Loader loader(options);
  const std::string host = loader.environment("KUBERNETES_SERVICE_HOST").value_or("");
  const std::string port = loader.environment("KUBERNETES_SERVICE_PORT").value_or("");
  if (host.empty() || port.empty()) {
    return Error(ErrorCode::not_found, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
        .with_hint("this is not a pod; name a kubeconfig");
  }
  const std::string& directory = options.service_account_directory;
  KubeTarget target;
  target.name = "in cluster";
  target.server = "https://" + (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
  if (!detail::check_server(target.server)) {
    return Error(ErrorCode::invalid_input, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT name no server");
  }
  target.ca_file = directory + "/ca.crt";
  target.login.token_file = directory + "/token";
  for (const auto* file : {&target.ca_file, &target.login.token_file}) {
    if (const auto read = detail::read_small_file(*file, max_file_bytes); !read) {
      return read.error().with_hint("the pod needs a service account whose token is mounted");
    }
  }
  if (auto space = detail::read_credential(directory + "/namespace"); space.ok()) target.default_namespace = *space;
  return target;
}

}  // namespace gitopsctl::agent
