#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// The scalar part of Go's fmt, used by go_format.cpp only: how one integer, float or string is written under a verb with
// flags, width and precision.
namespace gitopsctl::detail {

/// Flags, width and precision between `%` and the verb.
struct FormatSpec {
  bool plus = false;
  bool minus = false;
  bool sharp = false;
  bool space = false;
  bool zero = false;
  bool go_syntax = false;    ///< `%#v`
  bool field_names = false;  ///< `%+v`
  bool has_width = false;
  bool has_precision = false;
  int width = 0;
  int precision = 0;

  /// Nothing between `%` and the verb.
  [[nodiscard]] bool plain() const noexcept {
    return !(plus || minus || sharp || space || zero || go_syntax || field_names || has_width || has_precision);
  }
};

/// Appends `text`, padded to the width in characters; zeros pad on the left only.
void append_padded(std::string& out, const FormatSpec& spec, std::string_view text);
/// Verbs v d b o O x X (`verb` decides the base); `magnitude` of a number with a sign.
void append_integer(std::string& out, const FormatSpec& spec, std::uint64_t magnitude, bool negative, char32_t verb);
/// `%c` and `%q` of an integer; what is no character becomes U+FFFD.
void append_character(std::string& out, const FormatSpec& spec, std::uint64_t code, bool quoted);
/// `%U`
void append_code_point(std::string& out, const FormatSpec& spec, std::uint64_t code);
/// Verbs e E f F g G b x X, and v as g.
void append_float(std::string& out, const FormatSpec& spec, double number, char32_t verb);
/// Verbs v s q x X of a string.
void append_string(std::string& out, const FormatSpec& spec, std::string_view text, char32_t verb);

/// One character as it stands inside Go quotes.
void append_quoted_rune(std::string& out, char32_t rune, char quote, bool ascii_only);
void append_quoted(std::string& out, std::string_view text, char quote, bool ascii_only);
/// True when `text` can stand between backticks unchanged.
[[nodiscard]] bool can_backquote(std::string_view text);

}  // namespace gitopsctl::detail
