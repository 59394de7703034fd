#include "agent/cli/chart_options.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "agent/cli/environment_variable.hpp"
#include "agent/config/credential_file.hpp"
#include "agent/reconcile/chart_fetch.hpp"
#include "base/log/redaction.hpp"
#include "base/text/escape.hpp"
#include "base/text/unicode.hpp"
#include "channels/http/url.hpp"

namespace gitopsctl::agent::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_small_file = 4U << 20U;

std::string cache_directory() {
  const std::string cache = environment_variable("XDG_CACHE_HOME");
  if (!cache.empty()) return cache + "/gitopsctl/charts";
  const std::string home = environment_variable("HOME");
  return home.empty() ? std::string() : home + "/.cache/gitopsctl/charts";
}

/// Where helm and docker keep user and password of registries, in the order in which they are asked.
std::vector<std::string> registry_configs(const std::string& given) {
  if (!given.empty()) return {given};
  std::vector<std::string> out;
  const auto add = [&out](const std::string& file) {
    std::error_code failed;
    if (fs::is_regular_file(file, failed)) out.push_back(file);
  };
  if (const auto helm = environment_variable("HELM_REGISTRY_CONFIG"); !helm.empty()) add(helm);
  const std::string home = environment_variable("HOME");
  if (const auto config = environment_variable("HELM_CONFIG_HOME"); !config.empty()) {
    add(config + "/registry/config.json");
  } else if (const auto xdg = environment_variable("XDG_CONFIG_HOME"); !xdg.empty()) {
    add(xdg + "/helm/registry/config.json");
  } else if (!home.empty()) {
    add(home + "/.config/helm/registry/config.json");
  }
  if (const auto docker = environment_variable("DOCKER_CONFIG"); !docker.empty()) {
    add(docker + "/config.json");
  } else if (!home.empty()) {
    add(home + "/.docker/config.json");
  }
  return out;
}

Result<channels::HostAccess> from_registry_configs(const std::vector<std::string>& files, const std::string& host) {
  for (const auto& file : files) {
    GITOPSCTL_TRY(const auto text, detail::read_small_file(file, max_small_file));
    GITOPSCTL_TRY(const auto hosts, channels::parse_docker_config(text, file));
    if (const auto found = hosts.find(host); found != hosts.end()) {
      log::register_secret(found->second.password);
      return found->second;
    }
  }
  return channels::HostAccess();
}

std::string host_of(const std::string& address) {
  const bool oci = address.starts_with("oci://");
  const auto url = channels::HttpUrl::parse(oci ? "https" + address.substr(3) : address);
  if (!url.ok()) return {};
  if (oci) {
    // As it stands there: the port of an oci:// address is never left out because it is the usual one.
    const auto rest = address.substr(6);
    return rest.substr(0, rest.find('/'));
  }
  return channels::host_key(*url);
}

}  // namespace

ChartAccess command_charts(const AgentConfig* config) {
  ChartsConfig charts = config == nullptr ? ChartsConfig() : config->charts;
  charts.cache_directory = cache_directory();
  if (charts.docker_config_file.empty()) {
    const auto files = registry_configs({});
    if (!files.empty()) charts.docker_config_file = files.front();
  }
  return {make_chart_fetch(charts, system_clock())};
}

Result<channels::ChartSource::Options> chart_options(const Invocation& invocation, const std::string& named,
                                                     const NamedRepository* repository) {
  channels::HostAccess access;
  // Only verbs that name one host take them.
  if (!named.empty()) {
    access.username = invocation.text("username");
    access.password = invocation.text("password");
  }
  access.insecure_skip_tls_verify = invocation.is_set("insecure-skip-tls-verify");
  std::string ca_file = invocation.text("ca-file");
  if (repository != nullptr) {
    if (access.username.empty() && access.password.empty()) {
      access.username = repository->username;
      access.password = repository->password;
    }
    if (ca_file.empty()) ca_file = repository->ca_file;
    access.insecure_skip_tls_verify = access.insecure_skip_tls_verify || repository->insecure_skip_tls_verify;
  }
  // Who names an address without encryption has chosen so.
  access.plain_http = invocation.is_set("plain-http") || named.starts_with("http://");
  if (!access.password.empty()) log::register_secret(access.password);
  if (!ca_file.empty()) {
    GITOPSCTL_TRY(access.ca_pem, detail::read_small_file(ca_file, max_small_file));
  }
  channels::ChartSource::Options out;
  out.cache_directory = cache_directory();
  out.timeout = invocation.duration("timeout").value_or(Millis(120'000));
  out.pause = Millis(0);
  const bool for_all = (repository != nullptr && repository->pass_credentials) ||
                       (invocation.given("pass-credentials") && invocation.is_set("pass-credentials"));
  out.access = [access, for_all, home = host_of(named), files = registry_configs(invocation.text("registry-config"))](
                   const std::string& host) -> Result<channels::HostAccess> {
    channels::HostAccess here = access;
    if (!here.username.empty() && (for_all || host == home)) return here;
    GITOPSCTL_TRY(const auto known, from_registry_configs(files, host));
    here.username = known.username;
    here.password = known.password;
    // Whom to believe without proof was said of the host that was named.
    if (!home.empty() && host != home) here.insecure_skip_tls_verify = false;
    return here;
  };
  return out;
}

Result<channels::RemoteChart> named_chart(const Invocation& invocation, const std::string& word,
                                          const NamedRepository* repository) {
  channels::RemoteChart out;
  const std::string version(trim_space(invocation.text("version")));
  const std::string address = invocation.text("repo");
  if (repository != nullptr) {
    out.location = repository->url;
    out.name = repository->chart;
    out.version = version;
  } else if (!address.empty()) {
    out.location = address;
    out.name = word;
    out.version = version;
  } else if (word.starts_with("oci://")) {
    GITOPSCTL_TRY(out, channels::parse_oci_chart(word));
    if (!version.empty() && !out.version.empty() && out.version != version) {
      return Error(ErrorCode::invalid_input, "chart reference and version mismatch: " + version + " is not " + out.version);
    }
    if (!version.empty()) out.version = version;
  } else {
    out.location = word;
  }
  if (out.version.empty() && out.digest.empty() && invocation.is_set("devel")) out.version = ">0.0.0-0";
  GITOPSCTL_CHECK(channels::check_remote_chart(out));
  return out;
}

std::string pulled_text(const channels::FetchedChart& chart, bool whole) {
  std::string what;
  if (chart.asked.in_registry()) {
    std::string tag = chart.version;
    std::replace(tag.begin(), tag.end(), '+', '_');
    what = chart.asked.location.substr(std::string_view("oci://").size()) + (tag.empty() ? "" : ":" + tag);
  } else {
    what = chart.tree()->display({});
  }
  std::string out = "Pulled: " + terminal_safe(what) + "\nDigest: " + chart.digest + '\n';
  if (whole && chart.version.find('+') != std::string::npos) {
    out += terminal_safe(what) + " contains an underscore.\n" +
           "\nOCI artifact references (e.g. tags) do not support the plus sign (+). To support\n"
           "storing semantic versions, Helm adopts the convention of changing plus (+) to\n"
           "an underscore (_) in chart version tags when pushing to a registry and back to\n"
           "a plus (+) when pulling from a registry.\n";
  }
  return out;
}

}  // namespace gitopsctl::agent::cli
