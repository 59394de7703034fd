#include "render/functions/functions.hpp"

#include <array>

namespace gitopsctl::render {

std::span<const std::span<const Function>> all_functions() {
  static const std::array tables{
      string_functions(), word_functions(),     list_functions(),     map_functions(),
      math_functions(),   type_functions(),     encoding_functions(), strict_encoding_functions(),
      digest_functions(), regex_functions(),    version_functions(),  path_functions(),
      date_functions(),   duration_functions(), random_functions(),   crypto_functions(),
  };
  return tables;
}

}  // namespace gitopsctl::render
