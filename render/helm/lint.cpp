#include "render/helm/lint.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text/go_format.hpp"
#include "base/yaml/yaml.hpp"
#include "render/helm/capabilities.hpp"
#include "render/helm/chart_files.hpp"
#include "render/helm/check_schemas.hpp"
#include "render/helm/coalesce.hpp"
#include "render/helm/crds.hpp"
#include "render/helm/dependencies.hpp"
#include "render/helm/deprecated_apis.hpp"
#include "render/helm/execute.hpp"
#include "render/helm/go_struct.hpp"
#include "render/helm/lint_metadata.hpp"
#include "render/helm/load_chart.hpp"
#include "render/helm/object_name.hpp"
#include "render/helm/values_text.hpp"
#include "render/helm/whitespace.hpp"
#include "render/schema/schema_cache.hpp"
#include "render/template/bounded.hpp"

namespace gitopsctl::render::helm {
namespace {

/// The folder of a chart as it stands there: helm looks at some files past the loader, and so past `.helmignore`.
class ChartFolder {
 public:
  ChartFolder(const FileTreePtr& tree, const TreePath& path) : tree_(tree), path_(path) {}

  /// Reads the archive, when it is one.
  Result<void> open(const HelmProfile& profile) {
    GITOPSCTL_TRY(const auto info, tree_->stat(path_));
    if (info.type == FileType::directory) return {};
    GITOPSCTL_TRY(const auto bytes, tree_->read(path_));
    ChartFileReader reader(profile);
    GITOPSCTL_TRY(archive_, reader.read_archive(bytes, tree_->display(path_)));
    packed_ = true;
    return {};
  }

  [[nodiscard]] std::optional<FileType> type(const std::string& name) const {
    if (!packed_) {
      const auto info = tree_->stat(path_.child(name));
      return info.ok() ? std::optional(info->type) : std::nullopt;
    }
    for (const auto& file : archive_) {
      if (file.name == name) return FileType::file;
      if (file.name.starts_with(name + '/')) return FileType::directory;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> read(const std::string& name) const {
    if (!packed_) {
      auto text = tree_->read(path_.child(name));
      return text.ok() ? std::optional(std::move(text).value()) : std::nullopt;
    }
    for (const auto& file : archive_) {
      if (file.name == name) return file.data.str();
    }
    return std::nullopt;
  }

 private:
  const FileTreePtr& tree_;
  const TreePath& path_;
  bool packed_ = false;
  std::vector<ChartFile> archive_;
};

/// A part of a rendered file, or why it cannot be cut.
struct YamlPart {
  std::string text;
  std::string mistake;
};

/// The file cut at its lines of three dashes, as Kubernetes reads a stream.
std::vector<YamlPart> yaml_parts(std::string_view text) {
  std::vector<YamlPart> out;
  std::string part;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("---")) {
      const auto behind = trim_space(line.substr(3));
      if (!behind.empty() && behind.front() != '#') {
        out.push_back({{}, "invalid Yaml document separator: " + std::string(behind)});
        return out;
      }
      if (!part.empty()) {
        out.push_back({std::exchange(part, {}), {}});
        continue;
      }
    }
    part.append(line).push_back('\n');
  }
  if (!part.empty()) out.push_back({std::move(part), {}});
  return out;
}

/// What lint reads of an object.
struct ObjectHead {
  std::string api_version;
  std::string kind;
  std::string name;
};

/// Nothing for a document that is null.
Result<std::optional<ObjectHead>> read_object(std::string_view text, const HelmProfile& profile) {
  const auto document = parse_yaml(text, {.numbers = YamlNumbers::written});
  if (!document.ok()) {
    return Error(ErrorCode::invalid_input, "error converting YAML to JSON: " + document.error().message());
  }
  ObjectHead head;
  GoStruct fields(*document, profile.major == 3 ? "rules.K8sYamlStruct" : "rules.k8sYamlStruct", profile.go);
  fields.read("apiVersion", head.api_version);
  // Go 1.27 names fields as the text does, earlier ones as the struct does.
  const bool own = profile.go == GoRelease::go_1_27;
  fields.read(own ? "kind" : "Kind", head.kind);
  const std::string_view inside = own ? "metadata" : "Metadata";
  if (const auto* metadata = fields.member(inside)) {
    GoStruct inner(fields, *metadata, "rules.k8sYamlMetadata", inside);
    std::string name_space;
    inner.read(own ? "namespace" : "Namespace", name_space);
    inner.read(own ? "name" : "Name", head.name);
    fields.adopt(inner);
  }
  if (!fields.mistake().empty()) {
    return Error(ErrorCode::invalid_input, "error unmarshaling JSON: while decoding JSON: " + fields.mistake());
  }
  return document->is_null() ? std::optional<ObjectHead>() : std::optional(std::move(head));
}

std::string_view extension(std::string_view name) {
  name = name.substr(name.rfind('/') + 1);
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

/// `helm.sh/hook: crd-install`, with or without quotes around the key.
bool has_crd_hook(std::string_view text) {
  constexpr std::string_view key = "helm.sh/hook";
  for (auto at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    auto rest = text.substr(at + key.size());
    if (rest.starts_with('"')) rest.remove_prefix(1);
    if (!rest.starts_with(':')) continue;
    rest.remove_prefix(1);
    const auto blanks = std::min(rest.find_first_not_of(" \t\n\r\f"), rest.size());
    if (blanks > 0 && rest.substr(blanks).starts_with("crd-install")) return true;
  }
  return false;
}

std::string names_of(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ",") + name;
  return out;
}

class Linter {
 public:
  Linter(const RenderInputs& inputs, const Value& user, std::string chart_directory, const HelmProfile& profile,
         HelmLog* log)
      : inputs_(inputs),
        user_(user),
        chart_directory_(std::move(chart_directory)),
        profile_(profile),
        log_(log),
        folder_(inputs.tree, inputs.helm.chart) {}

  Result<LintReport> lint() {
    GITOPSCTL_CHECK(folder_.open(profile_));
    chart_yaml();
    values();
    GITOPSCTL_CHECK(templates());
    dependencies();
    if (profile_.major == 4) crds();
    return std::move(report_);
  }

 private:
  void say(LintSeverity severity, std::string path, std::string text) {
    report_.messages.push_back({severity, std::move(path), std::move(text)});
  }
  void error(std::string path, std::string text) { say(LintSeverity::error, std::move(path), std::move(text)); }
  void warn(std::string path, std::string text) { say(LintSeverity::warning, std::move(path), std::move(text)); }

  void chart_yaml() {
    const std::string name = "Chart.yaml";
    if (folder_.type(name) == FileType::directory) error(name, "should be a file, not a directory");
    const auto text = folder_.read(name);
    if (!text) return error(name, "unable to parse YAML\n\tread " + chart_directory_ + "/" + name + ": is a directory");
    for (auto& message : lint_metadata(*text, profile_)) report_.messages.push_back(std::move(message));
  }

  void values() {
    const std::string name = "values.yaml";
    const auto text = folder_.read(name);
    if (!text) return say(LintSeverity::info, name, "file does not exist");
    const auto own = read_values(*text, name, profile_);
    if (!own.ok()) {
      // The loader says a little more of it than helm does here.
      constexpr std::string_view prefix = "cannot unmarshal yaml document: ";
      std::string message = own.error().message();
      if (message.starts_with(prefix)) message.erase(0, prefix.size());
      constexpr std::string_view map = "Go value of type map[string]interface {}";
      if (message.ends_with(map)) {
        message.resize(message.size() - map.size());
        message += profile_.major == 3 ? "Go value of type chartutil.Values" : "Go value of type common.Values";
      }
      return error(name, "unable to parse YAML: " + message);
    }
    const auto schema = folder_.read("values.schema.json");
    if (!schema || schema->empty() || (profile_.major == 4 && inputs_.helm.skip_schema)) return;
    Value over = user_.deep_copy();
    Value under = own->deep_copy();
    const Coalescing how{.nulls = Nulls::remove, .rule = profile_.nulls, .quote_content = true, .log = log_};
    fill_table(over, under, "", how, report_.warnings);
    const auto compiled = schema::compile_cached(*schema, {.release = profile_.go, .corrected = profile_.corrected_schemas});
    if (!compiled.ok()) return error(name, compiled.error().message());
    const auto problems = compiled->problems(over, true);
    if (!problems.ok()) return error(name, problems.error().message());
    if (!problems->empty()) error(name, *problems + '\n');
  }

  /// The chart as the loader sees it, each time a new one; nullptr, with a message at `path`, when it is none.
  std::unique_ptr<ChartSet> load(const std::string& path, const std::string& prefix) {
    auto chart = load_chart(inputs_.tree, inputs_.helm.chart, true, profile_, log_);
    if (chart.ok()) return std::move(chart).value();
    error(path, prefix + chart.error().message());
    return nullptr;
  }

  Result<void> templates() {
    const std::string place = "templates/";
    const auto type = folder_.type("templates");
    if (profile_.major == 4 && !type) {
      warn(place, "directory does not exist");
      return {};
    }
    if (type && *type != FileType::directory) {
      say(profile_.major == 4 ? LintSeverity::error : LintSeverity::warning, place, "not a directory");
      return {};
    }
    const auto charts = load(place, "");
    if (charts == nullptr) return {};
    const Chart& root = *charts->root;
    // Imports that cannot be, and tables that are none, are not lint's business.
    if (!process_dependencies(*charts, user_).ok()) return {};
    const auto how = charts->coalescing(Nulls::remove);
    auto values = coalesce_values(root, user_, how, report_.warnings);
    if (!values.ok()) return {};
    // Twice, as in helm: once here, once for the render.
    std::vector<std::string> again;
    values = coalesce_values(root, *values, how, again);
    if (!values.ok()) {
      error(place, values.error().message());
      return {};
    }
    if (!inputs_.helm.skip_schema) {
      const auto checked = check_schemas(root, *values, profile_, report_.warnings, true, log_);
      if (!checked.ok()) {
        error(place, checked.error().message());
        return {};
      }
    }
    GITOPSCTL_TRY(version_, kube_version(profile_, inputs_.helm.capabilities));
    auto files = execute_templates(*charts, *values, profile_, version_, inputs_, report_.warnings, true);
    if (!files.ok()) {
      error(place, files.error().message());
      return {};
    }
    std::map<std::string, std::string, std::less<>> rendered;
    for (auto& file : *files) rendered.insert_or_assign(std::move(file.path), std::move(file.text));
    for (const auto& file : root.templates) {
      const auto found = rendered.find(root.name() + '/' + file.name);
      if (!template_file(file, found == rendered.end() ? std::string_view() : found->second)) break;
    }
    for (const auto& warning : charts->warnings) report_.warnings.push_back(warning);
    return {};
  }

  /// False where helm stops looking at templates.
  bool template_file(const ChartFile& file, std::string_view rendered) {
    const auto& name = file.name;
    const auto ending = extension(name);
    constexpr std::array<std::string_view, 4> endings{".yaml", ".yml", ".tpl", ".txt"};
    if (std::find(endings.begin(), endings.end(), ending) == endings.end()) {
      error(name, "file extension '" + std::string(ending) + "' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt");
    }
    if (profile_.major == 3) {
      if (has_crd_hook(file.data.view())) {
        warn(name,
             "manifest is a crd-install hook. This hook is no longer supported in v3 and all CRDs should also exist the "
             "crds/ directory at the top level of the chart");
      }
      if (file.data.view().find(".Release.Time") != std::string_view::npos) {
        error(name, ".Release.Time has been removed in v3, please replace with the `now` function in your templates");
      }
    }
    const auto lower = lower_case(ending);
    const bool is_yaml = profile_.major == 3 ? ending == ".yaml" : lower == ".yaml" || lower == ".yml";
    if (!is_yaml || trim_space(rendered).empty()) return true;
    indent(name, rendered);
    for (const auto& part : yaml_parts(rendered)) {
      auto head = part.mistake.empty() ? read_object(part.text, profile_)
                                       : Result<std::optional<ObjectHead>>(Error(ErrorCode::invalid_input, part.mistake));
      if (!head.ok()) {
        error(name, "unable to parse YAML: " + head.error().message());
        return false;
      }
      if (*head) object(name, **head, rendered);
    }
    return true;
  }

  void indent(const std::string& name, std::string_view rendered) {
    while (!rendered.empty()) {
      auto line = rendered.substr(0, rendered.find('\n'));
      rendered.remove_prefix(std::min(line.size() + 1, rendered.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (trim_space(line).empty()) continue;
      if (line.front() == ' ' || line.front() == '\t') {
        warn(name, "document starts with an illegal indent: " + go_quote(line) + ", which may cause parsing problems");
      }
      return;
    }
  }

  void object(const std::string& file, const ObjectHead& head, std::string_view rendered) {
    const auto mistakes = object_name_mistakes(head.kind, head.name);
    std::string all;
    for (const auto& mistake : mistakes) {
      all += (all.empty() ? "" : ", ") + ("metadata.name: Invalid value: " + go_quote(head.name) + ": " + mistake);
    }
    if (mistakes.size() > 1) all = '[' + all + ']';
    if (!mistakes.empty()) {
      warn(file, "object name does not conform to Kubernetes naming requirements: " + go_quote(head.name) + ": " + all);
    }
    if (auto old = api_deprecation(head.api_version, head.kind, version_, profile_); !old.empty())
      warn(file, std::move(old));
    const auto& kind = head.kind;
    const bool selects = kind == "Deployment" || kind == "ReplicaSet" || kind == "DaemonSet" || kind == "StatefulSet";
    if (selects && rendered.find("matchLabels") == std::string_view::npos &&
        rendered.find("matchExpressions") == std::string_view::npos) {
      error(file, "a " + kind + " must contain matchLabels or matchExpressions, and " + go_quote(head.name) + " does not");
    }
    if (kind == "List") list(file, rendered);
  }

  /// Helm reads the first document of the file here, whichever the list is in.
  void list(const std::string& file, std::string_view rendered) {
    const auto document = parse_yaml(rendered, {.numbers = YamlNumbers::integers});
    const Value* items = document.ok() && document->is_map() ? document->find("items") : nullptr;
    if (items == nullptr || !items->is_list()) return;
    for (const auto& item : items->as_list()) {
      const Value* metadata = item.is_map() ? item.find("metadata") : nullptr;
      const Value* annotations = metadata != nullptr && metadata->is_map() ? metadata->find("annotations") : nullptr;
      const bool kept =
          annotations != nullptr && annotations->is_map() && annotations->find("helm.sh/resource-policy") != nullptr;
      if (!kept) continue;
      return error(file, std::string(profile_.major == 3 ? "Annotation" : "annotation") +
                             " 'helm.sh/resource-policy' within List objects are ignored");
    }
  }

  void dependencies() {
    const auto charts = load("", "unable to load chart\n\t");
    if (charts == nullptr) return;
    const Chart& root = *charts->root;
    const auto wanted = root.metadata->own_dependencies();
    std::vector<std::string> unlisted;
    for (const auto* child : root.dependencies) {
      const auto is_child = [&](const ChartDependency& one) { return one.name == child->name(); };
      if (std::none_of(wanted.begin(), wanted.end(), is_child)) unlisted.push_back(child->name());
    }
    if (!unlisted.empty()) error(chart_directory_, "chart metadata is missing these dependencies: " + names_of(unlisted));
    // Equal names or aliases are refused by the loader.
    std::vector<std::string> lacking;
    for (const auto& one : wanted) {
      const auto is_it = [&](const Chart* child) { return child->name() == one.name; };
      if (std::none_of(root.dependencies.begin(), root.dependencies.end(), is_it)) lacking.push_back(one.name);
    }
    if (!lacking.empty()) warn(chart_directory_, "chart directory is missing these dependencies: " + names_of(lacking));
  }

  void crds() {
    const std::string place = "crds/";
    const auto type = folder_.type("crds");
    if (!type) return;
    if (*type != FileType::directory) return error(place, "not a directory");
    const auto charts = load(place, "");
    if (charts == nullptr) return;
    std::vector<Document> documents;
    collect_crds(*charts->root, documents);
    for (const auto& document : documents) {
      // By their name in their own chart.
      const auto name = document.path.substr(document.path.rfind("/crds/") + 1);
      for (const auto& part : yaml_parts(document.text)) {
        auto head = part.mistake.empty() ? read_object(part.text, profile_)
                                         : Result<std::optional<ObjectHead>>(Error(ErrorCode::invalid_input, part.mistake));
        if (!head.ok()) return error(name, "unable to parse YAML: " + head.error().message());
        if (!*head) continue;
        if (!(*head)->api_version.starts_with("apiextensions.k8s.io")) {
          error(name, "apiVersion is not in 'apiextensions.k8s.io'");
        }
        if ((*head)->kind != "CustomResourceDefinition") error(name, "object kind is not 'CustomResourceDefinition'");
      }
    }
  }

  const RenderInputs& inputs_;
  const Value& user_;
  const std::string chart_directory_;
  const HelmProfile& profile_;
  HelmLog* log_;
  ChartFolder folder_;
  KubeVersion version_;
  LintReport report_;
};

}  // namespace

std::string LintMessage::line() const {
  constexpr std::array<std::string_view, 3> names{"INFO", "WARNING", "ERROR"};
  return '[' + std::string(names.at(static_cast<std::size_t>(severity))) + "] " + path + ": " + text;
}

Result<LintReport> lint_chart(const RenderInputs& inputs, const Value& user, const std::string& chart_directory,
                              HelmLog* log) {
  GITOPSCTL_TRY(const auto profile, find_profile(inputs.helm.profile));
  return run_bounded(BudgetLimits{inputs.limits.memory_bytes, inputs.limits.cpu_time},
                     [&] { return Linter(inputs, user, chart_directory, profile, log).lint(); });
}

}  // namespace gitopsctl::render::helm
