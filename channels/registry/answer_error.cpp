#include "channels/registry/answer_error.hpp"

namespace gitopsctl::channels {

Error answer_error(const HttpResponse& response, const std::string& what) {
  const std::string message = what + ": the server answers " + std::to_string(response.status);
  switch (response.status) {
    case 401:
      return Error(ErrorCode::forbidden, message + " (it asks for a login, or does not take the one it got)")
          .with_hint(
              "give the credentials of this host: charts.hosts in the agent's file, --username and --password, or "
              "a config.json of Docker's form");
    case 403: return Error(ErrorCode::forbidden, message + " (forbidden)").with_hint("do the credentials allow to read it?");
    case 404:
    case 410: return Error(ErrorCode::not_found, message + " (not found)").with_hint("correct the address or the version");
    case 429:
      return Error(ErrorCode::unavailable, message + " (too many requests)")
          .with_hint("it is tried again by itself; logged in, more is allowed in most places");
    default: break;
  }
  return Error(ErrorCode::unavailable, message).with_hint("it is tried again by itself; is the server well?");
}

}  // namespace gitopsctl::channels
