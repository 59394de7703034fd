#include "invoke-compat/listing/columns.hpp"

#include <algorithm>

#include "base/text/unicode.hpp"
#include "base/text/utf8.hpp"

namespace gitopsctl::invoke {
namespace {

constexpr std::size_t indent = 2;   // before a label
constexpr std::size_t padding = 3;  // behind the longest label
constexpr std::size_t margin = 1;   // the last column of a terminal stays empty
constexpr std::size_t tab_stop = 8;

/// Tabs as blanks up to the next stop, every other blank of ASCII as one blank.
std::u32string blanks_only(std::u32string_view text) {
  std::u32string out;
  std::size_t column = 0;
  for (const char32_t rune : text) {
    if (rune == U'\t') {
      const auto blanks = tab_stop - column % tab_stop;
      out.append(blanks, U' ');
      column += blanks;
    } else {
      const bool line_end = rune == U'\n' || rune == U'\r';
      out += line_end || rune == U'\v' || rune == U'\f' ? U' ' : rune;
      column = line_end ? 0 : column + 1;
    }
  }
  return out;
}

bool word_sign(char32_t c) { return is_letter(c) || is_number(c) || c == U'_'; }
bool letter(char32_t c) { return word_sign(c) && !is_digit(c); }
/// What may stand before a dash that is punctuation.
bool before_dash(char32_t c) {
  return word_sign(c) || std::u32string_view(U"!\"'&.,?").find(c) != std::u32string_view::npos;
}

/// Finds where a text may be broken.
class Splitter {
 public:
  explicit Splitter(std::u32string_view text) : text_(text) {}

  std::vector<std::u32string_view> chunks() {
    std::vector<std::u32string_view> out;
    for (std::size_t begin = 0; begin < text_.size();) {
      const auto end = chunk_end(begin);
      out.push_back(text_.substr(begin, end - begin));
      begin = end;
    }
    return out;
  }

 private:
  [[nodiscard]] char32_t at(std::size_t i) const { return i < text_.size() ? text_[i] : U'\0'; }
  [[nodiscard]] bool blank(std::size_t i) const { return at(i) == U' '; }

  /// Two dashes or more at `i`, between a word and a word, are a chunk of their own. Where they end, or `i`.
  [[nodiscard]] std::size_t dashes_end(std::size_t i) const {
    auto end = i;
    while (at(end) == U'-') ++end;
    const bool between = end >= i + 2 && i > 0 && before_dash(at(i - 1)) && end < text_.size() && word_sign(at(end));
    return between ? end : i;
  }

  /// A hyphen at `i - 1` behind two letters, or a letter, a hyphen and a letter, with two letters to follow.
  [[nodiscard]] bool breaks_after_hyphen(std::size_t i) const {
    if (i < 3 || at(i - 1) != U'-') return false;
    const bool two_letters = letter(at(i - 2)) && letter(at(i - 3));
    const bool chain = i >= 4 && before_dash(at(i - 2)) && at(i - 3) == U'-' && letter(at(i - 4));
    if (!two_letters && !chain) return false;
    if (i >= text_.size() || !letter(at(i))) return false;
    return (i + 1 < text_.size() && letter(at(i + 1))) || (at(i + 1) == U'-' && i + 2 < text_.size() && letter(at(i + 2)));
  }

  [[nodiscard]] std::size_t chunk_end(std::size_t begin) const {
    auto end = begin;
    while (blank(end)) ++end;
    if (end > begin) return end;
    if (const auto dashes = dashes_end(begin); dashes > begin) return dashes;
    for (end = begin + 1; end < text_.size(); ++end) {
      if (blank(end) || (end >= begin + 2 && breaks_after_hyphen(end)) || dashes_end(end) > end) break;
    }
    return end;
  }

  std::u32string_view text_;
};

/// Where a word that is too long is cut: behind its last hyphen in reach, if something else than hyphens stands before it.
std::size_t cut(std::u32string_view word, std::size_t room) {
  if (word.size() <= room) return room;
  const auto hyphen = word.substr(0, room).rfind(U'-');
  if (hyphen == std::u32string_view::npos || hyphen == 0) return room;
  return word.substr(0, hyphen).find_first_not_of(U'-') == std::u32string_view::npos ? room : hyphen + 1;
}

bool only_blanks(std::u32string_view chunk) { return chunk.find_first_not_of(U' ') == std::u32string_view::npos; }

}  // namespace

std::size_t length_of(std::string_view text) noexcept {
  std::size_t out = 0;
  for (; !text.empty(); ++out) text.remove_prefix(decode_utf8(text).length);
  return out;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  width = std::max<std::size_t>(width, 1);
  const auto runes = blanks_only(to_runes(text));
  auto chunks = Splitter(runes).chunks();
  std::reverse(chunks.begin(), chunks.end());
  std::vector<std::string> out;
  while (!chunks.empty()) {
    std::vector<std::u32string_view> line;
    std::size_t length = 0;
    if (!out.empty() && only_blanks(chunks.back())) chunks.pop_back();
    while (!chunks.empty() && length + chunks.back().size() <= width) {
      length += chunks.back().size();
      line.push_back(chunks.back());
      chunks.pop_back();
    }
    if (!chunks.empty() && chunks.back().size() > width) {
      // With no room left nothing of the word is put here, and that nothing is what the end of the line then drops: a blank
      // before it stays.
      const auto room = std::min(cut(chunks.back(), width - length), chunks.back().size());
      line.push_back(chunks.back().substr(0, room));
      chunks.back().remove_prefix(room);
    }
    if (!line.empty() && only_blanks(line.back())) line.pop_back();
    std::u32string joined;
    for (const auto chunk : line) joined += chunk;
    if (!line.empty()) out.push_back(from_runes(joined));
  }
  return out;
}

std::string print_columns(const std::vector<Row>& rows, std::size_t columns) {
  std::size_t longest = 0;
  for (const auto& row : rows) longest = std::max(longest, length_of(row.label));
  const auto used = indent + longest + padding + margin;
  const bool beside = columns > used;
  const std::size_t text_indent = beside ? indent + longest + padding : 2 * indent + padding;
  const std::size_t text_width =
      beside ? columns - used : std::max(columns, text_indent + margin + 1) - text_indent - margin;
  std::string out;
  for (const auto& row : rows) {
    auto lines = wrap(row.text, text_width);
    std::string label = std::string(indent, ' ') + row.label;
    if (lines.empty() || !beside) {
      label.resize(label.find_last_not_of(' ') + 1);
      out += label + '\n';
    } else {
      label.append(longest - length_of(row.label) + padding, ' ');
      out += label + lines.front() + '\n';
      lines.erase(lines.begin());
    }
    for (const auto& line : lines) out += std::string(text_indent, ' ') + line + '\n';
  }
  return out + '\n';
}

}  // namespace gitopsctl::invoke
