#include "agent/cli/table.hpp"

#include <algorithm>

#include "base/text/escape.hpp"

namespace gitopsctl::agent::cli {

namespace {

/// Characters, not bytes: enough for columns of names and sentences.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

void Table::add(std::vector<std::string> cells, Tint tint, std::size_t tinted_column) {
  for (auto& cell : cells) cell = cell.empty() ? "-" : terminal_safe(cell);
  rows_.push_back({std::move(cells), tint, tinted_column});
}

std::string Table::text(bool colour) const {
  std::vector<std::size_t> widths;
  widths.reserve(heads_.size());
  for (const auto& head : heads_) widths.push_back(columns_of(head));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.cells.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], columns_of(row.cells[i]));
    }
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells, Tint tint, std::size_t column) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      out += i == column ? tinted(cells[i], tint, colour) : cells[i];
      if (i + 1 < cells.size()) out += std::string(widths[i] - columns_of(cells[i]) + 2, ' ');
    }
    out += '\n';
  };
  line(heads_, Tint::none, heads_.size());
  for (const auto& row : rows_) line(row.cells, row.tint, row.column);
  return out;
}

std::string tinted(std::string_view text, Tint tint, bool colour) {
  if (!colour || tint == Tint::none) return std::string(text);
  const char* code = "0";
  switch (tint) {
    case Tint::good: code = "32"; break;
    case Tint::warn: code = "33"; break;
    case Tint::bad: code = "31"; break;
    case Tint::dim: code = "2"; break;
    case Tint::none: break;
  }
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string short_id(std::string_view id) {
  if (id.starts_with("sha256:")) id.remove_prefix(7);
  return id.empty() ? std::string("-") : std::string(id.substr(0, 12));
}

}  // namespace gitopsctl::agent::cli
