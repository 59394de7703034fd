#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl {

/// What the number text of a plain scalar becomes.
enum class YamlNumbers : std::uint8_t {
  float64,   ///< every number, as Helm reads values (YAML to JSON to interface{})
  integers,  ///< int64 where it fits, else float64: manifests and configuration
  written,   ///< int64 for integers as they are written, float64 for `1.0` and `1e6`: typed fields, which see the difference
};

/// Which Go library's scalar rules are followed.
enum class YamlProfile : std::uint8_t {
  go_v2_json,  ///< sigs.k8s.io/yaml over YAML v2: yes/no/on/off are booleans, the last of equal keys wins (Helm, kubectl)
  go_v3,       ///< YAML v3 (kyaml): yes/on are strings, equal keys are an error
};

struct YamlOptions {
  YamlNumbers numbers = YamlNumbers::integers;
  YamlProfile profile = YamlProfile::go_v2_json;
  std::uint32_t max_depth = 1000;             ///< go-yaml stops at 10000; the stack of our threads is the bound here
  std::uint64_t max_bytes = 100ULL << 20U;    ///< input
  std::uint64_t max_alias_nodes = 1'000'000;  ///< nodes made by expanding aliases; with go-yaml's ratio rule on top
  /// Scalars, keys, lists and maps of one document, aliases expanded. A node takes more memory than text (two bytes of
  /// `[a,a,…]` are 16 of a Value, and some 250 with its place): where the text is small, this is the bound of the memory.
  std::uint64_t max_nodes = 10'000'000;
  std::uint32_t max_documents = 100'000;
  /// Equal keys are an error with both places (configuration of ours), whatever the profile says.
  bool unique_keys = false;
  /// False: errors say where and what kind of mistake, and leave out the pieces of the text that upstream quotes (names of
  /// anchors, keys, values), for texts with secrets in them.
  bool quote_content = true;
};

/// Where the nodes of a located document stand, for messages about its content. A node is named by its path:
/// keys and indexes joined by `/`, with `~0` and `~1` as in JSON pointers (`/releases/2/name`).
class YamlMarks {
 public:
  virtual ~YamlMarks() = default;
  /// The place of the value at `pointer`, or of the nearest node above it that is known.
  [[nodiscard]] virtual Location value(std::string_view pointer) const = 0;
  /// The place of the key that names `pointer`; value() for list items.
  [[nodiscard]] virtual Location key(std::string_view pointer) const = 0;
};

struct LocatedYaml {
  Value value;
  std::shared_ptr<const YamlMarks> marks;
};

// All functions are pure and safe to call from any thread. Aliases and merges give containers of their own, as the way
// through JSON does upstream. Time and memory are bounded by the input and by YamlOptions; nesting too, so that values can
// be walked recursively.

/// The first document of `text`; null when there is none. What stands behind it is not even scanned, as upstream. Errors
/// have the words of go-yaml (`yaml: line 3: mapping values are not allowed in this context`; sigs.k8s.io/yaml puts `error
/// converting YAML to JSON: ` before them) and in where() the true place: go-yaml's line is often one too low. Code
/// `invalid_input` or `too_large`.
[[nodiscard]] Result<Value> parse_yaml(std::string_view text, const YamlOptions& options = {}, const std::string& file = {});

struct YamlDocument {
  Value value;
  int line = 1;  ///< of the first line of its content
};

/// The first document of `text`, as parse_yaml() gives it, and whether parse_yaml_stream() would find it and no other there:
/// false where what follows is wrong, too.
struct FirstYamlDocument {
  YamlDocument document;
  bool alone = true;
};
[[nodiscard]] Result<FirstYamlDocument> parse_first_yaml(std::string_view text, const YamlOptions& options = {},
                                                         const std::string& file = {});

/// The first document with the places of all its nodes; a second document is an error. Costs about a third more than
/// parse_yaml.
[[nodiscard]] Result<LocatedYaml> parse_located_yaml(std::string_view text, const std::string& file,
                                                     const YamlOptions& options = {});

/// All documents of a stream; those that are empty or null are left out.
[[nodiscard]] Result<std::vector<YamlDocument>> parse_yaml_stream(std::string_view text, const YamlOptions& options = {},
                                                                  const std::string& file = {});

/// What Helm's `toYaml` and `kubectl -o yaml` write: sigs.k8s.io/yaml over YAML v2, byte for byte: natural key order, its
/// quoting and folding rules. Ends with a newline. Fails for NaN, infinities, more than 1000 levels (a value that holds
/// itself), and text that the reader would refuse (DEL, most of U+0080 to U+009F, keys of more than 1022 characters).
/// Upstream's key order is not transitive for some digits (`0777` < `0x1` < `1-` < `0777`) and its output random then; ours
/// is always the same.
[[nodiscard]] Result<std::string> to_yaml(const Value& value);

}  // namespace gitopsctl
