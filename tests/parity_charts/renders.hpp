#pragma once

#include <filesystem>
#include <string>

#include "tests/parity_charts/value_sets.hpp"

namespace gitopsctl::tests {

/// What an engine made of a chart with a set of values: its output, or what it said behind `Error: `, that word included.
struct Rendered {
  bool ok = false;
  std::string text;
};

/// One render: a chart that stands as `chart` in the folder `work`, and values for it.
struct RenderOrder {
  std::filesystem::path work;
  std::string chart_digest;
  const ValueSet* values = nullptr;
  bool include_crds = false;
  bool skip_schema = false;
};

/// The real helm, whose answers are kept in a folder by what went into them, so that a second comparison needs no second
/// run.
class CachedHelm {
 public:
  /// `program` is helm's path, `cache` the folder.
  CachedHelm(std::string program, std::filesystem::path cache);
  /// What `helm template` gives; runs of different numbers are different runs of helm. Throws std::runtime_error when helm
  /// cannot be run. Thread-safe for different work folders.
  [[nodiscard]] Rendered render(const RenderOrder& order, int run) const;
  /// `v4.3.1`.
  [[nodiscard]] std::string version() const;

 private:
  std::string program_;
  std::filesystem::path cache_;
  std::string identity_;  ///< of the program's file
};

/// What our engine gives in the profile, without a process of its own. Thread-safe.
[[nodiscard]] Rendered render_ours(const RenderOrder& order, const std::string& profile);

}  // namespace gitopsctl::tests
