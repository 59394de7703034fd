#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml/input.hpp"
#include "base/yaml/text_store.hpp"
#include "base/yaml/token.hpp"

namespace gitopsctl::yaml_detail {

/// Cuts a YAML text into tokens, with the lookahead, the limits and the words of the scanner in Go's YAML library (which
/// accepts and refuses a little differently from libyaml and from YAML 1.2; manifests depend on it).
///
/// Whether a text is a key is known only at the `:` behind it. So a token that could begin a simple key is held back until
/// the key is complete or impossible, which is after 1024 characters or at the end of the line.
class Scanner {
 public:
  explicit Scanner(std::string_view text);

  /// The next token, or nullptr when the text is no YAML. It stays until skip(), its texts until the peek() after that.
  [[nodiscard]] const Token* peek() { return ready_ || fetch_more() ? &tokens_[head_] : nullptr; }
  /// Removes the token that peek() returned.
  void skip() noexcept {
    ready_ = false;
    ++taken_;
    ++head_;
  }

  [[nodiscard]] const SyntaxError& error() const noexcept { return error_; }
  /// YAML 1.2 additions that YAML v3 knows: the escape `\/`.
  void allow_yaml_12(bool allow) noexcept { yaml_12_ = allow; }

 private:
  struct SimpleKey {
    bool possible = false;
    bool required = false;
    std::size_t token_number = 0;
    Mark mark;
    std::size_t index = 0;  ///< in characters from the start of the text
  };

  // Structure (scanner.cpp)
  bool fetch_more();
  bool fetch_next();
  bool fetch_structure(char c);
  bool fetch_stream_end();
  bool fetch_directive();
  bool fetch_document_indicator(TokenType type);
  bool fetch_flow_start(TokenType type);
  bool fetch_flow_end(TokenType type);
  bool fetch_flow_entry();
  bool fetch_block_entry();
  bool fetch_key();
  bool fetch_value();
  bool fetch_anchor(TokenType type);
  bool fetch_tag();
  bool fetch_block_scalar(bool literal);
  bool fetch_quoted(bool single);
  bool fetch_plain();
  void to_next_token();
  bool save_simple_key();
  bool remove_simple_key();
  bool simple_key_valid(SimpleKey& key, bool& valid);
  void roll_indent(int column, std::ptrdiff_t position, TokenType type, Mark mark);
  void unroll_indent(int column);
  void append(Token token);
  void insert(std::ptrdiff_t position, const Token& token);
  void append_indicator(TokenType type, std::size_t length);

  // Directives, anchors and tags (scanner_tags.cpp)
  bool scan_directive(Token& token);
  bool scan_version(Token& token);
  bool scan_version_number(Mark start, int& number);
  bool scan_tag_directive(Token& token);
  bool scan_anchor(Token& token);
  bool scan_tag(Token& token);
  bool scan_tag_handle(Mark start, bool directive, std::string& handle);
  bool scan_tag_uri(Mark start, std::string_view head, std::string& uri);
  bool scan_uri_escape(Mark start, std::string& uri);

  // Scalars (scanner_scalars.cpp)
  bool scan_block_scalar(Token& token, bool literal);
  bool scan_block_header(Mark start, int& chomping, int& indent);
  bool scan_block_breaks(Mark start, int& indent, std::string& breaks);
  bool scan_quoted(Token& token, bool single);
  bool scan_escape(Mark start, std::string& text);
  bool scan_plain(Token& token);
  std::size_t plain_run_end() const;
  std::size_t quoted_run_end(bool single) const;
  std::size_t line_end() const;
  void read_break(std::string& out);
  void join_lines();

  // Characters
  [[nodiscard]] bool at_end(std::size_t ahead = 0) const noexcept { return position_ + ahead >= text_.size(); }
  /// The byte `ahead` of the current place; 0 behind the end (the input has no zero bytes).
  [[nodiscard]] char at(std::size_t ahead = 0) const noexcept { return at_end(ahead) ? '\0' : text_[position_ + ahead]; }
  [[nodiscard]] bool blank(std::size_t ahead = 0) const noexcept { return at(ahead) == ' ' || at(ahead) == '\t'; }
  /// The bytes of the line break at that place (CR LF is one), 0 when there is none.
  [[nodiscard]] std::size_t break_length(std::size_t ahead = 0) const noexcept;
  [[nodiscard]] bool break_or_end(std::size_t ahead = 0) const noexcept { return at_end(ahead) || break_length(ahead) != 0; }
  [[nodiscard]] bool blank_break_or_end(std::size_t ahead = 0) const noexcept { return blank(ahead) || break_or_end(ahead); }
  [[nodiscard]] bool document_indicator() const noexcept;
  /// Moves over one character, which is no line break.
  void advance() noexcept {
    ++position_;
    ++index_;
    ++column_;
    if (input_.ascii) return;
    while (!at_end() && (static_cast<unsigned char>(text_[position_]) & 0xC0U) == 0x80U) ++position_;
  }
  /// Moves to a later place of the same line.
  void advance_to(std::size_t position) noexcept {
    std::size_t characters = position - position_;
    if (!input_.ascii) characters -= continuation_bytes(position);
    position_ = position;
    index_ += characters;
    column_ += static_cast<std::int32_t>(characters);
  }
  [[nodiscard]] std::size_t continuation_bytes(std::size_t end) const noexcept;
  void skip_break() noexcept;
  void skip_blanks() noexcept;
  void skip_comment() noexcept;
  [[nodiscard]] Mark mark() const noexcept { return {line_, column_}; }

  bool fail(Mark context, std::string_view problem);

  Input input_;
  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t index_ = 0;
  std::int32_t line_ = 0;
  std::int32_t column_ = 0;

  TextStore texts_;
  std::string scratch_;       ///< the text of the scalar that is being read
  std::string first_break_;   ///< the line break before the line that is being read
  std::string other_breaks_;  ///< those behind that one

  std::vector<Token> tokens_;
  std::size_t head_ = 0;
  std::size_t taken_ = 0;  ///< number of the token at head_
  bool ready_ = false;     ///< the token at head_ can be handed out
  bool ended_ = false;     ///< the stream end is in the queue

  std::vector<SimpleKey> keys_;  ///< one for each flow level
  std::int32_t next_key_level_ = -1;
  bool key_allowed_ = true;
  std::vector<int> indents_;
  int indent_ = -1;
  int flow_level_ = 0;
  bool yaml_12_ = false;

  SyntaxError error_;
};

}  // namespace gitopsctl::yaml_detail
