// YAML in any bytes: nothing crashes, hangs or grows; and what was read survives a round trip.
//   parse -> to_yaml -> parse gives an equal value, the located parse and the stream agree with the plain one.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json/json.hpp"
#include "base/yaml/yaml.hpp"

using namespace gitopsctl;

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "yaml_fuzz: %s\n", what);
  std::abort();
}

/// Keys of more than 1024 characters with their escapes can be read in the form `? key` but not be written. A key `<<` that
/// is no merge (quoted, or tagged) is written plain, and is one when it is read again; upstream does the same.
bool writable_keys(const Value& value) {
  for (const auto& item : value.as_list()) {
    if (!writable_keys(item)) return false;
  }
  for (const auto& member : value.as_map()) {
    if (member.key.view().size() > 150 || member.key.view() == "<<" || !writable_keys(member.value)) return false;
  }
  return true;
}

/// NEL in a text is folded on the way through JSON, as upstream; so is nothing else.
bool has_next_line(const Value& value) {
  if (value.as_string().find("\xC2\x85") != std::string_view::npos) return true;
  for (const auto& item : value.as_list()) {
    if (has_next_line(item)) return true;
  }
  for (const auto& member : value.as_map()) {
    if (member.key.view().find("\xC2\x85") != std::string_view::npos || has_next_line(member.value)) return true;
  }
  return false;
}

void check_place(const Location& place) { require(place.line > 0 && place.column > 0, "a node without a place"); }

void check_marks(const YamlMarks& marks, const Value& value, const std::string& pointer, int depth) {
  check_place(marks.value(pointer));
  check_place(marks.key(pointer));
  if (depth > 4) return;
  for (std::size_t i = 0; i < value.as_list().size() && i < 4; ++i) {
    check_marks(marks, value.as_list()[i], pointer + "/" + std::to_string(i), depth + 1);
  }
  for (const auto& member : value.as_map()) check_marks(marks, member.value, pointer + "/" + member.key.str(), depth + 1);
}

void round_trip(const Value& value, const YamlOptions& options) {
  const auto yaml = to_yaml(value);
  if (!yaml.ok()) {
    // Only text that the JSON detour refuses, all of which comes from escapes.
    const bool refused = yaml.error().message().find("control characters") != std::string::npos ||
                         yaml.error().message().find("did not find expected") != std::string::npos ||
                         yaml.error().message().find("cycle") != std::string::npos ||
                         yaml.error().message().find("document indicator") != std::string::npos;
    require(refused, yaml.error().message().c_str());
    return;
  }
  if (has_next_line(value) || !writable_keys(value)) return;
  const auto again = parse_yaml(*yaml, options);
  if (!again.ok()) std::fprintf(stderr, "%s\n%s\n", yaml->c_str(), again.error().to_string().c_str());
  require(again.ok(), "what was written cannot be read");
  if (!json_equal(value, *again)) {
    std::fprintf(stderr, "%s\n%s\n%s\n", yaml->c_str(), canonical_json(value).c_str(), canonical_json(*again).c_str());
  }
  require(json_equal(value, *again), "the round trip changed the value");
  require(*to_yaml(*again) == *yaml, "writing is not stable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  YamlOptions options;
  options.numbers = (data[0] & 1U) != 0 ? YamlNumbers::float64 : YamlNumbers::integers;
  options.profile = (data[0] & 2U) != 0 ? YamlProfile::go_v3 : YamlProfile::go_v2_json;
  options.max_depth = 200;
  options.max_alias_nodes = 20'000;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

  const auto value = parse_yaml(text, options);
  const auto located = parse_located_yaml(text, "fuzz.yaml", options);
  const auto stream = parse_yaml_stream(text, options, "fuzz.yaml");
  if (!value.ok()) {
    require(!located.ok() && !stream.ok(), "only one of three readers refuses a first document");
    require(!value.error().message().empty(), "an error without a message");
    return 0;
  }
  if (located.ok()) {
    require(deep_equal(*value, located->value), "the located reader sees another value");
    check_marks(*located->marks, located->value, "", 0);
  }
  if (stream.ok() && !value->is_null()) {
    require(!stream->empty() && deep_equal(*value, stream->front().value), "the stream begins with another value");
    for (const auto& document : *stream) require(document.line > 0, "a document without a line");
  }
  if (options.profile == YamlProfile::go_v2_json) round_trip(*value, options);
  return 0;
}
