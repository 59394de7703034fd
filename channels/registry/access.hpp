#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "channels/http/url.hpp"

namespace gitopsctl::channels {

/// How a host that charts come from is reached. Credentials are for this host and port alone.
struct HostAccess {
  std::string username;
  std::string password;
  std::string bearer;  ///< instead of the two above
  std::string ca_pem;  ///< certificates to trust instead of the system's
  std::string proxy;
  bool insecure_skip_tls_verify = false;
  bool plain_http = false;  ///< http instead of https to a registry, and credentials over http to a repository
};

/// The access of a host, given as `host` or, with another port than that of https, `host:port` (see host_key()). Asked
/// before every fetch, so that credentials may change. An error: this host may not be asked, or its credentials cannot be
/// read. Thread-safe.
using AccessSource = std::function<Result<HostAccess>(const std::string& host)>;

/// How a host is called where its access is asked for: `host`, and with every other port than 443 of https `host:port`.
[[nodiscard]] std::string host_key(const HttpUrl& url);

/// The user and password of each host that a `config.json` of Docker's form holds (`auths`, as `auth` or as two keys).
/// Programs that it names as helpers are never run: a host that only they know has no entry. Errors, which show nothing of
/// the content: no JSON, an `auth` that is no base64 of two parts. Pure.
[[nodiscard]] Result<std::map<std::string, HostAccess>> parse_docker_config(std::string_view text, const std::string& file);

}  // namespace gitopsctl::channels
