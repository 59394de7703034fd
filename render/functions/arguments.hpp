#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/template/function.hpp"

namespace gitopsctl::render {

// What the function tables share: how sprig reads its arguments, and the bounds of what they may make.

/// Largest text that a function returns, in bytes.
inline constexpr std::size_t max_text_bytes = 64ULL << 20U;
/// Longest list that a function returns.
inline constexpr std::size_t max_list_items = 10'000'000;
/// Nodes and levels of a tree that a function walks; a map that was put into itself ends here.
inline constexpr std::size_t max_tree_nodes = 10'000'000;
inline constexpr std::size_t max_tree_depth = 1000;

using Arguments = std::span<const Value>;

/// The parameter list of a table row: `params<ParamType::integer, ParamType::string>`.
template <ParamType... types>
inline constexpr std::array<ParamType, sizeof...(types)> params{types...};

/// A template error with upstream's text.
[[nodiscard]] Error failure(std::string message);
/// `too_large`, naming the function and the limit.
[[nodiscard]] Error text_too_large(std::string_view function);
[[nodiscard]] Error list_too_long(std::string_view function);

/// A text as a value; `too_large` over max_text_bytes.
[[nodiscard]] Result<Value> text_value(std::string_view function, std::string_view text);
/// A `[]string`.
[[nodiscard]] Value strings_value(const std::vector<std::string>& texts);
/// An `[]interface {}`.
[[nodiscard]] Value list_value(Value::List items);

/// sprig's strval: texts and bytes as they are, everything else as `%v`.
[[nodiscard]] std::string to_text(const Value& value);
/// sprig's strslice: the items of a list as texts without nils; a scalar as one text, null as none.
[[nodiscard]] std::vector<std::string> to_texts(const Value& value);
/// sprig's empty: null, false, 0, "", empty containers.
[[nodiscard]] bool is_empty(const Value& value);
/// cast.ToInt64 and cast.ToInt: floats truncate, texts by Go's prefixes, 0 for what is no number.
[[nodiscard]] std::int64_t to_int64(const Value& value);
/// cast.ToFloat64.
[[nodiscard]] double to_double(const Value& value);
/// Go's int64(float64) on amd64: the minimum for what does not fit.
[[nodiscard]] std::int64_t truncate_to_int64(double number) noexcept;

/// `too_large` when the tree has more nodes or levels than the bounds.
[[nodiscard]] Result<void> check_tree(std::string_view function, const Value& value);

/// A Go slice with methods (`.Capabilities.APIVersions`) as the list that it is; all else unchanged. The list may be shared:
/// it must not be written.
[[nodiscard]] Value slice_items(const Value& value);
/// The items of any Go slice: `[]uint8` content as numbers like all others. Only for lists.
[[nodiscard]] inline const Value::List& items_of(const Value& value) { return value.as_list(); }

}  // namespace gitopsctl::render
