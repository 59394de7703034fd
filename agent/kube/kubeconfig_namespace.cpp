#include "agent/kube/kubeconfig_namespace.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "agent/config/credential_file.hpp"
#include "agent/kube/kubeconfig_shape.hpp"
#include "base/value/value.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl::agent {
namespace {

constexpr std::size_t max_file_bytes = 4U << 20U;
constexpr std::size_t max_files = 100;

std::string variable(const KubeNamespaceOptions& options, const std::string& name) {
  if (options.environment) return options.environment(name).value_or("");
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nothing changes it
  return value == nullptr ? std::string() : std::string(value);
}

std::vector<std::string> file_names(const KubeNamespaceOptions& options) {
  if (!options.kubeconfig.empty()) return {options.kubeconfig};
  std::vector<std::string> out;
  const std::string list = variable(options, "KUBECONFIG");
  std::string_view rest = list;
  while (!rest.empty() && out.size() < max_files) {
    const auto end = std::min(rest.find(':'), rest.size());
    if (end > 0) out.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (list.empty()) {
    if (const auto home = variable(options, "HOME"); !home.empty()) out.push_back(home + "/.kube/config");
  }
  return out;
}

/// The documents of the files that are there.
std::vector<Value> read_files(const KubeNamespaceOptions& options) {
  const auto yaml = detail::kubeconfig_yaml(max_file_bytes);
  std::vector<Value> out;
  for (const auto& name : file_names(options)) {
    const auto text = detail::read_small_file(name, max_file_bytes);
    if (!text.ok()) continue;
    auto document = parse_yaml(*text, yaml, name);
    if (document.ok() && document->is_map()) out.push_back(std::move(document).value());
  }
  return out;
}

std::string text_of(const Value& map, std::string_view key) {
  const Value* value = map.is_map() ? map.find(key) : nullptr;
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

/// The context of that name in the first file that has one.
std::string namespace_of(const std::vector<Value>& files, const std::string& context) {
  for (const auto& file : files) {
    const Value* contexts = file.find("contexts");
    if (contexts == nullptr || !contexts->is_list()) continue;
    for (const auto& entry : contexts->as_list()) {
      if (text_of(entry, "name") != context) continue;
      const Value* about = entry.find("context");
      return about == nullptr ? std::string() : text_of(*about, "namespace");
    }
  }
  return {};
}

}  // namespace

std::string kubeconfig_namespace(const KubeNamespaceOptions& options) {
  const auto files = read_files(options);
  std::string out;
  if (files.empty()) {
    if (options.kubeconfig.empty() && !variable(options, "KUBERNETES_SERVICE_HOST").empty()) {
      const auto own = detail::read_credential(options.service_account_directory + "/namespace");
      if (own.ok()) out = *own;
    }
  } else {
    std::string context = options.context;
    for (const auto& file : files) {
      if (context.empty()) context = text_of(file, "current-context");
    }
    if (!context.empty()) out = namespace_of(files, context);
  }
  return out.empty() ? "default" : out;
}

}  // namespace gitopsctl::agent
