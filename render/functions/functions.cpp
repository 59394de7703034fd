#include "render/functions/functions.hpp"

#include <array>

namespace gitopsctl::render {

namespace {

// Those of newer versions stand at the end.
constexpr std::size_t common_tables = 14;

}  // namespace

std::span<const std::span<const Function>> all_functions() {
  static const std::array tables{
      string_functions(),      word_functions(),     list_functions(),   map_functions(),    math_functions(),
      type_functions(),        encoding_functions(), digest_functions(), regex_functions(),  version_functions(),
      path_functions(),        date_functions(),     random_functions(), crypto_functions(), strict_yaml_functions(),
      strict_toml_functions(), duration_functions(),
  };
  static_assert(tables.size() == common_tables + 3);
  return tables;
}

std::span<const std::span<const Function>> common_functions() { return all_functions().first(common_tables); }

}  // namespace gitopsctl::render
