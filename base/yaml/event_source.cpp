#include "base/yaml/event_source.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace gitopsctl::yaml_detail {
namespace {

bool one_of(TokenType type, std::initializer_list<TokenType> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

bool directive(TokenType type) { return type == TokenType::version_directive || type == TokenType::tag_directive; }

}  // namespace

EventSource::EventSource(std::string_view text, YamlProfile profile) : profile_(profile), scanner_(text) {
  scanner_.allow_yaml_12(profile == YamlProfile::go_v3);
}

bool EventSource::fail(std::string_view problem, Mark problem_mark, Mark context) {
  error_.stage = SyntaxError::Stage::parser;
  error_.problem = problem;
  error_.problem_mark = problem_mark;
  error_.context_mark = context;
  return false;
}

const Token* EventSource::peek() {
  const Token* token = scanner_.peek();
  if (token == nullptr) error_ = scanner_.error();
  return token;
}

EventSource::State EventSource::pop_state() {
  const State state = states_.back();
  states_.pop_back();
  return state;
}

bool EventSource::next(Event& event) {
  event = Event{};
  switch (state_) {
    case State::first_document: return document(event, true);
    case State::document: return document(event, false);
    case State::bare_content: return node(event, true, false);
    case State::document_content: return document_content(event);
    case State::document_end: return document_end(event);
    case State::block_list_first: return block_list_entry(event, true);
    case State::block_list_entry: return block_list_entry(event, false);
    case State::indentless_entry: return indentless_entry(event);
    case State::block_map_first: return block_map_key(event, true);
    case State::block_map_key: return block_map_key(event, false);
    case State::block_map_value: return block_map_value(event);
    case State::flow_list_first: return flow_list_entry(event, true);
    case State::flow_list_entry: return flow_list_entry(event, false);
    case State::flow_pair_key: return flow_pair_key(event);
    case State::flow_pair_value: return flow_pair_value(event);
    case State::flow_pair_end: return flow_pair_end(event);
    case State::flow_map_first: return flow_map_key(event, true);
    case State::flow_map_key: return flow_map_key(event, false);
    case State::flow_map_value: return flow_map_value(event, true);
    case State::flow_map_no_value: return flow_map_value(event, false);
    case State::end: return true;
  }
  return true;
}

bool EventSource::document(Event& event, bool first) {
  const Token* token = peek();
  if (token == nullptr) return false;
  while (!first && token->type == TokenType::document_end) {
    scanner_.skip();
    token = peek();
    if (token == nullptr) return false;
  }
  event.mark = token->start;
  if (token->type == TokenType::stream_end) {
    state_ = State::end;
    event.type = EventType::stream_end;
    return true;
  }
  event.type = EventType::document_start;
  states_.push_back(State::document_end);
  const bool bare = first && !directive(token->type) && token->type != TokenType::document_start;
  if (!directives()) return false;
  if (bare) {
    // Only the first document may begin without `---`.
    state_ = State::bare_content;
    return true;
  }
  token = peek();
  if (token == nullptr) return false;
  if (token->type != TokenType::document_start) return fail("did not find expected <document start>", token->start);
  scanner_.skip();
  state_ = State::document_content;
  return true;
}

bool EventSource::directives() {
  bool version = false;
  const Token* token = peek();
  if (token == nullptr) return false;
  while (directive(token->type)) {
    if (token->type == TokenType::version_directive) {
      if (version) return fail("found duplicate %YAML directive", token->start);
      const bool known = token->major == 1 && (token->minor == 1 || (token->minor == 2 && profile_ == YamlProfile::go_v3));
      if (!known) return fail("found incompatible YAML document", token->start);
      version = true;
    } else {
      for (const auto& [handle, prefix] : tag_prefixes_) {
        if (handle == token->handle) return fail("found duplicate %TAG directive", token->start);
      }
      tag_prefixes_.emplace_back(token->handle, token->value);
    }
    scanner_.skip();
    token = peek();
    if (token == nullptr) return false;
  }
  return true;
}

bool EventSource::document_content(Event& event) {
  const Token* token = peek();
  if (token == nullptr) return false;
  using enum TokenType;
  if (one_of(token->type, {version_directive, tag_directive, document_start, TokenType::document_end, stream_end})) {
    state_ = pop_state();
    return empty_scalar(event, token->start);
  }
  return node(event, true, false);
}

bool EventSource::document_end(Event& event) {
  const Token* token = peek();
  if (token == nullptr) return false;
  event.type = EventType::document_end;
  event.mark = token->start;
  if (token->type == TokenType::document_end) scanner_.skip();
  tag_prefixes_.clear();
  state_ = State::document;
  return true;
}

bool EventSource::empty_scalar(Event& event, Mark mark) {
  event.type = EventType::scalar;
  event.plain = true;
  event.mark = mark;
  return true;
}

bool EventSource::open(Event& event, EventType type, State state) {
  event.type = type;
  state_ = state;
  return true;
}

bool EventSource::close(Event& event, EventType type) {
  event.type = type;
  event.mark = scanner_.peek()->start;
  state_ = pop_state();
  return true;
}

/// The anchor and the tag of a node, in either order, and where the node begins.
bool EventSource::properties(Event& event, Mark& start) {
  bool anchor = false;
  bool tag = false;
  Mark tag_mark;
  const Token* token = peek();
  if (token == nullptr) return false;
  start = token->start;
  while ((token->type == TokenType::anchor && !anchor) || (token->type == TokenType::tag && !tag)) {
    if (token->type == TokenType::anchor) {
      event.anchor = token->value;
      anchor = true;
    } else {
      // The tag is looked up when both are read, so that a scanner error behind it comes first.
      tag_handle_ = token->handle;
      tag_ = token->value;
      tag_mark = token->start;
      tag = true;
    }
    scanner_.skip();
    token = peek();
    if (token == nullptr) return false;
  }
  if (!tag) return true;
  if (!resolve_tag(tag_mark, start)) return false;
  event.tag = tag_;
  return true;
}

/// Puts the prefix that the handle stands for before the suffix in tag_.
bool EventSource::resolve_tag(Mark tag_mark, Mark start) {
  if (tag_handle_.empty()) return true;
  for (const auto& [handle, prefix] : tag_prefixes_) {
    if (handle != tag_handle_) continue;
    tag_.insert(0, prefix);
    return true;
  }
  if (tag_handle_ == "!") {
    tag_.insert(0, "!");
  } else if (tag_handle_ == "!!") {
    tag_.insert(0, "tag:yaml.org,2002:");
  } else {
    return fail("found undefined tag handle", tag_mark, start);
  }
  return true;
}

bool EventSource::node(Event& event, bool block, bool indentless) {
  const Token* token = peek();
  if (token == nullptr) return false;
  if (token->type == TokenType::alias) {
    state_ = pop_state();
    event.type = EventType::alias;
    event.mark = token->start;
    event.anchor = token->value;
    scanner_.skip();
    return true;
  }
  Mark start = token->start;
  if (token->type == TokenType::anchor || token->type == TokenType::tag) {
    if (!properties(event, start)) return false;
    token = peek();
    if (token == nullptr) return false;
  }
  event.mark = start;
  switch (token->type) {
    case TokenType::block_entry:
      if (indentless) return open(event, EventType::list_start, State::indentless_entry);
      break;
    case TokenType::scalar:
      state_ = pop_state();
      event.type = EventType::scalar;
      event.plain = token->plain && event.tag.empty();
      event.value = token->value;
      scanner_.skip();
      return true;
    case TokenType::flow_list_start: return open(event, EventType::list_start, State::flow_list_first);
    case TokenType::flow_map_start: return open(event, EventType::map_start, State::flow_map_first);
    case TokenType::block_list_start:
      if (block) return open(event, EventType::list_start, State::block_list_first);
      break;
    case TokenType::block_map_start:
      if (block) return open(event, EventType::map_start, State::block_map_first);
      break;
    default: break;
  }
  if (!event.anchor.empty() || !event.tag.empty()) {
    state_ = pop_state();
    event.type = EventType::scalar;
    event.plain = event.tag.empty();
    return true;
  }
  return fail("did not find expected node content", token->start, start);
}

void EventSource::push_mark() {
  marks_.push_back(scanner_.peek()->start);
  scanner_.skip();
}

bool EventSource::block_list_entry(Event& event, bool first) {
  if (first) push_mark();
  const Token* token = peek();
  if (token == nullptr) return false;
  if (token->type == TokenType::block_entry) {
    const Mark mark = token->end;
    scanner_.skip();
    token = peek();
    if (token == nullptr) return false;
    if (one_of(token->type, {TokenType::block_entry, TokenType::block_end})) {
      state_ = State::block_list_entry;
      return empty_scalar(event, mark);
    }
    states_.push_back(State::block_list_entry);
    return node(event, true, false);
  }
  if (token->type != TokenType::block_end) return fail("did not find expected '-' indicator", token->start, marks_.back());
  marks_.pop_back();
  close(event, EventType::list_end);
  scanner_.skip();
  return true;
}

bool EventSource::indentless_entry(Event& event) {
  const Token* token = peek();
  if (token == nullptr) return false;
  if (token->type != TokenType::block_entry) return close(event, EventType::list_end);
  const Mark mark = token->end;
  scanner_.skip();
  token = peek();
  if (token == nullptr) return false;
  if (one_of(token->type, {TokenType::block_entry, TokenType::key, TokenType::value, TokenType::block_end})) {
    state_ = State::indentless_entry;
    return empty_scalar(event, mark);
  }
  states_.push_back(State::indentless_entry);
  return node(event, true, false);
}

bool EventSource::block_map_key(Event& event, bool first) {
  if (first) push_mark();
  const Token* token = peek();
  if (token == nullptr) return false;
  if (token->type == TokenType::key) {
    const Mark mark = token->end;
    scanner_.skip();
    token = peek();
    if (token == nullptr) return false;
    if (one_of(token->type, {TokenType::key, TokenType::value, TokenType::block_end})) {
      state_ = State::block_map_value;
      return empty_scalar(event, mark);
    }
    states_.push_back(State::block_map_value);
    return node(event, true, true);
  }
  if (token->type != TokenType::block_end) return fail("did not find expected key", token->start, marks_.back());
  marks_.pop_back();
  close(event, EventType::map_end);
  scanner_.skip();
  return true;
}

bool EventSource::block_map_value(Event& event) {
  const Token* token = peek();
  if (token == nullptr) return false;
  if (token->type != TokenType::value) {
    state_ = State::block_map_key;
    return empty_scalar(event, token->start);
  }
  const Mark mark = token->end;
  scanner_.skip();
  token = peek();
  if (token == nullptr) return false;
  if (one_of(token->type, {TokenType::key, TokenType::value, TokenType::block_end})) {
    state_ = State::block_map_key;
    return empty_scalar(event, mark);
  }
  states_.push_back(State::block_map_key);
  return node(event, true, true);
}

bool EventSource::flow_list_entry(Event& event, bool first) {
  if (first) push_mark();
  const Token* token = peek();
  if (token == nullptr) return false;
  if (token->type != TokenType::flow_list_end) {
    if (!first) {
      if (token->type != TokenType::flow_entry) return fail("did not find expected ',' or ']'", token->start, marks_.back());
      scanner_.skip();
      token = peek();
      if (token == nullptr) return false;
    }
    if (token->type == TokenType::key) {
      // `[a: b]` is a list of a map of one pair.
      event.mark = token->start;
      scanner_.skip();
      return open(event, EventType::map_start, State::flow_pair_key);
    }
    if (token->type != TokenType::flow_list_end) {
      states_.push_back(State::flow_list_entry);
      return node(event, false, false);
    }
  }
  marks_.pop_back();
  close(event, EventType::list_end);
  scanner_.skip();
  return true;
}

bool EventSource::flow_pair_key(Event& event) {
  const Token* token = peek();
  if (token == nullptr) return false;
  if (!one_of(token->type, {TokenType::value, TokenType::flow_entry, TokenType::flow_list_end})) {
    states_.push_back(State::flow_pair_value);
    return node(event, false, false);
  }
  // The library drops this token, whichever it is.
  const Mark mark = token->end;
  scanner_.skip();
  state_ = State::flow_pair_value;
  return empty_scalar(event, mark);
}

bool EventSource::flow_pair_value(Event& event) {
  const Token* token = peek();
  if (token == nullptr) return false;
  if (token->type == TokenType::value) {
    scanner_.skip();
    token = peek();
    if (token == nullptr) return false;
    if (!one_of(token->type, {TokenType::flow_entry, TokenType::flow_list_end})) {
      states_.push_back(State::flow_pair_end);
      return node(event, false, false);
    }
  }
  state_ = State::flow_pair_end;
  return empty_scalar(event, token->start);
}

bool EventSource::flow_pair_end(Event& event) {
  const Token* token = peek();
  if (token == nullptr) return false;
  event.mark = token->start;
  return open(event, EventType::map_end, State::flow_list_entry);
}

bool EventSource::flow_map_key(Event& event, bool first) {
  if (first) push_mark();
  const Token* token = peek();
  if (token == nullptr) return false;
  if (token->type != TokenType::flow_map_end) {
    if (!first) {
      if (token->type != TokenType::flow_entry) return fail("did not find expected ',' or '}'", token->start, marks_.back());
      scanner_.skip();
      token = peek();
      if (token == nullptr) return false;
    }
    if (token->type == TokenType::key) {
      scanner_.skip();
      token = peek();
      if (token == nullptr) return false;
      if (one_of(token->type, {TokenType::value, TokenType::flow_entry, TokenType::flow_map_end})) {
        state_ = State::flow_map_value;
        return empty_scalar(event, token->start);
      }
      states_.push_back(State::flow_map_value);
      return node(event, false, false);
    }
    if (token->type != TokenType::flow_map_end) {
      states_.push_back(State::flow_map_no_value);
      return node(event, false, false);
    }
  }
  marks_.pop_back();
  close(event, EventType::map_end);
  scanner_.skip();
  return true;
}

bool EventSource::flow_map_value(Event& event, bool has_value) {
  const Token* token = peek();
  if (token == nullptr) return false;
  if (has_value && token->type == TokenType::value) {
    scanner_.skip();
    token = peek();
    if (token == nullptr) return false;
    if (!one_of(token->type, {TokenType::flow_entry, TokenType::flow_map_end})) {
      states_.push_back(State::flow_map_key);
      return node(event, false, false);
    }
  }
  state_ = State::flow_map_key;
  return empty_scalar(event, token->start);
}

}  // namespace gitopsctl::yaml_detail
