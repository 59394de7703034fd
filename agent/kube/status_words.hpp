#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/kube/status_error.hpp"

namespace gitopsctl::agent::detail {

// The grammar of the API server's messages, as far as it is needed. Only for this room.

/// `W` of `admission webhook "W" denied the request…`.
[[nodiscard]] std::optional<std::string> denying_webhook(std::string_view message);
/// `P` of `… ValidatingAdmissionPolicy 'P' with binding 'B' denied request: …`.
[[nodiscard]] std::optional<std::string> denying_policy(std::string_view message);
/// `W` of `… failed calling webhook "W": …`.
[[nodiscard]] std::optional<std::string> failed_webhook(std::string_view message);
/// A text quoted as Go's %q does at the start of `text`, which is moved behind it; nothing when there is none.
[[nodiscard]] std::optional<std::string> take_quoted(std::string_view& text);
/// What may be said of a refused object whose content is secret: the fields, where the message names them, and no words
/// that could come from the content.
[[nodiscard]] std::string message_for_secret(KubeErrorClass which, std::string_view webhook, std::string_view message);

}  // namespace gitopsctl::agent::detail
