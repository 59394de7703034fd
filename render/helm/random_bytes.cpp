#include "render/helm/random_bytes.hpp"

#include "base/crypto/digest.hpp"

namespace gitopsctl::render::helm {

namespace {

// The length goes in front, so that neighbouring fields cannot run into each other.
void add_field(std::string& message, std::string_view field) {
  message += std::to_string(field.size());
  message += ':';
  message += field;
}

}  // namespace

std::string keyed_random_bytes(const RenderInputs& inputs, std::string_view site, std::uint64_t call, std::size_t count) {
  std::string message;
  add_field(message, "gitopsctl.dev/v1 random bytes");
  add_field(message, inputs.identity.empty() ? inputs.namespace_ + '/' + inputs.helm.release_name : inputs.identity);
  add_field(message, site);
  add_field(message, std::to_string(call));
  std::string out;
  for (std::uint64_t block = 0; out.size() < count; ++block) {
    std::string numbered = message;
    add_field(numbered, std::to_string(block));
    out += hmac_sha256(inputs.installation_key, numbered);
  }
  out.resize(count);
  return out;
}

}  // namespace gitopsctl::render::helm
