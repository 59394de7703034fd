#include "agent/config/agent_config.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "agent/config/config_shape.hpp"
#include "agent/config/credential_file.hpp"
#include "agent/config/credential_source.hpp"
#include "base/config/reader.hpp"
#include "base/files/tree_path.hpp"
#include "base/text/escape.hpp"
#include "channels/model/channel.hpp"
#include "channels/ssh/address.hpp"

namespace gitopsctl::agent {

namespace {

constexpr std::size_t max_file_bytes = 1 << 20;
constexpr std::string_view default_file = "/etc/gitopsctl/agent.yaml";
constexpr std::string_view default_state = "/var/lib/gitopsctl";

std::string shown(std::string_view text) { return "'" + terminal_safe(truncate_utf8(text, 120)) + "'"; }

template <class List>
auto find_named(const List& list, std::string_view name) -> decltype(list.data()) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& entry) { return entry.name == name; });
  return found == list.end() ? nullptr : &*found;
}

/// Reads one file into an AgentConfig, noting every mistake.
class ConfigReader {
 public:
  ConfigReader(std::string file, bool read_credentials)
      : directory_(std::filesystem::path(file).parent_path()), read_credentials_(read_credentials) {
    config_.file = std::move(file);
  }

  Result<AgentConfig> read(std::string_view text) {
    YamlOptions options;
    options.max_bytes = max_file_bytes;
    options.max_depth = 100;
    options.max_alias_nodes = 10'000;
    options.unique_keys = true;
    GITOPSCTL_TRY(const auto document, parse_located_yaml(text, config_.file, options));
    ConfigMistakes mistakes;
    const ConfigNode root(document, mistakes);
    if (root.present()) {
      check_config(root, detail::agent_shape());
      read_root(root);
    } else {
      root.fail(Error(ErrorCode::invalid_input, "the agent's file is empty")
                    .with_hint("it needs repositories, environments and bindings"));
    }
    if (!mistakes.empty()) return combine(mistakes.take_all());
    return std::move(config_);
  }

 private:
  void read_root(const ConfigNode& root) {
    config_.installation = label(root, "installation", "default");
    config_.state_directory = file_path(root.text("stateDirectory", default_state));
    const ConfigNode store = root.at("store");
    config_.store_path = store.has("path") ? file_path(store.text("path")) : config_.state_directory + "/store.db";
    read_listen(root.at("listen"));
    for (const auto& node : root.at("repositories").items()) config_.repositories.push_back(repository(node));
    for (const auto& node : root.at("environments").items()) config_.environments.push_back(environment(node));
    check_unique(root.at("repositories"), "repositories");
    check_unique(root.at("environments"), "environments");
    check_files(root);
    for (const auto& node : root.at("bindings").items()) config_.bindings.push_back(binding(node));
    check_bindings(root.at("bindings"));
    for (const std::string_view key : {"forges", "secrets", "notify"}) {
      if (root.at(key).value().size() > 0) {
        root.at(key).fail_key(Error(ErrorCode::unsupported, "'" + std::string(key) + "' is not supported by this version")
                                  .with_hint("leave it out or write []"));
      }
    }
    read_charts(root.at("charts"));
    config_.drift_interval = span(root.at("drift"), "interval", config_.drift_interval);
    config_.render_threads =
        static_cast<unsigned>(root.at("limits").integer("renderThreads", static_cast<std::int64_t>(config_.render_threads)));
    read_render(root.at("render"), root.at("limits").at("render"));
    config_.log_format = root.at("log").text("format", config_.log_format);
    config_.log_level = root.at("log").text("level", config_.log_level);
  }

  void read_render(const ConfigNode& node, const ConfigNode& limits) {
    constexpr unsigned mib = 20;
    config_.render_isolate = node.boolean("isolate", config_.render_isolate);
    auto& out = config_.render_limits;
    const auto number = [&](std::string_view key, std::uint64_t fallback) {
      return static_cast<std::uint64_t>(limits.integer(key, static_cast<std::int64_t>(fallback)));
    };
    out.memory_bytes = number("memoryMiB", out.memory_bytes >> mib) << mib;
    out.output_bytes = number("outputMiB", out.output_bytes >> mib) << mib;
    out.steps = number("steps", out.steps);
    out.include_depth = static_cast<std::uint32_t>(number("includeDepth", out.include_depth));
    out.cpu_time = span(limits, "cpuTime", out.cpu_time);
  }

  /// Relative paths are relative to the directory of this file.
  [[nodiscard]] std::string file_path(const std::string& text) const {
    const std::filesystem::path path(text);
    return (path.is_absolute() ? path : directory_ / path).lexically_normal().string();
  }

  /// A duration that must not be zero: something is done over and over at it.
  static Millis span(const ConfigNode& node, std::string_view key, Millis fallback) {
    const auto read = node.duration(key);
    if (read && *read < Millis(1)) {
      node.at(key).fail(Error(ErrorCode::invalid_input, "'" + std::string(key) + "' must be longer than nothing"));
    }
    return read.value_or(fallback);
  }

  static std::string label(const ConfigNode& node, std::string_view key, std::string_view fallback = {}) {
    std::string text = node.text(key, fallback);
    if (node.at(key).value().is_string() && !text.empty() && !channels::valid_channel_name(text)) {
      node.at(key).fail(Error(ErrorCode::invalid_input, shown(text) + " cannot be used as '" + std::string(key) + "'")
                            .with_hint("use at most 63 lower-case letters, digits and dashes"));
    }
    return text;
  }

  void read_listen(const ConfigNode& node) {
    if (!node.value().is_string()) return;
    config_.listen = node.value().as_string();
    const auto colon = config_.listen.rfind(':');
    unsigned port = 0;
    bool good = colon != std::string::npos;
    if (good) {
      const char* end = config_.listen.data() + config_.listen.size();
      const auto [last, problem] = std::from_chars(config_.listen.data() + colon + 1, end, port);
      good = problem == std::errc() && last == end && port <= 65'535;
    }
    if (!good) {
      node.fail(Error(ErrorCode::invalid_input, shown(config_.listen) + " is no address to listen on")
                    .with_hint("write host:port, for example 127.0.0.1:8080 or :8080"));
    }
  }

  void read_url(const ConfigNode& node, channels::RemoteConfig& remote) const {
    if (!node.value().is_string()) return;
    remote.url = node.value().as_string();
    const std::string_view url(remote.url);
    if (channels::looks_like_ssh(url)) {
      if (auto address = channels::SshAddress::parse(url); !address.ok()) node.fail(address.error());
      return;
    }
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) {
      if (!url.starts_with('/')) {
        // Not shown: it may hold a password.
        node.fail(Error(ErrorCode::invalid_input, "the url is neither absolute nor of a known kind")
                      .with_hint("write https://…, ssh://…, http://…, file://… or an absolute path"));
      }
      return;
    }
    const auto name = url.substr(0, scheme);
    if (name == "git") {
      return node.fail(Error(ErrorCode::unsupported, "urls of kind git are not supported: nothing protects them")
                           .with_hint("use https or ssh"));
    }
    if (name != "https" && name != "http" && name != "file") {
      return node.fail(Error(ErrorCode::invalid_input, "the url is of no known kind")
                           .with_hint("write https://…, ssh://…, http://… or file://…"));
    }
    const auto rest = url.substr(scheme + 3);
    if (rest.substr(0, rest.find('/')).find('@') != std::string_view::npos) {
      node.fail(Error(ErrorCode::invalid_input, "the url holds a user or password")
                    .with_hint("write them as credentials: {username: …, passwordFile: …}"));
    }
  }

  [[nodiscard]] std::string named_file(const ConfigNode& node, std::string_view key) const {
    const std::string text = node.text(key);
    return text.empty() ? text : file_path(text);
  }

  static void fail_keys(const ConfigNode& node, std::initializer_list<std::string_view> keys, const std::string& why,
                        const std::string& hint) {
    for (const auto key : keys) {
      if (!node.has(key)) continue;
      node.at(key).fail_key(Error(ErrorCode::invalid_input, "'" + std::string(key) + "' " + why).with_hint(hint));
    }
  }

  void read_ssh(const ConfigNode& node, const ConfigNode& url, CredentialFiles& files) const {
    fail_keys(node, {"username", "passwordFile", "tokenFile", "githubApp"}, "is for http(s), and the url is one of SSH",
              "write sshKeyFile and knownHostsFile");
    const ConfigNode& where = node.present() ? node : url;
    if (!node.has("sshKeyFile")) {
      where.fail(Error(ErrorCode::invalid_input, "no key to log in over SSH")
                     .with_hint("write credentials: {sshKeyFile: …, knownHostsFile: …}"));
    }
    if (node.has("knownHostsFile") == node.has("knownHosts")) {
      where.fail(Error(ErrorCode::invalid_input, node.has("knownHosts") ? "knownHostsFile and knownHosts are given"
                                                                        : "no host keys to know the server by")
                     .with_hint("write one of knownHostsFile and knownHosts: a server is never believed without"));
    }
    if (node.has("sshKeyPassphraseFile") && !node.has("sshKeyFile")) {
      node.at("sshKeyPassphraseFile").fail_key(Error(ErrorCode::invalid_input, "a passphrase without its sshKeyFile"));
    }
    if (const auto address = channels::SshAddress::parse(url.value().as_string()); address.ok()) {
      files.known_hosts_name = address->known_hosts_name();
    }
  }

  void read_app(const ConfigNode& node, const channels::RemoteConfig& remote, CredentialFiles& files) const {
    const ConfigNode id = node.at("appId");
    files.app.app_id = id.value().is_number() ? std::to_string(node.integer("appId", 0)) : node.text("appId");
    const auto good = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
    };
    const auto& text = files.app.app_id;
    if (id.present() && (text.empty() || text.size() > 64 || !std::all_of(text.begin(), text.end(), good))) {
      id.fail(Error(ErrorCode::invalid_input, "this is no id of a GitHub App")
                  .with_hint("write the App ID (a number) or the Client ID, as the app's page shows them"));
    }
    files.app.installation_id = std::to_string(node.integer("installationId", 0));
    files.app_key_file = named_file(node, "privateKeyFile");
    files.app.api_url = node.text("apiUrl", files.app.api_url);
    files.app.proxy = remote.http.proxy;
    const std::string_view api(files.app.api_url);
    const auto start = api.find("://");
    const bool web = api.starts_with("https://") || api.starts_with("http://");
    if (!web || api.find_first_of("@?#", start) != std::string_view::npos) {
      node.at("apiUrl").fail(Error(ErrorCode::invalid_input, "apiUrl is no http(s) address of an API")
                                 .with_hint("for GitHub Enterprise Server it is https://HOST/api/v3"));
    }
  }

  void read_http(const ConfigNode& node) const {
    fail_keys(node, {"sshKeyFile", "sshKeyPassphraseFile", "knownHostsFile", "knownHosts"}, "is for SSH, and the url is not",
              "write the url as ssh://user@host/path or user@host:path");
    if (node.has("githubApp") && (node.has("username") || node.has("passwordFile") || node.has("tokenFile"))) {
      node.fail(Error(ErrorCode::invalid_input, "githubApp and other credentials are given")
                    .with_hint("the app makes its own user and password: leave the others out"));
    }
    if (node.has("tokenFile") && (node.has("username") || node.has("passwordFile"))) {
      node.fail(Error(ErrorCode::invalid_input, "a token and a password are given")
                    .with_hint("write either tokenFile, or username and passwordFile"));
    } else if (node.has("username") != node.has("passwordFile")) {
      node.fail(Error(ErrorCode::invalid_input, "username and passwordFile belong together"));
    }
  }

  /// The credentials of a repository, and what renews them.
  void read_credentials(const ConfigNode& repository, channels::RemoteConfig& remote) const {
    const ConfigNode node = repository.at("credentials");
    CredentialFiles files;
    files.owner = "repository " + remote.name;
    if (channels::looks_like_ssh(remote.url)) {
      read_ssh(node, repository.at("url"), files);
    } else {
      read_http(node);
    }
    const ConfigNode app = node.at("githubApp");
    if (app.present()) read_app(app, remote, files);
    files.username = node.text("username");
    files.password_file = named_file(node, "passwordFile");
    files.token_file = named_file(node, "tokenFile");
    files.ca_file = named_file(repository, "caFile");
    files.ssh_key_file = named_file(node, "sshKeyFile");
    files.ssh_passphrase_file = named_file(node, "sshKeyPassphraseFile");
    files.known_hosts_file = named_file(node, "knownHostsFile");
    files.known_hosts = node.text("knownHosts");
    remote.http.username = files.username;
    if (!read_credentials_) return;
    auto source = std::make_shared<FileCredentials>(std::move(files), system_clock());
    for (const auto& [key, error] : source->load()) {
      const ConfigNode& place = key == "privateKeyFile" ? app : key == "caFile" ? repository : node;
      place.at(key).fail(error);
    }
    const channels::Credentials read = source->loaded();
    remote.http.password = read.password;
    remote.http.bearer = read.bearer;
    remote.http.ca_pem = read.ca_pem;
    remote.ssh = read.ssh;
    remote.credentials = std::move(source);
  }

  ChartHostConfig chart_host(const ConfigNode& node) const {
    ChartHostConfig out;
    out.host = node.text("host");
    if (out.host.find_first_of("/@ ") != std::string::npos) {
      // Not shown: it may hold a password.
      node.at("host").fail(Error(ErrorCode::invalid_input, "'host' is more than a host")
                               .with_hint("write its name alone, with :port when that is not the usual one"));
    }
    out.access.proxy = node.text("proxy");
    out.access.plain_http = node.boolean("plainHTTP", false);
    const ConfigNode credentials = node.at("credentials");
    read_http(credentials);
    CredentialFiles files;
    files.owner = "host " + out.host;
    files.username = credentials.text("username");
    files.password_file = named_file(credentials, "passwordFile");
    files.token_file = named_file(credentials, "tokenFile");
    files.ca_file = named_file(node, "caFile");
    out.access.username = files.username;
    if (!read_credentials_) return out;
    auto source = std::make_shared<FileCredentials>(std::move(files), system_clock());
    for (const auto& [key, error] : source->load()) (key == "caFile" ? node : credentials).at(key).fail(error);
    out.credentials = std::move(source);
    return out;
  }

  void read_charts(const ConfigNode& node) {
    ChartsConfig& charts = config_.charts;
    const ConfigNode cache = node.at("cache");
    charts.cache_directory = cache.has("path") ? file_path(cache.text("path")) : config_.state_directory + "/charts";
    charts.cache_bytes =
        static_cast<std::uint64_t>(cache.integer("maxBytes", static_cast<std::int64_t>(charts.cache_bytes)));
    charts.timeout = span(node, "timeout", charts.timeout);
    charts.docker_config_file = named_file(node, "dockerConfigFile");
    charts.only_listed_hosts = node.boolean("onlyListedHosts", false);
    std::set<std::string> seen;
    for (const auto& item : node.at("hosts").items()) {
      charts.hosts.push_back(chart_host(item));
      const auto& host = charts.hosts.back().host;
      if (!host.empty() && !seen.insert(host).second) {
        item.at("host").fail(Error(ErrorCode::invalid_input, "host " + shown(host) + " is listed twice"));
      }
    }
  }

  RepositoryConfig repository(const ConfigNode& node) const {
    RepositoryConfig out;
    out.name = label(node, "name");
    out.remote.name = out.name;
    read_url(node.at("url"), out.remote);
    out.remote.http.proxy = node.text("proxy");
    read_credentials(node, out.remote);
    const ConfigNode poll = node.at("poll");
    out.poll.interval = span(poll, "interval", out.poll.interval);
    out.poll.jitter = poll.number("jitter", out.poll.jitter);
    out.poll.max_backoff = span(poll, "maxBackoff", out.poll.max_backoff);
    out.remote.timeout = span(node, "timeout", out.remote.timeout);
    out.remote.max_pack_bytes =
        static_cast<std::uint64_t>(node.integer("maxPackBytes", static_cast<std::int64_t>(out.remote.max_pack_bytes)));
    out.candidates = node.boolean("candidates", true);
    out.source_branches = node.texts("sourceBranches");
    return out;
  }

  /// Keys that only environments of another kind have.
  static void refuse_keys(const ConfigNode& node, const std::vector<std::string_view>& keys, std::string_view other) {
    for (const auto key : keys) {
      if (!node.has(key)) continue;
      node.at(key).fail_key(Error(ErrorCode::invalid_input,
                                  "'" + std::string(key) + "' belongs to environments of kind '" + std::string(other) + "'")
                                .with_hint("leave it out"));
    }
  }

  EnvironmentConfig environment(const ConfigNode& node) const {
    EnvironmentConfig out;
    out.name = label(node, "name");
    const bool cluster = node.text("kind") == "cluster";
    out.kind = cluster ? EnvironmentKind::cluster : EnvironmentKind::embedded;
    refuse_keys(node,
                cluster ? std::vector<std::string_view>{"path"} : std::vector<std::string_view>{"kubeconfig", "context"},
                cluster ? "embedded" : "cluster");
    if (!node.text("path").empty()) {
      out.path = file_path(node.text("path"));
    } else if (node.text("kind") == "embedded") {
      node.fail(Error(ErrorCode::invalid_input, "missing key 'path'").with_hint("the SQLite file of the environment"));
    }
    if (!node.text("kubeconfig").empty()) out.kubeconfig = file_path(node.text("kubeconfig"));
    out.context = node.text("context");
    return out;
  }

  void read_account(const ConfigNode& node, BindingConfig& binding) const {
    if (!node.present()) return;
    const auto* environment = find_named(config_.environments, binding.environment);
    if (environment != nullptr && environment->kind != EnvironmentKind::cluster) {
      return node.fail_key(Error(ErrorCode::invalid_input, "'serviceAccount' needs an environment of kind 'cluster'")
                               .with_hint("the embedded environment has no accounts"));
    }
    if (!node.value().is_string()) return;
    const std::string_view account = node.value().as_string();
    if (account.empty()) return;  // was complained about already
    const auto slash = account.find('/');
    // A namespace is a DNS label, a service account's name a DNS subdomain: each part of it a label.
    bool good = slash != std::string_view::npos && channels::valid_channel_name(account.substr(0, slash)) &&
                account.size() - slash <= 254;
    for (auto rest = slash == std::string_view::npos ? account : account.substr(slash + 1); good;) {
      const auto dot = rest.find('.');
      good = channels::valid_channel_name(rest.substr(0, dot));
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
    if (!good) {
      return node.fail(Error(ErrorCode::invalid_input, shown(account) + " is no service account")
                           .with_hint("write NAMESPACE/NAME, for example shop/deployer"));
    }
    binding.service_account = account;
  }

  BindingConfig binding(const ConfigNode& node) const {
    BindingConfig out;
    out.repository = node.text("repository");
    out.channel = label(node, "channel");
    out.environment = node.text("environment");
    out.namespaces = node.texts("namespaces");
    for (const auto& item : node.at("namespaces").items()) {
      const auto name = item.value().as_string();
      if (!name.empty() && !channels::valid_channel_name(name)) {
        item.fail(Error(ErrorCode::invalid_input, shown(name) + " cannot be a namespace"));
      }
    }
    if (const ConfigNode file = node.at("channelFile"); file.value().is_string()) {
      auto path = TreePath::parse(file.value().as_string());
      if (!path.ok()) {
        file.fail(path.error());
      } else {
        out.channel_file = path->str();
      }
    }
    read_account(node.at("serviceAccount"), out);
    return out;
  }

  static void check_unique(const ConfigNode& list, std::string_view what) {
    std::set<std::string> seen;
    for (const auto& node : list.items()) {
      const std::string name = node.text("name");
      if (!name.empty() && !seen.insert(name).second) {
        node.at("name").fail(Error(ErrorCode::invalid_input, "two " + std::string(what) + " are named " + shown(name)));
      }
    }
  }

  /// Each environment and the store has a file of its own, whatever links lead there.
  void check_files(const ConfigNode& root) const {
    std::map<std::string, std::string> seen{{real_file(config_.store_path), "the store"}};
    const auto nodes = root.at("environments").items();
    for (std::size_t i = 0; i < nodes.size() && i < config_.environments.size(); ++i) {
      const auto& environment = config_.environments[i];
      if (environment.path.empty()) continue;
      const auto [other, fresh] = seen.emplace(real_file(environment.path), "environment " + shown(environment.name));
      if (fresh) continue;
      nodes[i].at("path").fail(Error(ErrorCode::invalid_input, "this is the file of " + other->second + ", too")
                                   .with_hint("give each environment, and the store, a file of its own"));
    }
  }

  /// What is the same for all paths that lead to one file.
  static std::string real_file(const std::string& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0) return std::to_string(info.st_dev) + ':' + std::to_string(info.st_ino);
    std::error_code failed;
    const auto real = std::filesystem::weakly_canonical(path, failed);
    return failed ? path : real.string();
  }

  template <class List>
  static void check_reference(const ConfigNode& node, std::string_view key, const List& known, std::string_view what) {
    const std::string name = node.text(key);
    if (name.empty()) return;
    std::vector<std::string> names;
    names.reserve(known.size());
    for (const auto& entry : known) names.push_back(entry.name);
    if (std::find(names.begin(), names.end(), name) != names.end()) return;
    node.at(key).fail(Error(ErrorCode::invalid_input, "no " + std::string(key) + " is named " + shown(name))
                          .with_hint(suggest(name, names, what)));
  }

  void check_bindings(const ConfigNode& list) const {
    std::set<std::pair<std::string, std::string>> seen;
    for (const auto& node : list.items()) {
      check_reference(node, "repository", config_.repositories, "repositories");
      check_reference(node, "environment", config_.environments, "environments");
      const std::string channel = node.text("channel");
      if (!channel.empty() && !seen.emplace(node.text("repository"), channel).second) {
        node.fail(Error(ErrorCode::invalid_input, "channel " + shown(channel) + " of this repository is bound twice")
                      .with_hint("a channel lands in one environment; use two channels for two"));
      }
    }
  }

  AgentConfig config_;
  std::filesystem::path directory_;
  bool read_credentials_;
};

}  // namespace

const RepositoryConfig* AgentConfig::repository(std::string_view name) const noexcept {
  return find_named(repositories, name);
}

const EnvironmentConfig* AgentConfig::environment(std::string_view name) const noexcept {
  return find_named(environments, name);
}

Result<AgentConfig> parse_agent_config(std::string_view text, const std::string& file) {
  return ConfigReader(file, false).read(text);
}

Result<AgentConfig> load_agent_config(const std::string& path) {
  std::string file = path;
  if (file.empty()) {
    const char* named = std::getenv("GITOPSCTL_CONFIG");
    file = named != nullptr && *named != '\0' ? named : default_file;
  }
  auto text = detail::read_small_file(file, max_file_bytes);
  if (!text.ok()) {
    return text.error().with_hint("name the agent's file with --config or GITOPSCTL_CONFIG");
  }
  return ConfigReader(file, true).read(*text);
}

}  // namespace gitopsctl::agent
