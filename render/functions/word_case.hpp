#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gitopsctl::render {

// Case and word conversions of sprig's libraries (strings.Title, goutils 1.1, xstrings 1.5). Pure.

/// `hello big-world` as `Hello Big-World`.
[[nodiscard]] std::string title_case(std::string_view text);
/// The first letter of every word in lower case.
[[nodiscard]] std::string untitle_case(std::string_view text);
/// Upper for lower and lower for upper, title case at the start of words.
[[nodiscard]] std::string swap_case(std::string_view text);
/// `HTTPServer` as `http_server`.
[[nodiscard]] std::string snake_case(std::string_view text);
/// `HTTPServer` as `http-server`.
[[nodiscard]] std::string kebab_case(std::string_view text);
/// `http_server` as `HttpServer`.
[[nodiscard]] std::string pascal_case(std::string_view text);
/// Without white space; bytes are taken for Latin-1 characters when there was any, as upstream does.
[[nodiscard]] std::string without_space(std::string_view text);
/// The first byte of every word.
[[nodiscard]] std::string initials(std::string_view text);
/// Breaks `text` at blanks so that lines have at most `width` bytes; words that are longer are cut when `cut_words`.
[[nodiscard]] std::string wrap_words(std::string_view text, std::int64_t width, std::string_view line_break, bool cut_words);

}  // namespace gitopsctl::render
