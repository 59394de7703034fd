#include "render/helm/lint_metadata.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/text/go_format.hpp"
#include "base/text/semver.hpp"
#include "base/yaml/yaml.hpp"
#include "render/functions/go_url.hpp"
#include "render/helm/metadata.hpp"

namespace gitopsctl::render::helm {
namespace {

constexpr const char* file_name = "Chart.yaml";

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Labels with dots between them, letters and digits inside, of which none begins or ends with a dash.
bool is_host(std::string_view text) {
  if (text.empty()) return false;
  for (;;) {
    const auto dot = text.find('.');
    const auto label = text.substr(0, dot);
    const bool plain = std::all_of(label.begin(), label.end(), [](char c) {
      return is_letter(c) || is_digit(c) || c == '-' || c == '_' || (static_cast<unsigned char>(c) & 0x80U) != 0;
    });
    if (label.empty() || !plain || label.front() == '-' || label.back() == '-') return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
    if (text.empty()) return true;  // the root's dot
  }
}

bool is_email(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || at == 0) return false;
  const auto name = text.substr(0, at);
  const auto host = text.substr(at + 1);
  const auto fits = [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view(".!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos ||
           (static_cast<unsigned char>(c) & 0x80U) != 0;
  };
  if (!std::all_of(name.begin(), name.end(), fits) || name.front() == '.' || name.back() == '.') return false;
  if (name.find("..") != std::string_view::npos) return false;
  const auto dot = host.rfind('.');
  if (!is_host(host) || dot == std::string_view::npos) return false;
  const auto top = host.substr(dot + 1);
  return top.size() >= 2 && !std::any_of(top.begin(), top.end(), is_digit);
}

/// With or without a scheme, of a host that could be one.
bool is_url(const std::string& text, GoRelease go) {
  if (text.size() <= 3 || text.size() >= 2083 || text.front() == '.') return false;
  const bool bare = text.find("://") == std::string::npos;
  const auto url = GoUrl::parse(bare ? "http://" + text : text, go);
  if (!url.ok() || text.find(' ') != std::string::npos) return false;
  constexpr std::array<std::string_view, 7> schemes{"http", "https", "ftp", "tcp", "udp", "ws", "wss"};
  if (std::find(schemes.begin(), schemes.end(), url->scheme) == schemes.end()) return false;
  const auto host = url->hostname();
  // An address of IPv6 stands in brackets.
  return host.find(':') != std::string::npos ? url->host.starts_with('[')
                                             : is_host(host) && (host.find('.') != std::string::npos || host == "localhost");
}

/// What could stand in a request with its scheme.
bool is_request_url(const std::string& text, GoRelease go) {
  const auto url = GoUrl::parse(text, go);
  return url.ok() && !url->scheme.empty();
}

/// `1.2.3-a+b`, all three numbers and no `v`.
bool is_strict_version(std::string_view text) {
  const auto core = text.substr(0, text.find_first_of("-+"));
  return std::count(core.begin(), core.end(), '.') == 2 && !text.starts_with('v') && parse_semver(text).ok();
}

/// How Go names the type of what YAML gives.
std::string go_type(const Value& value) {
  if (value.is_map()) return "map[string]interface {}";
  if (value.is_list()) return "[]interface {}";
  if (value.is_string()) return "string";
  if (value.is_null()) return "<nil>";
  return value.kind() == Kind::boolean ? "bool" : "float64";
}

class MetadataLinter {
 public:
  explicit MetadataLinter(const HelmProfile& profile) : profile_(profile) {}

  std::vector<LintMessage> lint(std::string_view yaml) {
    Metadata metadata;
    if (const auto read = read_metadata(yaml, file_name, metadata, profile_); !read.ok()) {
      error("unable to parse YAML\n\t" + read.error().message());
      return std::move(out_);
    }
    const auto parsed = parse_yaml(yaml, {.numbers = YamlNumbers::written});
    const Value document = parsed.ok() && parsed->is_map() ? *parsed : Value::map();
    if (profile_.major == 4) strict(yaml, document);
    name(metadata);
    version(metadata, document);
    people(metadata, document);
    sources(metadata);
    kind(metadata);
    if (profile_.major == 4 && !is_strict_version(metadata.version)) {
      add(LintSeverity::warning, "version '" + metadata.version + "' is not a valid SemVerV2");
    }
    return std::move(out_);
  }

 private:
  void add(LintSeverity severity, std::string text) { out_.push_back({severity, file_name, std::move(text)}); }
  void error(std::string text) { add(LintSeverity::error, std::move(text)); }

  /// Keys that stand there twice, or that nobody reads.
  void strict(std::string_view yaml, const Value& document) {
    const std::string prefix = "failed to strictly parse chart metadata file\n\t";
    YamlOptions once;
    once.unique_keys = true;
    const auto read = parse_yaml(yaml, once, file_name);
    if (!read.ok()) {
      const auto key = doubled_key(yaml, read.error().where());
      add(LintSeverity::warning, prefix + "error converting YAML to JSON: yaml: unmarshal errors:\n  line " +
                                     std::to_string(read.error().where().line) + ": key " + go_quote(key) +
                                     " already set in map");
      return;
    }
    if (const auto key = unknown_key(document); !key.empty()) {
      add(LintSeverity::warning,
          prefix + "error unmarshaling JSON: while decoding JSON: json: unknown field " + go_quote(key));
    }
  }

  /// The key that begins at a place of the text.
  static std::string doubled_key(std::string_view yaml, const Location& where) {
    for (int line = 1; line < where.line; ++line) yaml.remove_prefix(std::min(yaml.find('\n'), yaml.size() - 1) + 1);
    yaml = yaml.substr(0, yaml.find('\n'));
    if (where.column > 1) yaml.remove_prefix(std::min(yaml.size(), static_cast<std::size_t>(where.column) - 1));
    std::string key(yaml.substr(0, yaml.find(':')));
    if (key.size() > 1 && (key.front() == '"' || key.front() == '\'')) key = key.substr(1, key.size() - 2);
    return key;
  }

  static bool is_one_of(std::span<const std::string_view> names, std::string_view key) {
    const auto lower = lower_case(key);
    return std::find(names.begin(), names.end(), lower) != names.end();
  }

  /// The first key, in the order of their bytes, that has no place; keys match without regard to case.
  static std::string unknown_key(const Value& document) {
    constexpr std::array<std::string_view, 17> fields{
        "name",      "home", "sources",    "version",    "description", "keywords",    "maintainers",  "icon", "apiversion",
        "condition", "tags", "appversion", "deprecated", "annotations", "kubeversion", "dependencies", "type"};
    constexpr std::array<std::string_view, 3> maintainer{"name", "email", "url"};
    constexpr std::array<std::string_view, 8> dependency{"name", "version", "repository",    "condition",
                                                         "tags", "enabled", "import-values", "alias"};
    for (const auto& [key, value] : document.as_map()) {
      if (!is_one_of(fields, key.view())) return key.str();
      const auto lower = lower_case(key.view());
      const bool people = lower == "maintainers";
      if ((!people && lower != "dependencies") || !value.is_list()) continue;
      for (const auto& item : value.as_list()) {
        if (!item.is_map()) continue;
        for (const auto& [inner, unused] : item.as_map()) {
          const bool known = people ? is_one_of(maintainer, inner.view()) : is_one_of(dependency, inner.view());
          if (!known) return inner.str();
        }
      }
    }
    return {};
  }

  void name(const Metadata& metadata) {
    if (metadata.name.empty()) {
      error("name is required");
    } else if (metadata.name.find('/') != std::string::npos) {
      error("chart name " + go_quote(metadata.name) + " is invalid");
    }
    if (metadata.api_version.empty()) {
      error(R"(apiVersion is required. The value must be either "v1" or "v2")");
    } else if (metadata.api_version != "v1" && metadata.api_version != "v2") {
      error("apiVersion '" + metadata.api_version + R"(' is not valid. The value must be either "v1" or "v2")");
    }
  }

  void text(const Value& document, const char* key) {
    const Value* value = document.find(key);
    if (value == nullptr || value->is_string()) return;
    error(std::string(key) + " should be of type string but it's of type " + go_type(*value));
  }

  void version(const Metadata& metadata, const Value& document) {
    text(document, "version");
    const auto version = parse_semver(metadata.version);
    if (metadata.version.empty()) {
      error("version is required");
    } else if (!version.ok()) {
      error("version '" + metadata.version + "' is not a valid SemVer");
    } else if (compare(*version, *parse_semver("0.0.0-0")) <= 0) {
      const auto quoted = [&](std::string_view what) {
        return profile_.quotes_constraints ? go_quote(what) : std::string(what);
      };
      error("version " + quoted(metadata.version) + " is less than or equal to " + quoted("0.0.0-0"));
    }
    text(document, "appVersion");
  }

  void people(const Metadata& metadata, const Value& document) {
    const Value* list = document.find("maintainers");
    for (std::size_t i = 0; i < metadata.maintainers.size(); ++i) {
      const auto& one = metadata.maintainers[i];
      const bool empty = list != nullptr && list->is_list() && i < list->as_list().size() && list->as_list()[i].is_null();
      if (empty) return error("a maintainer entry is empty");
      if (one.name.empty()) return error("each maintainer requires a name");
      if (!one.email.empty() && !is_email(one.email)) {
        return error("invalid email '" + one.email + "' for maintainer '" + one.name + "'");
      }
      if (!one.url.empty() && !is_url(one.url, profile_.go)) {
        return error("invalid url '" + one.url + "' for maintainer '" + one.name + "'");
      }
    }
  }

  void sources(const Metadata& metadata) {
    for (const auto& source : metadata.sources) {
      if (!source.empty() && is_request_url(source, profile_.go)) continue;
      error("invalid source URL '" + source + "'");
      break;
    }
    if (metadata.icon.empty()) {
      add(LintSeverity::info, "icon is recommended");
    } else if (!is_request_url(metadata.icon, profile_.go)) {
      error("invalid icon URL '" + metadata.icon + "'");
    }
  }

  void kind(const Metadata& metadata) {
    const auto& version = metadata.api_version;
    if (!metadata.type.empty() && version != "v2") {
      error("chart type is not valid in apiVersion '" + version + "'. It is valid in apiVersion 'v2'");
    }
    if (!metadata.dependencies.empty() && version != "v2") {
      error("dependencies are not valid in the Chart file with apiVersion '" + version +
            "'. They are valid in apiVersion 'v2'");
    }
  }

  const HelmProfile& profile_;
  std::vector<LintMessage> out_;
};

}  // namespace

std::vector<LintMessage> lint_metadata(std::string_view yaml, const HelmProfile& profile) {
  return MetadataLinter(profile).lint(yaml);
}

}  // namespace gitopsctl::render::helm
