#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gitopsctl::channels::secrets {

/// What a bech32 text (BIP 173, of any length) holds.
struct Bech32 {
  std::string prefix;  ///< in lower case
  std::string bytes;
};

/// Reads a bech32 text, all of it in one case; nothing when it is none or its checksum is wrong.
[[nodiscard]] std::optional<Bech32> decode_bech32(std::string_view text);
/// Writes one, in lower case. `prefix` must be printable ASCII in lower case.
[[nodiscard]] std::string encode_bech32(std::string_view prefix, std::string_view bytes);

}  // namespace gitopsctl::channels::secrets
