#include "channels/ssh/address.hpp"

#include <algorithm>
#include <charconv>

#include "base/text/ascii.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::channels {
namespace {

constexpr std::string_view scheme = "ssh://";
constexpr std::size_t max_address_bytes = 4096;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Never shows what was written: it may hold a password.
Error wrong(const std::string& what) {
  return Error(ErrorCode::invalid_input, "the address of the repository " + what)
      .with_hint("write ssh://git@host/path, ssh://git@host:port/path or git@host:path");
}

bool is_host_sign(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'; }

bool is_user_sign(char c) { return is_host_sign(c) || (c >= 'A' && c <= 'Z') || c == '+' || c == '$' || c == '~'; }

Result<void> read_host(SshAddress& out, std::string_view text, bool bracketed) {
  out.host = text;
  std::ranges::transform(out.host, out.host.begin(), ascii_lower);
  const auto good = [bracketed](char c) { return bracketed ? hex_digit(c) >= 0 || c == ':' || c == '.' : is_host_sign(c); };
  if (out.host.empty() || out.host.front() == '-' || !std::ranges::all_of(out.host, good)) {
    return wrong("has no host name that can be used");
  }
  return {};
}

Result<void> read_port(SshAddress& out, std::string_view text) {
  unsigned port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem != std::errc() || end != text.data() + text.size() || port == 0 || port > 65'535) {
    return wrong("has a port that is no number from 1 to 65535");
  }
  out.port = std::to_string(port);
  return {};
}

Result<void> read_user(SshAddress& out, std::string user) {
  if (user.find(':') != std::string::npos) return wrong("holds a password");
  if (user.empty()) return wrong("has no user");
  if (user.front() == '-' || !std::ranges::all_of(user, is_user_sign)) return wrong("has no user name that can be used");
  out.user = std::move(user);
  return {};
}

Result<void> read_path(SshAddress& out, std::string path) {
  if (path.empty() || path == "/") return wrong("has no path");
  // The other side's git would take it for an option.
  if (path.front() == '-') return wrong("has a path that begins with a dash");
  if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
    return wrong("has a control character in its path");
  }
  out.path = std::move(path);
  return {};
}

/// `host`, `[v6]`, `host:port` or `[v6]:port`.
Result<void> read_authority(SshAddress& out, std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return wrong("has a bracket that is not closed");
    GITOPSCTL_CHECK(read_host(out, text.substr(1, close - 1), true));
    text.remove_prefix(close + 1);
    if (text.empty() || text == ":") return {};
    if (text.front() != ':') return wrong("has something between host and port");
    return read_port(out, text.substr(1));
  }
  const auto colon = text.find(':');
  GITOPSCTL_CHECK(read_host(out, text.substr(0, colon), false));
  if (colon == std::string_view::npos || colon + 1 == text.size()) return {};
  return read_port(out, text.substr(colon + 1));
}

Result<SshAddress> read_url(std::string_view text) {
  SshAddress out;
  const auto slash = text.find('/');
  const auto authority = text.substr(0, slash);
  const auto at = authority.rfind('@');
  GITOPSCTL_CHECK(read_user(out, at == std::string_view::npos ? "" : percent_decoded(authority.substr(0, at))));
  GITOPSCTL_CHECK(read_authority(out, authority.substr(at == std::string_view::npos ? 0 : at + 1)));
  std::string path = slash == std::string_view::npos ? "" : percent_decoded(text.substr(slash));
  if (path.starts_with("/~")) path.erase(0, 1);
  GITOPSCTL_CHECK(read_path(out, std::move(path)));
  return out;
}

/// `user@host:path` and `user@[v6]:path`.
Result<SshAddress> read_short(std::string_view text) {
  SshAddress out;
  const auto at = text.find('@');
  const auto colon = text.find(':');
  if (at == std::string_view::npos) return wrong("has no user");
  if (colon < at) return wrong("holds a password");
  GITOPSCTL_CHECK(read_user(out, std::string(text.substr(0, at))));
  auto rest = text.substr(at + 1);
  std::size_t end = rest.find(':');
  if (rest.starts_with('[')) {
    const auto close = rest.find("]:");
    if (close == std::string_view::npos) return wrong("has a bracket that is not closed");
    GITOPSCTL_CHECK(read_host(out, rest.substr(1, close - 1), true));
    end = close + 1;
  } else {
    GITOPSCTL_CHECK(read_host(out, rest.substr(0, end), false));
  }
  GITOPSCTL_CHECK(read_path(out, std::string(rest.substr(end + 1))));
  return out;
}

}  // namespace

bool looks_like_ssh(std::string_view url) noexcept {
  if (url.starts_with(scheme)) return true;
  if (url.find("://") != std::string_view::npos) return false;
  const auto colon = url.find(':');
  return colon != std::string_view::npos && url.find('/') > colon;
}

Result<SshAddress> SshAddress::parse(std::string_view text) {
  if (text.size() > max_address_bytes) return wrong("is longer than 4096 bytes");
  if (!looks_like_ssh(text)) return wrong("is not one of SSH");
  return text.starts_with(scheme) ? read_url(text.substr(scheme.size())) : read_short(text);
}

std::string SshAddress::shown() const {
  std::string out(scheme);
  out += user + "@" + (host.find(':') == std::string::npos ? host : "[" + host + "]");
  if (port != "22") out += ":" + port;
  if (!path.starts_with('/')) out += '/';
  return terminal_safe(out + path);
}

std::string SshAddress::known_hosts_name() const { return port == "22" ? host : "[" + host + "]:" + port; }

std::string shell_quote(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    // Inside of single quotes everything stands for itself but their end; csh takes '!' for its history even there.
    if (c == '\'' || c == '!') {
      out += "'\\";
      out += c;
      out += '\'';
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace gitopsctl::channels
