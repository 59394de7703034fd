#include "channels/model/remote_chart.hpp"

#include <algorithm>

#include "base/text/escape.hpp"
#include "base/text/semver.hpp"

namespace gitopsctl::channels {

namespace {

constexpr std::string_view scheme = "oci://";
constexpr std::size_t max_tag = 128;  // OCI distribution specification 1.1, "Pulling manifests"
constexpr std::size_t max_reference = 512;

std::string shown_text(std::string_view text) { return "'" + terminal_safe(truncate_utf8(text, 200)) + "'"; }

bool is_digest(std::string_view text) {
  constexpr std::string_view prefix = "sha256:";
  return text.starts_with(prefix) && text.size() == prefix.size() + 64 &&
         std::all_of(text.begin() + prefix.size(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// A component of a repository's name: lower-case letters and digits, with `.`, `_`, `__` or dashes between them.
bool is_component(std::string_view text) {
  if (text.empty() || !is_lower_or_digit(text.front()) || !is_lower_or_digit(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_lower_or_digit(c) || c == '.' || c == '_' || c == '-'; }) &&
         text.find("..") == std::string_view::npos && text.find("___") == std::string_view::npos;
}

bool is_tag(std::string_view text) {
  const auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && text.size() <= max_tag && word(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return word(c) || c == '.' || c == '-'; });
}

bool is_host(std::string_view text) {
  const auto colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  if (colon != std::string_view::npos && (!bracketed || text.find(']') < colon)) {
    const auto port = text.substr(colon + 1);
    if (port.empty() || port.size() > 5 ||
        !std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return false;
    text = text.substr(0, colon);
  }
  if (bracketed) {
    return text.size() > 2 && text.ends_with(']') &&
           text.substr(1, text.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
  }
  const auto edge = [](char c) { return c == '.' || c == '-'; };
  return !text.empty() && !edge(text.front()) && !edge(text.back()) && text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
         });
}

Error no_reference(std::string_view text, const std::string& why) {
  return Error(ErrorCode::invalid_input, shown_text(text) + " is no chart in a registry: " + why)
      .with_hint("write oci://HOST/PATH/NAME, and the version or digest if it is to be one");
}

Error no_digest(std::string_view text) {
  return Error(ErrorCode::invalid_input, shown_text(text) + " is no digest")
      .with_hint("write sha256: and 64 lower-case hexadecimal digits");
}

}  // namespace

bool is_remote_chart(std::string_view text) noexcept {
  return text.starts_with(scheme) || text.starts_with("https://") || text.starts_with("http://");
}

std::string RemoteChart::shown() const {
  if (in_registry()) {
    return location + (version.empty() ? "" : ":" + version) + (digest.empty() ? "" : "@" + digest);
  }
  if (name.empty()) return location;
  return name + (version.empty() ? "" : " " + version) + " of " + location;
}

Result<RemoteChart> parse_oci_chart(std::string_view text) {
  const std::string_view whole = text;
  if (!text.starts_with(scheme)) return no_reference(whole, "it does not begin with oci://");
  if (text.size() > max_reference) return no_reference(whole.substr(0, 80), "it is longer than 512 bytes");
  text.remove_prefix(scheme.size());
  // A password is not repeated.
  if (const auto at = text.find('@'); at < text.find('/')) {
    return no_reference(scheme, "it holds a user or password").with_hint("credentials belong into the configuration");
  }
  RemoteChart out;
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    out.digest = text.substr(at + 1);
    if (!is_digest(out.digest)) return no_digest(out.digest);
    text = text.substr(0, at);
  }
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) return no_reference(whole, "a path is missing");
  if (!is_host(text.substr(0, slash))) return no_reference(whole, "the host cannot be read");
  if (const auto colon = text.rfind(':'); colon != std::string_view::npos && colon > slash) {
    out.version = text.substr(colon + 1);
    std::string tag = out.version;
    std::replace(tag.begin(), tag.end(), '+', '_');
    if (!is_tag(tag)) return no_reference(whole, "the tag is not one that registries allow");
    std::replace(out.version.begin(), out.version.end(), '_', '+');
    text = text.substr(0, colon);
  }
  for (auto rest = text.substr(slash + 1);;) {
    const auto end = rest.find('/');
    if (!is_component(rest.substr(0, end))) {
      return no_reference(whole, "the path is not one that registries allow (lower-case letters, digits, '.', '_', '-')");
    }
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  out.location = std::string(scheme) + std::string(text);
  return out;
}

Result<void> check_remote_chart(const RemoteChart& chart) {
  if (!chart.digest.empty() && !is_digest(chart.digest)) return no_digest(chart.digest);
  if (chart.in_registry()) {
    GITOPSCTL_TRY(const auto parsed, parse_oci_chart(chart.location));
    if (!parsed.version.empty() || !parsed.digest.empty()) return no_reference(chart.location, "it has a tag or digest");
    return {};
  }
  const bool named = std::all_of(chart.name.begin(), chart.name.end(), [](char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
  });
  if (!named) {
    return Error(ErrorCode::invalid_input, shown_text(chart.name) + " cannot be the name of a chart")
        .with_hint("write letters, digits, dots, dashes and underscores");
  }
  const std::string_view url(chart.location);
  if (!url.starts_with("https://") && !url.starts_with("http://")) {
    return Error(ErrorCode::invalid_input, "the repository's address is of no known kind")
        .with_hint("write https://…, or name a chart of a registry as chart: oci://…");
  }
  const auto rest = url.substr(url.find("://") + 3);
  if (rest.substr(0, rest.find('/')).find('@') != std::string_view::npos) {
    // Not shown: it may be a password.
    return Error(ErrorCode::invalid_input, "the repository's address holds a user or password")
        .with_hint("credentials belong into the agent's file (charts.credentials)");
  }
  if (rest.empty() || rest.front() == '/' || url.find_first_of("?#") != std::string_view::npos ||
      std::any_of(url.begin(), url.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; })) {
    return Error(ErrorCode::invalid_input, "the repository's address cannot be used")
        .with_hint("write the address whose index.yaml lists the chart, without a query");
  }
  return {};
}

bool is_exact_version(std::string_view version) {
  // Ranges of one number (`1`, `1.2`) would be read as versions; three parts are always one.
  const auto core = version.substr(0, version.find_first_of("-+"));
  return std::count(core.begin(), core.end(), '.') == 2 && parse_semver(version).ok();
}

}  // namespace gitopsctl::channels
