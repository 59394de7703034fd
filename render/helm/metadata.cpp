#include "render/helm/metadata.hpp"

#include <algorithm>
#include <utility>

#include "base/text/go_format.hpp"
#include "base/text/semver.hpp"
#include "base/yaml/yaml.hpp"
#include "render/helm/go_struct.hpp"
#include "render/helm/whitespace.hpp"

namespace gitopsctl::render::helm {

namespace {

Error validation(const std::string& text) { return {ErrorCode::invalid_input, "validation: " + text}; }

void read_maintainers(GoStruct& document, Metadata& metadata) {
  const auto* list = document.read_structs("maintainers", "v2.Maintainer");
  if (list == nullptr) return;
  metadata.maintainers.clear();
  for (const auto& item : list->as_list()) {
    GoStruct one(item, "v2.Maintainer", ".maintainers." + std::to_string(metadata.maintainers.size()));
    Maintainer maintainer;
    one.read("name", maintainer.name);
    one.read("email", maintainer.email);
    one.read("url", maintainer.url);
    document.adopt(one);
    metadata.null_maintainer = metadata.null_maintainer || one.is_null();
    metadata.maintainers.push_back(std::move(maintainer));
  }
}

void read_dependencies(GoStruct& document, Metadata& metadata) {
  const auto* list = document.read_structs("dependencies", "v2.Dependency");
  if (list == nullptr) return;
  metadata.dependencies.clear();
  metadata.has_dependencies = true;
  for (const auto& item : list->as_list()) {
    GoStruct one(item, "v2.Dependency", ".dependencies." + std::to_string(metadata.dependencies.size()));
    ChartDependency dependency;
    one.read("name", dependency.name);
    one.read("version", dependency.version);
    one.read("repository", dependency.repository);
    one.read("condition", dependency.condition);
    one.read("tags", dependency.tags);
    one.read("enabled", dependency.enabled);
    one.read_list("import-values", dependency.import_values);
    one.read("alias", dependency.alias);
    document.adopt(one);
    metadata.null_dependency = metadata.null_dependency || one.is_null();
    metadata.dependencies.push_back(std::move(dependency));
  }
}

std::size_t sequence_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t wanted = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(wanted, text.size());
}

bool printable(std::string_view character) {
  if (character.size() == 1) return character[0] >= 0x20 && character[0] < 0x7F;
  return go_quote(character) == '"' + std::string(character) + '"';
}

// Every white-space character becomes a blank, and what cannot be printed vanishes.
void clean(std::string& text) {
  std::string out;
  std::string_view rest = text;
  while (!rest.empty()) {
    auto length = leading_space(rest);
    if (length > 0) {
      out += ' ';
    } else {
      length = sequence_length(rest);
      if (printable(rest.substr(0, length))) out += rest.substr(0, length);
    }
    rest.remove_prefix(length);
  }
  text = std::move(out);
}

bool plain_alias(std::string_view alias) {
  return std::all_of(alias.begin(), alias.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Result<void> validate_dependencies(Metadata& metadata) {
  std::vector<std::string_view> seen;
  for (auto& dependency : metadata.dependencies) {
    clean(dependency.name);
    clean(dependency.version);
    clean(dependency.repository);
    clean(dependency.condition);
    for (auto& tag : dependency.tags) clean(tag);
    if (!plain_alias(dependency.alias)) {
      return validation("dependency " + go_quote(dependency.name) + " has disallowed characters in the alias");
    }
    const std::string_view key = dependency.alias.empty() ? dependency.name : dependency.alias;
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      return validation("more than one dependency with name or alias " + go_quote(key));
    }
    seen.push_back(key);
  }
  return {};
}

Result<void> validate_name_and_version(const Metadata& metadata) {
  if (metadata.api_version.empty()) return validation("chart.metadata.apiVersion is required");
  if (metadata.name.empty()) return validation("chart.metadata.name is required");
  if (metadata.name == "." || metadata.name == "..") {
    return validation("chart.metadata.name " + go_quote(metadata.name) + " is not allowed");
  }
  if (metadata.name.find('/') != std::string::npos) {
    return validation("chart.metadata.name " + go_quote(metadata.name) + " is invalid");
  }
  if (metadata.version.empty()) return validation("chart.metadata.version is required");
  if (!parse_semver(metadata.version).ok()) {
    return validation("chart.metadata.version " + go_quote(metadata.version) + " is invalid");
  }
  if (!metadata.type.empty() && metadata.type != "application" && metadata.type != "library") {
    return validation("chart.metadata.type must be application or library");
  }
  return {};
}

Value string_list(const std::vector<std::string>& texts) {
  Value::List items;
  for (const auto& text : texts) items.push_back(Value::string(text));
  return Value::list(std::move(items));
}

Value dependency_map(const ChartDependency& dependency) {
  return make_map({
      {"Alias", Value::string(dependency.alias)},
      {"Condition", Value::string(dependency.condition)},
      {"Enabled", Value::boolean(dependency.enabled)},
      {"ImportValues", Value::list(dependency.import_values.as_list())},
      {"Name", Value::string(dependency.name)},
      {"Repository", Value::string(dependency.repository)},
      {"Tags", string_list(dependency.tags)},
      {"Version", Value::string(dependency.version)},
  });
}

}  // namespace

Result<void> read_metadata(std::string_view yaml, const std::string& file, Metadata& metadata) {
  auto document = parse_yaml(yaml, {.numbers = YamlNumbers::integers}, file);
  if (!document.ok()) {
    const auto& error = document.error();
    return Error(error.code(), "error converting YAML to JSON: " + error.message()).at(error.where());
  }
  GoStruct fields(*document, "v2.Metadata");
  fields.read("name", metadata.name);
  fields.read("home", metadata.home);
  fields.read("sources", metadata.sources);
  fields.read("version", metadata.version);
  fields.read("description", metadata.description);
  fields.read("keywords", metadata.keywords);
  read_maintainers(fields, metadata);
  fields.read("icon", metadata.icon);
  fields.read("apiVersion", metadata.api_version);
  fields.read("condition", metadata.condition);
  fields.read("tags", metadata.tags);
  fields.read("appVersion", metadata.app_version);
  fields.read("deprecated", metadata.deprecated);
  fields.read_string_map("annotations", metadata.annotations);
  fields.read("kubeVersion", metadata.kube_version);
  read_dependencies(fields, metadata);
  fields.read("type", metadata.type);
  if (!fields.mistake().empty()) {
    return Error(ErrorCode::invalid_input, "error unmarshaling JSON: while decoding JSON: " + fields.mistake())
        .at({.file = file});
  }
  return {};
}

Result<void> validate_metadata(Metadata& metadata) {
  for (auto* text : {&metadata.name, &metadata.description, &metadata.home, &metadata.icon, &metadata.condition,
                     &metadata.tags, &metadata.app_version, &metadata.kube_version}) {
    clean(*text);
  }
  for (auto& source : metadata.sources) clean(source);
  for (auto& keyword : metadata.keywords) clean(keyword);
  GITOPSCTL_CHECK(validate_name_and_version(metadata));
  for (auto& maintainer : metadata.maintainers) {
    clean(maintainer.name);
    clean(maintainer.email);
    clean(maintainer.url);
  }
  if (metadata.null_maintainer) return validation("maintainers must not contain empty or null nodes");
  if (metadata.null_dependency) return validation("dependencies must not contain empty or null nodes");
  return validate_dependencies(metadata);
}

Value metadata_as_map(const Metadata& metadata) {
  Value::List maintainers;
  for (const auto& one : metadata.maintainers) {
    maintainers.push_back(
        make_map({{"Email", Value::string(one.email)}, {"Name", Value::string(one.name)}, {"URL", Value::string(one.url)}}));
  }
  Value::List dependencies;
  for (const auto& one : metadata.dependencies) dependencies.push_back(dependency_map(one));
  return make_map({
      {"APIVersion", Value::string(metadata.api_version)},
      {"Annotations", metadata.annotations},
      {"AppVersion", Value::string(metadata.app_version)},
      {"Condition", Value::string(metadata.condition)},
      {"Dependencies", Value::list(std::move(dependencies))},
      {"Deprecated", Value::boolean(metadata.deprecated)},
      {"Description", Value::string(metadata.description)},
      {"Home", Value::string(metadata.home)},
      {"Icon", Value::string(metadata.icon)},
      {"Keywords", string_list(metadata.keywords)},
      {"KubeVersion", Value::string(metadata.kube_version)},
      {"Maintainers", Value::list(std::move(maintainers))},
      {"Name", Value::string(metadata.name)},
      {"Sources", string_list(metadata.sources)},
      {"Tags", Value::string(metadata.tags)},
      {"Type", Value::string(metadata.type)},
      {"Version", Value::string(metadata.version)},
  });
}

}  // namespace gitopsctl::render::helm
