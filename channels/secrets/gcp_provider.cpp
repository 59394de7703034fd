#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/text/escape.hpp"
#include "channels/secrets/crypt.hpp"
#include "channels/secrets/field.hpp"
#include "channels/secrets/gcp_tokens.hpp"
#include "channels/secrets/http_call.hpp"
#include "channels/secrets/providers.hpp"
#include "channels/secrets/read_file.hpp"

namespace gitopsctl::channels::secrets {
namespace {

constexpr std::uint64_t max_certificates_bytes = 1U << 20U;

/// Of secrets and of versions, as Google has them.
bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

class GcpProvider final : public SecretProvider {
 public:
  GcpProvider(GcpProviderConfig config, const SecretContext& context)
      : config_(std::move(config)), context_(context), tokens_(config_, context_) {}

  Result<Secret> fetch(const SecretRef& ref, const Interrupt& interrupt) override {
    const std::string version = ref.version.empty() ? config_.version : ref.version;
    if (!is_id(ref.name)) {
      return Error(ErrorCode::invalid_input, "a secret of kind gcp has letters, digits, '-' and '_' in its name only")
          .with_hint("to name a version write PROVIDER:NAME@VERSION");
    }
    if (!is_id(version)) return Error(ErrorCode::invalid_input, "a version is a number, latest, or an alias");
    GITOPSCTL_TRY(const SecretAnswer answer, access(ref.name, version, interrupt));
    if (answer.status != 200) return refusal(answer);
    GITOPSCTL_TRY(const Value body, answer.json(config_.endpoint));
    GITOPSCTL_TRY(SecretBytes payload, payload_of(body));
    Secret out;
    const auto name = body.string_at({"name"});
    const auto number = name.substr(name.rfind('/') + 1);
    out.version = is_id(number) ? std::string(number) : version;
    if (ref.field.empty()) {
      out.bytes = std::move(payload);
    } else {
      GITOPSCTL_TRY(out.bytes, pick_field(payload.view(), ref.field));
    }
    return out;
  }

 private:
  Result<SecretAnswer> access(const std::string& name, const std::string& version, const Interrupt& interrupt) {
    for (bool again = false;; again = true) {
      GITOPSCTL_TRY(std::string token, tokens_.token(interrupt));
      SecretCall call;
      call.url = config_.endpoint + "/v1/projects/" + percent_encode(config_.project) + "/secrets/" + name + "/versions/" +
                 version + ":access";
      call.headers = {{"Accept", "application/json"}};
      if (!tokens_.quota_project().empty()) call.headers.emplace_back("X-Goog-User-Project", tokens_.quota_project());
      call.bearer = std::move(token);
      if (!config_.ca_file.empty()) {
        GITOPSCTL_TRY(const SecretBytes ca, read_named_file(context_.resolve(config_.ca_file), max_certificates_bytes));
        call.ca_pem = ca.view();
      }
      auto answer = send_call(std::move(call), interrupt);
      // A token that was kept may have been revoked; a new one that is refused will be refused again.
      if (!answer.ok() || answer->status != 401 || again || !tokens_.discard()) return answer;
    }
  }

  [[nodiscard]] Error refusal(const SecretAnswer& answer) const {
    Error error = answer_error(answer.status, config_.endpoint);
    switch (answer.status) {
      case 400: {
        const auto body = answer.json("");
        const bool precondition = body.ok() && body->string_at({"error", "status"}) == "FAILED_PRECONDITION";
        if (precondition) return Error(ErrorCode::invalid_input, "this version is disabled or destroyed");
        return error;
      }
      case 403:
        return error.with_hint("grant roles/secretmanager.secretAccessor on the secret in project " + config_.project);
      case 404: return error.with_hint("there is no such secret or version in project " + config_.project);
      default: return error;
    }
  }

  [[nodiscard]] Result<SecretBytes> payload_of(const Value& body) const {
    const Value* payload = body.find("payload");
    // An empty payload has no data.
    const Value* data = payload == nullptr ? nullptr : payload->find("data");
    auto bytes = strict_base64(data == nullptr ? std::string_view{} : data->as_string(), true);
    if (payload == nullptr || !payload->is_map() || !bytes || (data != nullptr && !data->is_string())) {
      return Error(ErrorCode::unavailable, config_.endpoint + " answers without a payload in base64");
    }
    SecretBytes out(std::move(*bytes));
    const Value* sum = payload->find("dataCrc32c");
    if (sum != nullptr && !sum->is_nothing() && sum_of(*sum) != crc32c(out.view())) {
      // It was changed on the way, so the next answer may be right.
      return Error(ErrorCode::unavailable,
                   "the checksum (CRC32C) of the secret does not fit what " + config_.endpoint + " sent");
    }
    return out;
  }

  /// JSON of Google writes 64-bit numbers as texts.
  static std::optional<std::int64_t> sum_of(const Value& value) {
    if (value.is_int()) return value.as_int();
    std::int64_t out = 0;
    const auto text = value.as_string();
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return out;
  }

  GcpProviderConfig config_;
  const SecretContext& context_;
  GcpTokens tokens_;
};

}  // namespace

std::unique_ptr<SecretProvider> make_gcp_provider(GcpProviderConfig config, const SecretContext& context) {
  return std::make_unique<GcpProvider>(std::move(config), context);
}

}  // namespace gitopsctl::channels::secrets
