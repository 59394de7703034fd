#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl {

// Go's fmt over template values. Everything here is thread-safe as long as nobody changes the values meanwhile.
//
// Values made by templates can be cyclic or absurdly nested, and a width can ask for a megabyte. So all functions stop at
// these bounds: the plain ones return what they have so far, the `_checked` ones a `too_large` error.
inline constexpr std::size_t go_format_max_depth = 2000;
inline constexpr std::size_t go_format_max_bytes = 256UL << 20U;

/// Go's `%v` of a value: `[a b]`, `map[k:v]`, floats shortest, null as `<nil>`.
[[nodiscard]] std::string go_format(const Value& value);
/// What `{{ value }}` writes: like go_format, with absent and null as `<no value>`.
[[nodiscard]] std::string go_print(const Value& value);
/// Go's Sprint: a blank between two operands when neither is a string.
[[nodiscard]] std::string go_sprint(std::span<const Value> operands);
/// Go's Sprintln.
[[nodiscard]] std::string go_sprintln(std::span<const Value> operands);
/// Go's Sprintf, with its `%!d(string=x)` and `%!(EXTRA …)` texts.
[[nodiscard]] std::string go_sprintf(std::string_view format, std::span<const Value> operands);
/// go_print, go_sprint, go_sprintln and go_sprintf with an error where the bounds are passed.
[[nodiscard]] Result<std::string> go_print_checked(const Value& value, std::size_t max_bytes = go_format_max_bytes);
[[nodiscard]] Result<std::string> go_sprint_checked(std::span<const Value> operands,
                                                    std::size_t max_bytes = go_format_max_bytes);
[[nodiscard]] Result<std::string> go_sprintln_checked(std::span<const Value> operands,
                                                      std::size_t max_bytes = go_format_max_bytes);
[[nodiscard]] Result<std::string> go_sprintf_checked(std::string_view format, std::span<const Value> operands,
                                                     std::size_t max_bytes = go_format_max_bytes);
/// Go's strconv.Quote (`%q`).
[[nodiscard]] std::string go_quote(std::string_view text);
/// Go's strconv.QuoteToASCII (`%+q`).
[[nodiscard]] std::string go_quote_ascii(std::string_view text);
/// Go's `%v` of a float64: shortest digits that read back; with decimal exponent X (1000000 has 6) the plain form for
/// -4 <= X <= 5, else exponent form with a sign and at least two digits (`1e+06`).
[[nodiscard]] std::string go_format_float(double number);
/// Shortest digits as encoding/json writes a float64: exponent form only below 1e-6 and from 1e21 up, without a leading
/// zero in the exponent.
[[nodiscard]] std::string json_format_float(double number);
/// Go's `%T`: `string`, `map[string]interface {}`, `<nil>`.
[[nodiscard]] std::string_view go_type_name(const Value& value);
/// Go's reflect kind name: `map`, `slice`, `float64`, `invalid`.
[[nodiscard]] std::string_view go_kind_name(const Value& value);
/// Go template truth.
[[nodiscard]] bool go_truth(const Value& value);

}  // namespace gitopsctl
