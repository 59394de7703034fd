#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/config/reader.hpp"
#include "base/config/shape.hpp"
#include "base/log/redaction.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "base/value/value.hpp"
#include "channels/secrets/secret_bytes.hpp"

namespace gitopsctl::channels::secrets {

/// Which secret is meant.
struct SecretRef {
  std::string provider;  ///< empty: the default one
  std::string name;
  std::string version;  ///< empty: the one that the provider's configuration says, or its newest
  std::string field;    ///< one key of a secret that has several; empty: the configured one, or the whole

  /// `provider:name@version#field`, leaving out what is empty. Safe to print.
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const SecretRef&, const SecretRef&) = default;
};

/// Reads `name`, or `provider:name[@version][#field]`. Without a colon all of the text is the name, so that every name of a
/// historic channel file means what it always did. `invalid_input`.
[[nodiscard]] Result<SecretRef> parse_secret_ref(std::string_view text);
/// What a file may have where it names a secret: such a text, or a map of provider, name, version and field.
[[nodiscard]] ConfigShape secret_ref_shape();
/// Reads that, noting every mistake.
[[nodiscard]] SecretRef read_secret_ref(const ConfigNode& node);

/// A secret that was fetched.
struct Secret {
  SecretBytes bytes;
  std::string version;   ///< as the provider counts; empty for those that do not
  std::string provider;  ///< its name in the configuration
};

/// Of one secret: that of Google's Secret Manager and of a Kubernetes Secret are at most that.
inline constexpr std::uint64_t max_secret_bytes = 1U << 20U;

/// Where secrets come from. One try each: waiting and trying again is done by who calls. Not thread-safe.
class SecretProvider {
 public:
  virtual ~SecretProvider() = default;
  /// Errors: `not_found`, `forbidden`, `unavailable` (a retry can help), `timeout`, `invalid_input`, `unsupported`,
  /// `too_large`, `cancelled`. Nothing of a value and no credential stands in one.
  [[nodiscard]] virtual Result<Secret> fetch(const SecretRef& ref, const Interrupt& interrupt) = 0;
};

/// Names of environment variables with their values.
using SecretEnvironment = std::map<std::string, std::string, std::less<>>;

/// Reads a Secret of a cluster, in the form in which the API server sends it: `data` with values in base64. An empty context
/// is the cluster that the caller works on. Errors with code `not_found`, `forbidden`, `unavailable` and so on.
using KubeSecretReader = std::function<Result<Value>(const std::string& context, const std::string& namespace_,
                                                     const std::string& name, const Interrupt& interrupt)>;

/// What providers need from outside.
struct SecretContext {
  /// Must outlive the providers.
  Clock* clock = &system_clock();
  SecretEnvironment environment;
  /// Paths of the configuration that are not absolute begin here.
  std::string directory = ".";
  KubeSecretReader read_kube_secret;
  /// Called with everything that must not be seen: values, tokens. A value counts by its lines, too.
  std::function<void(std::string_view)> hide = [](std::string_view value) { log::register_secret(value); };
  /// Called with tokens that mean nothing any more.
  std::function<void(std::string_view)> show = [](std::string_view value) { log::forget_secret(value); };

  /// The value of an environment variable; empty when there is none.
  [[nodiscard]] std::string variable(std::string_view name) const;
  /// `path` seen from `directory`.
  [[nodiscard]] std::string resolve(const std::string& path) const;
};

}  // namespace gitopsctl::channels::secrets
