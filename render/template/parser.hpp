#pragma once

#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "render/template/syntax.hpp"

namespace gitopsctl::render::detail {

/// Parses `text` as the file `name`. Errors are `invalid_input` at FILE:LINE with Go's text.
[[nodiscard]] Result<ParsedFilePtr> parse_file(const std::string& name, const SharedString& text,
                                               const FunctionTable& functions);

/// The same through the process-wide cache. Thread-safe. A text that is not shared yet is copied when it is not known.
[[nodiscard]] Result<ParsedFilePtr> parse_file_cached(const std::string& name, const SharedString& text,
                                                      const FunctionTable& functions);
[[nodiscard]] Result<ParsedFilePtr> parse_file_cached(const std::string& name, std::string_view text,
                                                      const FunctionTable& functions);

}  // namespace gitopsctl::render::detail
