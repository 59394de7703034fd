#pragma once

#include <string>

#include "base/result/result.hpp"
#include "channels/http/client.hpp"

namespace gitopsctl::channels {

/// What a status that is no success says, as an error with what to do: `forbidden` (401, 403), `not_found` (404, 410),
/// `unavailable` (429, 5xx and all others). `what` is what was asked for; the body is not shown.
[[nodiscard]] Error answer_error(const HttpResponse& response, const std::string& what);

}  // namespace gitopsctl::channels
