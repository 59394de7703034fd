#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gitopsctl::agent::cli {

enum class Tint : std::uint8_t { none, good, warn, bad, dim };

/// Columns of text, as wide as they need to be, two blanks apart. Cells are made safe for a terminal here.
class Table {
 public:
  /// `heads` in upper case, as kubectl has them.
  explicit Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}
  void add(std::vector<std::string> cells, Tint tint_of_first = Tint::none, std::size_t tinted_column = 0);
  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
  /// The rows with a head line; colours when `colour`.
  [[nodiscard]] std::string text(bool colour) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    Tint tint = Tint::none;
    std::size_t column = 0;
  };
  std::vector<std::string> heads_;
  std::vector<Row> rows_;
};

/// `text` in a colour of the terminal, or as it is.
[[nodiscard]] std::string tinted(std::string_view text, Tint tint, bool colour);
/// The first 12 digits of a commit or digest, `-` when there is none.
[[nodiscard]] std::string short_id(std::string_view id);

}  // namespace gitopsctl::agent::cli
