#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result/result.hpp"

/// The program's log: one line per event on standard error. Everything here is thread-safe and never throws or fails; a
/// line that cannot be written is lost.
namespace gitopsctl::log {

enum class Level : std::uint8_t { debug, info, warning, error };
enum class Format : std::uint8_t {
  text,  ///< `2026-11-21T12:00:00.123Z info  message key=value`
  json,  ///< `{"time":"…","level":"info","message":"…","key":"value"}`
};

/// `debug`, `info`, `warn` (or `warning`) or `error`; `text` or `json`: the words of the agent's file.
[[nodiscard]] Result<Level> parse_level(std::string_view name);
[[nodiscard]] Result<Format> parse_format(std::string_view name);

/// Lines below `minimum` are dropped. The default is text and info.
void configure(Format format, Level minimum) noexcept;

/// One detail of a line. Keys are our own words in snake_case, never text from outside.
struct Field {
  std::string_view key;
  std::string value;
  bool number = false;  ///< `value` is a JSON number or boolean and stands without quotes

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  template <class T>
    requires std::is_integral_v<T>
  Field(std::string_view k, T v) : key(k), value(std::to_string(v)), number(true) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), number(true) {}
};

/// Writes one line. Registered secrets are taken out of the message and of every value, control characters are made
/// visible, and a value is cut at 4 KiB.
void write(Level level, std::string_view message, std::initializer_list<Field> fields = {}) noexcept;
inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::info, message, fields);
}
inline void warning(std::string_view message, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::warning, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::error, message, fields);
}

/// Where lines go instead of standard error, without the line end; an empty function restores it. For tests.
void set_destination(std::function<void(std::string_view line)> destination);

}  // namespace gitopsctl::log
