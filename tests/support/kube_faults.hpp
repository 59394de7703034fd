#pragma once

#include <string>
#include <vector>

#include "tests/support/fault_proxy.hpp"

namespace gitopsctl::support {

/// A fault with a name for messages.
struct NamedFault {
  std::string name;
  Fault fault;
};

/// An answer as an API server makes it: a Status object. `retry_after` in seconds; negative: without the header.
[[nodiscard]] Fault status_answer(int code, const std::string& reason, const std::string& message, int retry_after = -1);

/// An answer as the parts before the API's handlers make it (an unknown path, a full queue): a line of plain text.
[[nodiscard]] Fault text_answer(int code, const std::string& text, int retry_after = -1);

/// Every way in which an API server refuses a request: 401, 403, 404 (as an object and as text), 409, 410, 422, 429 and 503
/// (with and without Retry-After), 500, 504.
[[nodiscard]] std::vector<NamedFault> kube_refusals();

/// Every way in which a connection fails a client: never answered, closed before and after forwarding, answers that stop,
/// end early, are shorter than they should be, are late, or come in drops. Of the hanging ones (`hang`, `stop_mid`) the
/// client has to let go by itself.
[[nodiscard]] std::vector<NamedFault> broken_connections();

}  // namespace gitopsctl::support
