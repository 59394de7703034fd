#include "invoke-compat/collection/names.hpp"

#include <algorithm>

namespace gitopsctl::invoke {

std::string dashed_name(std::string_view name) {
  std::string out(name);
  const auto first = name.find_first_not_of('_');
  if (first == std::string_view::npos) return out;
  const auto last = name.find_last_not_of('_');
  std::replace(out.begin() + static_cast<std::ptrdiff_t>(first), out.begin() + static_cast<std::ptrdiff_t>(last), '_', '-');
  return out;
}

}  // namespace gitopsctl::invoke
