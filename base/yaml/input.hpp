#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gitopsctl::yaml_detail {

/// A YAML text as UTF-8 without its byte order mark, cut before the first place that no reader accepts.
struct Input {
  std::string_view text;   ///< the given text, or `converted`
  std::string converted;   ///< of UTF-16
  bool ascii = true;       ///< every character is one byte
  std::string problem;     ///< what is wrong behind `text`; empty when nothing is
  std::size_t offset = 0;  ///< of the problem, in bytes of the given text
};

/// Finds encoding and bad characters. Go's library reads its input in blocks of 512 bytes and reports a bad character as
/// soon as it gets to its block, so the text is cut at the beginning of that block.
void open_input(std::string_view given, Input& out);

}  // namespace gitopsctl::yaml_detail
