#include "channels/secrets/secrets.hpp"

#include <utility>
#include <vector>

#include "base/text/escape.hpp"

namespace gitopsctl::channels::secrets {
namespace {

Secret copy_of(const Secret& secret) { return {secret.bytes.copy(), secret.version, secret.provider}; }

}  // namespace

Secrets::Secrets(SecretsConfig config, SecretContext context, ProviderMaker make)
    : config_(std::move(config)), context_(std::move(context)), make_(make) {}

Secrets::~Secrets() = default;

Result<SecretProvider*> Secrets::provider_of(const std::string& name) {
  if (const auto made = providers_.find(name); made != providers_.end()) return made->second.get();
  const auto found = config_.providers.find(name);
  if (found == config_.providers.end()) {
    std::vector<std::string> known;
    known.reserve(config_.providers.size());
    for (const auto& [each, config] : config_.providers) known.push_back(each);
    if (known.empty()) {
      return Error(ErrorCode::invalid_input, "no secret provider is configured").with_hint("write secrets.providers");
    }
    if (name.empty()) {
      return Error(ErrorCode::invalid_input, "it names no provider, and there is no default one")
          .with_hint("write secrets.default, or PROVIDER:NAME");
    }
    return Error(ErrorCode::invalid_input, "there is no secret provider '" + terminal_safe(name) + "'")
        .with_hint(suggest(name, known, "providers"));
  }
  GITOPSCTL_TRY(auto provider, make_(found->second, context_));
  return providers_.emplace(name, std::move(provider)).first->second.get();
}

Result<Secret> Secrets::try_fetch(SecretProvider& provider, const SecretRef& ref, const Interrupt& interrupt) const {
  Clock& clock = *context_.clock;
  Millis wait = secret_first_backoff;
  for (int attempt = 1;; ++attempt) {
    GITOPSCTL_CHECK(interrupt.check("reading the secret"));
    auto secret = provider.fetch(ref, {interrupt.stop, interrupt.deadline.at_most(clock, secret_try_timeout)});
    if (secret.ok()) return secret;
    Error error = secret.error();
    if (error.code() == ErrorCode::timeout && !interrupt.deadline.passed()) {
      error = Error(ErrorCode::unavailable, "no answer within " + format_duration(secret_try_timeout));
    }
    if (error.code() != ErrorCode::unavailable) return error;
    if (attempt == secret_tries) return error.in("tried " + std::to_string(secret_tries) + " times");
    // Sleeping past the caller's deadline helps nobody.
    if (interrupt.deadline.left() <= wait) return error;
    if (!clock.sleep(wait, interrupt.stop)) return Error(ErrorCode::cancelled, "reading the secret was stopped");
    wait *= 2;
  }
}

Result<Secret> Secrets::fetch(const SecretRef& ref, const Interrupt& interrupt) {
  if (ref.name.empty()) return Error(ErrorCode::invalid_input, "a secret has no name");
  GITOPSCTL_TRY(SecretProvider * provider, provider_of(ref.provider));
  GITOPSCTL_TRY(Secret secret, try_fetch(*provider, ref, interrupt));
  if (secret.bytes.size() > max_secret_bytes) {
    return Error(ErrorCode::too_large, "it has more than " + std::to_string(max_secret_bytes) + " bytes");
  }
  secret.provider = ref.provider;
  return secret;
}

Result<Secret> Secrets::resolve(const SecretRef& ref, const Interrupt& interrupt) {
  SecretRef full = ref;
  if (full.provider.empty()) full.provider = config_.default_provider;
  const std::lock_guard lock(mutex_);
  if (const auto kept = kept_.find(full); kept != kept_.end()) return copy_of(kept->second);
  auto secret = fetch(full, interrupt);
  if (!secret.ok()) return secret.error().in("secret " + full.to_string());
  context_.hide(secret->bytes.view());
  if (config_.cache) kept_.emplace(full, copy_of(*secret));
  return secret;
}

Result<void> Secrets::check(const SecretRef& ref, const Interrupt& interrupt) {
  SecretRef full = ref;
  if (full.provider.empty()) full.provider = config_.default_provider;
  const std::lock_guard lock(mutex_);
  const auto secret = fetch(full, interrupt);
  if (!secret.ok()) return secret.error().in("secret " + full.to_string());
  return {};
}

void Secrets::forget() {
  const std::lock_guard lock(mutex_);
  kept_.clear();
}

}  // namespace gitopsctl::channels::secrets
