#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "base/yaml/yaml.hpp"

/// What a secret may hold, by its use. Pure and thread-safe; errors have the line of the secret and nothing of its content.
namespace gitopsctl::channels::secrets {

/// One object of a secret that is a manifest.
struct SecretObject {
  Value object;
  std::string namespace_;  ///< where it goes: its own, or the release's
  int line = 1;
};

/// Limits of one secret's documents.
inline constexpr std::size_t max_secret_documents = 100;

/// Use *manifest*: one or more YAML documents, each an object with apiVersion, kind, metadata.name and a namespace, which is
/// `release_namespace` where it says none of its own. All mistakes at once: a document that is no object, that has no
/// namespace where the release has none either, or whose namespace is another one than the release's (`forbidden`).
[[nodiscard]] Result<std::vector<SecretObject>> read_secret_manifest(std::string_view secret,
                                                                     const std::string& release_namespace);

/// Use *values*: one YAML or JSON document that is a map, numbers by default as helm reads them.
[[nodiscard]] Result<Value> read_secret_values(std::string_view secret, YamlNumbers numbers = YamlNumbers::float64);

/// The texts in a document of which none may be seen: every text of at least four bytes, of a Secret what its `data` means,
/// too; without those that every manifest has (apiVersion, kind, type, names, labels). For redaction, on top of the secret
/// itself: a diff may show them otherwise than the secret has them.
[[nodiscard]] std::vector<std::string> secret_words(const Value& document);

}  // namespace gitopsctl::channels::secrets
