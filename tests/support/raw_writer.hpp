#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/control_plane.hpp"

namespace gitopsctl::support {

/// One request as it goes out.
struct RawRequest {
  std::string method;
  std::string path;  ///< with its query
  std::string content_type;
  std::string body;
};

/// How requests travel.
enum class RawWire : std::uint8_t {
  http1,           ///< as many connections as requests at once
  http2,           ///< the same over HTTP/2
  http2_one_wire,  ///< one connection that carries all of them at once
};
[[nodiscard]] std::string_view wire_name(RawWire wire) noexcept;

struct RawResult {
  double wall_s = 0;
  double processor_s = 0;  ///< of the calling thread
  std::size_t failed = 0;  ///< requests without an answer of 2xx
  std::string first_failure;
};

/// The least that a client can do: libcurl in one thread, `at_once` requests under way until all are answered, answers
/// counted and thrown away unread. What benchmarks of writing compare with.
[[nodiscard]] RawResult write_raw(const ControlPlane& plane, const std::vector<RawRequest>& requests, std::size_t at_once,
                                  RawWire wire);

/// A server-side apply of an object in JSON, as `manager`. `collection`: `/api/v1/namespaces/a/configmaps`.
[[nodiscard]] RawRequest raw_apply(const std::string& collection, const std::string& name, std::string json,
                                   const std::string& manager);

}  // namespace gitopsctl::support
