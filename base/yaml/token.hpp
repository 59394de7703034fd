#pragma once

#include <cstdint>
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

/// Plain data, so that the queue moves tokens cheaply.
struct Token {
  TokenType type = TokenType::stream_end;
  bool plain = false;  ///< a scalar without quotes
  /// The simple key that this token may begin, by its flow level; -1 when it begins none.
  std::int32_t key_level = -1;
  Mark start;
  Mark end;
  /// The text of a scalar; the name of an anchor or alias; the suffix of a tag or the prefix of a %TAG directive. Part of
  /// the input or of the scanner's text store.
  std::string_view value;
  std::string_view handle;  ///< of a tag (`!e!`) or a %TAG directive
  int major = 0;            ///< of %YAML
  int minor = 0;
};

}  // namespace gitopsctl::yaml_detail
