#include "base/yaml/event_source.hpp"

#include <yaml.h>

#include <cstdlib>
#include <cstring>

namespace gitopsctl::yaml_detail {
namespace {

Mark mark_of(const yaml_mark_t& mark) {
  return {static_cast<std::int32_t>(mark.line), static_cast<std::int32_t>(mark.column)};
}

std::string_view text_of(const yaml_char_t* text) {
  return text == nullptr ? std::string_view{} : std::string_view(reinterpret_cast<const char*>(text));
}

}  // namespace

struct EventSource::Parser {
  yaml_parser_t parser;
  yaml_event_t event;
  bool has_event = false;
  bool ended = false;

  explicit Parser(std::string_view text) {
    if (yaml_parser_initialize(&parser) == 0) std::abort();  // out of memory
    yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  ~Parser() {
    drop();
    yaml_parser_delete(&parser);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  void drop() {
    if (has_event) yaml_event_delete(&event);
    has_event = false;
  }
};

EventSource::EventSource(std::string_view text) : parser_(std::make_unique<Parser>(text)) {}
EventSource::~EventSource() = default;

bool EventSource::next(Event& out) {
  Parser& state = *parser_;
  state.drop();
  out = Event{};
  if (state.ended) return true;
  do {
    state.drop();
    if (yaml_parser_parse(&state.parser, &state.event) == 0) {
      const auto& parser = state.parser;
      error_.stage = parser.error == YAML_READER_ERROR    ? SyntaxError::Stage::reader
                     : parser.error == YAML_SCANNER_ERROR ? SyntaxError::Stage::scanner
                                                          : SyntaxError::Stage::parser;
      error_.problem = parser.problem == nullptr ? "unknown problem parsing YAML content" : parser.problem;
      error_.problem_mark = mark_of(parser.problem_mark);
      error_.context_mark = mark_of(parser.context_mark);
      error_.offset = parser.problem_offset;
      return false;
    }
    state.has_event = true;
  } while (state.event.type == YAML_STREAM_START_EVENT || state.event.type == YAML_NO_EVENT);
  const yaml_event_t& event = state.event;
  out.mark = mark_of(event.start_mark);
  switch (event.type) {
    case YAML_DOCUMENT_START_EVENT: out.type = EventType::document_start; break;
    case YAML_DOCUMENT_END_EVENT: out.type = EventType::document_end; break;
    case YAML_ALIAS_EVENT:
      out.type = EventType::alias;
      out.anchor = text_of(event.data.alias.anchor);
      break;
    case YAML_SCALAR_EVENT:
      out.type = EventType::scalar;
      out.anchor = text_of(event.data.scalar.anchor);
      out.tag = text_of(event.data.scalar.tag);
      out.value = {reinterpret_cast<const char*>(event.data.scalar.value), event.data.scalar.length};
      out.plain = event.data.scalar.plain_implicit != 0 && event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
      break;
    case YAML_SEQUENCE_START_EVENT:
      out.type = EventType::list_start;
      out.anchor = text_of(event.data.sequence_start.anchor);
      break;
    case YAML_SEQUENCE_END_EVENT: out.type = EventType::list_end; break;
    case YAML_MAPPING_START_EVENT:
      out.type = EventType::map_start;
      out.anchor = text_of(event.data.mapping_start.anchor);
      break;
    case YAML_MAPPING_END_EVENT: out.type = EventType::map_end; break;
    default: out.type = EventType::stream_end; state.ended = true;
  }
  return true;
}

}  // namespace gitopsctl::yaml_detail
