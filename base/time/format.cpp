#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/time/clock.hpp"

namespace gitopsctl {

namespace {

namespace chr = std::chrono;

// Ten years: nothing here waits longer, and the product of any unit with it fits.
constexpr double max_duration_ms = 10.0 * 366 * 24 * 3600 * 1000;

std::optional<int> number(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int out = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + (c - '0');
  }
  return out;
}

Error bad_time(std::string_view text) {
  return Error(ErrorCode::invalid_input, "'" + std::string(text.substr(0, 64)) + "' is not a time")
      .with_hint("write it as RFC 3339, for example 2026-12-24T16:00:00Z or 2026-12-24T16:00:00+01:00");
}

Error bad_duration(std::string_view text) {
  return Error(ErrorCode::invalid_input, "'" + std::string(text.substr(0, 64)) + "' is not a duration")
      .with_hint("write it with units, for example 90s, 10m or 1h30m; at most ten years");
}

struct Unit {
  std::string_view name;
  double ms;
};
constexpr std::array<Unit, 8> units = {{{"ns", 1e-6},
                                        {"us", 1e-3},
                                        {"\xC2\xB5s", 1e-3},  // U+00B5
                                        {"\xCE\xBCs", 1e-3},  // U+03BC
                                        {"ms", 1},
                                        {"s", 1000},
                                        {"m", 60'000},
                                        {"h", 3'600'000}}};

}  // namespace

std::string format_time(TimePoint at) {
  const auto day = chr::floor<chr::days>(at);
  const chr::year_month_day date(day);
  const chr::hh_mm_ss time(at - day);
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  std::string out(buffer.data());
  if (const auto ms = time.subseconds().count(); ms != 0) {
    std::snprintf(buffer.data(), buffer.size(), ".%03d", static_cast<int>(ms));
    out += buffer.data();
  }
  return out + 'Z';
}

Result<TimePoint> parse_time(std::string_view text) {
  const auto year = number(text, 0, 4), month = number(text, 5, 2), day = number(text, 8, 2);
  const auto hour = number(text, 11, 2), minute = number(text, 14, 2), second = number(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return bad_time(text);
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' ||
      text[16] != ':') {
    return bad_time(text);
  }
  const chr::year_month_day date{chr::year(*year), chr::month(static_cast<unsigned>(*month)),
                                 chr::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return bad_time(text);
  auto at =
      chr::time_point_cast<Millis>(chr::sys_days(date)) + chr::hours(*hour) + chr::minutes(*minute) + chr::seconds(*second);
  std::size_t pos = 19;
  if (pos < text.size() && text[pos] == '.') {
    ++pos;
    int scale = 100;
    const auto first = pos;
    for (; pos < text.size() && text[pos] >= '0' && text[pos] <= '9'; ++pos, scale /= 10) {
      at += Millis((text[pos] - '0') * scale);
    }
    if (pos == first) return bad_time(text);
  }
  if (pos + 1 == text.size() && (text[pos] == 'Z' || text[pos] == 'z')) return at;
  if (pos + 6 != text.size() || (text[pos] != '+' && text[pos] != '-') || text[pos + 3] != ':') return bad_time(text);
  const auto offset_hour = number(text, pos + 1, 2), offset_minute = number(text, pos + 4, 2);
  if (!offset_hour || !offset_minute || *offset_hour > 23 || *offset_minute > 59) return bad_time(text);
  const auto offset = chr::hours(*offset_hour) + chr::minutes(*offset_minute);
  return text[pos] == '+' ? at - offset : at + offset;
}

Result<Millis> parse_duration(std::string_view text) {
  if (text == "0") return Millis{0};
  std::string_view rest = text;
  if (!rest.empty() && rest.front() == '+') rest.remove_prefix(1);
  if (rest.empty()) return bad_duration(text);
  double total = 0;
  while (!rest.empty()) {
    // Digits and one point, read by hand: from_chars would also take "inf" and exponents.
    std::size_t end = 0;
    bool point = false, digit = false;
    for (; end < rest.size(); ++end) {
      if (rest[end] == '.' && !point) {
        point = true;
      } else if (rest[end] >= '0' && rest[end] <= '9') {
        digit = true;
      } else {
        break;
      }
    }
    double amount = 0;
    if (!digit || end > 32) return bad_duration(text);
    const std::string digits = (rest.front() == '.' ? "0" : "") + std::string(rest.substr(0, end));
    if (std::from_chars(digits.data(), digits.data() + digits.size(), amount).ec != std::errc()) return bad_duration(text);
    rest.remove_prefix(end);
    std::size_t unit_end = 0;
    while (unit_end < rest.size() && rest[unit_end] != '.' && (rest[unit_end] < '0' || rest[unit_end] > '9')) ++unit_end;
    const auto name = rest.substr(0, unit_end);
    const Unit* found = nullptr;
    for (const auto& unit : units) {
      if (unit.name == name) found = &unit;
    }
    if (found == nullptr) return bad_duration(text);
    total += amount * found->ms;
    if (total > max_duration_ms) return bad_duration(text);
    rest.remove_prefix(unit_end);
  }
  return Millis(std::llround(total));
}

std::string format_duration(Millis span) {
  auto ms = span.count();
  if (ms == 0) return "0s";
  std::string out;
  if (ms < 0) {
    out = "-";
    ms = -ms;
  }
  if (ms < 1000) return out + std::to_string(ms) + "ms";
  const auto hours = ms / 3'600'000, minutes = ms / 60'000 % 60, seconds = ms / 1000 % 60, rest = ms % 1000;
  if (hours > 0) out += std::to_string(hours) + "h";
  if (hours > 0 || minutes > 0) out += std::to_string(minutes) + "m";
  out += std::to_string(seconds);
  if (rest > 0) {
    std::string fraction = std::to_string(1000 + rest).substr(1);
    while (fraction.back() == '0') fraction.pop_back();
    out += '.' + fraction;
  }
  return out + 's';
}

}  // namespace gitopsctl
