#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::invoke::expression_detail {

enum class TokenKind : std::uint8_t {
  end,    ///< of the text
  close,  ///< `}}`
  name,
  literal,  ///< a text or a number
  sign,     ///< an operator or bracket, in `text`
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t offset = 0;
  std::size_t end = 0;
  std::string text;  ///< of a name or sign
  Value literal;
};

/// The token at or behind `offset` of `text`. Behind a point a name may begin with a digit. The message of an error has no
/// place; `bad` is where it is.
[[nodiscard]] Result<Token> next_token(std::string_view text, std::size_t offset, std::size_t& bad);

}  // namespace gitopsctl::invoke::expression_detail
