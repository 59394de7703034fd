#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gitopsctl::yaml_detail {

/// A place in the input; both count from 0, columns in characters.
struct Mark {
  std::int32_t line = 0;
  std::int32_t column = 0;
};

enum class EventType : std::uint8_t {
  stream_end,
  document_start,
  document_end,
  alias,
  scalar,
  list_start,
  list_end,
  map_start,
  map_end,
};

/// One step of a document. The views are valid until the next event is asked for.
struct Event {
  EventType type = EventType::stream_end;
  /// An untagged plain scalar: its text decides its type.
  bool plain = false;
  Mark mark;
  std::string_view value;   ///< of a scalar
  std::string_view tag;     ///< in full (`tag:yaml.org,2002:str`), empty when there is none
  std::string_view anchor;  ///< defined by this node, or referred to by an alias
};

/// Why reading stopped, with the places that the messages of Go's libraries are made from.
struct SyntaxError {
  enum class Stage : std::uint8_t { reader, scanner, parser, limit };
  Stage stage = Stage::parser;
  std::string problem;
  Mark problem_mark;
  Mark context_mark;
  std::size_t offset = 0;  ///< in bytes, for reader errors
};

}  // namespace gitopsctl::yaml_detail
