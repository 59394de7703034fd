#include <limits>

#include "base/text/go_format.hpp"
#include "render/functions/go_time.hpp"

namespace gitopsctl::render {
namespace {

constexpr std::uint64_t limit = std::uint64_t{1} << 63U;

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};
constexpr Unit units[] = {
    {"ns", 1},
    {"us", 1'000},
    {"\xC2\xB5s", 1'000},  // micro sign
    {"\xCE\xBCs", 1'000},  // Greek mu
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
};

/// Digits at the start of `text`; false when they pass the limit.
bool take_digits(std::string_view& text, std::uint64_t& number) {
  number = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    const auto digit = static_cast<std::uint64_t>(text[0] - '0');
    if (number > limit / 10 || number * 10 + digit > limit) return false;
    number = number * 10 + digit;
    text.remove_prefix(1);
  }
  return true;
}

struct Fraction {
  std::uint64_t value = 0;
  double scale = 1;
};

/// Digits behind a point; those beyond 63 bits are dropped.
Fraction take_fraction(std::string_view& text) {
  Fraction fraction;
  bool full = false;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    const auto digit = static_cast<std::uint64_t>(text[0] - '0');
    text.remove_prefix(1);
    if (full || fraction.value > (limit - 1) / 10 || fraction.value * 10 + digit > limit) {
      full = true;
      continue;
    }
    fraction.value = fraction.value * 10 + digit;
    fraction.scale *= 10;
  }
  return fraction;
}

}  // namespace

Result<std::int64_t> parse_go_duration(std::string_view text) {
  const auto quoted = go_quote(text);
  const auto fail = [&](std::string_view what) {
    return Error(ErrorCode::invalid_input, "time: " + std::string(what) + quoted);
  };
  const auto bad = [&] { return fail("invalid duration "); };
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return std::int64_t{0};
  if (text.empty()) return bad();
  std::uint64_t total = 0;
  while (!text.empty()) {
    const auto start = text.size();
    std::uint64_t whole = 0;
    if (!take_digits(text, whole)) return bad();
    bool digits = text.size() != start;
    Fraction fraction;
    if (!text.empty() && text[0] == '.') {
      text.remove_prefix(1);
      const auto fraction_start = text.size();
      fraction = take_fraction(text);
      digits = digits || text.size() != fraction_start;
    }
    if (!digits) return bad();
    const auto name = text.substr(0, text.find_first_of(".0123456789"));
    if (name.empty()) return fail("missing unit in duration ");
    const Unit* unit = nullptr;
    for (const auto& candidate : units) {
      if (candidate.name == name) unit = &candidate;
    }
    if (unit == nullptr) return fail("unknown unit " + go_quote(name) + " in duration ");
    text.remove_prefix(name.size());
    if (whole > limit / unit->nanoseconds) return bad();
    whole *= unit->nanoseconds;
    if (fraction.value > 0) {
      whole += static_cast<std::uint64_t>(static_cast<double>(fraction.value) *
                                          (static_cast<double>(unit->nanoseconds) / fraction.scale));
    }
    if (whole > limit || total + whole > limit) return bad();
    total += whole;
  }
  if (negative) return static_cast<std::int64_t>(~total + 1);
  if (total > limit - 1) return bad();
  return static_cast<std::int64_t>(total);
}

namespace {

/// `value` in units of 10^-digits, without zeros at the end.
std::string with_fraction(std::uint64_t value, int digits) {
  std::uint64_t unit = 1;
  for (int i = 0; i < digits; ++i) unit *= 10;
  std::string out = std::to_string(value / unit);
  std::string fraction = std::to_string(unit + value % unit).substr(1);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  if (!fraction.empty()) out += "." + fraction;
  return out;
}

}  // namespace

std::string format_go_duration(std::int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  const bool negative = nanoseconds < 0;
  const std::uint64_t size =
      negative ? ~static_cast<std::uint64_t>(nanoseconds) + 1 : static_cast<std::uint64_t>(nanoseconds);
  std::string out = negative ? "-" : "";
  if (size < 1'000) return out + std::to_string(size) + "ns";
  if (size < 1'000'000) return out + with_fraction(size, 3) + "\xC2\xB5s";
  if (size < 1'000'000'000) return out + with_fraction(size, 6) + "ms";
  const auto seconds = size / 1'000'000'000;
  const auto minutes = seconds / 60;
  if (minutes >= 60) out += std::to_string(minutes / 60) + "h";
  if (minutes > 0) out += std::to_string(minutes % 60) + "m";
  return out + with_fraction(seconds % 60 * 1'000'000'000 + size % 1'000'000'000, 9) + "s";
}

std::int64_t truncate_duration(std::int64_t nanoseconds, std::int64_t unit) {
  return unit <= 0 ? nanoseconds : nanoseconds - nanoseconds % unit;
}

std::int64_t round_duration(std::int64_t nanoseconds, std::int64_t unit) {
  if (unit <= 0) return nanoseconds;
  using Limits = std::numeric_limits<std::int64_t>;
  const auto rest = nanoseconds % unit;
  const auto distance = static_cast<std::uint64_t>(rest < 0 ? -rest : rest);
  const auto down = nanoseconds - rest;
  if (distance + distance < static_cast<std::uint64_t>(unit)) return down;
  std::int64_t away = 0;
  if (nanoseconds < 0) return __builtin_sub_overflow(down, unit, &away) ? Limits::min() : away;
  return __builtin_add_overflow(down, unit, &away) ? Limits::max() : away;
}

}  // namespace gitopsctl::render
