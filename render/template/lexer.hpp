#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gitopsctl::render::detail {

enum class TokenType : std::uint8_t {
  error,  ///< the text is the message
  boolean,
  character,  ///< printable ASCII without meaning of its own, such as a comma
  character_constant,
  complex,
  assign,
  declare,
  end_of_file,
  field,
  identifier,
  left_delimiter,
  left_paren,
  number,
  pipe,
  raw_string,
  right_delimiter,
  right_paren,
  space,
  string,
  text,
  variable,
  // Keywords; messages show them in angle brackets.
  keyword,
  block,
  break_loop,
  continue_loop,
  dot,
  define,
  else_branch,
  end,
  if_branch,
  nil,
  range,
  template_call,
  with,
};

struct Token {
  TokenType type = TokenType::end_of_file;
  std::uint32_t position = 0;
  std::string_view text;
  int line = 1;

  /// How messages show it: `"x"`, `<define>`, `EOF`.
  [[nodiscard]] std::string shown() const;
};

/// Cuts a template into tokens, comments left out. The text must outlive lexer and tokens, error tokens the lexer.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  /// The next token; end_of_file for ever at the end. After an error nothing sensible follows.
  Token next();

 private:
  bool scan(Token& token);
  bool scan_text(Token& token);
  bool scan_comment(Token& token);
  void scan_action(Token& token);
  void scan_space(Token& token);
  void scan_word(Token& token, TokenType type);
  void scan_number(Token& token);
  void scan_quoted(Token& token, char quote, TokenType type, std::string_view what);
  bool number_part();

  [[nodiscard]] bool at_right_delimiter(std::size_t at, bool& trims) const;
  [[nodiscard]] bool at_terminator() const;
  /// The character at `at_`, or -1 at the end.
  [[nodiscard]] std::int32_t peek(std::uint8_t* length = nullptr) const;
  bool accept(std::string_view set);
  void accept_run(std::string_view set);
  void emit(Token& token, TokenType type);
  /// emit() of a token in which no line can end.
  void emit_in_line(Token& token, TokenType type);
  /// Moves over letters, digits and underscores.
  void skip_word();
  void fail(Token& token, std::string message);
  /// Skips what lies between the last token and `at_`.
  void ignore();

  std::string_view text_;
  std::size_t start_ = 0;
  std::size_t at_ = 0;
  int start_line_ = 1;
  bool inside_action_ = false;
  int paren_depth_ = 0;
  std::string message_;
};

}  // namespace gitopsctl::render::detail
