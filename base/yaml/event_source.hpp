#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/yaml/events.hpp"
#include "base/yaml/scanner.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl::yaml_detail {

/// The events of a YAML stream, one after the other: the grammar over the tokens of Scanner. `text` must outlive it.
class EventSource {
 public:
  EventSource(std::string_view text, YamlProfile profile);
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;

  /// The next event; false when the text is no YAML, see error(). After stream_end, stream_end again.
  [[nodiscard]] bool next(Event& event);
  [[nodiscard]] const SyntaxError& error() const noexcept { return error_; }

 private:
  /// What is expected next.
  enum class State : std::uint8_t {
    first_document,
    document,
    bare_content,  ///< of a document without `---`
    document_content,
    document_end,
    block_list_first,
    block_list_entry,
    indentless_entry,
    block_map_first,
    block_map_key,
    block_map_value,
    flow_list_first,
    flow_list_entry,
    flow_pair_key,
    flow_pair_value,
    flow_pair_end,
    flow_map_first,
    flow_map_key,
    flow_map_value,
    flow_map_no_value,
    end,
  };

  bool document(Event& event, bool first);
  bool directives();
  bool document_content(Event& event);
  bool document_end(Event& event);
  bool node(Event& event, bool block, bool indentless);
  bool properties(Event& event, Mark& start);
  bool resolve_tag(Mark tag_mark, Mark start);
  bool block_list_entry(Event& event, bool first);
  bool indentless_entry(Event& event);
  bool block_map_key(Event& event, bool first);
  bool block_map_value(Event& event);
  bool flow_list_entry(Event& event, bool first);
  bool flow_pair_key(Event& event);
  bool flow_pair_value(Event& event);
  bool flow_pair_end(Event& event);
  bool flow_map_key(Event& event, bool first);
  bool flow_map_value(Event& event, bool has_value);

  const Token* peek();
  bool open(Event& event, EventType type, State state);
  bool close(Event& event, EventType type);
  bool empty_scalar(Event& event, Mark mark);
  State pop_state();
  void push_mark();
  bool fail(std::string_view problem, Mark problem_mark, Mark context = {});

  YamlProfile profile_;
  Scanner scanner_;
  State state_ = State::first_document;
  std::vector<State> states_;
  std::vector<Mark> marks_;  ///< where the open collections begin
  std::vector<std::pair<std::string, std::string>> tag_prefixes_;
  std::string tag_handle_;
  std::string tag_;  ///< of the event, in full
  SyntaxError error_;
};

}  // namespace gitopsctl::yaml_detail
