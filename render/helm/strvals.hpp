#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/value/value.hpp"

namespace gitopsctl::render::helm {

/// How the values in a `--set` style argument are read.
enum class SetStyle : unsigned char {
  typed,    ///< `--set`: true, false, null, integers; everything else is a string
  string,   ///< `--set-string`
  file,     ///< `--set-file`: the value is a path, its file the value
  json,     ///< `--set-json`: `a=JSON,b=JSON`
  literal,  ///< `--set-literal`: all behind the `=` verbatim
};

/// Reads the file that a `--set-file` value names.
using SetFileReader = std::function<Result<std::string>(const std::string& path)>;

/// Puts what `text` (`a.b[0]=x,c={1,2}`) says into `values`, a non-nil map, in place. On an error part of it may have
/// been done. Errors: Helm's texts without the flag that wraps them.
[[nodiscard]] Result<void> parse_set(std::string_view text, SetStyle style, Value& values,
                                     const SetFileReader& read_file = {});

}  // namespace gitopsctl::render::helm
