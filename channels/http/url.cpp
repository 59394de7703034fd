#include "channels/http/url.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "base/text/escape.hpp"
#include "channels/http/client.hpp"

namespace gitopsctl::channels {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, FreeUrl>;

constexpr std::size_t max_url_bytes = 8192;

std::string part(CURLU* url, CURLUPart what, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, what, &text, flags) != CURLUE_OK || text == nullptr) return {};
  std::string out = text;
  curl_free(text);
  return out;
}

Result<HttpUrl> take_apart(CURLU* url, std::string_view shown) {
  HttpUrl out;
  out.scheme = part(url, CURLUPART_SCHEME);
  if (out.scheme != "http" && out.scheme != "https") {
    return Error(ErrorCode::invalid_input, "the address '" + redact_url(shown) + "' is not http or https");
  }
  out.host = part(url, CURLUPART_HOST);
  std::ranges::transform(out.host, out.host.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  out.port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  out.user = part(url, CURLUPART_USER, CURLU_URLDECODE);
  out.password = part(url, CURLUPART_PASSWORD, CURLU_URLDECODE);
  curl_url_set(url, CURLUPART_USER, nullptr, 0);
  curl_url_set(url, CURLUPART_PASSWORD, nullptr, 0);
  curl_url_set(url, CURLUPART_FRAGMENT, nullptr, 0);
  out.plain = part(url, CURLUPART_URL);
  if (out.host.empty() || out.plain.empty()) {
    return Error(ErrorCode::invalid_input, "the address '" + redact_url(shown) + "' has no host");
  }
  return out;
}

/// True for a path (with a query) of which curl changes nothing: no steps up or nowhere, no fragment, nothing to encode.
bool is_plain_path(std::string_view path) {
  const bool plain = std::ranges::all_of(path, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/-._~?&=%:+,").find(c) != std::string_view::npos;
  });
  return plain && path.find("/.") == std::string_view::npos && path.substr(0, path.find('?')).find('%') == path.npos;
}

Error unreadable(std::string_view text) {
  return {ErrorCode::invalid_input, "the address '" + redact_url(text) + "' cannot be read"};
}

}  // namespace

Result<HttpUrl> HttpUrl::parse(std::string_view text) {
  if (text.size() > max_url_bytes) return Error(ErrorCode::too_large, "an address is longer than 8192 bytes");
  UrlHandle url(curl_url());
  if (url == nullptr) return Error(ErrorCode::internal, "out of memory");
  if (text.find('\0') != std::string_view::npos ||
      curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return unreadable(text);
  }
  return take_apart(url.get(), text);
}

Result<HttpUrl> HttpUrl::parse_like(const HttpUrl& known, std::string_view text) {
  // As `plain` has it, which is in normal form: scheme, host and port up to the path.
  const auto host = known.plain.find("://");
  const auto path = host == std::string::npos ? host : known.plain.find('/', host + 3);
  if (path == std::string::npos || !known.user.empty() || !known.password.empty() || text.size() > max_url_bytes ||
      text.size() <= path || text[path] != '/' || text.substr(0, path) != std::string_view(known.plain).substr(0, path) ||
      !is_plain_path(text.substr(path))) {
    return parse(text);
  }
  HttpUrl out = known;
  out.plain = text;
  return out;
}

Result<HttpUrl> HttpUrl::resolve(std::string_view location) const {
  if (location.size() > max_url_bytes) return Error(ErrorCode::too_large, "a redirect is longer than 8192 bytes");
  UrlHandle url(curl_url());
  if (url == nullptr) return Error(ErrorCode::internal, "out of memory");
  if (curl_url_set(url.get(), CURLUPART_URL, plain.c_str(), 0) != CURLUE_OK ||
      location.find('\0') != std::string_view::npos ||
      curl_url_set(url.get(), CURLUPART_URL, std::string(location).c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return unreadable(location);
  }
  return take_apart(url.get(), location);
}

bool HttpUrl::same_origin(const HttpUrl& other) const noexcept {
  return scheme == other.scheme && host == other.host && port == other.port;
}

std::string HttpUrl::origin() const { return scheme + "://" + host + ":" + port; }

bool same_origin(std::string_view a, std::string_view b) {
  const auto left = HttpUrl::parse(a);
  const auto right = HttpUrl::parse(b);
  return left.ok() && right.ok() && left->same_origin(*right);
}

std::string redact_url(std::string_view url) {
  // Done on the text, not on a parsed URL: what cannot be parsed must be safe to print, too. With a scheme everything up to
  // the last '@' goes, wherever it is: nobody can tell an '@' of a path from the one behind a password in which '/', '?',
  // '#' or '@' were not escaped, and a host too few in a message harms less than a password too many.
  const auto scheme = url.find("://");
  const std::size_t start = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t end = scheme == std::string_view::npos ? std::min(url.find_first_of("/?#"), url.size()) : url.size();
  const auto at = url.substr(start, end - start).rfind('@');
  std::string out(url.substr(0, start));
  if (scheme == std::string_view::npos) out.clear();
  // `user@host:path` of SSH keeps its user, which is no secret; without a scheme only `user:password@` is cut.
  if (scheme == std::string_view::npos &&
      (at == std::string_view::npos || url.substr(0, at).find(':') == std::string_view::npos)) {
    return terminal_safe(url);
  }
  out += at == std::string_view::npos ? url.substr(start) : url.substr(start + at + 1);
  return terminal_safe(out);
}

}  // namespace gitopsctl::channels
