#include "channels/secrets/gcp_tokens.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/process/spawn.hpp"
#include "base/text/escape.hpp"
#include "channels/http/url.hpp"
#include "channels/secrets/crypt.hpp"
#include "channels/secrets/http_call.hpp"
#include "channels/secrets/read_file.hpp"

namespace gitopsctl::channels::secrets {
namespace {

// What Google documents for its clients (OAuth 2.0 for server-to-server applications; application default credentials).
constexpr std::string_view scope = "https://www.googleapis.com/auth/cloud-platform";
constexpr std::string_view token_endpoint = "https://oauth2.googleapis.com/token";
constexpr std::string_view jwt_grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::string_view well_known_file = "/.config/gcloud/application_default_credentials.json";
constexpr std::string_view metadata_host = "metadata.google.internal";
constexpr std::string_view metadata_path = "/computeMetadata/v1/instance/service-accounts/default/token";
constexpr std::chrono::seconds assertion_lifetime{3600};
/// Before the end of a token from which on it is renewed.
constexpr std::chrono::seconds early{60};
/// Of a token whose end nobody told: that of a program.
constexpr std::chrono::seconds unknown_lifetime{300};
constexpr std::uint64_t max_file_bytes = 1U << 20U;
constexpr std::uint64_t max_printed_bytes = 64U << 10U;

std::string base64_url(std::string_view bytes) {
  std::string out = base64_encode(bytes);
  while (out.ends_with('=')) out.pop_back();
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return out;
}

/// A text of the credentials; nothing of it may be shown.
Result<std::string> required_text(const Value& credentials, std::string_view key) {
  const auto text = credentials.string_at({key});
  if (text.empty()) return Error(ErrorCode::invalid_input, "the credentials have no " + std::string(key));
  return std::string(text);
}

}  // namespace

struct GcpTokens::Granted {
  SecretBytes token;
  std::chrono::seconds lifetime{0};
};

GcpTokens::~GcpTokens() { drop(); }

void GcpTokens::drop() {
  if (!token_.empty()) context_.show(token_.view());
  token_ = {};
}

bool GcpTokens::discard() {
  const bool worth_another = !fresh_;
  drop();
  return worth_another;
}

Result<std::string> GcpTokens::token(const Interrupt& interrupt) {
  fresh_ = token_.empty() || context_.clock->now() + early >= ends_;
  if (fresh_) {
    auto granted = grant(interrupt);
    if (!granted.ok()) return granted.error().in("login to Google");
    drop();
    token_ = std::move(granted->token);
    context_.hide(token_.view());
    ends_ = context_.clock->now() + granted->lifetime;
  }
  return std::string(token_.view());
}

Result<GcpTokens::Granted> GcpTokens::grant(const Interrupt& interrupt) {
  switch (config_.auth) {
    case GcpProviderConfig::Auth::file: return from_file(context_.resolve(config_.auth_file), interrupt);
    case GcpProviderConfig::Auth::metadata: return from_metadata(interrupt);
    case GcpProviderConfig::Auth::command: return from_command(interrupt);
    case GcpProviderConfig::Auth::adc: break;
  }
  return from_adc(interrupt);
}

Result<GcpTokens::Granted> GcpTokens::from_adc(const Interrupt& interrupt) {
  if (const auto named = context_.variable("GOOGLE_APPLICATION_CREDENTIALS"); !named.empty()) {
    return from_file(context_.resolve(named), interrupt);
  }
  if (const auto home = context_.variable("HOME"); !home.empty()) {
    const std::string path = home + std::string(well_known_file);
    auto granted = from_file(path, interrupt);
    if (granted.ok() || granted.error().code() != ErrorCode::not_found) return granted;
  }
  auto granted = from_metadata(interrupt);
  if (granted.ok() || granted.error().code() == ErrorCode::cancelled) return granted;
  return granted.error().with_hint(
      "outside of Google's cloud set GOOGLE_APPLICATION_CREDENTIALS, or run: gcloud auth application-default login");
}

Result<GcpTokens::Granted> GcpTokens::from_file(const std::string& path, const Interrupt& interrupt) {
  const std::string shown = "'" + terminal_safe(path) + "'";
  GITOPSCTL_TRY(const SecretBytes text, read_named_file(path, max_file_bytes));
  const auto credentials = parse_json(text.view());
  if (!credentials.ok() || !credentials->is_map()) {
    return Error(ErrorCode::invalid_input, shown + " has no credentials of Google in JSON");
  }
  quota_project_ = credentials->string_at({"quota_project_id"});
  if (!std::ranges::all_of(quota_project_, [](char c) { return c > ' ' && c < 0x7F; })) quota_project_.clear();
  const auto type = credentials->string_at({"type"});
  Result<Granted> granted = Error(ErrorCode::unsupported, "credentials of this type are not supported")
                                .with_hint(
                                    "use the key of a service account, gcloud auth application-default login, or "
                                    "auth: {method: command, command: [gcloud, auth, print-access-token]}");
  if (type == "service_account") granted = from_service_account(*credentials, interrupt);
  if (type == "authorized_user") granted = from_refresh_token(*credentials, interrupt);
  if (!granted.ok()) return granted.error().in(shown);
  return granted;
}

Result<GcpTokens::Granted> GcpTokens::from_service_account(const Value& credentials, const Interrupt& interrupt) const {
  GITOPSCTL_TRY(const std::string email, required_text(credentials, "client_email"));
  GITOPSCTL_TRY(std::string key, required_text(credentials, "private_key"));
  const SecretBytes key_pem(std::move(key));
  std::string endpoint(credentials.string_at({"token_uri"}));
  if (endpoint.empty()) endpoint = token_endpoint;
  const auto now = std::chrono::floor<std::chrono::seconds>(context_.clock->now().time_since_epoch());
  GITOPSCTL_TRY(const std::string head,
                to_json(make_map({{"alg", Value::string("RS256")},
                                  {"typ", Value::string("JWT")},
                                  {"kid", Value::string(credentials.string_at({"private_key_id"}))}})));
  GITOPSCTL_TRY(const std::string claims, to_json(make_map({{"iss", Value::string(email)},
                                                            {"scope", Value::string(scope)},
                                                            {"aud", Value::string(endpoint)},
                                                            {"iat", Value::int64(now.count())},
                                                            {"exp", Value::int64((now + assertion_lifetime).count())}})));
  const std::string text = base64_url(head) + "." + base64_url(claims);
  GITOPSCTL_TRY(const std::string signature, sign_rs256(key_pem.view(), text));
  const SecretBytes assertion(text + "." + base64_url(signature));
  return exchange(endpoint, form_body({{"grant_type", jwt_grant}, {"assertion", assertion.view()}}), interrupt);
}

Result<GcpTokens::Granted> GcpTokens::from_refresh_token(const Value& credentials, const Interrupt& interrupt) const {
  GITOPSCTL_TRY(const std::string id, required_text(credentials, "client_id"));
  GITOPSCTL_TRY(std::string secret, required_text(credentials, "client_secret"));
  const SecretBytes client_secret(std::move(secret));
  GITOPSCTL_TRY(std::string refresh, required_text(credentials, "refresh_token"));
  const SecretBytes refresh_token(std::move(refresh));
  std::string endpoint(credentials.string_at({"token_uri"}));
  if (endpoint.empty()) endpoint = token_endpoint;
  return exchange(endpoint,
                  form_body({{"grant_type", "refresh_token"},
                             {"client_id", id},
                             {"client_secret", client_secret.view()},
                             {"refresh_token", refresh_token.view()}}),
                  interrupt);
}

Result<GcpTokens::Granted> GcpTokens::exchange(const std::string& endpoint, std::string body,
                                               const Interrupt& interrupt) const {
  const auto url = HttpUrl::parse(endpoint);
  if (!url.ok()) return Error(ErrorCode::invalid_input, "the token_uri of the credentials is no URL");
  SecretCall call;
  call.method = "POST";
  call.url = url->plain;
  call.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  call.body = std::move(body);
  const std::string who = redact_url(endpoint);
  GITOPSCTL_TRY(const SecretAnswer answer, send_call(std::move(call), interrupt));
  if (answer.status == 400 || answer.status == 401) {
    // OAuth says 400 for a grant that is not believed.
    return Error(ErrorCode::forbidden, who + " does not believe the credentials (" + std::to_string(answer.status) + ")")
        .with_hint("the key may be deleted, the login ended, or the clock of this machine wrong");
  }
  if (answer.status != 200) return answer_error(answer.status, who);
  GITOPSCTL_TRY(const Value granted, answer.json(who));
  const Value* seconds = granted.find("expires_in");
  auto token = as_token(granted.string_at({"access_token"}), "the answer");
  if (!token.ok() || seconds == nullptr || seconds->as_int() <= 0 || seconds->as_int() > 86'400) {
    return Error(ErrorCode::unavailable, who + " answers without a token or without its end");
  }
  return Granted{std::move(token).value(), std::chrono::seconds(seconds->as_int())};
}

Result<GcpTokens::Granted> GcpTokens::from_metadata(const Interrupt& interrupt) const {
  std::string host = context_.variable("GCE_METADATA_HOST");
  if (host.empty()) host = metadata_host;
  const auto url = HttpUrl::parse("http://" + host + std::string(metadata_path));
  if (!url.ok() || !url->user.empty()) return Error(ErrorCode::invalid_input, "GCE_METADATA_HOST is no host");
  SecretCall call;
  call.url = url->plain;
  call.headers = {{"Metadata-Flavor", "Google"}};
  call.direct = true;
  const std::string who = "the metadata server " + url->origin();
  GITOPSCTL_TRY(const SecretAnswer answer, send_call(std::move(call), interrupt));
  if (answer.status == 404) {
    return Error(ErrorCode::forbidden, who + " knows no service account").with_hint("bind one to this machine or pod");
  }
  if (answer.status != 200) return answer_error(answer.status, who);
  // Whatever else answers at that name is not to be believed.
  if (answer.metadata_flavor != "Google") return Error(ErrorCode::unavailable, who + " is not Google's");
  GITOPSCTL_TRY(const Value granted, answer.json(who));
  const Value* seconds = granted.find("expires_in");
  auto token = as_token(granted.string_at({"access_token"}), "the answer");
  if (!token.ok() || seconds == nullptr || seconds->as_int() <= 0 || seconds->as_int() > 86'400) {
    return Error(ErrorCode::unavailable, who + " answers without a token or without its end");
  }
  return Granted{std::move(token).value(), std::chrono::seconds(seconds->as_int())};
}

Result<GcpTokens::Granted> GcpTokens::from_command(const Interrupt& interrupt) const {
  CapturedCommand command;
  command.command.program = config_.auth_command.front();
  command.command.arguments.assign(config_.auth_command.begin() + 1, config_.auth_command.end());
  command.command.directory = context_.directory;
  command.command.environment.emplace(context_.environment.begin(), context_.environment.end());
  command.max_output = max_printed_bytes;
  const std::string shown = "the program '" + terminal_safe(config_.auth_command.front()) + "'";
  auto ended = run_command(command, interrupt);
  if (!ended.ok()) return ended.error();
  const SecretBytes printed(std::move(ended->out));
  wipe(ended->err);
  if (ended->status.exit_code != 0) {
    return Error(ErrorCode::forbidden, shown + " ends with code " + std::to_string(ended->status.exit_code))
        .with_hint("run it by hand; what it prints is not repeated here");
  }
  GITOPSCTL_TRY(SecretBytes token, as_token(printed.view(), "what " + shown + " prints"));
  return Granted{std::move(token), unknown_lifetime};
}

}  // namespace gitopsctl::channels::secrets
