#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/config/reader.hpp"
#include "invoke-compat/declarative/model.hpp"

namespace gitopsctl::invoke::declarative::detail {

/// An entry of `include`.
struct Include {
  std::string file;
  std::string as;
  Location file_where;
  Location as_where;
};

/// What one file says by itself.
struct FileContent {
  Namespace root;
  Settings settings;
  bool has_settings = false;
  Location settings_where;
  std::vector<Include> includes;
};

/// Reads a file, noting its mistakes. What is wrong is left out, but a task or namespace with a mistake in it is still
/// there.
[[nodiscard]] FileContent read_file(const ConfigNode& root);

/// Whether `value` can be an argument of this kind. Null never is.
[[nodiscard]] bool fits(ArgKind kind, const Value& value);
/// `a whole number`
[[nodiscard]] std::string_view kind_words(ArgKind kind) noexcept;
/// The same value, as choices are compared.
[[nodiscard]] bool among(const std::vector<Value>& choices, const Value& value);

/// `my-opt` as `my_opt`.
[[nodiscard]] std::string attribute_name(std::string_view name);
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text);

}  // namespace gitopsctl::invoke::declarative::detail
