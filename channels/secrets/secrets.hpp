#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/secrets/config.hpp"
#include "channels/secrets/providers.hpp"
#include "channels/secrets/secret.hpp"

namespace gitopsctl::channels::secrets {

/// How often and how long a provider is asked for one secret.
inline constexpr int secret_tries = 3;
inline constexpr Millis secret_try_timeout{10'000};
/// Before the second try; each further one waits twice as long as the one before.
inline constexpr Millis secret_first_backoff{500};

/// All secrets of one configuration. A provider is made when the first secret of it is asked for, so one that is not used
/// needs no login. Every value is hidden from the log before anybody gets it.
///
/// Errors have the code that says whether to try again (`unavailable`: three tries were made), and as outermost step the
/// reference. Nothing of a value and no credential stands in one.
/// Thread-safe: one call waits for the other.
class Secrets {
 public:
  /// `make` is called once for each provider that is used. A program without network libraries gives make_local_provider().
  Secrets(SecretsConfig config, SecretContext context, ProviderMaker make = &make_any_provider);
  ~Secrets();
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;

  /// The secret; with `cache: run` as it was when it was first asked for. Errors: `invalid_input` for a reference that
  /// cannot be one, `not_found`, `forbidden`, `unavailable`, `unsupported`, `too_large` over max_secret_bytes, `cancelled`,
  /// `timeout` when the caller's own deadline passed.
  [[nodiscard]] Result<Secret> resolve(const SecretRef& ref, const Interrupt& interrupt);
  /// Whether resolve() would succeed, by the same errors. It is fetched for that, since nothing less proves the right to
  /// read it, and dropped.
  [[nodiscard]] Result<void> check(const SecretRef& ref, const Interrupt& interrupt);
  /// Drops what was kept: the end of a run.
  void forget();

 private:
  Result<Secret> fetch(const SecretRef& ref, const Interrupt& interrupt);
  Result<Secret> try_fetch(SecretProvider& provider, const SecretRef& ref, const Interrupt& interrupt) const;
  Result<SecretProvider*> provider_of(const std::string& name);

  SecretsConfig config_;
  SecretContext context_;
  ProviderMaker make_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<SecretProvider>, std::less<>> providers_;
  std::map<SecretRef, Secret> kept_;
};

}  // namespace gitopsctl::channels::secrets
