#include "invoke-compat/expression/printing.hpp"

#include <algorithm>

#include "base/config/reader.hpp"
#include "base/text/go_format.hpp"

namespace gitopsctl::invoke {

namespace {

bool plain_in_shell(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9') || std::string_view("@%+=:,./-_").find(c) != std::string_view::npos;
}

}  // namespace

bool holds(const Value& value) noexcept {
  if (value.is_nothing()) return false;
  if (value.is_bool()) return value.as_bool();
  if (value.is_number()) return value.as_double() != 0;
  if (value.is_string()) return !value.as_string().empty();
  if (value.is_list() || value.is_map()) return value.size() > 0;
  return true;
}

Result<std::string> printed(const Value& value) {
  if (value.is_nothing()) return std::string();
  if (value.is_bool()) return std::string(value.as_bool() ? "true" : "false");
  if (value.is_int()) return std::to_string(value.as_int());
  if (value.is_float()) return json_format_float(value.as_double());
  if (value.is_string()) return std::string(value.as_string());
  return Error(ErrorCode::invalid_input, std::string(type_words(value)) + " cannot be printed")
      .with_hint("use join(x, ',') for a list, or json(x)");
}

Result<std::string> shell_word(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    return Error(ErrorCode::invalid_input, "a value with a NUL byte cannot be part of a command");
  }
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain_in_shell)) return std::string(text);
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\"'\"'";
    } else {
      out += c;
    }
  }
  return out + '\'';
}

}  // namespace gitopsctl::invoke
