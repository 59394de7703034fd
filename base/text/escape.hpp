#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gitopsctl {

/// `text` safe to show on a terminal: control bytes, DEL, C1 controls, bidirectional overrides and invalid UTF-8 become
/// `\xNN` or `\u{NNNN}`; newline and tab stay when `multi_line`.
[[nodiscard]] std::string terminal_safe(std::string_view text, bool multi_line = false);
/// `text` as literal Markdown inside a line: everything that could start markup, a mention or HTML is escaped, newlines
/// become blanks.
[[nodiscard]] std::string markdown_text(std::string_view text);
/// `text` as an inline code span, with a fence longer than any run of backticks inside.
[[nodiscard]] std::string markdown_code(std::string_view text);
/// A fenced block with a fence of at least three backticks and one longer than any run inside.
[[nodiscard]] std::string markdown_fence(std::string_view text, std::string_view language);
/// The first `max_bytes` of `text`, cut between characters.
[[nodiscard]] std::string_view truncate_utf8(std::string_view text, std::size_t max_bytes) noexcept;
[[nodiscard]] bool valid_utf8(std::string_view text) noexcept;
/// The candidate nearest to `word` when it is near enough to be a typing mistake, else "".
[[nodiscard]] std::string did_you_mean(std::string_view word, const std::string_view* candidates, std::size_t count);

}  // namespace gitopsctl
