#include "base/log/log.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>

#include "base/json/json.hpp"
#include "base/log/redaction.hpp"
#include "base/text/escape.hpp"
#include "base/time/clock.hpp"

namespace gitopsctl::log {
namespace {

constexpr std::size_t longest_value = 4096;
constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warning", "error"};

struct State {
  std::atomic<Format> format{Format::text};
  std::atomic<Level> minimum{Level::info};
  std::mutex mutex;  ///< guards destination, and keeps lines whole
  std::function<void(std::string_view)> destination;
};

State& state() {
  static auto* one = new State;  // never destroyed: threads may log until the very end
  return *one;
}

/// Brings a line out with as few calls as the other end allows: one, so that lines of several processes do not mix.
void write_to_stderr(std::string_view line) noexcept {
  while (!line.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // closed, full, or nobody reads any more
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string bounded(std::string_view text) {
  std::string clean = redact(text);
  if (clean.size() <= longest_value) return clean;
  clean.resize(truncate_utf8(clean, longest_value).size());
  return clean + "…";
}

std::string json_text(std::string_view text) {
  JsonOptions options;
  options.escape_html = false;
  auto out = to_json(Value::string(text), options);
  return out.ok() ? *out : "\"\"";
}

/// A value of the text format: quoted when blanks or quotes would make it unclear where it ends.
std::string text_value(const Field& field) {
  std::string clean = terminal_safe(bounded(field.value));
  if (!clean.empty() && clean.find_first_of(" \"=") == std::string::npos) return clean;
  std::string out = "\"";
  for (const char c : clean) {
    if (c == '"') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string text_line(Level level, std::string_view message, std::initializer_list<Field> fields) {
  std::string out = format_time(system_clock().now());
  if (out.find('.') == std::string::npos) out.insert(out.size() - 1, ".000");
  const std::string_view name = level_names[static_cast<std::size_t>(level)];
  out += ' ';
  out += name;
  out.append(8 - name.size(), ' ');
  out += terminal_safe(bounded(message));
  for (const Field& field : fields) out += ' ' + std::string(field.key) + '=' + text_value(field);
  return out;
}

std::string json_line(Level level, std::string_view message, std::initializer_list<Field> fields) {
  std::string out = "{\"time\":\"" + format_time(system_clock().now()) + "\",\"level\":\"" +
                    std::string(level_names[static_cast<std::size_t>(level)]) +
                    "\",\"message\":" + json_text(bounded(message));
  for (const Field& field : fields) {
    out += ',' + json_text(field.key) + ':' + (field.number ? field.value : json_text(bounded(field.value)));
  }
  return out + '}';
}

}  // namespace

Result<Level> parse_level(std::string_view name) {
  for (std::size_t i = 0; i < level_names.size(); ++i) {
    if (level_names[i] == name) return static_cast<Level>(i);
  }
  if (name == "warn") return Level::warning;
  return Error(ErrorCode::invalid_input, "'" + terminal_safe(name) + "' is no log level")
      .with_hint("use debug, info, warn or error");
}

Result<Format> parse_format(std::string_view name) {
  if (name == "text") return Format::text;
  if (name == "json") return Format::json;
  return Error(ErrorCode::invalid_input, "'" + terminal_safe(name) + "' is no log format").with_hint("use text or json");
}

void configure(Format format, Level minimum) noexcept {
  state().format = format;
  state().minimum = minimum;
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) noexcept {
  try {
    State& all = state();
    if (level < all.minimum.load()) return;
    std::string line =
        all.format.load() == Format::json ? json_line(level, message, fields) : text_line(level, message, fields);
    const std::lock_guard lock(all.mutex);
    if (all.destination) return all.destination(line);
    write_to_stderr(line += '\n');
  } catch (...) {  // NOLINT(bugprone-empty-catch)
    // Out of memory, or a test's destination: a log line is not worth the program.
  }
}

void set_destination(std::function<void(std::string_view line)> destination) {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  all.destination = std::move(destination);
}

}  // namespace gitopsctl::log
