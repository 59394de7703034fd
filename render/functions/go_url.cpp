#include "render/functions/go_url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <vector>

#include "base/text/ascii.hpp"
#include "base/text/go_format.hpp"
#include "base/text/unicode.hpp"

namespace gitopsctl::render {
namespace {

/// Which punctuation stands unescaped in a part, besides letters, digits and `-._~`.
struct Part {
  std::string_view allowed;
  bool is_host = false;
};
constexpr Part path_part{"$&+,/:;=@"};
constexpr Part segment_part{"$&+:=@"};
constexpr Part host_part{"!\"$&'()*+,:;<=>[]", true};
constexpr Part zone_part{"!\"$&'()*+,:;<=>[]", true};
constexpr Part user_part{"$&+,;="};
constexpr Part fragment_part{"!$&()*+,/:;=?@"};

bool is_alphanumeric(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool must_escape(char c, const Part& part) noexcept {
  return !is_alphanumeric(c) && std::string_view("-._~").find(c) == std::string_view::npos &&
         part.allowed.find(c) == std::string_view::npos;
}

std::string escape(std::string_view text, const Part& part) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (must_escape(c, part)) {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += hex[byte >> 4U];
      out += hex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out;
}

Error failure(std::string message) { return {ErrorCode::invalid_input, std::move(message)}; }

Result<std::string> unescape(std::string_view text, const Part& part, bool zone = false) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '%') {
      if (part.is_host && static_cast<unsigned char>(c) < 0x80 && must_escape(c, part)) {
        return failure("invalid character " + go_quote(std::string_view(&c, 1)) + " in host name");
      }
      out += c;
      continue;
    }
    const auto escaped = text.substr(i, 3);
    const int high = escaped.size() == 3 ? hex_digit(escaped[1]) : -1;
    const int low = escaped.size() == 3 ? hex_digit(escaped[2]) : -1;
    const auto invalid = [&] { return failure("invalid URL escape " + go_quote(escaped)); };
    if (high < 0 || low < 0) return invalid();
    const char byte = static_cast<char>(high * 16 + low);
    // In hosts only what is not ASCII may be escaped, and the percent sign of an address zone.
    if (part.is_host && escaped != "%25") {
      if (zone ? byte != ' ' && must_escape(byte, host_part) : high < 8) return invalid();
    }
    out += byte;
    i += 2;
  }
  return out;
}

bool valid_port(std::string_view port) noexcept {
  if (port.empty()) return true;
  return port[0] == ':' && std::all_of(port.begin() + 1, port.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Error bad_port(std::string_view port) { return failure("invalid port " + go_quote(port) + " after host"); }

/// `[fe80::1%25en0]:80`
Result<std::string> parse_literal(std::string_view host) {
  const auto close = host.rfind(']');
  if (close == std::string_view::npos) return failure("missing ']' in host");
  const auto port = host.substr(close + 1);
  if (!valid_port(port)) return bad_port(port);
  const auto inside = host.substr(1, close - 1);
  const auto zone = inside.find("%25");
  GITOPSCTL_TRY(std::string address, unescape(inside.substr(0, zone), host_part));
  std::string shown = address;
  if (zone != std::string_view::npos) {
    GITOPSCTL_TRY(const std::string zone_text, unescape(inside.substr(zone), zone_part, true));
    shown += zone_text;
  }
  in6_addr parsed{};
  in_addr old{};
  if (inet_pton(AF_INET, address.c_str(), &old) == 1) return failure("invalid IP-literal");
  if (inet_pton(AF_INET6, address.c_str(), &parsed) != 1) {
    return failure("invalid host: ParseAddr(" + go_quote(shown) + "): unable to parse IP");
  }
  return "[" + shown + "]" + std::string(port);
}

Result<std::string> parse_host(std::string_view scheme, std::string_view host, GoRelease release) {
  const auto bracket = host.rfind('[');
  if (bracket == 0) return parse_literal(host);
  if (bracket != std::string_view::npos) return failure("invalid IP-literal");
  // Lists of hosts with ports (databases) are let through outside of the web's schemes.
  const bool web = release >= GoRelease::go_1_26 && (scheme == "http" || scheme == "https");
  const auto colon = web ? host.find(':') : host.rfind(':');
  if (colon != std::string_view::npos && !valid_port(host.substr(colon))) return bad_port(host.substr(colon));
  return unescape(host, host_part);
}

bool valid_userinfo(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || std::string_view("-._:~!$&'()*+,;=%@").find(c) != std::string_view::npos;
  });
}

Result<void> parse_authority(GoUrl& url, std::string_view authority, GoRelease release) {
  const auto at = authority.rfind('@');
  GITOPSCTL_TRY(url.host,
                parse_host(url.scheme, at == std::string_view::npos ? authority : authority.substr(at + 1), release));
  if (at == std::string_view::npos) return {};
  const auto userinfo = authority.substr(0, at);
  if (!valid_userinfo(userinfo)) return failure("net/url: invalid userinfo");
  const auto colon = userinfo.find(':');
  GoUrl::User user;
  GITOPSCTL_TRY(user.name, unescape(userinfo.substr(0, colon), user_part));
  if (colon != std::string_view::npos) {
    GITOPSCTL_TRY(user.password, unescape(userinfo.substr(colon + 1), user_part));
  }
  url.user = std::move(user);
  return {};
}

/// The scheme in front of a colon; the rest stays in `text`.
Result<std::string> take_scheme(std::string_view& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter) continue;
    if (c == ':') {
      if (i == 0) return failure("missing protocol scheme");
      auto scheme = to_lower(text.substr(0, i));
      text.remove_prefix(i + 1);
      return scheme;
    }
    const bool inner = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    if (!inner || i == 0) break;
  }
  return std::string();
}

Result<GoUrl> parse_without_fragment(std::string_view text, GoRelease release) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; };
  if (std::any_of(text.begin(), text.end(), is_control)) return failure("net/url: invalid control character in URL");
  GoUrl url;
  if (text == "*") {
    url.path = "*";
    return url;
  }
  GITOPSCTL_TRY(url.scheme, take_scheme(text));
  if (const auto question = text.find('?'); question != std::string_view::npos) {
    url.query = text.substr(question + 1);
    text = text.substr(0, question);
  }
  if (!text.starts_with('/')) {
    if (!url.scheme.empty()) {
      url.opaque = text;
      return url;
    }
    if (text.substr(0, text.find('/')).find(':') != std::string_view::npos) {
      return failure("first path segment in URL cannot contain colon");
    }
  }
  if (text.starts_with("//") && (!url.scheme.empty() || !text.starts_with("///"))) {
    const auto authority = text.substr(2, std::min(text.find('/', 2), text.size()) - 2);
    text.remove_prefix(2 + authority.size());
    GITOPSCTL_CHECK(parse_authority(url, authority, release));
  }
  GITOPSCTL_TRY(url.path, unescape(text, path_part));
  return url;
}

/// `reference` as seen from `base`, without its `.` and `..` (RFC 3986, 5.2.4).
std::string resolve_path(std::string_view base, std::string_view reference) {
  std::string full(reference);
  if (reference.empty()) {
    full = base;
  } else if (reference[0] != '/') {
    const auto slash = base.rfind('/');
    full = std::string(base.substr(0, slash == std::string_view::npos ? 0 : slash + 1)) + full;
  }
  if (full.empty()) return "";
  std::vector<std::string_view> steps;
  bool directory = false;
  std::string_view rest = full;
  if (rest[0] == '/') rest.remove_prefix(1);
  for (;;) {
    const auto slash = rest.find('/');
    const auto step = rest.substr(0, slash);
    directory = step == "." || step == "..";
    if (step == ".." && !steps.empty()) steps.pop_back();
    if (!directory) steps.push_back(step);
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  std::string out;
  for (const auto step : steps) out += "/" + std::string(step);
  if (directory || out.empty()) out += '/';
  return out;
}

}  // namespace

Result<GoUrl> GoUrl::parse(std::string_view text, GoRelease release) {
  const auto hash = text.find('#');
  const auto named = [](std::string_view what, const Error& error) {
    return failure("parse " + go_quote(what) + ": " + error.message());
  };
  auto url = parse_without_fragment(text.substr(0, hash), release);
  if (!url.ok()) return named(text.substr(0, hash), url.error());
  if (hash != std::string_view::npos) {
    auto unescaped = unescape(text.substr(hash + 1), fragment_part);
    if (!unescaped.ok()) return named(text, unescaped.error());
    url->fragment = std::move(*unescaped);
  }
  return url;
}

std::string GoUrl::hostname() const {
  std::string_view name = host;
  if (const auto colon = name.rfind(':'); colon != std::string_view::npos && valid_port(name.substr(colon))) {
    name = name.substr(0, colon);
  }
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  return std::string(name);
}

std::string GoUrl::userinfo() const {
  if (!user) return "";
  std::string out = escape(user->name, user_part);
  if (user->password) out += ":" + escape(*user->password, user_part);
  return out;
}

GoUrl GoUrl::resolve(const GoUrl& reference) const {
  GoUrl out = reference;
  if (out.scheme.empty()) out.scheme = scheme;
  if (!reference.scheme.empty() || !reference.host.empty() || reference.user) {
    out.path = resolve_path(reference.path, "");
    return out;
  }
  if (!opaque.empty()) {
    out.opaque = opaque;
    if (reference.path.empty() && reference.query.empty()) out.query = query;
    out.path.clear();
    return out;
  }
  if (reference.path.empty() && reference.query.empty()) {
    out.query = query;
    if (reference.fragment.empty()) out.fragment = fragment;
  }
  out.host = host;
  out.user = user;
  out.path = resolve_path(path, reference.path);
  return out;
}

std::string go_path_escape(std::string_view text) { return escape(text, segment_part); }

Result<std::string> go_path_unescape(std::string_view text) { return unescape(text, segment_part); }

std::string GoUrl::to_string() const {
  std::string out;
  if (!scheme.empty()) out += scheme + ":";
  if (!opaque.empty()) {
    out += opaque;
  } else {
    if ((!scheme.empty() || !host.empty() || user) && (!host.empty() || !path.empty() || user)) out += "//";
    if (user) out += userinfo() + "@";
    out += escape(host, host_part);
    const std::string escaped = path == "*" ? path : escape(path, path_part);
    if (!escaped.empty() && escaped[0] != '/' && !host.empty()) out += '/';
    // A colon in the first segment would make it a scheme.
    if (out.empty() && escaped.substr(0, escaped.find('/')).find(':') != std::string::npos) out += "./";
    out += escaped;
  }
  if (!query.empty()) out += "?" + query;
  if (!fragment.empty()) out += "#" + escape(fragment, fragment_part);
  return out;
}

}  // namespace gitopsctl::render
