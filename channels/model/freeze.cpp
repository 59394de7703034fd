#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "channels/model/reading.hpp"

namespace gitopsctl::channels::detail {

namespace {

constexpr int minutes_of_day = 24 * 60;

std::optional<int> two_digits(std::string_view text) {
  int out = 0;
  if (text.size() != 2) return std::nullopt;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (problem != std::errc() || end != text.data() + text.size() || out < 0) return std::nullopt;
  return out;
}

/// `16:00` → 960; `24:00` is the end of the day.
std::optional<int> minute_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = two_digits(text.substr(0, 2));
  const auto minute = two_digits(text.substr(3));
  if (!hour || !minute || *minute > 59 || *hour * 60 + *minute > minutes_of_day) return std::nullopt;
  return *hour * 60 + *minute;
}

std::optional<int> utc_offset(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const auto minutes = minute_of_day(text.substr(1));
  // The inhabited offsets end at +14:00 and -12:00.
  if (!minutes || *minutes > 14 * 60) return std::nullopt;
  return text[0] == '-' ? -*minutes : *minutes;
}

int day_number(std::string_view name) {
  constexpr std::array<std::string_view, 7> names = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<int>(i);
  }
  return -1;
}

void read_instants(const ConfigNode& node, FreezeWindow& window) {
  const auto instant = [&](std::string_view key) -> std::optional<TimePoint> {
    if (!node.has(key)) {
      node.fail(Error(ErrorCode::invalid_input, "missing key '" + std::string(key) + "'")
                    .with_hint("a span has 'from' and 'to', or 'days'"));
      return std::nullopt;
    }
    const ConfigNode at = node.at(key);
    if (!at.value().is_string()) return std::nullopt;
    auto time = parse_time(at.value().as_string());
    if (time.ok()) return *time;
    at.fail(Error(ErrorCode::invalid_input, "'" + std::string(key) + "': " + time.error().message())
                .with_hint("write an instant like 2026-12-20T00:00:00Z, or add 'days' for a weekly span"));
    return std::nullopt;
  };
  window.from = instant("from");
  window.to = instant("to");
  if (window.from && window.to && *window.from >= *window.to) {
    node.at("to").fail(Error(ErrorCode::invalid_input, "the span ends before it begins"));
  }
  if (node.has("utcOffset")) {
    node.at("utcOffset")
        .fail_key(Error(ErrorCode::invalid_input, "'utcOffset' is for weekly spans")
                      .with_hint("write the offset into the instants: 2026-12-20T00:00:00+01:00"));
  }
}

void read_weekly(const ConfigNode& node, FreezeWindow& window) {
  for (const auto& day : node.texts("days")) {
    if (const int number = day_number(day); number >= 0) window.days.push_back(number);
  }
  window.to_minute = minutes_of_day;
  const auto minute = [&](std::string_view key, int& out) {
    const ConfigNode at = node.at(key);
    if (!at.value().is_string()) return;
    if (const auto read = minute_of_day(at.value().as_string())) {
      out = *read;
    } else {
      at.fail(Error(ErrorCode::invalid_input, "'" + std::string(key) + "' is no time of day")
                  .with_hint("write it like \"16:00\"; with 'days' a span repeats every week"));
    }
  };
  minute("from", window.from_minute);
  minute("to", window.to_minute);
  if (window.from_minute == window.to_minute || window.from_minute == minutes_of_day) {
    node.fail(Error(ErrorCode::invalid_input, "the span is empty").with_hint("leave out 'from' and 'to' for whole days"));
  }
  const ConfigNode offset = node.at("utcOffset");
  if (!offset.value().is_string()) return;
  if (const auto minutes = utc_offset(offset.value().as_string())) {
    window.offset_minutes = *minutes;
  } else {
    offset.fail(Error(ErrorCode::invalid_input, "'utcOffset' is no offset from UTC").with_hint("write it like \"+01:00\""));
  }
}

}  // namespace

std::vector<FreezeWindow> read_freeze(const ConfigNode& list) {
  std::vector<FreezeWindow> out;
  for (const auto& node : list.items()) {
    if (!node.value().is_map()) continue;
    FreezeWindow window;
    window.where = node.where();
    window.reason = node.text("reason");
    if (node.has("days")) {
      read_weekly(node, window);
    } else {
      read_instants(node, window);
    }
    out.push_back(std::move(window));
  }
  return out;
}

}  // namespace gitopsctl::channels::detail
