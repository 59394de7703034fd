#pragma once

#include <cstddef>
#include <string>

#include "base/value/value.hpp"
#include "channels/plan/change_set.hpp"

namespace gitopsctl::channels {

/// `-o json|yaml`: the ChangeSet as data. The field names are a public format (docs/formats/change-set.md).
[[nodiscard]] Value report_value(const ChangeSet& changes);

struct TableOptions {
  bool colour = false;
  bool diffs = true;  ///< per-object unified diffs below the table
  std::size_t context = 3;
};
/// `-o table`: for a terminal.
[[nodiscard]] std::string report_table(const ChangeSet& changes, const TableOptions& options);

struct MarkdownOptions {
  std::size_t max_bytes = 65'000;  ///< GitHub refuses comments above 65 536 characters
  std::string repository_url;      ///< for links; may be empty
};
/// `-o markdown`: the pull-request comment. Verdict and counts first, one fold per release, fences longer than any inside,
/// the digest, and a note on what was cut. Same change set, same bytes.
[[nodiscard]] std::string report_markdown(const ChangeSet& changes, const MarkdownOptions& options);

}  // namespace gitopsctl::channels
