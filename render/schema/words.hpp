#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/value/value.hpp"

namespace gitopsctl::render::schema {

// Values as JSON Schema compares them, and as the messages of helm's library name them.

/// The bit of Type of a value, with `number` for every number; 0 for what JSON has not (NaN, infinities, objects of Go).
[[nodiscard]] unsigned type_of(const Value& value) noexcept;
/// `string or null`: the types of the bits.
[[nodiscard]] std::string type_names(unsigned types);
[[nodiscard]] bool is_integer(const Value& value);
/// A number as the text that it was written as, or that reads back as it.
[[nodiscard]] std::string number_text(const Value& number);
/// Equal as JSON: 1 and 1.0 are.
[[nodiscard]] bool equal(const Value& a, const Value& b);
/// As jsonschema 6.0.2 has it: a number `a` equals a text `b` that means it, also inside of lists and objects.
[[nodiscard]] bool loosely_equal(const Value& a, const Value& b);
/// A text that equal values, and only they, share.
[[nodiscard]] std::string comparable(const Value& value);

/// `'it\'s'`
[[nodiscard]] std::string quoted(std::string_view text);
/// `'a', 'b'`
[[nodiscard]] std::string quoted_list(const std::vector<std::string>& names);
/// A scalar as messages show it.
[[nodiscard]] std::string shown(const Value& value);
/// Numbers as the English of golang.org/x/text writes them: `1,234`, `0.5`, `1.5×10⁻⁰⁷`.
[[nodiscard]] std::string grouped(std::int64_t number);
[[nodiscard]] std::string grouped(double number);

}  // namespace gitopsctl::render::schema
