#include "invoke-compat/config/config_file.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "base/config/reader.hpp"
#include "base/json/json.hpp"
#include "base/text/escape.hpp"
#include "base/yaml/yaml_python.hpp"

namespace gitopsctl::invoke {

namespace {

constexpr std::array<std::string_view, 4> extensions{"yaml", "yml", "json", "py"};

YamlOptions yaml_options() {
  YamlOptions options;
  options.max_bytes = max_config_bytes;
  options.max_depth = max_config_depth;
  // Configuration holds passwords, and messages end in logs.
  options.quote_content = false;
  return options;
}

std::string_view extension_of(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  const auto dot = name.rfind('.');
  // A dot that begins a name begins no extension.
  return dot == std::string_view::npos || dot == 0 ? std::string_view{} : name.substr(dot + 1);
}

Result<LocatedYaml> read_json(const std::string& text, const std::string& path) {
  LocatedYaml out;
  GITOPSCTL_TRY(out.value, parse_json(text, path, true, max_config_bytes));
  // Nearly every JSON text is YAML, which gives the places.
  if (auto located = parse_located_yaml(text, path, yaml_options()); located.ok()) out.marks = located->marks;
  return out;
}

Result<ConfigFile> checked(ConfigFile file) {
  if (file.data.is_nothing()) file.data = Value::map();
  if (file.data.is_map()) return file;
  const Location where = file.marks ? file.marks->value("") : Location{file.path, 0, 0};
  return Error(ErrorCode::invalid_input, "configuration must be a map, not " + std::string(type_words(file.data)))
      .at(where)
      .with_hint("write it as `key: value`");
}

}  // namespace

Result<ConfigFile> read_config_file(const HostFiles& files, const std::string& path, const PythonConfig& python) {
  const auto extension = extension_of(path);
  ConfigFile out;
  out.path = path;
  if (extension == "py") {
    GITOPSCTL_TRY(const PathKind kind, files.look(path));
    if (kind == PathKind::nothing) return Error(ErrorCode::not_found, "there is no file '" + terminal_safe(path) + "'");
    if (!python) {
      return Error(ErrorCode::unsupported, "a configuration file in Python cannot be read here")
          .at({path, 0, 0})
          .with_hint("write it as YAML or JSON");
    }
    GITOPSCTL_TRY(out.data, python(path));
    return checked(std::move(out));
  }
  const bool json = extension == "json";
  if (!json && extension != "yaml" && extension != "yml") {
    return Error(ErrorCode::unsupported, "Config files of type '" + terminal_safe(extension) + "' (from file '" +
                                             terminal_safe(path) + "') are not supported")
        .with_hint("use one of: yaml, yml, json, py");
  }
  auto text = files.read(path, max_config_bytes);
  if (!text.ok()) {
    if (text.error().code() != ErrorCode::not_found) return text.error();
    return Error(ErrorCode::not_found, "there is no file '" + terminal_safe(path) + "'");
  }
  GITOPSCTL_TRY(LocatedYaml document, json ? read_json(*text, path) : parse_python_yaml(*text, path, yaml_options()));
  out.data = std::move(document.value);
  out.marks = std::move(document.marks);
  return checked(std::move(out));
}

Result<std::optional<ConfigFile>> find_config_file(const HostFiles& files, const std::string& prefix,
                                                   const PythonConfig& python) {
  for (const auto extension : extensions) {
    const std::string path = prefix + '.' + std::string(extension);
    GITOPSCTL_TRY(const PathKind kind, files.look(path));
    if (kind == PathKind::nothing) continue;
    GITOPSCTL_TRY(auto file, read_config_file(files, path, python));
    return std::optional<ConfigFile>(std::move(file));
  }
  return std::optional<ConfigFile>();
}

}  // namespace gitopsctl::invoke
