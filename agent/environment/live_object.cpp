#include "agent/environment/environment.hpp"

namespace gitopsctl::agent {

std::string_view LiveObject::label(std::string_view key) const { return body.string_at({"metadata", "labels", key}); }

std::string_view LiveObject::annotation(std::string_view key) const {
  return body.string_at({"metadata", "annotations", key});
}

}  // namespace gitopsctl::agent
