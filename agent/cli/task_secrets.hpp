#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "base/value/value.hpp"
#include "channels/secrets/secrets.hpp"
#include "invoke-compat/expression/secrets.hpp"

namespace gitopsctl::agent::cli {

/// Answers `secret('…')` of tasks with the providers that the section `secrets` of their configuration names. Nobody is
/// asked, and nothing of a section is read, before a task wants a secret of it. Thread-safe.
class TaskSecrets {
 public:
  /// `context` is that of all sections but for the directory, which a question says.
  TaskSecrets(channels::secrets::SecretContext context, channels::secrets::ProviderMaker make)
      : context_(std::move(context)), make_(make) {}

  /// The value. Errors: `invalid_input` with every mistake of the section, or for a name that is no reference; else those of
  /// channels::secrets::Secrets.
  [[nodiscard]] Result<std::string> resolve(const invoke::SecretQuestion& question, const Interrupt& interrupt);

 private:
  Result<channels::secrets::Secrets*> secrets_of(const invoke::SecretQuestion& question);

  const channels::secrets::SecretContext context_;
  const channels::secrets::ProviderMaker make_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<channels::secrets::Secrets>> made_;  ///< by directory and section
};

/// Whether one of the sections `secrets` names a provider that is reached over a network. A section with mistakes says what
/// it says: they are told by resolve().
[[nodiscard]] bool names_network_provider(const std::vector<Value>& sections);

}  // namespace gitopsctl::agent::cli
