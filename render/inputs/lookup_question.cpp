#include "render/inputs/inputs.hpp"

namespace gitopsctl::render {

std::string LookupQuestion::to_string() const {
  if (!name.empty()) return kind + ' ' + (namespace_.empty() ? "" : namespace_ + '/') + name;
  return "list of " + kind + (namespace_.empty() ? std::string() : " in " + namespace_);
}

}  // namespace gitopsctl::render
