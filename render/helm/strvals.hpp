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

/// What becomes of a text that ends inside an index (`a[0`).
enum class OpenIndex : bool {
  ends_quietly,  ///< Helm 4 takes it for the end of all
  is_error,      ///< Helm 3 does not
};

/// Puts what `text` (`a.b[0]=x,c={1,2}`) says into `values`, a non-nil map, in place. On an error part of it may have
/// been done. Errors: Helm's texts without the flag that wraps them.
[[nodiscard]] Result<void> parse_set(std::string_view text, SetStyle style, Value& values,
                                     const SetFileReader& read_file = {}, OpenIndex open_index = OpenIndex::ends_quietly);

}  // namespace gitopsctl::render::helm
