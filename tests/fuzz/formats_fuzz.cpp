// The small languages that functions of templates are given: printf's formats, layouts of times, durations, TOML, JSON as Go
// reads it, and the separators of documents. The first byte chooses.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text/go_format.hpp"
#include "base/yaml/yaml.hpp"
#include "render/functions/go_json.hpp"
#include "render/functions/go_time.hpp"
#include "render/functions/toml_writer.hpp"
#include "render/helm/documents.hpp"

using namespace gitopsctl;

namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

void formats(std::string_view text) {
  const std::array<Value, 6> operands{Value::go_int(-42),
                                      Value::string("s\xff\n"),
                                      Value::float64(1e21),
                                      Value::null(),
                                      Value::list({Value::uint8(7), Value::string("x")}),
                                      make_map({{"k", Value::boolean(true)}})};
  constexpr std::size_t max_bytes = 1U << 20U;
  const auto made = go_sprintf_checked(text, operands, max_bytes);
  if (made.ok()) {
    must(made->size() <= max_bytes + 64);
  } else {
    must(made.error().code() == ErrorCode::too_large);
  }
  must(go_quote(text).size() >= text.size() / 4);
}

void times(std::string_view text) {
  const auto end = text.find('\0');
  const auto layout = text.substr(0, end);
  const auto time = end == std::string_view::npos ? std::string_view("2026-11-23T01:02:03Z") : text.substr(end + 1);
  const auto read = render::parse_go_time(layout, time);
  if (!read.ok()) {
    must(!read.error().message().empty());
  } else {
    (void)render::format_go_time(*read, layout);
    must(!render::format_rfc3339(*read).empty());
  }
  (void)render::format_go_time({}, layout);
  const auto duration = render::parse_go_duration(layout);
  if (!duration.ok()) return;
  const auto again = render::parse_go_duration(render::format_go_duration(*duration));
  must(again.ok() && *again == *duration);
  (void)render::round_duration(*duration, 7);
  (void)render::truncate_duration(*duration, 7);
}

void toml(std::string_view text) {
  const auto value = render::parse_toml(text);
  if (!value.ok()) {
    must(value.error().message().starts_with("toml: "));
    return;
  }
  const auto written = render::to_toml(*value);
  if (!written.ok()) return;
  const auto again = render::parse_toml(*written);
  must(again.ok());
}

void json(std::string_view text) {
  const auto value = render::parse_go_json(text);
  if (!value.ok()) must(!value.error().message().empty());
}

void documents(std::string_view text) {
  int line = 0;
  for (const auto& part : render::helm::split_documents(text)) {
    must(part.line > line || part.line >= 1);
    must(part.text.empty() ||
         (part.text.data() >= text.data() && part.text.data() + part.text.size() <= text.data() + text.size()));
    line = part.line;
  }
  render::helm::Output out;
  const auto sorted =
      render::helm::sort_documents({{.path = "c/templates/a.yaml", .text = std::string(text), .origin = "a.yaml"}}, out);
  if (!sorted.ok()) must(!sorted.error().message().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0: formats(text); break;
    case 1: times(text); break;
    case 2: toml(text); break;
    case 3: json(text); break;
    default: documents(text); break;
  }
  return 0;
}
