#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/value/value.hpp"
#include "channels/plan/change_set.hpp"
#include "channels/policy/guard.hpp"

namespace gitopsctl::channels {

// Everything here is pure and deterministic: same change set and options, same bytes. Names, messages and objects come from
// Git, charts and clusters; each form makes them harmless for where it is shown. Secrets are no concern of these functions:
// a ChangeSet holds none.

/// `-o json|yaml`: the ChangeSet as data, with the verdicts of the guards when there are any. The field names are a public
/// format (docs/formats/change-set.md).
[[nodiscard]] Value report_value(const ChangeSet& changes, const std::vector<Verdict>& verdicts = {});

struct TableOptions {
  bool colour = false;
  bool diffs = true;  ///< per-object unified diffs below the table
  std::size_t context = 3;
  std::vector<Verdict> verdicts;  ///< those that do not pass are shown with the command that moves them
};
/// `-o table`: for a terminal. Verdict and counts first, then one line per release that changes or fails, errors, diffs.
[[nodiscard]] std::string report_table(const ChangeSet& changes, const TableOptions& options);

struct MarkdownOptions {
  std::size_t max_bytes = 65'000;  ///< GitHub refuses comments above 65 536 characters
  std::string repository_url;      ///< `https://host/owner/name`, for links to commits; anything else is not used
  std::vector<Verdict> verdicts;   ///< those that do not pass are shown with the command that moves them
};
/// `-o markdown`: the pull-request comment. Verdict and counts first, what waits, what of the policy changes,
/// errors, a table of the releases with
/// changed images, one fold per release, the digests and the next commands. Fences are longer than any inside. Never longer
/// than max_bytes: what does not fit is cut release by release (small ones stay whole), and a note says what was cut and
/// how to see it. Below some 600 bytes only the first line is left.
[[nodiscard]] std::string report_markdown(const ChangeSet& changes, const MarkdownOptions& options);

}  // namespace gitopsctl::channels
