#pragma once

#include <cstdint>
#include <string_view>

namespace gitopsctl::render {

/// What a piece of a Go time layout stands for.
enum class LayoutPart : std::uint8_t {
  none,
  long_month,         ///< January
  month,              ///< Jan
  number_month,       ///< 1
  zero_month,         ///< 01
  long_weekday,       ///< Monday
  weekday,            ///< Mon
  day,                ///< 2
  under_day,          ///< _2
  zero_day,           ///< 02
  under_year_day,     ///< __2
  zero_year_day,      ///< 002
  hour,               ///< 15
  hour12,             ///< 3
  zero_hour12,        ///< 03
  minute,             ///< 4
  zero_minute,        ///< 04
  second,             ///< 5
  zero_second,        ///< 05
  long_year,          ///< 2006
  year,               ///< 06
  upper_half,         ///< PM
  lower_half,         ///< pm
  zone_name,          ///< MST
  offset,             ///< one of the ten forms of ±hh, told apart by OffsetForm
  fraction_zeros,     ///< .000: always that many digits
  fraction_shortest,  ///< .999: without zeros at the end
};

/// How a distance from UTC is written.
struct OffsetForm {
  bool z_for_utc = false;  ///< `Z` instead of +00:00
  bool colons = false;
  int fields = 2;  ///< 1: hours, 2: and minutes, 3: and seconds
};

struct LayoutPiece {
  std::string_view literal;  ///< what stands before the part
  LayoutPart part = LayoutPart::none;
  std::string_view text;  ///< the part as it stands in the layout
  OffsetForm form;
  int digits = 0;  ///< of a fraction
};

/// Cuts the next literal and part off `layout`; at its end the part is `none`.
[[nodiscard]] LayoutPiece next_layout_piece(std::string_view& layout);

}  // namespace gitopsctl::render
