#pragma once

#include <string>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "base/value/value.hpp"
#include "channels/secrets/config.hpp"
#include "channels/secrets/secret.hpp"
#include "channels/secrets/secret_bytes.hpp"

namespace gitopsctl::channels::secrets {

/// An access token of Google's cloud, got the first time that it is asked for and renewed a minute before it ends. Every
/// token is hidden from the log. Not thread-safe.
class GcpTokens {
 public:
  /// Both must outlive it.
  GcpTokens(const GcpProviderConfig& config, const SecretContext& context) : config_(config), context_(context) {}
  ~GcpTokens();
  GcpTokens(const GcpTokens&) = delete;
  GcpTokens& operator=(const GcpTokens&) = delete;

  /// `forbidden` when the credentials are not believed, `not_found` or `invalid_input` when the file with them is not there
  /// or none, `unsupported` for federated identities, `unavailable`, `timeout`, `cancelled`.
  [[nodiscard]] Result<std::string> token(const Interrupt& interrupt);
  /// Whom requests are billed to, when the credentials say so (`quota_project_id`).
  [[nodiscard]] const std::string& quota_project() const noexcept { return quota_project_; }
  /// Forgets the token, which a server refused. False when it was never used before: a new one would be refused as well.
  bool discard();

 private:
  struct Granted;
  [[nodiscard]] Result<Granted> grant(const Interrupt& interrupt);
  [[nodiscard]] Result<Granted> from_adc(const Interrupt& interrupt);
  [[nodiscard]] Result<Granted> from_file(const std::string& path, const Interrupt& interrupt);
  [[nodiscard]] Result<Granted> from_service_account(const Value& credentials, const Interrupt& interrupt) const;
  [[nodiscard]] Result<Granted> from_refresh_token(const Value& credentials, const Interrupt& interrupt) const;
  [[nodiscard]] Result<Granted> exchange(const std::string& endpoint, std::string body, const Interrupt& interrupt) const;
  [[nodiscard]] Result<Granted> from_metadata(const Interrupt& interrupt) const;
  [[nodiscard]] Result<Granted> from_command(const Interrupt& interrupt) const;
  void drop();

  const GcpProviderConfig& config_;
  const SecretContext& context_;
  SecretBytes token_;
  TimePoint ends_{};
  bool fresh_ = false;
  std::string quota_project_;
};

}  // namespace gitopsctl::channels::secrets
