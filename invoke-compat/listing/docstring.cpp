#include "invoke-compat/listing/docstring.hpp"

#include <algorithm>
#include <limits>

#include "base/text/utf8.hpp"
#include "invoke-compat/python_text/python_text.hpp"

namespace gitopsctl::invoke {
namespace {

constexpr std::size_t tab_stop = 8;

/// Length of the line end at the beginning of `text`, by Python's str.splitlines; 0 when there is none.
std::size_t line_end(std::string_view text) {
  if (text.starts_with("\r\n")) return 2;
  const auto rune = decode_utf8(text);
  const bool end = (rune.value >= 0x0A && rune.value <= 0x0D) || (rune.value >= 0x1C && rune.value <= 0x1E) ||
                   rune.value == 0x85 || rune.value == 0x2028 || rune.value == 0x2029;
  return end ? rune.length : 0;
}

std::string expand_tabs(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const auto length = decode_utf8(text).length;
    if (text[0] == '\t') {
      const auto blanks = tab_stop - column % tab_stop;
      out.append(blanks, ' ');
      column += blanks;
    } else {
      out.append(text.substr(0, length));
      column = text[0] == '\n' || text[0] == '\r' ? 0 : column + 1;
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string_view without_front(std::string_view line) {
  const auto stripped = python_strip(line);
  return stripped.empty() ? stripped : line.substr(static_cast<std::size_t>(stripped.data() - line.data()));
}

}  // namespace

std::string first_line(std::string_view docstring) {
  const auto text = without_front(docstring);
  std::size_t end = 0;
  while (end < text.size() && line_end(text.substr(end)) == 0) ++end;
  return std::string(text.substr(0, end));
}

std::vector<std::string> clean_lines(std::string_view docstring) {
  const auto text = expand_tabs(docstring);
  std::vector<std::string> lines;
  for (std::string_view rest = text;;) {
    const auto end = rest.find('\n');
    lines.emplace_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  auto common = std::numeric_limits<std::size_t>::max();
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto content = without_front(lines[i]);
    if (!content.empty()) common = std::min(common, lines[i].size() - content.size());
  }
  lines.front() = std::string(without_front(lines.front()));
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (common != std::numeric_limits<std::size_t>::max()) lines[i].erase(0, common);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  const auto first = std::find_if(lines.begin(), lines.end(), [](const std::string& line) { return !line.empty(); });
  lines.erase(lines.begin(), first);
  return lines;
}

}  // namespace gitopsctl::invoke
