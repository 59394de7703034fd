#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files/file_tree.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "base/value/value.hpp"
#include "render/inputs/limits.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::render {

/// What a template can learn about the cluster.
struct Capabilities {
  std::string kube_version;               ///< `v1.37.0`; empty: the profile's default
  std::vector<std::string> api_versions;  ///< added to the profile's default set
};

/// One `--set` style override, applied after all values files, in order.
struct SetValue {
  enum class Kind : std::uint8_t { json, typed, string, file, literal };
  Kind kind = Kind::typed;
  std::string text;
};

/// Values that were found outside of the tree.
struct GivenValues {
  std::string source;                    ///< how errors name it: `Secret web/db, key values.yaml`
  std::string text;                      ///< a values file
  std::vector<std::string> target_path;  ///< not empty: `text` is one value instead, the string that stands there
};

/// Inputs of a Helm render beyond the tree.
struct HelmInputs {
  TreePath chart;  ///< directory or .tgz in the tree
  std::string release_name;
  std::vector<TreePath> value_files;  ///< merged in order
  std::vector<GivenValues> given;     ///< merged after the files, in order
  Value values;                       ///< inline values, merged after all of these; null for none
  std::vector<SetValue> set_values;
  /// What files hold that `--set-file` names, by the names as written there; of others it is looked for in the tree.
  std::map<std::string, std::string, std::less<>> set_files;
  std::string profile = "helm-4.3";
  Capabilities capabilities;
  bool is_upgrade = false;
  bool include_crds = true;
  bool skip_tests = false;
  bool skip_schema = false;
  /// Documents come with what they hold, which was read for their place anyway. False saves the memory where only the text
  /// is wanted; it changes no output.
  bool keep_content = true;
};

/// The random bytes of the call with that number in a file (`site`), as many as asked for.
using RandomBytes = std::function<std::string(std::string_view site, std::uint64_t call, std::size_t count)>;

/// What a template asks the function `lookup`.
struct LookupQuestion {
  std::string api_version;
  std::string kind;
  std::string namespace_;  ///< empty: of all namespaces, or of a kind outside of them
  std::string name;        ///< empty: a list

  /// `Secret web/db`, `list of Secret in web`: for people.
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const LookupQuestion&, const LookupQuestion&) = default;
  friend auto operator<=>(const LookupQuestion&, const LookupQuestion&) = default;
};

/// Answers `lookup` as helm does: an object, a list with `items`, or an empty map for what is not there. Called on the
/// thread that renders. It answers out of what was found before the render, so that the same inputs make the same bytes: it
/// may note what it lacks, and asks nobody. The answer is copied before a template gets it.
using Lookup = std::function<Result<Value>(const LookupQuestion& question)>;

enum class DriverKind : std::uint8_t { helm, kustomize, manifests };

/// Everything that a render depends on. Same inputs, same bytes. No sockets, processes, clock or environment are
/// reachable from here; what the tree lacks comes back as a `needs_source` error.
struct RenderInputs {
  FileTreePtr tree;
  DriverKind driver = DriverKind::helm;
  std::string namespace_ = "default";
  HelmInputs helm;  ///< driver helm
  TreePath path;    ///< drivers kustomize and manifests: the directory (or one file)
  std::vector<SensitivePath> sensitive;
  std::string installation_key;  ///< for the seal digest and seeded functions; empty: not at hand
  std::string identity;          ///< release identity, part of every seed
  TimePoint now{};               ///< what `now` answers
  RenderLimits limits;           ///< what the render may take; changes no output
  /// Errors and warnings may quote what is rendered, and values, as Helm does: for a person who renders by hand. False where
  /// they are kept or published, because such pieces can be secrets: then they name place and kind of mistake alone, and of
  /// what a chart says itself (`fail`, `required`) the values are taken out as far as they can be told from words.
  bool quote_content = true;
  /// Where random bytes come from when the installation's key is at hand elsewhere; empty: from the key.
  RandomBytes random;
  Lookup lookup;  ///< empty: nothing is ever found, as in `helm template`
};

}  // namespace gitopsctl::render
