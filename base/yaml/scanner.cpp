#include "base/yaml/scanner.hpp"

#include <algorithm>
#include <utility>

namespace gitopsctl::yaml_detail {
namespace {

/// A simple key and its `:` are at most this many characters apart (YAML 1.1, section 7.4.1 of 1.2).
constexpr std::size_t simple_key_length = 1024;

}  // namespace

Scanner::Scanner(std::string_view text) {
  open_input(text, input_);
  text_ = input_.text;
  // A second byte order mark is skipped like a blank.
  if (text_.substr(0, 3) == "\xEF\xBB\xBF") advance();
  keys_.emplace_back();
}

bool Scanner::fail(Mark context, std::string_view problem) {
  error_.stage = SyntaxError::Stage::scanner;
  error_.problem = problem;
  error_.context_mark = context;
  error_.problem_mark = mark();
  return false;
}

std::size_t Scanner::break_length(std::size_t ahead) const noexcept {
  switch (at(ahead)) {
    case '\n': return 1;
    case '\r': return at(ahead + 1) == '\n' ? 2 : 1;
    case '\xC2': return at(ahead + 1) == '\x85' ? 2 : 0;
    case '\xE2': return at(ahead + 1) == '\x80' && (at(ahead + 2) == '\xA8' || at(ahead + 2) == '\xA9') ? 3 : 0;
    default: return 0;
  }
}

bool Scanner::document_indicator() const noexcept {
  if (column_ != 0) return false;
  const char c = at();
  return (c == '-' || c == '.') && at(1) == c && at(2) == c && blank_break_or_end(3);
}

std::size_t Scanner::continuation_bytes(std::size_t end) const noexcept {
  std::size_t count = 0;
  for (std::size_t i = position_; i < end; ++i) count += (static_cast<unsigned char>(text_[i]) & 0xC0U) == 0x80U ? 1 : 0;
  return count;
}

void Scanner::skip_break() noexcept {
  const std::size_t length = break_length();
  if (length == 0) return;
  index_ += at() == '\r' ? length : 1;
  position_ += length;
  column_ = 0;
  ++line_;
}

void Scanner::skip_blanks() noexcept {
  while (blank()) advance();
}

void Scanner::skip_comment() noexcept {
  if (at() == '#') advance_to(line_end());
}

void Scanner::append(Token token) {
  token.key_level = std::exchange(next_key_level_, -1);
  tokens_.push_back(token);
}

void Scanner::insert(std::ptrdiff_t position, const Token& token) {
  // A place before the head of the queue is gone; such a token goes to the end. That happens only for a key that begins with
  // an empty flow collection, which Go's library loses track of.
  const auto size = static_cast<std::ptrdiff_t>(tokens_.size() - head_);
  if (position < 0 || position >= size) {
    tokens_.push_back(token);
  } else {
    tokens_.insert(tokens_.begin() + static_cast<std::ptrdiff_t>(head_) + position, token);
  }
}

bool Scanner::fetch_more() {
  if (head_ == tokens_.size()) {
    tokens_.clear();
    head_ = 0;
    texts_.clear();
  } else if (head_ >= 1024) {
    tokens_.erase(tokens_.begin(), tokens_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  while (true) {
    if (head_ < tokens_.size()) {
      // The token at the head waits while it may turn out to begin a simple key.
      const std::int32_t level = tokens_[head_].key_level;
      if (level < 0) break;
      bool valid = false;
      if (static_cast<std::size_t>(level) < keys_.size() &&
          !simple_key_valid(keys_[static_cast<std::size_t>(level)], valid)) {
        return false;
      }
      if (!valid) break;
    }
    if (ended_) break;
    const bool fetched = fetch_next();
    // The characters behind the cut are looked at up to three places ahead.
    if (!input_.problem.empty() && position_ + 3 >= text_.size()) {
      error_ = {};
      error_.stage = SyntaxError::Stage::reader;
      error_.problem = input_.problem;
      error_.offset = input_.offset;
      return false;
    }
    if (!fetched) return false;
  }
  ready_ = true;
  return true;
}

bool Scanner::fetch_next() {
  to_next_token();
  unroll_indent(column_);
  if (at_end()) return fetch_stream_end();
  const char c = at();
  if (column_ == 0 && c == '%') return fetch_directive();
  if (document_indicator()) return fetch_document_indicator(c == '-' ? TokenType::document_start : TokenType::document_end);
  return fetch_structure(c);
}

bool Scanner::fetch_structure(char c) {
  const bool flow = flow_level_ > 0;
  switch (c) {
    case '[': return fetch_flow_start(TokenType::flow_list_start);
    case '{': return fetch_flow_start(TokenType::flow_map_start);
    case ']': return fetch_flow_end(TokenType::flow_list_end);
    case '}': return fetch_flow_end(TokenType::flow_map_end);
    case ',': return fetch_flow_entry();
    case '-': return blank_break_or_end(1) ? fetch_block_entry() : fetch_plain();
    case '?': return flow || blank_break_or_end(1) ? fetch_key() : fetch_plain();
    case ':': return flow || blank_break_or_end(1) ? fetch_value() : fetch_plain();
    case '*': return fetch_anchor(TokenType::alias);
    case '&': return fetch_anchor(TokenType::anchor);
    case '!': return fetch_tag();
    case '|':
    case '>':
      if (!flow) return fetch_block_scalar(c == '|');
      break;
    case '\'': return fetch_quoted(true);
    case '"': return fetch_quoted(false);
    case '\t':
    case '#':
    case '%':
    case '@':
    case '`': break;
    default: return fetch_plain();
  }
  return fail(mark(), "found character that cannot start any token");
}

void Scanner::to_next_token() {
  while (true) {
    // A tab may stand between tokens, but not where it would be indentation.
    const bool tabs = flow_level_ > 0 || !key_allowed_;
    std::size_t end = position_;
    while (end < text_.size() && (text_[end] == ' ' || (tabs && text_[end] == '\t'))) ++end;
    advance_to(end);
    skip_comment();
    if (break_length() == 0) return;
    skip_break();
    if (flow_level_ == 0) key_allowed_ = true;
  }
}

bool Scanner::simple_key_valid(SimpleKey& key, bool& valid) {
  valid = false;
  if (!key.possible) return true;
  if (key.mark.line < line_ || key.index + simple_key_length < index_) {
    if (key.required) return fail(key.mark, "could not find expected ':'");
    key.possible = false;
    return true;
  }
  valid = true;
  return true;
}

bool Scanner::save_simple_key() {
  if (!key_allowed_) return true;
  const bool required = flow_level_ == 0 && indent_ == column_;
  if (!remove_simple_key()) return false;
  keys_.back() = {true, required, taken_ + (tokens_.size() - head_), mark(), index_};
  next_key_level_ = static_cast<std::int32_t>(keys_.size() - 1);
  return true;
}

bool Scanner::remove_simple_key() {
  SimpleKey& key = keys_.back();
  if (!key.possible) return true;
  if (key.required) return fail(key.mark, "could not find expected ':'");
  key.possible = false;
  if (key.token_number >= taken_ && key.token_number - taken_ < tokens_.size() - head_) {
    tokens_[head_ + (key.token_number - taken_)].key_level = -1;
  }
  return true;
}

void Scanner::roll_indent(int column, std::ptrdiff_t position, TokenType type, Mark at_mark) {
  if (flow_level_ > 0 || indent_ >= column) return;
  indents_.push_back(indent_);
  indent_ = column;
  Token token;
  token.type = type;
  token.start = token.end = at_mark;
  insert(position, token);
}

void Scanner::unroll_indent(int column) {
  if (flow_level_ > 0) return;
  while (indent_ > column) {
    Token token;
    token.type = TokenType::block_end;
    token.start = token.end = mark();
    tokens_.push_back(token);
    indent_ = indents_.back();
    indents_.pop_back();
  }
}

void Scanner::append_indicator(TokenType type, std::size_t length) {
  Token token;
  token.type = type;
  token.start = mark();
  advance_to(position_ + length);
  token.end = mark();
  append(token);
}

bool Scanner::fetch_stream_end() {
  if (column_ != 0) {
    column_ = 0;
    ++line_;
  }
  unroll_indent(-1);
  if (!remove_simple_key()) return false;
  key_allowed_ = false;
  ended_ = true;
  append_indicator(TokenType::stream_end, 0);
  return true;
}

bool Scanner::fetch_directive() {
  unroll_indent(-1);
  if (!remove_simple_key()) return false;
  key_allowed_ = false;
  Token token;
  if (!scan_directive(token)) return false;
  append(token);
  return true;
}

bool Scanner::fetch_document_indicator(TokenType type) {
  unroll_indent(-1);
  if (!remove_simple_key()) return false;
  key_allowed_ = false;
  append_indicator(type, 3);
  return true;
}

bool Scanner::fetch_flow_start(TokenType type) {
  if (!save_simple_key()) return false;
  SimpleKey inner;
  inner.token_number = taken_ + (tokens_.size() - head_);
  keys_.push_back(inner);
  ++flow_level_;
  key_allowed_ = true;
  append_indicator(type, 1);
  return true;
}

bool Scanner::fetch_flow_end(TokenType type) {
  if (!remove_simple_key()) return false;
  if (flow_level_ > 0) {
    --flow_level_;
    // The level's last key is forgotten, and with it whatever waits for the token of its number. In an empty collection that
    // is the collection itself, so `{}: x` is no key: a flaw of Go's library that decides what is accepted.
    const std::size_t number = keys_.back().token_number;
    if (number >= taken_ && number - taken_ < tokens_.size() - head_) tokens_[head_ + (number - taken_)].key_level = -1;
    keys_.pop_back();
  }
  key_allowed_ = false;
  append_indicator(type, 1);
  return true;
}

bool Scanner::fetch_flow_entry() {
  if (!remove_simple_key()) return false;
  key_allowed_ = true;
  append_indicator(TokenType::flow_entry, 1);
  return true;
}

bool Scanner::fetch_block_entry() {
  // In a flow collection the parser reports it, since it knows the context.
  if (flow_level_ == 0) {
    if (!key_allowed_) return fail(mark(), "block sequence entries are not allowed in this context");
    roll_indent(column_, -1, TokenType::block_list_start, mark());
  }
  if (!remove_simple_key()) return false;
  key_allowed_ = true;
  append_indicator(TokenType::block_entry, 1);
  return true;
}

bool Scanner::fetch_key() {
  if (flow_level_ == 0) {
    if (!key_allowed_) return fail(mark(), "mapping keys are not allowed in this context");
    roll_indent(column_, -1, TokenType::block_map_start, mark());
  }
  if (!remove_simple_key()) return false;
  key_allowed_ = flow_level_ == 0;
  append_indicator(TokenType::key, 1);
  return true;
}

bool Scanner::fetch_value() {
  SimpleKey& key = keys_.back();
  bool valid = false;
  if (!simple_key_valid(key, valid)) return false;
  if (valid) {
    const auto position = static_cast<std::ptrdiff_t>(key.token_number) - static_cast<std::ptrdiff_t>(taken_);
    Token token;
    token.type = TokenType::key;
    token.start = token.end = key.mark;
    const bool queued = position >= 0 && position < static_cast<std::ptrdiff_t>(tokens_.size() - head_);
    if (queued) tokens_[head_ + static_cast<std::size_t>(position)].key_level = -1;
    insert(position, token);
    roll_indent(key.mark.column, position, TokenType::block_map_start, key.mark);
    key.possible = false;
    key_allowed_ = false;
  } else {
    if (flow_level_ == 0) {
      if (!key_allowed_) return fail(mark(), "mapping values are not allowed in this context");
      roll_indent(column_, -1, TokenType::block_map_start, mark());
    }
    key_allowed_ = flow_level_ == 0;
  }
  append_indicator(TokenType::value, 1);
  return true;
}

bool Scanner::fetch_anchor(TokenType type) {
  if (!save_simple_key()) return false;
  key_allowed_ = false;
  Token token;
  token.type = type;
  if (!scan_anchor(token)) return false;
  append(token);
  return true;
}

bool Scanner::fetch_tag() {
  if (!save_simple_key()) return false;
  key_allowed_ = false;
  Token token;
  if (!scan_tag(token)) return false;
  append(token);
  return true;
}

bool Scanner::fetch_block_scalar(bool literal) {
  if (!remove_simple_key()) return false;
  key_allowed_ = true;
  Token token;
  if (!scan_block_scalar(token, literal)) return false;
  append(token);
  return true;
}

bool Scanner::fetch_quoted(bool single) {
  if (!save_simple_key()) return false;
  key_allowed_ = false;
  Token token;
  if (!scan_quoted(token, single)) return false;
  append(token);
  return true;
}

bool Scanner::fetch_plain() {
  if (!save_simple_key()) return false;
  key_allowed_ = false;
  Token token;
  if (!scan_plain(token)) return false;
  append(token);
  return true;
}

}  // namespace gitopsctl::yaml_detail
