#pragma once

#include <string>
#include <string_view>

namespace gitopsctl {

/// Padded standard base64 (RFC 4648 §4), without line breaks.
[[nodiscard]] std::string encode_base64(std::string_view bytes);

/// Padded standard base64; line breaks in it are skipped, as Go's StdEncoding does. False when `text` is none; `out` is left
/// alone then.
[[nodiscard]] bool decode_base64(std::string_view text, std::string& out);

}  // namespace gitopsctl
