#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "render/helm/helm_log.hpp"
#include "render/helm/profile.hpp"
#include "render/inputs/inputs.hpp"
#include "render/template/evaluator.hpp"

namespace gitopsctl::render::helm {

/// The inputs of a render as template functions see them.
///
/// Random bytes come from HMAC-SHA-256 with the installation's key over release identity, file and number of the call, so
/// that a render gives the same secrets for ever, and nobody without the key can compute them. Without the key they come
/// from the system and differ at every render; a warning says so.
class HelmRenderContext final : public RenderContext {
 public:
  HelmRenderContext(const RenderInputs& inputs, const HelmProfile& profile, std::vector<std::string>& warnings,
                    bool lint = false, HelmLog* log = nullptr);

  TimePoint now() const override;
  bool lint() const override { return lint_; }
  std::string random_bytes(std::string_view site, std::size_t count) override;
  Result<Value> lookup(std::string_view api_version, std::string_view kind, std::string_view namespace_,
                       std::string_view name) override;
  std::optional<Result<Value>> map_method(const Value& receiver, std::string_view name,
                                          std::span<const Value> arguments) override;
  bool has_map_method(MapType type, std::string_view name) const override;
  void warn(std::string_view message) override;

 private:
  const RenderInputs& inputs_;
  const HelmProfile& profile_;
  std::vector<std::string>& warnings_;
  const bool lint_;
  HelmLog* log_;
  std::map<std::string, std::uint64_t, std::less<>> calls_;
  bool warned_ = false;
};

}  // namespace gitopsctl::render::helm
