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

/// Splits and reads `text` (a YAML stream) into objects, in the order of the text. A `List` (also `SecretList` and the
/// like) is opened, at most 8 deep.
///
/// `default_namespace` is given to namespaced objects without one. Which kinds live outside namespaces is known for the
/// built-in groups, and read from the CustomResourceDefinitions of the same set for others; kinds that nobody describes
/// are namespaced. Afterwards `body.metadata.namespace` and `id.namespace_` say the same: objects outside namespaces lose
/// a namespace that they carry, as the API server does it.
///
/// Errors, all at once (at most 100 are listed), each with the source and line: not YAML, not a map, no or a malformed
/// apiVersion, kind or metadata.name, only a generateName, a List without items, an object twice.
[[nodiscard]] Result<std::vector<Object>> read_objects(std::string_view text, const std::string& source,
                                                       std::string_view default_namespace);

/// One rendered file.
struct ManifestText {
  std::string text;
  std::string source;  ///< stands in Object::source and in errors
};
/// read_objects over several files as one set: CustomResourceDefinitions of one file decide about objects of another, and
/// an object that stands in two files is an error.
[[nodiscard]] Result<std::vector<Object>> read_object_set(const std::vector<ManifestText>& texts,
                                                          std::string_view default_namespace);

/// The position of a kind in Helm's install order; unlisted kinds follow all listed ones.
[[nodiscard]] int install_order(std::string_view kind) noexcept;
/// Sorts into apply order: install_order, then as given.
void sort_for_apply(std::vector<Object>& objects);

/// True for the built-in kinds that live outside namespaces.
[[nodiscard]] bool is_cluster_scoped(std::string_view group, std::string_view kind) noexcept;

/// A path of map keys into an object, from the `sensitive:` list of a release (`data.password` of ConfigMap settings).
/// A list on the way stands for all its items, the key `*` for all keys of a map. A path that ends at a map or list hides
/// it as a whole; one that would go on below a text (a file inside a ConfigMap) hides the text.
struct SensitivePath {
  std::string kind;  ///< empty: every kind
  std::string name;  ///< empty: every object
  std::vector<std::string> keys;
};

/// Splits `data.password` or `metadata.annotations.example\.com/token` into keys: `\.` is a dot inside a key, `\\` a
/// backslash. Empty keys and other escapes are `invalid_input`.
[[nodiscard]] Result<std::vector<std::string>> parse_key_path(std::string_view text);

/// `body` with every secret value replaced by a marker: all values in `data` and `stringData` of Secrets whatever their
/// type, also inside List kinds; `sensitive` paths; and in such objects the annotations that hold copies of the object
/// (`kubectl.kubernetes.io/last-applied-configuration`, `kapp.k14s.io/original`) or one of the values, raw or in base64,
/// and `managedFields`. Nulls stay.
/// With a key the marker is `(redacted, hmac …)`, 64 bits of a keyed hash of the value, so that a change shows without the
/// value; without one it is `(redacted)`. Never shares containers with `body` where it differs. More: redact.hpp.
[[nodiscard]] Value redact(const Value& body, std::string_view key, const std::vector<SensitivePath>& sensitive = {});

/// Canonical bytes of one object: JSON with sorted keys; nulls in maps dropped; without `status`, the metadata that servers
/// set (managedFields, resourceVersion, uid, generation, creationTimestamp, selfLink, deletionTimestamp,
/// deletionGracePeriodSeconds) and the annotation `kubectl.kubernetes.io/last-applied-configuration`.
[[nodiscard]] std::string canonical_bytes(const Value& body);
/// The object that canonical_bytes writes.
[[nodiscard]] Value canonical_value(const Value& body);

/// The digest that reviewers approve: over the canonical bytes of all objects in order of identity, secret values removed.
/// `sha256:` and 64 hexadecimal digits. The order of `objects` does not matter.
[[nodiscard]] std::string render_digest(const std::vector<Object>& objects, const std::vector<SensitivePath>& sensitive);
/// HMAC of the whole set, secret values included: `hmac:` and 64 digits. Empty when there is no key.
[[nodiscard]] std::string seal_digest(const std::vector<Object>& objects, std::string_view installation_key);

}  // namespace gitopsctl::render
