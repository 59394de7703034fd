#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"

namespace gitopsctl::channels {

/// One version of a chart in the index of a repository.
struct IndexEntry {
  std::string version;
  std::vector<std::string> urls;  ///< absolute, or relative to the repository
  std::string digest;             ///< `sha256:…` of the archive; empty: the index does not say
};

/// The `index.yaml` of a chart repository: of each chart its versions, the newest first as helm orders them.
class ChartIndex {
 public:
  static constexpr std::size_t max_bytes = 64U << 20U;

  /// Reads YAML or JSON. Entries that helm skips (no name or version, of another form) are left out. Errors,
  /// `invalid_input`: no YAML, no apiVersion, empty, one that is nested or unfolds beyond all measure; located in `file`.
  /// Pure.
  static Result<ChartIndex> parse(std::string_view text, const std::string& file);

  /// The version of `name` that helm would take: exactly `wanted` where there is one, else the newest in that range; of an
  /// empty range the newest that is no prerelease. Error: `not_found`, with what there is, or a range that cannot be read.
  [[nodiscard]] Result<const IndexEntry*> find(std::string_view name, std::string_view wanted) const;
  /// The versions of a chart, the newest first; none when it is not there.
  [[nodiscard]] const std::vector<IndexEntry>& versions(std::string_view name) const;

 private:
  std::map<std::string, std::vector<IndexEntry>, std::less<>> entries_;
};

/// The first of `versions` (the newest first) that is exactly `wanted` or else in that range, as an index into them; -1:
/// none. Error, `invalid_input`: `wanted` is no range.
[[nodiscard]] Result<int> choose_version(const std::vector<std::string>& versions, std::string_view wanted);

/// Sorts versions, the newest first; those of equal precedence, and those that are none, by their text.
void sort_newest_first(std::vector<std::string>& versions);

}  // namespace gitopsctl::channels
