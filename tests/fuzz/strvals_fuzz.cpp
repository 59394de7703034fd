// Flags come from people, but their texts are put together by scripts: no `--set` of any style may crash or grow without
// end. The first byte chooses the style; the text ends at a NUL, behind which stands another that is set into the same
// values.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/value/value.hpp"
#include "render/helm/strvals.hpp"

using namespace gitopsctl;
using render::helm::SetStyle;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto style = static_cast<SetStyle>(data[0] % 5);
  const auto read = [](const std::string& path) -> Result<std::string> {
    if (path.size() % 2 == 1) return Error(ErrorCode::not_found, "no such file");
    return "content of " + path;
  };
  Value values = Value::map();
  for (int i = 0; i < 2; ++i) {
    const auto end = text.find('\0');
    const auto done = render::helm::parse_set(text.substr(0, end), style, values, read);
    if (!done.ok() && done.error().message().empty()) std::abort();
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  if (!values.is_map()) std::abort();
  return 0;
}
