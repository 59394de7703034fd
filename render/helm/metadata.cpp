#include "render/helm/metadata.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include "base/text/go_format.hpp"
#include "base/text/semver.hpp"
#include "base/yaml/yaml.hpp"
#include "render/helm/go_struct.hpp"
#include "render/helm/struct_object.hpp"
#include "render/helm/whitespace.hpp"

namespace gitopsctl::render::helm {

namespace {

Error validation(const std::string& text) { return {ErrorCode::invalid_input, "validation: " + text}; }

/// A `map[string]string` and a `[]interface {}` of a struct, which are both values here.
template <class Struct>
struct StringMap {
  Value Struct::* member;
};
template <class Struct>
struct AnyList {
  Value Struct::* member;
};

/// One field of a Go struct: its key in the file, its name in Go (which is what `.Chart` shows), and where it is kept.
template <class Struct>
struct Field {
  std::string_view key;
  std::string_view go_name;
  std::variant<std::string Struct::*, bool Struct::*, std::vector<std::string> Struct::*, StringMap<Struct>, AnyList<Struct>>
      place;
  bool cleaned = false;  ///< by Helm, before it looks at the rules
};

using MetadataField = Field<Metadata>;
using MaintainerField = Field<Maintainer>;
using DependencyField = Field<ChartDependency>;

// Helm 4.3: chart/v2, metadata.go and dependency.go. The lists of structs of Metadata are read by themselves.
constexpr std::array metadata_fields{
    MetadataField{"name", "Name", &Metadata::name, true},
    MetadataField{"home", "Home", &Metadata::home, true},
    MetadataField{"sources", "Sources", &Metadata::sources, true},
    MetadataField{"version", "Version", &Metadata::version},
    MetadataField{"description", "Description", &Metadata::description, true},
    MetadataField{"keywords", "Keywords", &Metadata::keywords, true},
    MetadataField{"icon", "Icon", &Metadata::icon, true},
    MetadataField{"apiVersion", "APIVersion", &Metadata::api_version},
    MetadataField{"condition", "Condition", &Metadata::condition, true},
    MetadataField{"tags", "Tags", &Metadata::tags, true},
    MetadataField{"appVersion", "AppVersion", &Metadata::app_version, true},
    MetadataField{"deprecated", "Deprecated", &Metadata::deprecated},
    MetadataField{"annotations", "Annotations", StringMap<Metadata>{&Metadata::annotations}},
    MetadataField{"kubeVersion", "KubeVersion", &Metadata::kube_version, true},
    MetadataField{"type", "Type", &Metadata::type},
};
constexpr std::array maintainer_fields{
    MaintainerField{"name", "Name", &Maintainer::name, true},
    MaintainerField{"email", "Email", &Maintainer::email, true},
    MaintainerField{"url", "URL", &Maintainer::url, true},
};
constexpr std::array dependency_fields{
    DependencyField{"name", "Name", &ChartDependency::name, true},
    DependencyField{"version", "Version", &ChartDependency::version, true},
    DependencyField{"repository", "Repository", &ChartDependency::repository, true},
    DependencyField{"condition", "Condition", &ChartDependency::condition, true},
    DependencyField{"tags", "Tags", &ChartDependency::tags, true},
    DependencyField{"enabled", "Enabled", &ChartDependency::enabled},
    DependencyField{"import-values", "ImportValues", AnyList<ChartDependency>{&ChartDependency::import_values}},
    DependencyField{"alias", "Alias", &ChartDependency::alias},
};

template <class Struct>
struct ReadField {
  GoStruct& document;
  std::string_view key;
  Struct& out;

  void operator()(StringMap<Struct> map) const { document.read_string_map(key, out.*map.member); }
  void operator()(AnyList<Struct> list) const { document.read_list(key, out.*list.member); }
  void operator()(auto member) const { document.read(key, out.*member); }
};

template <class Struct>
struct ShowField {
  const Struct& from;
  ListType texts;  ///< of what type a `[]string` is shown

  Value operator()(std::string Struct::* member) const { return Value::string(from.*member); }
  Value operator()(bool Struct::* member) const { return Value::boolean(from.*member); }
  Value operator()(std::vector<std::string> Struct::* member) const {
    Value::List items;
    for (const auto& text : from.*member) items.push_back(Value::string(text));
    return Value::list(std::move(items), texts);
  }
  Value operator()(StringMap<Struct> map) const { return from.*map.member; }
  Value operator()(AnyList<Struct> list) const { return Value::list((from.*list.member).as_list()); }
};

template <class Struct, std::size_t count>
void read_fields(GoStruct& document, const std::array<Field<Struct>, count>& fields, Struct& out) {
  for (const auto& field : fields) std::visit(ReadField<Struct>{document, field.key, out}, field.place);
}

template <class Struct, std::size_t count>
Value::Members show_fields(const std::array<Field<Struct>, count>& fields, const Struct& from) {
  Value::Members out;
  for (const auto& field : fields) {
    out.push_back({SharedString(field.go_name), std::visit(ShowField<Struct>{from, ListType::any}, field.place)});
  }
  return out;
}

/// The same for a struct. Go leaves empty fields out of JSON, but for the `kept` ones.
template <class Struct, std::size_t count>
std::vector<StructObject::Field> struct_fields(const std::array<Field<Struct>, count>& fields, const Struct& from,
                                               std::initializer_list<std::string_view> kept = {}) {
  std::vector<StructObject::Field> out;
  for (const auto& field : fields) {
    const bool omit = std::find(kept.begin(), kept.end(), field.key) == kept.end();
    out.push_back({field.go_name, field.key, std::visit(ShowField<Struct>{from, ListType::string}, field.place), omit});
  }
  return out;
}

/// `.Chart` of Helm 3: the struct of Chart.yaml, embedded in one that knows whether the chart is the root.
class ChartObject final : public StructObject {
 public:
  ChartObject(const Value& metadata, bool is_root)
      : StructObject("struct { chart.Metadata; IsRoot bool }",
                     {{"Metadata", "", metadata}, {"IsRoot", "IsRoot", Value::boolean(is_root)}}),
        metadata_(metadata) {}

  bool field(std::string_view name, Value& out) const override {
    return StructObject::field(name, out) || metadata_.as_object()->field(name, out);
  }
  [[nodiscard]] Value to_plain() const override {
    Value out = metadata_.as_object()->to_plain();
    out.set("IsRoot", *StructObject::to_plain().find("IsRoot"));
    return out;
  }

 private:
  Value metadata_;
};

/// The structs of a list of Chart.yaml. Sets `null_item` when one of them is null.
template <class Struct, std::size_t count>
std::optional<std::vector<Struct>> read_list(GoStruct& document, std::string_view key, const std::string& go_type,
                                             const std::array<Field<Struct>, count>& fields, bool& null_item) {
  const auto* list = document.read_structs(key, go_type);
  if (list == nullptr) return std::nullopt;
  std::vector<Struct> out;
  for (const auto& item : list->as_list()) {
    GoStruct one(document, item, go_type, key, out.size());
    read_fields(one, fields, out.emplace_back());
    document.adopt(one);
    null_item = null_item || one.is_null();
  }
  return out;
}

template <class Struct, std::size_t count>
Value show_list(const std::array<Field<Struct>, count>& fields, const std::vector<Struct>& from) {
  Value::List out;
  for (const auto& one : from) out.push_back(Value::map(show_fields(fields, one)));
  return Value::list(std::move(out));
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

template <class Struct, std::size_t count>
void clean_fields(const std::array<Field<Struct>, count>& fields, Struct& in) {
  for (const auto& field : fields) {
    if (!field.cleaned) continue;
    if (const auto* text = std::get_if<std::string Struct::*>(&field.place)) clean(in.**text);
    if (const auto* texts = std::get_if<std::vector<std::string> Struct::*>(&field.place)) {
      for (auto& text : in.**texts) clean(text);
    }
  }
}

bool plain_alias(std::string_view alias) {
  return std::all_of(alias.begin(), alias.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Result<void> validate_dependencies(Metadata& metadata) {
  std::vector<std::string_view> seen;
  for (const auto& entry : metadata.dependencies) {
    auto& dependency = *entry;
    clean_fields(dependency_fields, dependency);
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

Result<void> validate_name_and_version(const Metadata& metadata, const HelmProfile& profile) {
  if (metadata.api_version.empty()) return validation("chart.metadata.apiVersion is required");
  if (metadata.name.empty()) return validation("chart.metadata.name is required");
  if (profile.plain_names_only && (metadata.name == "." || metadata.name == "..")) {
    return validation("chart.metadata.name " + go_quote(metadata.name) + " is not allowed");
  }
  if (profile.plain_names_only && metadata.name.find('/') != std::string::npos) {
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

}  // namespace

std::vector<ChartDependency> Metadata::own_dependencies() const {
  std::vector<ChartDependency> out;
  out.reserve(dependencies.size());
  for (const auto& entry : dependencies) out.push_back(*entry);
  return out;
}

Result<void> read_metadata(std::string_view yaml, const std::string& file, Metadata& metadata, const HelmProfile& profile) {
  const std::string package = profile.major == 3 ? "chart." : "v2.";
  auto document = parse_yaml(yaml, {.numbers = YamlNumbers::written}, file);
  if (!document.ok()) {
    const auto& error = document.error();
    return Error(error.code(), "error converting YAML to JSON: " + error.message()).at(error.where());
  }
  GoStruct fields(*document, package + "Metadata", profile.go);
  read_fields(fields, metadata_fields, metadata);
  if (auto list = read_list(fields, "maintainers", package + "Maintainer", maintainer_fields, metadata.null_maintainer)) {
    metadata.maintainers = *std::move(list);
  }
  if (auto list = read_list(fields, "dependencies", package + "Dependency", dependency_fields, metadata.null_dependency)) {
    metadata.dependencies.clear();
    for (auto& one : *list) metadata.dependencies.push_back(std::make_shared<ChartDependency>(std::move(one)));
    metadata.has_dependencies = true;
  }
  if (!fields.mistake().empty()) {
    return Error(ErrorCode::invalid_input, "error unmarshaling JSON: while decoding JSON: " + fields.mistake())
        .at({.file = file});
  }
  return {};
}

Result<void> validate_metadata(Metadata& metadata, const HelmProfile& profile) {
  clean_fields(metadata_fields, metadata);
  GITOPSCTL_CHECK(validate_name_and_version(metadata, profile));
  for (auto& maintainer : metadata.maintainers) clean_fields(maintainer_fields, maintainer);
  if (metadata.null_maintainer) return validation("maintainers must not contain empty or null nodes");
  if (metadata.null_dependency) return validation("dependencies must not contain empty or null nodes");
  return validate_dependencies(metadata);
}

Value metadata_as_map(const Metadata& metadata, bool is_root) {
  Value::Members members = show_fields(metadata_fields, metadata);
  members.push_back({SharedString("Maintainers"), show_list(maintainer_fields, metadata.maintainers)});
  members.push_back({SharedString("Dependencies"), show_list(dependency_fields, metadata.own_dependencies())});
  members.push_back({SharedString("IsRoot"), Value::boolean(is_root)});
  return Value::map(std::move(members));
}

Value metadata_as_struct(const Metadata& metadata, bool is_root) {
  Value::List maintainers;
  for (const auto& one : metadata.maintainers) {
    maintainers.push_back(Value::object(new StructObject("*chart.Maintainer", struct_fields(maintainer_fields, one))));
  }
  Value::List dependencies;
  for (const auto& one : metadata.dependencies) {
    dependencies.push_back(Value::object(
        new StructObject("*chart.Dependency", struct_fields(dependency_fields, *one, {"name", "repository"}))));
  }
  const Value people = Value::list(std::move(maintainers));
  const Value needs = Value::list(std::move(dependencies));
  // In the order in which Go prints them.
  std::vector<StructObject::Field> fields;
  for (auto& field : struct_fields(metadata_fields, metadata)) {
    if (field.name == "Icon") fields.push_back({"Maintainers", "maintainers", people, true});
    if (field.name == "Type") fields.push_back({"Dependencies", "dependencies", needs, true});
    fields.push_back(std::move(field));
  }
  const Value about = Value::object(new StructObject("chart.Metadata", std::move(fields)));
  return Value::object(new ChartObject(about, is_root));
}

}  // namespace gitopsctl::render::helm
