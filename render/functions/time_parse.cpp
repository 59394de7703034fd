#include <optional>
#include <span>

#include "base/text/utf8.hpp"
#include "render/functions/calendar.hpp"
#include "render/functions/go_time.hpp"
#include "render/functions/time_layout.hpp"
#include "render/functions/time_names.hpp"

namespace gitopsctl::render {
namespace {

/// Package time's own quoting: ASCII but controls as it stands, every other byte as \xNN.
std::string time_quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || byte < ' ') {
      constexpr std::string_view hex = "0123456789abcdef";
      out += "\\x";
      out += hex[byte >> 4U];
      out += hex[byte & 15U];
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + "\"";
}

bool is_digit_at(std::string_view text, std::size_t at) noexcept {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

bool equal_fold(std::string_view text, std::string_view wanted) noexcept {
  if (text.size() < wanted.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if ((text[i] | 0x20) != (wanted[i] | 0x20)) return false;
  }
  return true;
}

class TimeParser {
 public:
  TimeParser(std::string_view layout, std::string_view text) : layout_(layout), text_(text), rest_(text) {}

  Result<GoTime> run() {
    auto layout = layout_;
    for (;;) {
      const auto piece = next_layout_piece(layout);
      if (!skip(piece.literal)) return cannot_parse(rest_, piece.literal);
      if (piece.part == LayoutPart::none) {
        if (!rest_.empty()) return failure(": extra text: " + time_quote(rest_));
        return finish();
      }
      const auto before = rest_;
      const bool read = read_part(piece, layout);
      if (!range_.empty()) return failure(": " + range_ + " out of range");
      if (!read) return cannot_parse(before, piece.text);
    }
  }

 private:
  [[nodiscard]] Error failure(std::string message) const {
    return {ErrorCode::invalid_input, "parsing time " + time_quote(text_) + std::move(message)};
  }
  [[nodiscard]] Error cannot_parse(std::string_view value, std::string_view element) const {
    return failure(" as " + time_quote(layout_) + ": cannot parse " + time_quote(value) + " as " + time_quote(element));
  }

  /// Literal text; a run of blanks in it matches any run, also none at the end.
  bool skip(std::string_view literal) {
    const auto cut_blanks = [](std::string_view& text) {
      while (!text.empty() && text[0] == ' ') text.remove_prefix(1);
    };
    while (!literal.empty()) {
      if (literal[0] == ' ') {
        if (!rest_.empty() && rest_[0] != ' ') return false;
        cut_blanks(literal);
        cut_blanks(rest_);
        continue;
      }
      if (rest_.empty() || rest_[0] != literal[0]) return false;
      literal.remove_prefix(1);
      rest_.remove_prefix(1);
    }
    return true;
  }

  /// Two digits, or one when `fixed` does not ask for two.
  bool number(bool fixed, int& out) {
    if (!is_digit_at(rest_, 0)) return false;
    if (!is_digit_at(rest_, 1)) {
      if (fixed) return false;
      out = rest_[0] - '0';
      rest_.remove_prefix(1);
      return true;
    }
    out = (rest_[0] - '0') * 10 + (rest_[1] - '0');
    rest_.remove_prefix(2);
    return true;
  }

  bool ranged(bool fixed, int& out, int low, int high, std::string_view what) {
    if (!number(fixed, out)) return false;
    if (out < low || out > high) range_ = what;
    return true;
  }

  bool name(std::span<const std::string_view> names, bool whole, int& out) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto wanted = whole ? names[i] : names[i].substr(0, 3);
      if (!equal_fold(rest_, wanted)) continue;
      out = static_cast<int>(i);
      rest_.remove_prefix(wanted.size());
      return true;
    }
    return false;
  }

  bool read_year(bool whole) {
    const std::size_t digits = whole ? 4 : 2;
    if (rest_.size() < digits) return false;
    int year = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!is_digit_at(rest_, i)) return false;
      year = year * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    year_ = whole ? year : year >= 69 ? year + 1900 : year + 2000;
    return true;
  }

  bool read_year_day(bool padded_with_blanks) {
    for (int i = 0; padded_with_blanks && i < 2 && !rest_.empty() && rest_[0] == ' '; ++i) rest_.remove_prefix(1);
    std::size_t digits = 0;
    int day = 0;
    while (digits < 3 && is_digit_at(rest_, digits)) day = day * 10 + (rest_[digits++] - '0');
    if (digits == 0 || (!padded_with_blanks && digits != 3)) return false;
    rest_.remove_prefix(digits);
    year_day_ = day;
    return true;
  }

  /// A separator and `digits` digits.
  bool read_fraction(std::size_t digits) {
    if (rest_.size() < digits + 1 || (rest_[0] != '.' && rest_[0] != ',')) return false;
    std::int64_t value = 0;
    for (std::size_t i = 1; i <= digits; ++i) {
      if (!is_digit_at(rest_, i)) return false;
      if (i <= 9) value = value * 10 + (rest_[i] - '0');
    }
    for (auto i = digits; i < 9; ++i) value *= 10;
    nanoseconds_ = static_cast<std::int32_t>(value);
    rest_.remove_prefix(digits + 1);
    return true;
  }

  /// Digits behind a separator at the start of the rest; none: nothing is read.
  bool read_open_fraction() {
    std::size_t digits = 0;
    if (!rest_.empty() && (rest_[0] == '.' || rest_[0] == ',')) {
      while (is_digit_at(rest_, digits + 1)) ++digits;
    }
    return digits == 0 || read_fraction(digits);
  }

  bool read_second(bool fixed, std::string_view layout) {
    if (!ranged(fixed, second_, 0, 59, "second")) return false;
    if (!range_.empty()) return true;  // an error already
    // A fraction is taken even where the layout does not name it.
    const auto next = next_layout_piece(layout);
    const bool named =
        next.literal.empty() && (next.part == LayoutPart::fraction_zeros || next.part == LayoutPart::fraction_shortest);
    return named || read_open_fraction();
  }

  bool read_half(std::string_view after_noon, std::string_view before_noon) {
    const auto two = rest_.substr(0, 2);
    if (two != after_noon && two != before_noon) return false;
    half_ = two == after_noon ? Half::after_noon : Half::before_noon;
    rest_.remove_prefix(2);
    return true;
  }

  bool read_offset(const OffsetForm& form) {
    if (form.z_for_utc && !rest_.empty() && rest_[0] == 'Z') {
      rest_.remove_prefix(1);
      utc_ = true;
      return true;
    }
    if (rest_.empty() || (rest_[0] != '+' && rest_[0] != '-')) return false;
    const bool west = rest_[0] == '-';
    rest_.remove_prefix(1);
    int fields[3] = {0, 0, 0};
    constexpr int limits[3] = {24, 60, 60};
    constexpr std::string_view names[3] = {"time zone offset hour", "time zone offset minute", "time zone offset second"};
    for (int i = 0; i < form.fields; ++i) {
      if (i > 0 && form.colons) {
        if (rest_.empty() || rest_[0] != ':') return false;
        rest_.remove_prefix(1);
      }
      if (!number(true, fields[i])) return false;
      if (fields[i] > limits[i]) range_ = names[i];
    }
    const int seconds = (fields[0] * 60 + fields[1]) * 60 + fields[2];
    offset_ = west ? -seconds : seconds;
    return true;
  }

  /// A sign and a number of hours below 24; 0 when there is none.
  static std::size_t signed_hours(std::string_view text) {
    if (text.empty() || (text[0] != '+' && text[0] != '-')) return 0;
    std::size_t length = 1;
    int hours = 0;
    while (is_digit_at(text, length) && hours < 100) hours = hours * 10 + (text[length++] - '0');
    return length == 1 || hours > 23 ? 0 : length;
  }

  static std::size_t zone_name_length(std::string_view text) {
    if (text.size() < 3) return 0;
    if (text.starts_with("ChST") || text.starts_with("MeST")) return 4;
    if (text.starts_with("GMT")) return 3 + signed_hours(text.substr(3));
    if (text[0] == '+' || text[0] == '-') return signed_hours(text);
    std::size_t capitals = 0;
    while (capitals < 6 && capitals < text.size() && text[capitals] >= 'A' && text[capitals] <= 'Z') ++capitals;
    if (capitals == 5) return text[4] == 'T' ? 5 : 0;
    if (capitals == 4) return text[3] == 'T' || text.starts_with("WITA") ? 4 : 0;
    return capitals == 3 ? 3 : 0;
  }

  bool read_zone_name() {
    if (rest_.starts_with("UTC")) {
      utc_ = true;
      rest_.remove_prefix(3);
      return true;
    }
    const auto length = zone_name_length(rest_);
    if (length == 0) return false;
    zone_name_ = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }

  bool read_month_name(bool whole) {
    int index = 0;
    if (!name(month_names, whole, index)) return false;
    month_ = index + 1;
    return true;
  }

  bool read_day(bool fixed, bool padded_with_blank) {
    if (padded_with_blank && !rest_.empty() && rest_[0] == ' ') rest_.remove_prefix(1);
    int day = 0;
    if (!number(fixed, day)) return false;
    day_ = day;
    return true;
  }

  bool read_month(bool fixed) {
    int month = 0;
    if (!ranged(fixed, month, 1, 12, "month")) return false;
    month_ = month;
    return true;
  }

  bool read_part(const LayoutPiece& piece, std::string_view layout) {
    int ignored = 0;
    switch (piece.part) {
      case LayoutPart::none: return true;
      case LayoutPart::long_month: return read_month_name(true);
      case LayoutPart::month: return read_month_name(false);
      case LayoutPart::number_month: return read_month(false);
      case LayoutPart::zero_month: return read_month(true);
      case LayoutPart::long_weekday: return name(weekday_names, true, ignored);
      case LayoutPart::weekday: return name(weekday_names, false, ignored);
      case LayoutPart::day: return read_day(false, false);
      case LayoutPart::under_day: return read_day(false, true);
      case LayoutPart::zero_day: return read_day(true, false);
      case LayoutPart::under_year_day: return read_year_day(true);
      case LayoutPart::zero_year_day: return read_year_day(false);
      case LayoutPart::hour: return ranged(false, hour_, 0, 23, "hour");
      case LayoutPart::hour12: return ranged(false, hour_, 0, 12, "hour");
      case LayoutPart::zero_hour12: return ranged(true, hour_, 0, 12, "hour");
      case LayoutPart::minute: return ranged(false, minute_, 0, 59, "minute");
      case LayoutPart::zero_minute: return ranged(true, minute_, 0, 59, "minute");
      case LayoutPart::second: return read_second(false, layout);
      case LayoutPart::zero_second: return read_second(true, layout);
      case LayoutPart::long_year: return read_year(true);
      case LayoutPart::year: return read_year(false);
      case LayoutPart::upper_half: return read_half("PM", "AM");
      case LayoutPart::lower_half: return read_half("pm", "am");
      case LayoutPart::zone_name: return read_zone_name();
      case LayoutPart::offset: return read_offset(piece.form);
      case LayoutPart::fraction_zeros: return read_fraction(static_cast<std::size_t>(piece.digits));
      case LayoutPart::fraction_shortest: return read_open_fraction();
    }
    return false;
  }

  /// Month and day from the day of the year, which must agree with what was read.
  Result<void> apply_year_day() {
    if (year_day_ < 1 || year_day_ > (is_leap_year(year_) ? 366 : 365)) return failure(": day-of-year out of range");
    const auto date = civil_from_days(days_from_civil(year_, 1, 1) + year_day_ - 1);
    if (month_ >= 0 && month_ != date.month) return failure(": day-of-year does not match month");
    if (day_ >= 0 && day_ != date.day) return failure(": day-of-year does not match day");
    month_ = date.month;
    day_ = date.day;
    return {};
  }

  Result<GoTime> finish() {
    if (half_ == Half::after_noon && hour_ < 12) hour_ += 12;
    if (half_ == Half::before_noon && hour_ == 12) hour_ = 0;
    if (year_day_ >= 0) GITOPSCTL_CHECK(apply_year_day());
    if (month_ < 0) month_ = 1;
    if (day_ < 0) day_ = 1;
    if (day_ < 1 || day_ > days_in_month(year_, month_)) return failure(": day out of range");
    GoTime time;
    time.seconds = civil_seconds(year_, month_, day_, hour_, minute_, second_);
    time.nanoseconds = nanoseconds_;
    if (utc_) return time;
    if (offset_) {
      time.seconds -= *offset_;
      // The local zone is UTC here, and Go prefers it where it fits.
      if (*offset_ != 0 || !(zone_name_.empty() || zone_name_ == "UTC")) {
        time.zone = fixed_zone(std::string(zone_name_), *offset_);
      }
    } else if (!zone_name_.empty()) {
      // An unknown name says nothing about the distance, but for GMT+3; and even that only changes how the time is shown.
      int hours = 0;
      if (zone_name_.size() > 3 && zone_name_.starts_with("GMT")) {
        for (const char c : zone_name_.substr(4)) hours = hours * 10 + (c - '0');
        if (zone_name_[3] == '-') hours = -hours;
      }
      time.zone = fixed_zone(std::string(zone_name_), hours * 3600);
    }
    return time;
  }

  enum class Half : std::uint8_t { none, before_noon, after_noon };

  std::string_view layout_;
  std::string_view text_;
  std::string_view rest_;
  std::string range_;  ///< what was out of its range
  int year_ = 0;
  int month_ = -1;
  int day_ = -1;
  int year_day_ = -1;
  int hour_ = 0;
  int minute_ = 0;
  int second_ = 0;
  std::int32_t nanoseconds_ = 0;
  Half half_ = Half::none;
  bool utc_ = false;
  std::optional<std::int32_t> offset_;
  std::string_view zone_name_;
};

}  // namespace

Result<GoTime> parse_go_time(std::string_view layout, std::string_view text) { return TimeParser(layout, text).run(); }

}  // namespace gitopsctl::render
