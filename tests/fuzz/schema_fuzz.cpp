// Charts of anybody bring schemas. No schema and no value may crash the check, keep it long, or make it say nothing where it
// refuses. The schema ends at the first NUL; behind it stands the value.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "render/functions/go_json.hpp"
#include "render/schema/schema.hpp"

using namespace gitopsctl;

namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16 << 10) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = text.find('\0');
  const auto schema = render::schema::Schema::compile(text.substr(0, end));
  if (!schema.ok()) {
    must(!schema.error().message().empty());
    return 0;
  }
  const auto value = render::parse_go_json(end == std::string_view::npos ? "{\"a\":[1,\"b\",null]}" : text.substr(end + 1));
  if (!value.ok()) return 0;
  const auto problems = schema->problems(*value);
  must(problems.ok() || problems.error().code() == ErrorCode::too_large);
  if (problems.ok()) must(problems->empty() || problems->starts_with("- at '"));
  return 0;
}
