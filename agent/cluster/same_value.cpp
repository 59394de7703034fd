#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "agent/cluster/attribution.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::agent::detail {

namespace {

/// digits × 10^exponent, without trailing zeros in the digits.
struct Decimal {
  bool negative = false;
  std::uint64_t digits = 0;
  int exponent = 0;

  friend bool operator==(const Decimal&, const Decimal&) = default;
};

struct Suffix {
  std::string_view text;
  int power_of_ten;
  int power_of_two;
};
// Of resource.Quantity.
constexpr std::array suffixes = {Suffix{"", 0, 0},    Suffix{"n", -9, 0},  Suffix{"u", -6, 0},  Suffix{"m", -3, 0},
                                 Suffix{"k", 3, 0},   Suffix{"M", 6, 0},   Suffix{"G", 9, 0},   Suffix{"T", 12, 0},
                                 Suffix{"P", 15, 0},  Suffix{"E", 18, 0},  Suffix{"Ki", 0, 10}, Suffix{"Mi", 0, 20},
                                 Suffix{"Gi", 0, 30}, Suffix{"Ti", 0, 40}, Suffix{"Pi", 0, 50}, Suffix{"Ei", 0, 60}};

bool digit(char c) { return c >= '0' && c <= '9'; }

/// Takes `123.45` from the front of `text`; nothing when there is none, or more than 64 bits of it.
std::optional<Decimal> take_number(std::string_view& text) {
  Decimal out;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    out.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  bool any = false;
  bool fraction = false;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    if (c == '.' && !fraction) {
      fraction = true;
      continue;
    }
    if (!digit(c)) break;
    any = true;
    if (__builtin_mul_overflow(out.digits, std::uint64_t{10}, &out.digits) ||
        __builtin_add_overflow(out.digits, static_cast<std::uint64_t>(c - '0'), &out.digits)) {
      return std::nullopt;
    }
    if (fraction) --out.exponent;
  }
  return any ? std::optional(out) : std::nullopt;
}

Decimal normal(Decimal value) {
  if (value.digits == 0) return {};
  for (; value.digits % 10 == 0; value.digits /= 10) ++value.exponent;
  return value;
}

std::optional<int> exponent_of(std::string_view text) {
  if (text.size() < 2 || text.size() > 4 || (text.front() != 'e' && text.front() != 'E')) return std::nullopt;
  text.remove_prefix(1);
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  if (text.empty() || !std::ranges::all_of(text, digit)) return std::nullopt;
  int out = 0;
  for (const char c : text) out = out * 10 + (c - '0');
  return negative ? -out : out;
}

std::optional<Decimal> quantity(std::string_view text) {
  auto number = take_number(text);
  if (!number) return std::nullopt;
  if (const auto exponent = exponent_of(text)) {
    number->exponent += *exponent;
    return normal(*number);
  }
  const auto suffix = std::ranges::find(suffixes, text, &Suffix::text);
  if (suffix == suffixes.end()) return std::nullopt;
  number->exponent += suffix->power_of_ten;
  if (__builtin_mul_overflow(number->digits, std::uint64_t{1} << static_cast<unsigned>(suffix->power_of_two),
                             &number->digits)) {
    return std::nullopt;
  }
  return normal(*number);
}

struct Unit {
  std::string_view text;
  std::uint64_t nanoseconds;
};
// Of time.ParseDuration. `ms` stands before `m` and `s`.
constexpr std::array units = {Unit{"ns", 1},
                              Unit{"us", 1'000},
                              Unit{"ms", 1'000'000},
                              Unit{"h", 3'600'000'000'000},
                              Unit{"m", 60'000'000'000},
                              Unit{"s", 1'000'000'000}};

/// In nanoseconds; nothing for what is no duration, or one with parts of a unit.
std::optional<std::uint64_t> duration(std::string_view text) {
  std::uint64_t out = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    if (!digit(text.front())) return std::nullopt;
    const auto number = take_number(text);
    const auto unit = std::ranges::find_if(units, [&](const Unit& one) { return text.starts_with(one.text); });
    if (!number || number->exponent != 0 || unit == units.end()) return std::nullopt;
    text.remove_prefix(unit->text.size());
    std::uint64_t part = 0;
    if (__builtin_mul_overflow(number->digits, unit->nanoseconds, &part) || __builtin_add_overflow(out, part, &out)) {
      return std::nullopt;
    }
  }
  return out;
}

std::string text_of(const Value& value) {
  return value.is_string() ? std::string(value.as_string()) : canonical_json(value);
}

}  // namespace

bool same_value(const Value& a, const Value& b) {
  if (json_equal(a, b)) return true;
  const auto scalar = [](const Value& value) { return value.is_string() || value.is_number(); };
  if (!scalar(a) || !scalar(b)) return false;
  const std::string left = text_of(a);
  const std::string right = text_of(b);
  if (left == right) return true;  // a number and its text
  constexpr std::size_t longest = 64;
  if (left.size() > longest || right.size() > longest) return false;
  const auto x = quantity(left);
  if (x && x == quantity(right)) return true;
  const auto span = duration(left);
  return span && span == duration(right);
}

}  // namespace gitopsctl::agent::detail
