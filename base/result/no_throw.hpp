#pragma once

#include <string_view>
#include <utility>

#include "base/result/result.hpp"

namespace gitopsctl {

/// The exception that is being handled, as an Error: `unavailable` when the machine lacks memory or threads (a retry can
/// help), else `internal`. Only to be called in a catch block.
[[nodiscard]] Error error_of_exception(std::string_view what);

/// Calls `work`, which returns a Result, and returns what it returns, or what it threw as an Error: for the outermost frame
/// of a thread, and where one piece of work must not take the others with it.
template <class Work>
auto no_throw(std::string_view what, Work&& work) -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (...) {
    return error_of_exception(what);
  }
}

}  // namespace gitopsctl
