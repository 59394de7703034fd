#include "channels/github/app_tokens.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/log/redaction.hpp"
#include "base/text/escape.hpp"
#include "channels/http/client.hpp"

namespace gitopsctl::channels {
namespace {

/// Before the end of a token from which on it is renewed.
constexpr Millis early{300'000};
constexpr std::chrono::seconds skew{60};
constexpr std::chrono::seconds lifetime{540};
constexpr std::size_t max_answer_bytes = 1U << 20U;
constexpr std::size_t max_token_bytes = 4096;

struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

/// Without it OpenSSL would ask the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return -1; }

Result<Key> read_key(const std::string& pem) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(bio == nullptr ? nullptr : PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_passphrase, nullptr));
  if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return Error(ErrorCode::invalid_input, "the private key of the GitHub App cannot be read")
        .with_hint("it must be the .pem file that GitHub made: RSA, not encrypted, whole");
  }
  return key;
}

std::string base64_url(std::string_view bytes) {
  std::string out = base64_encode(bytes);
  while (out.ends_with('=')) out.pop_back();
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return out;
}

Result<std::string> sign(EVP_PKEY* key, const std::string& text) {
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  bool good = context != nullptr && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1;
  std::string out(size, '\0');
  good = good && EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes, text.size()) == 1;
  if (!good) return Error(ErrorCode::internal, "the request for a token of the GitHub App cannot be signed");
  out.resize(size);
  return out;
}

/// What GitHub says, unless it says our own words back.
std::string message_of(const HttpResponse& response, const std::string& jwt) {
  const auto body = parse_json(response.body);
  if (!body.ok()) return {};
  const Value* message = body->find("message");
  if (message == nullptr || !message->is_string()) return {};
  const std::string text = terminal_safe(truncate_utf8(message->as_string(), 200));
  if (text.find(jwt.substr(0, 20)) != std::string::npos) return {};
  return ": " + text;
}

Error refusal(const HttpResponse& response, const GitHubApp& app, const std::string& jwt) {
  const std::string what = "no token for installation " + app.installation_id + " of GitHub App " + app.app_id + ": " +
                           redact_url(app.api_url) + " answers " + std::to_string(response.status) +
                           message_of(response, jwt);
  switch (response.status) {
    case 401:
      return Error(ErrorCode::forbidden, what)
          .with_hint("check appId, that privateKeyFile is a key of this app, and the clock of this machine");
    case 403:
      return Error(ErrorCode::forbidden, what).with_hint("the installation may be suspended, or a rate limit is reached");
    case 404: return Error(ErrorCode::not_found, what).with_hint("check installationId, and that the app is installed");
    default: return Error(ErrorCode::unavailable, what).with_hint("it is tried again");
  }
}

bool is_token(std::string_view text) {
  return text.size() >= 8 && text.size() <= max_token_bytes &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

/// As the header of a request has it, whose base64 form is what might show up.
std::string header_form(const std::string& token) { return "x-access-token:" + token; }

void forget(const std::string& token) {
  if (token.empty()) return;
  log::forget_secret(token);
  log::forget_secret(header_form(token));
}

}  // namespace

Result<void> check_app_key(const std::string& private_key) {
  GITOPSCTL_CHECK(read_key(private_key));
  return {};
}

Result<std::string> app_jwt(const GitHubApp& app, TimePoint now) {
  GITOPSCTL_TRY(const Key key, read_key(app.private_key));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  const Value payload = make_map({{"iat", Value::int64((seconds - skew).count())},
                                  {"exp", Value::int64((seconds + lifetime).count())},
                                  {"iss", Value::string(app.app_id)}});
  GITOPSCTL_TRY(const std::string body, to_json(payload));
  const std::string text = base64_url(R"({"alg":"RS256","typ":"JWT"})") + "." + base64_url(body);
  GITOPSCTL_TRY(const std::string signature, sign(key.get(), text));
  return text + "." + base64_url(signature);
}

AppTokens::~AppTokens() {
  forget(token_);
  forget(previous_);
}

Result<void> AppTokens::renew(const Interrupt& interrupt) {
  GITOPSCTL_TRY(const std::string jwt, app_jwt(app_, clock_.now()));
  HttpOrigin origin;
  origin.url = app_.api_url;
  origin.bearer = jwt;
  origin.ca_pem = app_.ca_pem;
  origin.proxy = app_.proxy;
  HttpClient client(std::move(origin));
  HttpRequest request;
  request.method = "POST";
  request.url = app_.api_url;
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += "/app/installations/" + app_.installation_id + "/access_tokens";
  request.headers = {{"Accept", "application/vnd.github+json"}, {"X-GitHub-Api-Version", "2022-11-28"}};
  request.max_response_bytes = max_answer_bytes;
  const Interrupt limits{interrupt.stop, interrupt.deadline.at_most(clock_, Millis(30'000))};
  auto response = client.send(request, limits);
  if (!response) return response.error().in("token of GitHub App " + app_.app_id);
  if (response->status != 201) return refusal(*response, app_, jwt);
  const auto body = parse_json(response->body);
  const Value* token = body.ok() ? body->find("token") : nullptr;
  const Value* ends = body.ok() ? body->find("expires_at") : nullptr;
  const auto until =
      ends == nullptr ? Result<TimePoint>(Error(ErrorCode::invalid_input, "none")) : parse_time(ends->as_string());
  if (token == nullptr || !is_token(token->as_string()) || !until.ok()) {
    return Error(ErrorCode::unavailable, redact_url(app_.api_url) + " answers without a token or without its end");
  }
  forget(previous_);
  previous_ = std::move(token_);
  token_ = token->as_string();
  log::register_secret(token_);
  log::register_secret(header_form(token_));
  ends_ = *until;
  return {};
}

Result<std::string> AppTokens::token(const Interrupt& interrupt) {
  if (!token_.empty() && clock_.now() + early < ends_) return token_;
  auto renewed = renew(interrupt);
  if (renewed.ok() || (!token_.empty() && clock_.now() < ends_)) return token_;
  return renewed.error();
}

bool AppTokens::discard(const std::string& token) {
  if (token.empty() || token != token_) return false;
  forget(previous_);
  previous_ = std::move(token_);
  token_.clear();
  return true;
}

}  // namespace gitopsctl::channels
