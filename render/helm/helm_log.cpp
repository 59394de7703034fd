#include "render/helm/helm_log.hpp"

#include <algorithm>

#include "base/text/go_format.hpp"

namespace gitopsctl::render::helm {
namespace {

// A chart can have as many as it likes.
constexpr std::size_t max_lines = 10'000;

/// Quoted where a reader could not tell where it ends.
std::string slog_value(std::string_view text) {
  const auto quoted = go_quote(text);
  const bool plain = !text.empty() && quoted.size() == text.size() + 2 &&
                     std::none_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '='; });
  return plain ? std::string(text) : quoted;
}

}  // namespace

std::string slog_line(std::string_view level, std::string_view message, HelmLog::Attributes attributes) {
  std::string out = "level=" + std::string(level) + " msg=" + slog_value(message);
  for (const auto& [key, value] : attributes) out += ' ' + std::string(key) + '=' + slog_value(value);
  return out;
}

void HelmLog::print(std::string_view place, const std::string& text) { write(place, text, "INFO", text, {}); }

void HelmLog::write(std::string_view place, const std::string& text, std::string_view level, std::string_view message,
                    Attributes attributes) {
  if (lines_.size() >= max_lines) return;
  lines_.push_back(three_ ? std::string(place) + ": " + text : slog_line(level, message, attributes));
}

}  // namespace gitopsctl::render::helm
