// JSON in any bytes: nothing crashes or grows, what was read is written so that it reads back equal, and JSON is YAML
// (the YAML reader gives an equal value, save for what YAML 1.1 refuses or folds).

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
  std::fprintf(stderr, "json_fuzz: %s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool integers = (data[0] & 1U) != 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto value = parse_json(text, "fuzz.json", integers);
  if (!value.ok()) {
    require(value.error().where().line > 0, "an error without a line");
    return 0;
  }
  for (const bool pretty : {false, true}) {
    const auto json = to_json(*value, {.escape_html = (data[0] & 2U) != 0, .pretty = pretty});
    require(json.ok(), "what was read cannot be written");
    const auto again = parse_json(*json, "", integers);
    require(again.ok() && json_equal(*value, *again), "the round trip changed the value");
  }
  const std::string canonical = canonical_json(*value);
  const auto again = parse_json(canonical, "", integers);
  require(again.ok() && canonical_json(*again) == canonical, "canonical bytes are not stable");

  const bool next_line = canonical.find("\xC2\x85") != std::string::npos;
  const auto yaml = parse_yaml(canonical, {.numbers = integers ? YamlNumbers::integers : YamlNumbers::float64});
  if (yaml.ok() && !next_line) {
    if (!json_equal(*yaml, *value)) std::fprintf(stderr, "%s\n%s\n", canonical.c_str(), canonical_json(*yaml).c_str());
    require(json_equal(*yaml, *value), "the YAML reader sees another value");
  }
  return 0;
}
