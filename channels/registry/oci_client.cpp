#include "channels/registry/oci_client.hpp"

#include <algorithm>
#include <utility>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/text/escape.hpp"
#include "channels/http/url.hpp"
#include "channels/registry/answer_error.hpp"

namespace gitopsctl::channels {

namespace {

constexpr std::uint64_t max_tags_page_bytes = 8U << 20U;
constexpr std::uint64_t max_token_answer_bytes = 256U << 10U;
constexpr std::size_t max_token_bytes = 64U << 10U;
constexpr const char* manifest_types =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

std::string encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    }
  }
  return out;
}

}  // namespace

OciClient::OciClient(std::string host, std::string repository, HostAccess access)
    : host_(std::move(host)),
      repository_(std::move(repository)),
      access_(std::move(access)),
      base_(std::string(access_.plain_http ? "http://" : "https://") + host_ + "/v2/") {
  HttpOrigin first = origin();
  first.bearer = access_.bearer;
  logged_in_ = !access_.bearer.empty();
  client_ = std::make_unique<HttpClient>(std::move(first));
}

HttpOrigin OciClient::origin() const {
  HttpOrigin out;
  out.url = base_;
  out.ca_pem = access_.ca_pem;
  out.proxy = access_.proxy;
  out.insecure_skip_tls_verify = access_.insecure_skip_tls_verify;
  return out;
}

Result<std::string> OciClient::ask_for_token(const AuthChallenge& challenge, const Interrupt& interrupt) {
  GITOPSCTL_TRY(const auto realm, HttpUrl::parse(challenge.realm));
  GITOPSCTL_TRY(const auto registry, HttpUrl::parse(base_));
  if (realm.scheme != "https" && registry.scheme == "https") {
    return Error(ErrorCode::forbidden, "registry " + host_ + " names a token server without encryption: " + realm.origin())
        .with_hint("not asked: what is sent there could be read on the way");
  }
  HttpOrigin there = origin();
  there.url = realm.plain;
  there.insecure_skip_tls_verify = access_.insecure_skip_tls_verify && realm.same_origin(registry);
  there.username = access_.username;
  there.password = access_.password;
  HttpClient client(std::move(there));
  HttpRequest request;
  // The scope is ours, not what the challenge says: no more is asked for than is needed.
  request.url = realm.plain + (realm.plain.find('?') == std::string::npos ? '?' : '&') +
                (challenge.service.empty() ? "" : "service=" + encoded(challenge.service) + '&') +
                "scope=" + encoded("repository:" + repository_ + ":pull");
  request.max_response_bytes = max_token_answer_bytes;
  GITOPSCTL_TRY(const auto response, client.send(request, interrupt));
  if (response.status != 200) return answer_error(response, "the token server of registry " + host_);
  const auto answer = parse_json(response.body, "token");
  std::string token;
  if (answer.ok()) {
    token = answer->string_at({"token"});
    if (token.empty()) token = answer->string_at({"access_token"});
  }
  const bool plain = std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (token.empty() || token.size() > max_token_bytes || !plain) {
    return Error(ErrorCode::unavailable, "the token server of registry " + host_ + " gives no token that can be used");
  }
  return token;
}

Result<void> OciClient::log_in(const AuthChallenge& challenge, const Interrupt& interrupt) {
  HttpOrigin next = origin();
  if (challenge.scheme == "basic") {
    if (access_.username.empty() && access_.password.empty()) return {};
    next.username = access_.username;
    next.password = access_.password;
  } else {
    GITOPSCTL_TRY(next.bearer, ask_for_token(challenge, interrupt));
  }
  client_ = std::make_unique<HttpClient>(std::move(next));
  return {};
}

Result<HttpResponse> OciClient::get(const std::string& url, const std::string& accept, std::uint64_t max_bytes,
                                    const Interrupt& interrupt) {
  HttpRequest request;
  request.url = url;
  request.max_response_bytes = max_bytes;
  request.compressed = false;
  if (!accept.empty()) request.headers.emplace_back("Accept", accept);
  GITOPSCTL_TRY(auto response, client_->send(request, interrupt));
  if (response.status != 401 || logged_in_) return response;
  // Only the registry itself is answered, not whom it redirects to.
  if (!same_origin(response.url, base_)) return response;
  const auto challenge = parse_challenge(response.header("www-authenticate"));
  if (!challenge) return response;
  logged_in_ = true;
  GITOPSCTL_CHECK(log_in(*challenge, interrupt));
  return client_->send(request, interrupt);
}

Result<std::vector<std::string>> OciClient::tags(const Interrupt& interrupt) {
  std::vector<std::string> out;
  GITOPSCTL_TRY(auto page, HttpUrl::parse(base_ + repository_ + "/tags/list"));
  for (std::size_t pages = 0;; ++pages) {
    if (pages == max_tag_pages) {
      return Error(ErrorCode::too_large, "registry " + host_ + " lists the tags of " + repository_ + " on more than " +
                                             std::to_string(max_tag_pages) + " pages");
    }
    GITOPSCTL_TRY(const auto response, get(page.plain, "application/json", max_tags_page_bytes, interrupt));
    if (response.status != 200) return answer_error(response, "the tags of " + host_ + '/' + repository_);
    GITOPSCTL_TRY(auto some, parse_oci_tags(response.body));
    out.insert(out.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
    if (out.size() > max_tags) {
      return Error(ErrorCode::too_large, "registry " + host_ + " lists more than 100000 tags of " + repository_);
    }
    const auto next = next_link(response.header("link"));
    if (next.empty()) return out;
    GITOPSCTL_TRY(auto following, page.resolve(next));
    if (!following.same_origin(page)) {
      return Error(ErrorCode::forbidden, "registry " + host_ + " sends to another server for its tags")
          .with_hint("not followed: configure that server if it is the right one");
    }
    page = std::move(following);
  }
}

Result<OciClient::Fetched> OciClient::manifest(const std::string& reference, const Interrupt& interrupt) {
  const bool pinned = reference.starts_with("sha256:");
  const std::string shown = host_ + '/' + repository_ + (pinned ? '@' : ':') + terminal_safe(reference);
  GITOPSCTL_TRY(auto response,
                get(base_ + repository_ + "/manifests/" + reference, manifest_types, max_manifest_bytes, interrupt));
  if (response.status != 200) return answer_error(response, "the manifest of " + shown);
  Fetched out{"sha256:" + sha256_hex(response.body), std::move(response.body)};
  const auto claimed = response.header("docker-content-digest");
  if (pinned ? out.digest != reference : claimed.starts_with("sha256:") && out.digest != claimed) {
    return Error(ErrorCode::conflict, "the manifest of " + shown + " has another digest than it should: it is " + out.digest)
        .with_hint("nothing of it is used; the registry, or something on the way, changes what it serves");
  }
  return out;
}

Result<std::string> OciClient::blob(const OciDescriptor& descriptor, std::uint64_t max_bytes, const Interrupt& interrupt) {
  const std::string shown = "the chart's archive in " + host_ + '/' + repository_;
  if (descriptor.size > max_bytes) {
    return Error(ErrorCode::too_large, shown + " has " + std::to_string(descriptor.size) + " bytes, and at most " +
                                           std::to_string(max_bytes) + " are fetched");
  }
  GITOPSCTL_TRY(auto response, get(base_ + repository_ + "/blobs/" + descriptor.digest, {}, descriptor.size, interrupt));
  if (response.status != 200) return answer_error(response, shown);
  if (response.body.size() != descriptor.size || "sha256:" + sha256_hex(response.body) != descriptor.digest) {
    return Error(ErrorCode::conflict, shown + " has another digest than its manifest says")
        .with_hint("nothing of it is used; the registry, or something on the way, changes what it serves");
  }
  return std::move(response.body);
}

}  // namespace gitopsctl::channels
