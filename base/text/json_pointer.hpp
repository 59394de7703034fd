#pragma once

#include <string>
#include <string_view>

namespace gitopsctl {

// Keys as steps of a JSON pointer (RFC 6901), which is how places in a document are named here and in the messages of Go's
// encoding/json.

/// `key` as one step: `~` becomes `~0` and `/` becomes `~1`.
[[nodiscard]] std::string pointer_step(std::string_view key);
/// The key that a step names: `~0` and `~1` back; any other `~` stays.
[[nodiscard]] std::string pointer_key(std::string_view step);

}  // namespace gitopsctl
