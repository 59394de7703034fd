#include "channels/secrets/config.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace gitopsctl::channels::secrets {
namespace {

using namespace shape;

constexpr std::string_view vault_name = "{name}";
constexpr std::string_view gcp_endpoint = "https://secretmanager.googleapis.com";
/// Where a pod finds the token of its service account.
constexpr std::string_view pod_token = "/var/run/secrets/kubernetes.io/serviceaccount/token";

Value text_value(std::string_view value) { return Value::string(value); }

ConfigField kind_field(std::string_view kind) { return required("kind", choice("Where they are.", {std::string(kind)})); }

ConfigShape file_shape() {
  return object("Files of a directory.",
                {
                    kind_field("file"),
                    required("dir", text("The directory; links that lead out of it are refused.")),
                    optional("suffix", list("Endings of the files, tried in this order.", text("", false), true)),
                });
}

ConfigShape env_shape() {
  return object("Environment variables.", {
                                              kind_field("env"),
                                              required("prefix", text("What the names of the variables begin with.")),
                                          });
}

ConfigShape kubernetes_shape() {
  return object("Secrets of a namespace.",
                {
                    kind_field("kubernetes"),
                    optional("context", text("Of the kubeconfig; by default the cluster that is worked on.")),
                    required("namespace", text("Where the Secrets are.")),
                    optional("field", text("Key of the Secret; by default its only one.")),
                });
}

ConfigShape gcp_shape() {
  return object("Google's Secret Manager.",
                {
                    kind_field("gcp"),
                    required("project", any("Number or id.")),
                    optional("version", any("Used where a reference names none."), text_value("latest")),
                    optional("endpoint", text("The service."), text_value(gcp_endpoint)),
                    optional("caFile", text("Certificates (PEM) to trust instead of the system's.")),
                    optional("auth", object("How to log in.",
                                            {
                                                optional("method",
                                                         choice("By default what Google's libraries would take.",
                                                                {"adc", "file", "metadata", "command"}),
                                                         text_value("adc")),
                                                optional("file", text("Credentials, for method file.")),
                                                optional("command", list("A program that prints a token.", text(""), true)),
                                            })),
                });
}

ConfigShape vault_shape() {
  return object(
      "Vault's key-value engine.",
      {
          kind_field("vault"),
          required("address", text("https://…")),
          optional("mount", text("Of the engine."), text_value("secret")),
          optional("version", integer("Of the engine.", 1, 2), Value::int64(2)),
          optional("path", text("Below the mount, with {name}."), text_value(vault_name)),
          optional("field", text("Key of the secret."), text_value("value")),
          optional("namespace", text("Of Vault Enterprise.")),
          optional("caFile", text("Certificates (PEM) to trust instead of the system's.")),
          optional("auth",
                   object("How to log in.",
                          {
                              optional("method", choice("", {"token", "kubernetes", "approle"}), text_value("token")),
                              optional("mount", text("Of the method; by default its name.")),
                              optional("role", text("For kubernetes.")),
                              optional("tokenFile", text("For token (else VAULT_TOKEN) and kubernetes.")),
                              optional("roleId", text("For approle.")),
                              optional("secretIdFile", text("For approle.")),
                          })),
      });
}

ConfigShape sops_shape() {
  return object("Files that sops encrypted.",
                {
                    kind_field("sops"),
                    required("dir", text("The directory; links that lead out of it are refused.")),
                    optional("suffix", text("Ending of the files, by which their kind is known."), text_value(".enc.yaml")),
                    optional("keyFile", text("Age identities; else SOPS_AGE_KEY or SOPS_AGE_KEY_FILE.")),
                    optional("command", list("The sops program, to decrypt with it.", text(""), true)),
                });
}

struct KindRow {
  std::string_view kind;
  ConfigShape (*shape)();
};
constexpr std::array<KindRow, 6> kinds{{
    {"file", &file_shape},
    {"env", &env_shape},
    {"kubernetes", &kubernetes_shape},
    {"gcp", &gcp_shape},
    {"vault", &vault_shape},
    {"sops", &sops_shape},
}};

Error bad(const std::string& what) { return {ErrorCode::invalid_input, what}; }

/// Texts that YAML reads as numbers: `project: 1005246706141`, `version: 7`.
std::string word(const ConfigNode& node, std::string_view key, std::string_view fallback) {
  const ConfigNode found = node.at(key);
  if (!found.present()) return std::string(fallback);
  if (found.value().is_int()) return std::to_string(found.value().as_int());
  const auto text = found.value().as_string();
  const bool good = !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
           c == ':';
  });
  if (!good) found.fail(bad(found.name() + " must be a number or a name"));
  return std::string(text);
}

/// The port behind the last colon; nothing is one that the scheme says.
bool is_port(std::string_view text) {
  unsigned number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return text.empty() || (read.ec == std::errc{} && read.ptr == text.data() + text.size() && number > 0 && number <= 65535);
}

/// True for scheme, host and port, and a path that a service may stand below. No library of URLs is asked, because a program
/// that has none reads this, too; whoever sends to it takes it apart again.
bool is_plain_address(std::string_view text) {
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return false;
  }
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!std::ranges::all_of(text, printable) || text.find_first_of("@?#\\") != std::string_view::npos) return false;
  const auto authority = text.substr(0, text.find('/'));
  const auto bracket = authority.find(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (authority.starts_with('[') != (bracket != std::string_view::npos)) return false;
  return colon != 0 && !authority.empty() && (colon == std::string_view::npos || is_port(authority.substr(colon + 1)));
}

/// A http(s) URL without login and without `/` at its end.
std::string address(const ConfigNode& node, std::string_view key, std::string_view fallback) {
  std::string out = node.text(key, fallback);
  while (out.ends_with('/')) out.pop_back();
  // Not quoted: there may be a password in it.
  if (!out.empty() && !is_plain_address(out)) {
    node.at(key).fail(bad(node.at(key).name() + " must be scheme, host and port only").with_hint("write https://HOST:PORT"));
  }
  return out;
}

/// A key that belongs to other methods is a mistake, as is one that this method lacks.
void check_methods(const ConfigNode& auth, std::string_view method, const std::vector<std::string_view>& needed,
                   const std::vector<std::string_view>& allowed, const std::vector<std::string_view>& all) {
  for (const auto key : needed) {
    if (!auth.has(key))
      auth.fail(bad("missing key '" + std::string(key) + "'").with_hint("method " + std::string(method) + " needs it"));
  }
  for (const auto key : all) {
    const bool fits = std::ranges::find(needed, key) != needed.end() || std::ranges::find(allowed, key) != allowed.end();
    if (!fits && auth.has(key)) {
      auth.at(key).fail_key(bad("'" + std::string(key) + "' does not belong to method " + std::string(method)));
    }
  }
}

FileProviderConfig read_file(const ConfigNode& node) {
  FileProviderConfig out;
  out.dir = node.text("dir");
  out.suffixes = node.texts("suffix");
  if (out.suffixes.empty()) out.suffixes = {".yml", ".yaml", ""};
  for (const auto& item : node.at("suffix").items()) {
    if (item.value().as_string().find('/') != std::string_view::npos) item.fail(bad("a suffix has no '/'"));
  }
  return out;
}

EnvProviderConfig read_env(const ConfigNode& node) {
  EnvProviderConfig out;
  out.prefix = node.text("prefix");
  const bool good = std::ranges::all_of(out.prefix, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c >= 'a' && c <= 'z');
  });
  if (!good) node.at("prefix").fail(bad("a prefix has letters, digits and '_' only"));
  return out;
}

KubernetesProviderConfig read_kubernetes(const ConfigNode& node) {
  return {node.text("context"), node.text("namespace"), node.text("field")};
}

GcpProviderConfig read_gcp(const ConfigNode& node) {
  GcpProviderConfig out;
  out.project = word(node, "project", "");
  out.version = word(node, "version", "latest");
  out.endpoint = address(node, "endpoint", gcp_endpoint);
  out.ca_file = node.text("caFile");
  const ConfigNode auth = node.at("auth");
  const std::string method = auth.text("method", "adc");
  const std::vector<std::string_view> all{"file", "command"};
  if (method == "file") {
    out.auth = GcpProviderConfig::Auth::file;
    check_methods(auth, method, {"file"}, {}, all);
  } else if (method == "command") {
    out.auth = GcpProviderConfig::Auth::command;
    check_methods(auth, method, {"command"}, {}, all);
  } else {
    out.auth = method == "metadata" ? GcpProviderConfig::Auth::metadata : GcpProviderConfig::Auth::adc;
    check_methods(auth, method, {}, {}, all);
  }
  out.auth_file = auth.text("file");
  out.auth_command = auth.texts("command");
  return out;
}

VaultProviderConfig read_vault(const ConfigNode& node) {
  VaultProviderConfig out;
  out.address = address(node, "address", "");
  out.mount = node.text("mount", "secret");
  out.version = static_cast<int>(node.integer("version", 2));
  out.path = node.text("path", vault_name);
  if (out.path.find(vault_name) == std::string::npos) {
    node.at("path").fail(bad("the path has no {name}, so every secret would be the same"));
  }
  out.field = node.text("field", "value");
  out.namespace_ = node.text("namespace");
  out.ca_file = node.text("caFile");
  const ConfigNode auth = node.at("auth");
  const std::string method = auth.text("method", "token");
  const std::vector<std::string_view> all{"role", "tokenFile", "roleId", "secretIdFile"};
  if (method == "kubernetes") {
    out.auth = VaultProviderConfig::Auth::kubernetes;
    check_methods(auth, method, {"role"}, {"tokenFile"}, all);
  } else if (method == "approle") {
    out.auth = VaultProviderConfig::Auth::approle;
    check_methods(auth, method, {"roleId", "secretIdFile"}, {}, all);
  } else {
    check_methods(auth, method, {}, {"tokenFile"}, all);
  }
  out.auth_mount = auth.text("mount", method);
  out.role = auth.text("role");
  out.token_file = auth.text("tokenFile", method == "kubernetes" ? pod_token : std::string_view{});
  out.role_id = auth.text("roleId");
  out.secret_id_file = auth.text("secretIdFile");
  return out;
}

SopsProviderConfig read_sops(const ConfigNode& node) {
  SopsProviderConfig out{node.text("dir"), node.text("suffix", ".enc.yaml"), node.text("keyFile"), node.texts("command")};
  if (out.suffix.find('/') != std::string::npos) node.at("suffix").fail(bad("a suffix has no '/'"));
  if (!out.command.empty() && !out.key_file.empty()) {
    node.at("keyFile").fail_key(bad("'keyFile' does not belong to a command")
                                    .with_hint("the program takes its keys from SOPS_AGE_KEY_FILE and its like"));
  }
  return out;
}

/// Names stand before a colon in references.
bool is_provider_name(std::string_view name) {
  return !name.empty() && name.size() <= 63 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

void read_provider(const std::string& name, const ConfigNode& node, SecretsConfig& out) {
  if (!is_provider_name(name)) {
    node.fail_key(bad("a provider's name has letters, digits, '-' and '_' only, and at most 63 of them"));
    return;
  }
  const std::string kind = node.text("kind");
  const auto row = std::ranges::find(kinds, kind, &KindRow::kind);
  if (row == kinds.end()) {
    std::vector<std::string> known;
    known.reserve(kinds.size());
    for (const auto& each : kinds) known.emplace_back(each.kind);
    if (!node.value().is_map()) {
      node.fail(bad(node.name() + " must be a map, not " + std::string(type_words(node.value()))));
    } else if (kind.empty()) {
      node.fail(bad("missing key 'kind'").with_hint(suggest("", known, "kinds")));
    } else {
      node.at("kind").fail(
          Error(ErrorCode::unsupported, "there is no such kind of provider").with_hint(suggest(kind, known, "kinds")));
    }
    return;
  }
  check_config(node, row->shape());
  if (kind == "file") out.providers.emplace(name, read_file(node));
  if (kind == "env") out.providers.emplace(name, read_env(node));
  if (kind == "kubernetes") out.providers.emplace(name, read_kubernetes(node));
  if (kind == "gcp") out.providers.emplace(name, read_gcp(node));
  if (kind == "vault") out.providers.emplace(name, read_vault(node));
  if (kind == "sops") out.providers.emplace(name, read_sops(node));
}

}  // namespace

bool asks_a_server(const ProviderConfig& config) noexcept {
  return std::holds_alternative<KubernetesProviderConfig>(config) || std::holds_alternative<GcpProviderConfig>(config) ||
         std::holds_alternative<VaultProviderConfig>(config);
}

ConfigShape secrets_shape() {
  return object(
      "Where secrets come from.",
      {
          optional("default", text("The provider of references that name none; not needed where there is one.")),
          optional("cache", choice("Whether a secret is fetched once in a run. Nothing is kept on disk.", {"run", "none"}),
                   text_value("run")),
          optional("providers", map("By name; what each may have depends on its kind.", any("A provider."))),
      });
}

SecretsConfig read_secrets(const ConfigNode& node) {
  SecretsConfig out;
  if (!node.present()) return out;
  check_config(node, secrets_shape());
  out.cache = node.text("cache", "run") != "none";
  const ConfigNode providers = node.at("providers");
  std::vector<std::string> names;
  for (const auto& member : providers.value().as_map()) {
    names.push_back(member.key.str());
    read_provider(names.back(), providers.at(names.back()), out);
  }
  out.default_provider = node.text("default");
  if (out.default_provider.empty()) {
    if (names.size() == 1) out.default_provider = names.front();
  } else if (std::ranges::find(names, out.default_provider) == names.end()) {
    node.at("default").fail(
        bad("there is no provider of this name").with_hint(suggest(out.default_provider, names, "providers")));
  }
  return out;
}

}  // namespace gitopsctl::channels::secrets
