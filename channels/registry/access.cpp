#include "channels/registry/access.hpp"

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::channels {

namespace {

constexpr std::size_t max_config_bytes = 1U << 20U;

/// Keys are hosts, or addresses as the first registries had them: `https://host/v1/`.
std::string host_of(std::string_view key) {
  if (const auto scheme = key.find("://"); scheme != std::string_view::npos) key.remove_prefix(scheme + 3);
  return std::string(key.substr(0, key.find('/')));
}

}  // namespace

std::string host_key(const HttpUrl& url) {
  return url.scheme == "https" && url.port == "443" ? url.host : url.host + ':' + url.port;
}

Result<std::map<std::string, HostAccess>> parse_docker_config(std::string_view text, const std::string& file) {
  const auto bad = [&](const std::string& what) { return Error(ErrorCode::invalid_input, what).at({.file = file}); };
  const auto document = parse_json(text, file, true, max_config_bytes);
  // What the reader says may repeat a piece of the text.
  if (!document.ok() || !document->is_map()) return bad("it is no JSON of Docker's form");
  std::map<std::string, HostAccess> out;
  const Value* auths = document->find("auths");
  if (auths == nullptr) return out;
  for (const auto& member : auths->as_map()) {
    HostAccess access;
    access.username = member.value.string_at({"username"});
    access.password = member.value.string_at({"password"});
    if (const auto packed = member.value.string_at({"auth"}); !packed.empty()) {
      const auto pair = base64_decode(packed);
      const auto colon = pair.ok() ? pair->find(':') : std::string::npos;
      if (colon == std::string::npos) return bad("an 'auth' in it is not the base64 of USER:PASSWORD");
      access.username = pair->substr(0, colon);
      access.password = pair->substr(colon + 1);
    }
    if (access.username.empty() && access.password.empty()) continue;
    out.insert_or_assign(host_of(member.key.view()), std::move(access));
  }
  return out;
}

}  // namespace gitopsctl::channels
