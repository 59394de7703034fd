#include "channels/secrets/http_call.hpp"

#include <utility>

#include "base/json/json.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::channels::secrets {
namespace {

/// A secret of 1 MiB in base64, with names and padding around it.
constexpr std::uint64_t max_answer_bytes = 4U << 20U;

}  // namespace

Result<Value> SecretAnswer::json(const std::string& who) const {
  auto value = parse_json(body.view(), {}, true, max_answer_bytes);
  if (!value.ok() || !value->is_map()) return Error(ErrorCode::unavailable, who + " answers what is no JSON object");
  return value;
}

Result<SecretAnswer> send_call(SecretCall call, const Interrupt& interrupt) {
  HttpOrigin origin;
  origin.url = call.url;
  origin.bearer = call.bearer;
  origin.ca_pem = call.ca_pem;
  origin.direct = call.direct;
  HttpClient client(std::move(origin));
  HttpRequest request;
  request.method = std::move(call.method);
  request.url = std::move(call.url);
  request.headers = std::move(call.headers);
  request.body = std::move(call.body);
  request.resend = call.resend;
  request.max_redirects = 0;
  request.max_response_bytes = max_answer_bytes;
  auto response = client.send(request, interrupt);
  wipe(request.body);
  wipe(call.bearer);
  if (!response.ok()) return response.error();
  SecretAnswer answer;
  answer.status = response->status;
  answer.body = SecretBytes(std::move(response->body));
  answer.metadata_flavor = response->header("metadata-flavor");
  return answer;
}

Error answer_error(int status, const std::string& who) {
  const std::string what = who + " answers " + std::to_string(status);
  if (status == 401 || status == 403) return {ErrorCode::forbidden, what};
  if (status == 404) return {ErrorCode::not_found, what};
  if (status == 408 || status == 429 || status >= 500) return {ErrorCode::unavailable, what};
  if (status >= 300 && status < 400) {
    return Error(ErrorCode::invalid_input, what)
        .with_hint("redirects are not followed; configure the address that answers itself");
  }
  return {ErrorCode::invalid_input, what};
}

std::string percent_encode(std::string_view text, bool slashes) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-_.~").find(c) != std::string_view::npos || (slashes && c == '/');
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 0xFU];
  }
  return out;
}

std::string form_body(const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out += percent_encode(name) + "=" + percent_encode(value);
  }
  return out;
}

}  // namespace gitopsctl::channels::secrets
