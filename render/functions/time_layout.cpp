#include "render/functions/time_layout.hpp"

namespace gitopsctl::render {
namespace {

struct Spelling {
  std::string_view text;
  LayoutPart part;
  OffsetForm form;
};

// Of those that begin alike the longest first.
constexpr Spelling spellings[] = {
    {"January", LayoutPart::long_month, {}},
    {"Jan", LayoutPart::month, {}},
    {"Monday", LayoutPart::long_weekday, {}},
    {"Mon", LayoutPart::weekday, {}},
    {"MST", LayoutPart::zone_name, {}},
    {"002", LayoutPart::zero_year_day, {}},
    {"01", LayoutPart::zero_month, {}},
    {"02", LayoutPart::zero_day, {}},
    {"03", LayoutPart::zero_hour12, {}},
    {"04", LayoutPart::zero_minute, {}},
    {"05", LayoutPart::zero_second, {}},
    {"06", LayoutPart::year, {}},
    {"15", LayoutPart::hour, {}},
    {"1", LayoutPart::number_month, {}},
    {"2006", LayoutPart::long_year, {}},
    {"2", LayoutPart::day, {}},
    {"__2", LayoutPart::under_year_day, {}},
    {"_2", LayoutPart::under_day, {}},
    {"3", LayoutPart::hour12, {}},
    {"4", LayoutPart::minute, {}},
    {"5", LayoutPart::second, {}},
    {"PM", LayoutPart::upper_half, {}},
    {"pm", LayoutPart::lower_half, {}},
    {"-070000", LayoutPart::offset, {false, false, 3}},
    {"-07:00:00", LayoutPart::offset, {false, true, 3}},
    {"-0700", LayoutPart::offset, {false, false, 2}},
    {"-07:00", LayoutPart::offset, {false, true, 2}},
    {"-07", LayoutPart::offset, {false, false, 1}},
    {"Z070000", LayoutPart::offset, {true, false, 3}},
    {"Z07:00:00", LayoutPart::offset, {true, true, 3}},
    {"Z0700", LayoutPart::offset, {true, false, 2}},
    {"Z07:00", LayoutPart::offset, {true, true, 2}},
    {"Z07", LayoutPart::offset, {true, false, 1}},
};

bool is_digit_at(std::string_view text, std::size_t at) noexcept {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}
bool is_lower_at(std::string_view text, std::size_t at) noexcept {
  return at < text.size() && text[at] >= 'a' && text[at] <= 'z';
}

/// The part that begins `rest`; `none` when none does.
LayoutPiece part_at(std::string_view rest) {
  LayoutPiece piece;
  if (rest[0] == '.' || rest[0] == ',') {
    const char digit = rest.size() > 1 ? rest[1] : ' ';
    if (digit != '0' && digit != '9') return piece;
    const auto end = std::min(rest.find_first_not_of(digit, 1), rest.size());
    if (is_digit_at(rest, end)) return piece;  // `.0015` is no fraction
    piece.part = digit == '0' ? LayoutPart::fraction_zeros : LayoutPart::fraction_shortest;
    piece.text = rest.substr(0, end);
    piece.digits = static_cast<int>(std::min<std::size_t>(end - 1, 1000));
    return piece;
  }
  for (const auto& spelling : spellings) {
    if (!rest.starts_with(spelling.text)) continue;
    // `Jan` and `Mon` inside another word are text.
    const bool short_name = spelling.part == LayoutPart::month || spelling.part == LayoutPart::weekday;
    if (short_name && is_lower_at(rest, 3)) continue;
    // `_2006` is an underscore and a year.
    if (spelling.part == LayoutPart::under_day && rest.starts_with("_2006")) return piece;
    piece.part = spelling.part;
    piece.text = rest.substr(0, spelling.text.size());
    piece.form = spelling.form;
    return piece;
  }
  return piece;
}

}  // namespace

LayoutPiece next_layout_piece(std::string_view& layout) {
  for (std::size_t at = 0; at < layout.size(); ++at) {
    LayoutPiece piece = part_at(layout.substr(at));
    if (piece.part == LayoutPart::none) continue;
    piece.literal = layout.substr(0, at);
    layout.remove_prefix(at + piece.text.size());
    return piece;
  }
  LayoutPiece rest;
  rest.literal = layout;
  layout = {};
  return rest;
}

}  // namespace gitopsctl::render
