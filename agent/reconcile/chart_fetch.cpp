#include "agent/reconcile/chart_fetch.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "agent/config/credential_file.hpp"
#include "base/log/redaction.hpp"
#include "base/text/escape.hpp"
#include "channels/registry/chart_source.hpp"

namespace gitopsctl::agent {

namespace {

constexpr std::size_t max_docker_config = 1U << 20U;

Result<channels::HostAccess> from_docker_config(const std::string& file, const std::string& host) {
  if (file.empty()) return channels::HostAccess();
  GITOPSCTL_TRY(const auto text, detail::read_small_file(file, max_docker_config));
  GITOPSCTL_TRY(const auto hosts, channels::parse_docker_config(text, file));
  const auto found = hosts.find(host);
  if (found == hosts.end()) return channels::HostAccess();
  log::register_secret(found->second.password);
  return found->second;
}

}  // namespace

channels::AccessSource chart_access(const ChartsConfig& config) {
  return [config](const std::string& host) -> Result<channels::HostAccess> {
    const auto listed =
        std::find_if(config.hosts.begin(), config.hosts.end(), [&](const ChartHostConfig& one) { return one.host == host; });
    if (listed == config.hosts.end()) {
      if (config.only_listed_hosts) {
        return Error(ErrorCode::forbidden, "charts may not come from host '" + terminal_safe(truncate_utf8(host, 120)) + "'")
            .with_hint("the agent's file lists the hosts (charts.hosts) and allows no other (charts.onlyListedHosts)");
      }
      return from_docker_config(config.docker_config_file, host);
    }
    channels::HostAccess out = listed->access;
    if (listed->credentials != nullptr) {
      GITOPSCTL_TRY(const auto credentials, listed->credentials->current({}));
      out.username = credentials.username;
      out.password = credentials.password;
      out.bearer = credentials.bearer;
      out.ca_pem = credentials.ca_pem;
    }
    return out;
  };
}

ChartFetch make_chart_fetch(const ChartsConfig& config, Clock& clock) {
  channels::ChartSource::Options options;
  options.access = chart_access(config);
  options.cache_directory = config.cache_directory;
  options.cache_bytes = config.cache_bytes;
  options.timeout = config.timeout;
  options.pins = channels::PinUse::trust;
  const auto source = std::make_shared<channels::ChartSource>(std::move(options), clock);
  return [source](const channels::RemoteChart& chart, bool ask, const Interrupt& interrupt) {
    return ask ? source->fetch(chart, interrupt) : source->cached(chart);
  };
}

}  // namespace gitopsctl::agent
