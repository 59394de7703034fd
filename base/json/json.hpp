#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl {

struct JsonOptions {
  bool escape_html = true;  ///< `<`, `>`, `&` as \u003c …, as Go's encoder does by default
  bool pretty = false;      ///< two blanks per level
  bool go_127 = false;      ///< invalid UTF-8 as the character U+FFFD itself instead of its escape
};

/// JSON as Go's encoding/json writes it: keys bytewise, shortest numbers, no blanks. `absent`, null and nil containers are
/// null; byte lists and the contents of `.Files` are base64. Fails for NaN, infinities and more than 1000 levels (a value
/// that holds itself).
[[nodiscard]] Result<std::string> to_json(const Value& value, const JsonOptions& options = {});

/// The canonical bytes that digests are taken of: to_json without HTML escaping, integral floats as integers, never fails
/// (NaN and infinities, which no reader of ours lets in, and what is nested deeper than 1000 levels are null). Equal by
/// json_equal means equal bytes, save for an integer beyond 2^53 beside the float that it rounds to.
[[nodiscard]] std::string canonical_json(const Value& value);

/// Reads one JSON document (RFC 8259, strictly; a byte order mark is skipped; of equal keys the last counts; lone surrogate
/// escapes become U+FFFD as in Go). Numbers become int64 where they fit (`integers`), else float64. Errors are
/// `file:line:column`, code `invalid_input` or `too_large`. Depth at most 1000, size at most `max_bytes`.
[[nodiscard]] Result<Value> parse_json(std::string_view text, const std::string& file = {}, bool integers = true,
                                       std::uint64_t max_bytes = 100ULL << 20U);

}  // namespace gitopsctl
