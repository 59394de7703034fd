#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"

namespace gitopsctl::channels {

/// Values of a release that stand in an object of the environment: one entry of `helm.valuesFrom`. The object is always one
/// of the release's own namespace: a commit must not be able to read what its binding cannot.
struct ValuesSource {
  enum class Kind : std::uint8_t { config_map, secret };

  Kind kind = Kind::config_map;
  std::string name;
  std::string key = "values.yaml";
  /// That the object, or the key in it, is not there stands for no values. Anything else that goes wrong is an error all the
  /// same.
  bool optional = false;
  /// Not empty: the text of the key is one value, which stands there. Empty: it is a values file.
  std::vector<std::string> target_path;
  Location where;  ///< in the channel file

  [[nodiscard]] bool is_secret() const noexcept { return kind == Kind::secret; }
  [[nodiscard]] std::string_view kind_name() const noexcept { return is_secret() ? "Secret" : "ConfigMap"; }
};

/// Something that a render read of the environment: an input of it.
struct SourceRecord {
  std::string source;  ///< `Secret web/db values.yaml`, `lookup v1 Service web/db`
  std::string digest;  ///< `hmac:` and 64 digits, with the installation's key: it may be a secret; `absent`: there is none
  friend bool operator==(const SourceRecord&, const SourceRecord&) = default;
};

/// Entries of one `valuesFrom`; more are a mistake of the release.
inline constexpr std::size_t max_values_sources = 20;

}  // namespace gitopsctl::channels
