#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "channels/plan/change_set.hpp"

namespace gitopsctl::channels {

/// `+2 ~1 -0`, with `, 1 adopted` and `, 2 kept` when there are any.
[[nodiscard]] std::string counts_text(const Counts& counts);
/// The counts of one release.
[[nodiscard]] Counts counts_of(const ReleaseChanges& release) noexcept;
/// True when the release has something to show: a change, a kept object, an error or a warning.
[[nodiscard]] bool worth_showing(const ReleaseChanges& release) noexcept;

/// What a channel's change comes to, without its name: `2 releases change (+2 ~1 -1)`, `1 release fails, 2 change (…)`,
/// `no changes`; with `; the policy changes` where it does.
[[nodiscard]] std::string verdict_text(const ChangeSet& changes);
/// `3 releases`, `1 release`.
[[nodiscard]] std::string plural(std::size_t count, std::string_view noun);

/// A container image that differs between both sides of a release; an empty text where it is not there.
struct ImageChange {
  std::string before;
  std::string after;
  friend bool operator==(const ImageChange&, const ImageChange&) = default;
  friend auto operator<=>(const ImageChange&, const ImageChange&) = default;
};
/// The images that change in a release, sorted, each pair once. Containers are matched by name.
[[nodiscard]] std::vector<ImageChange> image_changes(const ReleaseChanges& release);
/// `nginx 1.25 → 1.27`, `old:1 → new:2`, `new image nginx:1.27`, `no longer nginx:1.25`; not escaped.
[[nodiscard]] std::string image_text(const ImageChange& image);

/// Where the differences of an update come from, one line for each field that differs, and further ones for parts of it that
/// come from elsewhere; then what the server or others keep as it is: `spec.replicas: drift: changed by …`. At most `max`
/// lines, and one that counts the rest. Empty when nobody can tell. Not escaped.
[[nodiscard]] std::vector<std::string> cause_lines(const Change& change, std::size_t max);

/// The unified diff of one change as it is shown: YAML of the redacted objects.
[[nodiscard]] std::string change_diff(const Change& change, std::size_t context);

/// `word` as one word of a shell command: quoted unless it is harmless.
[[nodiscard]] std::string shell_word(std::string_view word);
/// The command that shows this change set on a terminal.
[[nodiscard]] std::string diff_command(const ChangeSet& changes);

}  // namespace gitopsctl::channels
