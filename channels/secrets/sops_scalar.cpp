#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

#include "channels/secrets/sops_tree.hpp"

namespace gitopsctl::channels::secrets {
namespace {

/// The shortest digits that read back, without an exponent.
std::string plain_decimal(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  std::array<char, 64> buffer{};
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific);
  std::string_view text(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data()));
  std::string out;
  if (text.starts_with('-')) {
    out = "-";
    text.remove_prefix(1);
  }
  const std::size_t mark = text.find('e');
  std::string digits;
  for (const char c : text.substr(0, mark)) {
    if (c != '.') digits += c;
  }
  auto power = text.substr(mark + 1);
  if (power.starts_with('+')) power.remove_prefix(1);
  int exponent = 0;
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  const auto size = static_cast<int>(digits.size());
  if (exponent < 0) return out + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  if (exponent + 1 >= size) return out + digits + std::string(static_cast<std::size_t>(exponent + 1 - size), '0');
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

/// Reads the pieces of a timestamp one after the other.
class TimeScanner {
 public:
  explicit TimeScanner(std::string_view text) : text_(text) {}
  bool sign(std::string_view choices) {
    if (text_.empty() || choices.find(text_[0]) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// A number of `least` to `most` digits in a range.
  bool number(std::size_t least, std::size_t most, int low, int high, int& out) {
    std::size_t count = 0;
    out = 0;
    for (; count < most && count < text_.size() && text_[count] >= '0' && text_[count] <= '9'; ++count) {
      out = out * 10 + (text_[count] - '0');
    }
    text_.remove_prefix(count);
    return count >= least && out >= low && out <= high;
  }
  std::string_view digits() {
    std::size_t count = 0;
    while (count < text_.size() && text_[count] >= '0' && text_[count] <= '9') ++count;
    const auto out = text_.substr(0, count);
    text_.remove_prefix(count);
    return out;
  }
  [[nodiscard]] bool ended() const { return text_.empty(); }
  [[nodiscard]] char peek() const { return text_.empty() ? '\0' : text_[0]; }

 private:
  std::string_view text_;
};

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int days_in(int year, int month) {
  constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : days[static_cast<std::size_t>(month - 1)];
}

std::string two(int number) { return {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)}; }

/// `.125` without zeros at its end; empty for none. False for a dot without digits and for more digits than Go keeps.
bool read_fraction(TimeScanner& scan, std::string& out) {
  if (!scan.sign(".,")) return true;
  auto digits = scan.digits();
  if (digits.empty()) return false;
  digits = digits.substr(0, 9);
  while (digits.ends_with('0')) digits.remove_suffix(1);
  if (!digits.empty()) out = "." + std::string(digits);
  return true;
}

/// `Z`, or `+hh:mm` that is not zero.
bool read_offset(TimeScanner& scan, std::string& out) {
  out = "Z";
  if (scan.sign("Z")) return true;
  const char direction = scan.peek();
  int hours = 0;
  int minutes = 0;
  if (!scan.sign("+-") || !scan.number(2, 2, 0, 24, hours) || !scan.sign(":") || !scan.number(2, 2, 0, 60, minutes)) {
    return false;
  }
  if (hours + minutes > 0) out = direction + two(hours) + ":" + two(minutes);
  return true;
}

}  // namespace

std::string sops_scalar_text(const SopsNode& node) {
  switch (node.kind) {
    case SopsNode::Kind::boolean: return node.boolean ? "True" : "False";
    case SopsNode::Kind::integer: return std::to_string(node.integer);
    case SopsNode::Kind::floating: return plain_decimal(node.floating);
    case SopsNode::Kind::text: return std::string(node.text.view());
    default: return {};
  }
}

std::string sops_timestamp(std::string_view text) {
  TimeScanner scan(text);
  int year = 0;
  int month = 0;
  int day = 0;
  if (!scan.number(4, 4, 0, 9999, year) || !scan.sign("-") || !scan.number(1, 2, 1, 12, month) || !scan.sign("-") ||
      !scan.number(1, 2, 1, days_in(year, month), day)) {
    return {};
  }
  const std::string date = two(year / 100) + two(year % 100) + "-" + two(month) + "-" + two(day);
  if (scan.ended()) return date + "T00:00:00Z";
  const bool zoned = scan.peek() == 'T' || scan.peek() == 't';
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::string fraction;
  std::string offset = "Z";
  const bool good = scan.sign("Tt ") && scan.number(1, 2, 0, 23, hour) && scan.sign(":") &&
                    scan.number(1, 2, 0, 59, minute) && scan.sign(":") && scan.number(1, 2, 0, 59, second) &&
                    read_fraction(scan, fraction) && (!zoned || read_offset(scan, offset)) && scan.ended();
  if (!good) return {};
  return date + "T" + two(hour) + ":" + two(minute) + ":" + two(second) + fraction + offset;
}

}  // namespace gitopsctl::channels::secrets
