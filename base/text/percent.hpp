#pragma once

#include <string>
#include <string_view>

namespace gitopsctl {

/// `text` with each `%` and two hexadecimal digits as the byte that they mean (RFC 3986, 2.1); a `%` before anything else
/// stays.
[[nodiscard]] std::string percent_decode(std::string_view text);

}  // namespace gitopsctl
