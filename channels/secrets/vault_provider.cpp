#include <algorithm>
#include <utility>

#include "base/json/json.hpp"
#include "base/text/escape.hpp"
#include "channels/secrets/field.hpp"
#include "channels/secrets/http_call.hpp"
#include "channels/secrets/providers.hpp"
#include "channels/secrets/read_file.hpp"

namespace gitopsctl::channels::secrets {
namespace {

constexpr std::uint64_t max_certificates_bytes = 1U << 20U;
/// Before the end of a login from which on it is done again.
constexpr std::chrono::seconds early{10};

/// A path below a mount: no piece of it is empty or climbs, and nothing in it ends the path of a URL.
bool is_path(std::string_view path) {
  while (!path.empty()) {
    const std::size_t end = path.find('/');
    const auto piece = path.substr(0, end);
    if (piece.empty() || piece == "." || piece == "..") return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
  return false;
}

class VaultProvider final : public SecretProvider {
 public:
  VaultProvider(VaultProviderConfig config, const SecretContext& context) : config_(std::move(config)), context_(context) {}
  ~VaultProvider() override { drop(); }
  VaultProvider(const VaultProvider&) = delete;
  VaultProvider& operator=(const VaultProvider&) = delete;

  Result<Secret> fetch(const SecretRef& ref, const Interrupt& interrupt) override {
    GITOPSCTL_TRY(const std::string url, url_of(ref));
    GITOPSCTL_TRY(const SecretAnswer answer, read(url, interrupt));
    if (answer.status != 200) return refusal(answer);
    GITOPSCTL_TRY(const Value body, answer.json(config_.address));
    const Value* data = config_.version == 2 ? body.find_path({"data", "data"}) : body.find("data");
    // A version that was deleted has metadata and no data.
    if (data == nullptr || data->is_nothing())
      return Error(ErrorCode::not_found, "the secret, or this version of it, is deleted");
    if (!data->is_map()) return Error(ErrorCode::unavailable, config_.address + " answers without a secret");
    const std::string field = ref.field.empty() ? config_.field : ref.field;
    const Value* found = data->find(field);
    if (found == nullptr) return Error(ErrorCode::not_found, "it has no field '" + terminal_safe(field) + "'");
    Secret out;
    auto bytes = value_bytes(*found);
    if (!bytes.ok()) return bytes.error().in("field '" + terminal_safe(field) + "'");
    out.bytes = std::move(bytes).value();
    if (const Value* version = body.find_path({"data", "metadata", "version"}); config_.version == 2 && version != nullptr) {
      if (version->is_int()) out.version = std::to_string(version->as_int());
    }
    return out;
  }

 private:
  [[nodiscard]] Result<std::string> url_of(const SecretRef& ref) const {
    if (!is_path(ref.name))
      return Error(ErrorCode::invalid_input, "the name of a secret of kind vault must be a path without '..'");
    std::string path = config_.path;
    constexpr std::string_view mark = "{name}";
    for (std::size_t at = path.find(mark); at != std::string::npos; at = path.find(mark, at + ref.name.size())) {
      path.replace(at, mark.size(), ref.name);
    }
    if (!is_path(path) || !is_path(config_.mount))
      return Error(ErrorCode::invalid_input, "the configured path of the secret is none");
    std::string url = config_.address + "/v1/" + percent_encode(config_.mount, true);
    if (config_.version == 1) {
      if (!ref.version.empty()) return Error(ErrorCode::invalid_input, "the engine of version 1 keeps no versions");
      return url + "/" + percent_encode(path, true);
    }
    url += "/data/" + percent_encode(path, true);
    if (ref.version.empty()) return url;
    if (ref.version.size() > 9 || !std::ranges::all_of(ref.version, [](char c) { return c >= '0' && c <= '9'; })) {
      return Error(ErrorCode::invalid_input, "a version is a number");
    }
    return url + "?version=" + ref.version;
  }

  Result<SecretCall> new_call(std::string url) const {
    SecretCall call;
    call.url = std::move(url);
    // What Vault's own clients send; an agent in between may insist on it.
    call.headers = {{"X-Vault-Request", "true"}};
    if (!config_.namespace_.empty()) call.headers.emplace_back("X-Vault-Namespace", config_.namespace_);
    if (!config_.ca_file.empty()) {
      GITOPSCTL_TRY(const SecretBytes ca, read_named_file(context_.resolve(config_.ca_file), max_certificates_bytes));
      call.ca_pem = ca.view();
    }
    return call;
  }

  Result<SecretAnswer> read(const std::string& url, const Interrupt& interrupt) {
    for (bool again = false;; again = true) {
      const bool kept = logged_in();
      if (!kept) {
        auto done = log_in(interrupt);
        if (!done.ok()) return done.error().in("login to Vault");
      }
      GITOPSCTL_TRY(SecretCall call, new_call(url));
      call.headers.emplace_back("X-Vault-Token", std::string(token_.view()));
      auto answer = send_call(std::move(call), interrupt);
      if (!answer.ok() || answer->status != 403 || again || !kept) return answer;
      // A login that was kept may have been revoked; a new one that is refused will be refused again.
      drop();
    }
  }

  [[nodiscard]] Error refusal(const SecretAnswer& answer) const {
    Error error = answer_error(answer.status, config_.address);
    if (answer.status == 404 && config_.version == 2) {
      const auto body = answer.json("");
      if (body.ok() && body->find_path({"data", "metadata"}) != nullptr) {
        return Error(ErrorCode::not_found, "this version of the secret is deleted");
      }
    }
    if (answer.status == 403) return error.with_hint("a policy must allow read on its path");
    if (answer.status == 404) return error.with_hint("check mount, version of the engine, and path");
    // 412, 472 and 473: a node that is not ready to answer this.
    if (answer.status == 412 || answer.status == 472 || answer.status == 473)
      return {ErrorCode::unavailable, error.message()};
    return error;
  }

  [[nodiscard]] bool logged_in() const { return !token_.empty() && (!ends_ || context_.clock->now() + early < *ends_); }

  void drop() {
    if (!token_.empty()) context_.show(token_.view());
    token_ = {};
    ends_.reset();
  }

  void keep(SecretBytes token, std::chrono::seconds lifetime) {
    drop();
    token_ = std::move(token);
    context_.hide(token_.view());
    if (lifetime.count() > 0) ends_ = context_.clock->now() + lifetime;
  }

  Result<void> log_in(const Interrupt& interrupt) {
    switch (config_.auth) {
      case VaultProviderConfig::Auth::token: {
        GITOPSCTL_TRY(SecretBytes token, given_token());
        // Read again for the next try: it may have been renewed by somebody.
        keep(std::move(token), std::chrono::seconds(60));
        return {};
      }
      case VaultProviderConfig::Auth::kubernetes: {
        GITOPSCTL_TRY(const SecretBytes jwt, read_token_file(context_.resolve(config_.token_file)));
        return exchange({{"role", Value::string(config_.role)}, {"jwt", Value::string(jwt.view())}}, interrupt);
      }
      case VaultProviderConfig::Auth::approle: break;
    }
    GITOPSCTL_TRY(const SecretBytes id, read_token_file(context_.resolve(config_.secret_id_file)));
    return exchange({{"role_id", Value::string(config_.role_id)}, {"secret_id", Value::string(id.view())}}, interrupt);
  }

  [[nodiscard]] Result<SecretBytes> given_token() const {
    if (!config_.token_file.empty()) return read_token_file(context_.resolve(config_.token_file));
    const std::string token = context_.variable("VAULT_TOKEN");
    if (token.empty()) {
      return Error(ErrorCode::forbidden, "there is no token").with_hint("configure auth.tokenFile, or set VAULT_TOKEN");
    }
    return as_token(token, "VAULT_TOKEN");
  }

  Result<void> exchange(std::initializer_list<std::pair<std::string_view, Value>> words, const Interrupt& interrupt) {
    if (!is_path(config_.auth_mount)) return Error(ErrorCode::invalid_input, "the mount of the login is no path");
    GITOPSCTL_TRY(SecretCall call,
                  new_call(config_.address + "/v1/auth/" + percent_encode(config_.auth_mount, true) + "/login"));
    call.method = "POST";
    call.headers.emplace_back("Content-Type", "application/json");
    call.resend = false;
    GITOPSCTL_TRY(call.body, to_json(make_map(words)));
    GITOPSCTL_TRY(const SecretAnswer answer, send_call(std::move(call), interrupt));
    if (answer.status == 400 || answer.status == 403) {
      return Error(ErrorCode::forbidden, config_.address + " refuses the login (" + std::to_string(answer.status) + ")")
          .with_hint("check auth: method, mount, and role or ids");
    }
    if (answer.status != 200) return answer_error(answer.status, config_.address);
    GITOPSCTL_TRY(const Value body, answer.json(config_.address));
    auto token = as_token(body.string_at({"auth", "client_token"}), "the answer");
    if (!token.ok()) return Error(ErrorCode::unavailable, config_.address + " answers without a token");
    const Value* lifetime = body.find_path({"auth", "lease_duration"});
    keep(std::move(token).value(), std::chrono::seconds(lifetime == nullptr ? 0 : lifetime->as_int()));
    return {};
  }

  VaultProviderConfig config_;
  const SecretContext& context_;
  SecretBytes token_;
  std::optional<TimePoint> ends_;
};

}  // namespace

std::unique_ptr<SecretProvider> make_vault_provider(VaultProviderConfig config, const SecretContext& context) {
  return std::make_unique<VaultProvider>(std::move(config), context);
}

}  // namespace gitopsctl::channels::secrets
