#pragma once

#include <string>
#include <string_view>

#include "agent/server/http_server.hpp"

namespace gitopsctl::agent {

/// What a request is answered with.
struct Answer {
  unsigned status = 200;
  std::string content_type;
  std::string body;
  std::string allow;  ///< for 405
};

/// The whole of what the server knows: method and target in, answer out. A query behind the path is ignored. Never throws.
[[nodiscard]] Answer answer_request(std::string_view method, std::string_view target, const ServerQuestions& questions);

}  // namespace gitopsctl::agent
