#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/yaml/events.hpp"

namespace gitopsctl::yaml_detail {

enum class TokenType : std::uint8_t {
  stream_end,
  version_directive,
  tag_directive,
  document_start,
  document_end,
  block_list_start,
  block_map_start,
  block_end,
  flow_list_start,
  flow_list_end,
  flow_map_start,
  flow_map_end,
  block_entry,
  flow_entry,
  key,
  value,
  alias,
  anchor,
  tag,
  scalar,
};

struct Token {
  /// Of a tag (`!e!int`) or a %TAG directive: its handle, and its suffix or prefix. Of %YAML: the version.
  struct Extra {
    std::string handle;
    std::string suffix;
    int major = 0;
    int minor = 0;
  };

  TokenType type = TokenType::stream_end;
  bool plain = false;  ///< a scalar without quotes
  bool owns = false;   ///< the text is in `text`, else in `view`
  /// The simple key that this token may begin, by its flow level; -1 when it begins none.
  std::int32_t key_level = -1;
  Mark start;
  Mark end;
  std::string_view view;  ///< into the input
  std::string text;
  std::unique_ptr<Extra> extra;

  /// The text of a scalar, or the name of an anchor or alias.
  [[nodiscard]] std::string_view value() const noexcept { return owns ? std::string_view(text) : view; }
};

}  // namespace gitopsctl::yaml_detail
