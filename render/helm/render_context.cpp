#include "render/helm/render_context.hpp"

#include <utility>

#include "base/crypto/digest.hpp"
#include "render/helm/files_object.hpp"

namespace gitopsctl::render::helm {

namespace {

// The length goes in front, so that neighbouring fields cannot run into each other.
void add_field(std::string& message, std::string_view field) {
  message += std::to_string(field.size());
  message += ':';
  message += field;
}

}  // namespace

HelmRenderContext::HelmRenderContext(const RenderInputs& inputs, const HelmProfile& profile,
                                     std::vector<std::string>& warnings)
    : inputs_(inputs),
      profile_(profile),
      warnings_(warnings),
      identity_(inputs.identity.empty() ? inputs.namespace_ + '/' + inputs.helm.release_name : inputs.identity) {}

TimePoint HelmRenderContext::now() const { return inputs_.now; }

std::string HelmRenderContext::random_bytes(std::string_view site, std::size_t count) {
  if (inputs_.installation_key.empty()) {
    if (!std::exchange(warned_, true)) {
      warn("the chart makes random values; without the installation's key they differ at every render");
    }
    return gitopsctl::random_bytes(count);
  }
  auto& calls = calls_.try_emplace(std::string(site), 0).first->second;
  std::string message;
  add_field(message, "gitopsctl.dev/v1 random bytes");
  add_field(message, identity_);
  add_field(message, site);
  add_field(message, std::to_string(calls++));
  std::string out;
  for (std::uint64_t block = 0; out.size() < count; ++block) {
    std::string numbered = message;
    add_field(numbered, std::to_string(block));
    out += hmac_sha256(inputs_.installation_key, numbered);
  }
  out.resize(count);
  return out;
}

bool HelmRenderContext::has_map_method(MapType type, std::string_view name) const {
  if (type == MapType::files) return has_files_method(name);
  return is_values(type) && has_values_method(name);
}

std::optional<Result<Value>> HelmRenderContext::map_method(const Value& receiver, std::string_view name,
                                                           std::span<const Value> arguments) {
  if (!has_map_method(receiver.map_type(), name)) return std::nullopt;
  if (receiver.map_type() == MapType::files) return call_files_method(receiver, name, arguments, profile_);
  return call_values_method(receiver, name, arguments);
}

void HelmRenderContext::warn(std::string_view message) { warnings_.emplace_back(message); }

}  // namespace gitopsctl::render::helm
