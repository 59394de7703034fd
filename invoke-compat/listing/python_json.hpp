#pragma once

#include <string>
#include <string_view>

namespace gitopsctl::invoke {

/// A JSON string as Python's json.dumps writes it: all but ASCII as `\uXXXX`, in pairs beyond U+FFFF. A byte that is no
/// UTF-8 becomes `\udcNN`.
[[nodiscard]] std::string python_json_string(std::string_view text);

}  // namespace gitopsctl::invoke
