#include <algorithm>
#include <string>

#include "base/text/unicode.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/functions.hpp"
#include "render/functions/word_case.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

/// A function of one text whose result is at most a few times as long.
template <std::string (*map_words)(std::string_view)>
Result<Value> mapped(CallContext& /*context*/, Arguments arguments) {
  return text_value("case function", map_words(arguments[0].as_string()));
}

std::string upper(std::string_view text) { return to_upper(text); }
std::string lower(std::string_view text) { return to_lower(text); }

Result<Value> wrap(CallContext& /*context*/, Arguments arguments) {
  return text_value("wrap", wrap_words(arguments[1].as_string(), arguments[0].as_int(), "\n", false));
}

Result<Value> wrap_with(CallContext& /*context*/, Arguments arguments) {
  const auto width = std::max<std::int64_t>(arguments[0].as_int(), 1);
  const auto separator = arguments[1].as_string().empty() ? std::string_view("\n") : arguments[1].as_string();
  const auto text = arguments[2].as_string();
  // At most one separator for every byte.
  const auto breaks =
      text.size() / static_cast<std::size_t>(std::min<std::int64_t>(width, 1LL << 30U)) + text.size() / 2 + 1;
  if (breaks > max_text_bytes / separator.size()) return text_too_large("wrapWith");
  return text_value("wrapWith", wrap_words(text, width, separator, true));
}

constexpr std::string_view ellipsis = "...";

/// A window of at most `width` bytes that begins near `offset`, with dots for what is left out; "" when the width is too
/// small for two groups of dots.
std::string abbreviated(std::string_view text, std::int64_t offset, std::int64_t width) {
  const auto size = static_cast<std::int64_t>(text.size());
  if (size <= width) return std::string(text);
  offset = std::min(offset, size);
  // Go's subtraction wraps around for the smallest offsets, which then count as past the end.
  const auto rest = static_cast<std::int64_t>(static_cast<std::uint64_t>(size) - static_cast<std::uint64_t>(offset));
  if (rest < width - 3) offset = size - (width - 3);
  const auto piece = [&](std::int64_t from, std::int64_t count) {
    return std::string(text.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(count)));
  };
  if (offset <= 4) return piece(0, width - 3) + std::string(ellipsis);
  if (width < 7) return "";
  if (offset + width - 3 >= size) return std::string(ellipsis) + piece(size - (width - 3), width - 3);
  // The window between two groups of dots; a width that leaves no room for the right one gives only the left one.
  if (width - 3 < 4) return std::string(ellipsis);
  return std::string(ellipsis) + piece(offset, width - 6) + std::string(ellipsis);
}

Result<Value> abbrev(CallContext& /*context*/, Arguments arguments) {
  if (arguments[0].as_int() < 4) return arguments[1];
  return Value::string(abbreviated(arguments[1].as_string(), 0, arguments[0].as_int()));
}

Result<Value> abbrevboth(CallContext& /*context*/, Arguments arguments) {
  const auto left = arguments[0].as_int();
  const auto right = arguments[1].as_int();
  if (right < 4 || (left > 0 && right < 7)) return arguments[2];
  return Value::string(abbreviated(arguments[2].as_string(), left, right));
}

constexpr Function table[] = {
    {"upper", mapped<upper>, params<string>},
    {"lower", mapped<lower>, params<string>},
    {"title", mapped<title_case>, params<string>},
    {"untitle", mapped<untitle_case>, params<string>},
    {"swapcase", mapped<swap_case>, params<string>},
    {"snakecase", mapped<snake_case>, params<string>},
    {"kebabcase", mapped<kebab_case>, params<string>},
    {"camelcase", mapped<pascal_case>, params<string>},
    {"nospace", mapped<without_space>, params<string>},
    {"initials", mapped<initials>, params<string>},
    {"wrap", wrap, params<integer, string>},
    {"wrapWith", wrap_with, params<integer, string, string>},
    {"abbrev", abbrev, params<integer, string>},
    {"abbrevboth", abbrevboth, params<integer, integer, string>},
};

}  // namespace

std::span<const Function> word_functions() { return table; }

}  // namespace gitopsctl::render
