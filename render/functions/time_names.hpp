#pragma once

#include <array>
#include <string_view>

namespace gitopsctl::render {

inline constexpr std::array<std::string_view, 12> month_names{"January",   "February", "March",    "April",
                                                              "May",       "June",     "July",     "August",
                                                              "September", "October",  "November", "December"};
/// Sunday first, as Go counts.
inline constexpr std::array<std::string_view, 7> weekday_names{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                               "Thursday", "Friday", "Saturday"};

}  // namespace gitopsctl::render
