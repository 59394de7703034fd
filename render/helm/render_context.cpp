#include "render/helm/render_context.hpp"

#include <utility>

#include "base/crypto/digest.hpp"
#include "render/helm/files_object.hpp"
#include "render/helm/helm_log.hpp"
#include "render/helm/random_bytes.hpp"

namespace gitopsctl::render::helm {

HelmRenderContext::HelmRenderContext(const RenderInputs& inputs, const HelmProfile& profile,
                                     std::vector<std::string>& warnings, bool lint, HelmLog* log)
    : inputs_(inputs), profile_(profile), warnings_(warnings), lint_(lint), log_(log) {}

TimePoint HelmRenderContext::now() const { return inputs_.now; }

std::string HelmRenderContext::random_bytes(std::string_view site, std::size_t count) {
  if (inputs_.installation_key.empty() && !inputs_.random) {
    if (!std::exchange(warned_, true)) {
      warn("the chart makes random values; without the installation's key they differ at every render");
    }
    return gitopsctl::random_bytes(count);
  }
  auto& calls = calls_.try_emplace(std::string(site), 0).first->second;
  return inputs_.random ? inputs_.random(site, calls++, count) : keyed_random_bytes(inputs_, site, calls++, count);
}

Result<Value> HelmRenderContext::lookup(std::string_view api_version, std::string_view kind, std::string_view namespace_,
                                        std::string_view name) {
  if (!inputs_.lookup) return Value::map();
  GITOPSCTL_TRY(const auto found,
                inputs_.lookup({std::string(api_version), std::string(kind), std::string(namespace_), std::string(name)}));
  // Templates change what they are given, and the next render is given the same.
  return found.deep_copy();
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

void HelmRenderContext::warn(std::string_view message) {
  warnings_.emplace_back(message);
  if (log_ == nullptr) return;
  // What the engine says of `required` and `fail` when it lints.
  constexpr std::string_view missing = "missing required value: ";
  constexpr std::string_view empty = "empty required value: ";
  constexpr std::string_view failed = "fail: ";
  if (message.starts_with(missing) || message.starts_with(empty)) {
    const bool nothing = message.starts_with(missing);
    const std::string text(message.substr(nothing ? missing.size() : empty.size()));
    log_->write(nothing ? "engine.go:206" : "engine.go:214", "[INFO] Missing required value: " + text, "WARN",
                nothing ? "missing required value" : "missing required values", {{"message", text}});
  } else if (message.starts_with(failed)) {
    const std::string text(message.substr(failed.size()));
    log_->write("engine.go:227", "[INFO] Fail: " + text, "INFO", "funcMap fail", {{"message", text}});
  }
}

}  // namespace gitopsctl::render::helm
