#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::render {

/// The identity of a Kubernetes object: without the version, because one object is served under several.
struct ObjectId {
  std::string group;  ///< empty for the core group
  std::string kind;
  std::string namespace_;  ///< empty for cluster-scoped objects
  std::string name;

  /// `apps/Deployment web/nginx`, `Namespace web`: for people.
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const ObjectId&, const ObjectId&) = default;
  friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
};

/// One object of a rendered set.
struct Object {
  ObjectId id;
  std::string api_version;  ///< `apps/v1`
  Value body;               ///< the whole object as read; integers are int64
  std::string source;       ///< the template or file it came from
  int line = 0;             ///< in the rendered text of that source

  [[nodiscard]] bool is_secret() const { return id.group.empty() && id.kind == "Secret"; }
};

/// What a release renders to, with everything that identifies it.
struct RenderedSet {
  std::vector<Object> objects;        ///< in apply order (stable: kind order, then as rendered)
  std::vector<Object> hooks;          ///< Helm hooks, kept as data; not applied by this version
  std::string text;                   ///< what `helm template` prints (helm), or the documents joined (manifests)
  std::string render_digest;          ///< public: SHA-256 without secret values (decisions §5)
  std::string seal_digest;            ///< HMAC of everything with the installation's key; never published
  std::vector<std::string> warnings;  ///< of values coalescing, deprecated charts, hooks not run, …
};

/// Splits and reads `text` (a YAML stream) into objects. `default_namespace` is given to namespaced objects without one;
/// which kinds are cluster-scoped is known for the built-in groups, and `cluster_scoped` decides for others when it is
/// written in the object (CustomResourceDefinitions of the same set are taken into account).
/// A `List` is opened. Errors, all at once, each with the source and line: no kind, no apiVersion, no name, an object
/// twice, not a map.
[[nodiscard]] Result<std::vector<Object>> read_objects(std::string_view text, const std::string& source,
                                                       std::string_view default_namespace);

/// The position of a kind in Helm's install order; unlisted kinds follow all listed ones.
[[nodiscard]] int install_order(std::string_view kind) noexcept;
/// Sorts into apply order: install_order, then as given.
void sort_for_apply(std::vector<Object>& objects);

/// True for the built-in kinds that live outside namespaces.
[[nodiscard]] bool is_cluster_scoped(std::string_view group, std::string_view kind) noexcept;

/// A path of map keys into an object, from the `sensitive:` list of a release (`data.password` of ConfigMap settings).
struct SensitivePath {
  std::string kind;  ///< empty: every kind
  std::string name;  ///< empty: every object
  std::vector<std::string> keys;
};

/// `body` with every secret value replaced by a marker: `data` and `stringData` of Secrets (also inside lists and inside
/// `last-applied-configuration`), and `sensitive` paths. With a key the marker is a keyed hash of the value, so that a
/// change shows without the value; without one it is constant. Never shares containers with `body` where it differs.
[[nodiscard]] Value redact(const Value& body, std::string_view key, const std::vector<SensitivePath>& sensitive = {});

/// Canonical bytes of one object: JSON with sorted keys, nulls dropped, without `status` and the metadata that servers set.
[[nodiscard]] std::string canonical_bytes(const Value& body);

/// The digest that reviewers approve: over the canonical bytes of all objects in order of identity, secret values removed.
/// `sha256:` and 64 hexadecimal digits.
[[nodiscard]] std::string render_digest(const std::vector<Object>& objects, const std::vector<SensitivePath>& sensitive);
/// HMAC of the whole set, secret values included: `hmac:` and 64 digits.
[[nodiscard]] std::string seal_digest(const std::vector<Object>& objects, std::string_view installation_key);

}  // namespace gitopsctl::render
