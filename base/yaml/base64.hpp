#pragma once

#include <string>
#include <string_view>

namespace gitopsctl::yaml_detail {

/// Padded standard base64 with line breaks, as Go's StdEncoding reads the text of `!!binary`; false when it is none.
[[nodiscard]] bool decode_base64(std::string_view text, std::string& out);

}  // namespace gitopsctl::yaml_detail
