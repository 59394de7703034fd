#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gitopsctl::tests {

/// One line of a `<library>/rooms.txt`.
struct RoomLine {
  std::set<std::string> rooms;    ///< rooms of the same library that it may include
  std::set<std::string> headers;  ///< headers from outside of the project that it may include
  int line = 0;
};

/// A whole table, by room.
struct RoomTable {
  std::map<std::string, RoomLine> rooms;
  std::vector<std::string> mistakes;  ///< lines that are no `room: rooms ; headers`, rooms that stand twice
};

[[nodiscard]] RoomTable parse_rooms(std::string_view text, const std::string& file);

/// One `#include` line of a source file.
struct Include {
  std::string file;  ///< path from the root of the repository
  int line = 0;
  std::string header;
  bool quoted = false;  ///< "…" rather than <…>
};

/// Every #include line of `text`; those in block comments or raw strings are not told apart, and are not written here.
[[nodiscard]] std::vector<Include> find_includes(std::string_view text, const std::string& file);

/// What the includes of a tree may be.
struct RoomRules {
  /// Libraries from the lowest to the highest; each may include itself and those it names.
  std::map<std::string, std::set<std::string>> lower;
  std::map<std::string, RoomTable> tables;  ///< by library
};

struct RoomFindings {
  std::vector<std::string> errors;
  std::vector<std::string> unused;  ///< entries of the tables that no #include needs
};

/// Judges every include of every file below the libraries. `files` are all source files of them (for rooms without a line).
[[nodiscard]] RoomFindings judge(const RoomRules& rules, const std::vector<std::string>& files,
                                 const std::vector<Include>& includes);

}  // namespace gitopsctl::tests
