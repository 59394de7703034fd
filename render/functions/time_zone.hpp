#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace gitopsctl::render {

/// A time zone: UTC, a fixed distance, or one of the IANA database (the system's /usr/share/zoneinfo). Immutable,
/// thread-safe.
class TimeZone {
 public:
  struct Offset {
    std::int32_t seconds = 0;  ///< east of UTC
    std::string name;          ///< `CET`; may be empty for a fixed distance
  };

  virtual ~TimeZone() = default;
  /// What holds at `unix_seconds`.
  [[nodiscard]] virtual Offset at(std::int64_t unix_seconds) const = 0;
  /// `UTC`, `Europe/Berlin`, or the name of the fixed distance.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
};

using TimeZonePtr = std::shared_ptr<const TimeZone>;

[[nodiscard]] TimeZonePtr utc_zone();
[[nodiscard]] TimeZonePtr fixed_zone(std::string name, std::int32_t seconds_east);
/// Go's time.LoadLocation, with `Local` as UTC: a render does not depend on the machine it runs on. nullptr for an
/// unknown or unsafe name. Zones are cached for the life of the program.
[[nodiscard]] TimeZonePtr load_zone(std::string_view name);

/// The file of a zone in the system's database; empty when there is none, it is too large, or the name is unsafe.
/// Thread-safe.
[[nodiscard]] std::string read_zone_file(std::string_view name);
/// Has zones read by `read` instead, for a process that may open no files. Only before other threads are started.
void set_zone_reader(std::function<std::string(std::string_view name)> read);

}  // namespace gitopsctl::render
