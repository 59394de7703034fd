#include "render/schema/formats.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/text/go_format.hpp"
#include "base/text/go_number.hpp"
#include "base/text/go_verbs.hpp"
#include "base/text/regex.hpp"
#include "base/text/utf8.hpp"
#include "render/functions/go_address.hpp"
#include "render/functions/go_time.hpp"
#include "render/functions/go_url.hpp"

namespace gitopsctl::render::schema {
namespace {

using Problem = std::optional<std::string>;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alphanumeric(char c) noexcept { return is_digit(c) || is_letter(c); }

std::size_t leading_digits(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
}

std::vector<std::string_view> split(std::string_view text, char sign) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto at = text.find(sign);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

/// `'x'`
std::string quoted_rune(char32_t rune) {
  std::string out = "'";
  gitopsctl::detail::append_quoted_rune(out, rune, '\'', false);
  return out + '\'';
}

/// The character that `text` begins with.
std::string quoted_character(std::string_view text) { return quoted_rune(decode_utf8(text).value); }

/// The first byte that `allowed` refuses, as `invalid character 'x'`.
template <class Allowed>
Problem refuse_others(std::string_view text, Allowed allowed, std::string_view where = {}) {
  const auto bad = std::find_if_not(text.begin(), text.end(), allowed);
  if (bad == text.end()) return std::nullopt;
  return "invalid character " + quoted_character(text.substr(static_cast<std::size_t>(bad - text.begin()))) +
         std::string(where);
}

// RFC 6901
Problem check_json_pointer(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text[0] != '/') return "not starting with /";
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != '~') continue;
    if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return "~ must be followed by 0 or 1";
  }
  return std::nullopt;
}

Problem check_relative_json_pointer(std::string_view text) {
  const auto digits = leading_digits(text);
  if (digits == 0) return "must start with non-negative integer";
  if (digits > 1 && text[0] == '0') return "starts with zero";
  const auto rest = text.substr(digits);
  return rest == "#" ? std::nullopt : check_json_pointer(rest);
}

// RFC 4122
Problem check_uuid(std::string_view text) {
  constexpr std::array<std::size_t, 5> lengths{8, 4, 4, 4, 12};
  const auto groups = split(text, '-');
  if (groups.size() != lengths.size()) return "must have 5 elements";
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].size() != lengths[i]) {
      return "element " + std::to_string(i + 1) + " must be " + std::to_string(lengths[i]) + " characters long";
    }
    for (std::size_t k = 0; k < groups[i].size(); ++k) {
      const char c = groups[i][k];
      if (is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) continue;
      return "non-hex character " + quoted_character(groups[i].substr(k));
    }
  }
  return std::nullopt;
}

/// Numbers with the units of `known`, each at most once and in this order.
Problem check_duration_part(std::string_view part, std::string_view known) {
  auto units = known;
  while (!part.empty()) {
    const auto digits = leading_digits(part);
    if (digits == 0) return "missing number";
    part.remove_prefix(digits);
    if (part.empty()) return "missing unit";
    const auto at = units.find(part[0]);
    if (at == std::string_view::npos) {
      const auto quoted = quoted_rune(static_cast<unsigned char>(part[0]));
      return known.find(part[0]) == std::string_view::npos ? "invalid unit " + quoted : "unit " + quoted + " out of order";
    }
    units.remove_prefix(at + 1);
    part.remove_prefix(1);
  }
  return std::nullopt;
}

// RFC 3339, appendix A
Problem check_duration(std::string_view text) {
  if (!text.starts_with('P')) return "must start with P";
  text.remove_prefix(1);
  if (text.empty()) return "nothing after P";
  if (text.ends_with('W')) {
    text.remove_suffix(1);
    if (text.empty()) return "no number in week";
    if (leading_digits(text) != text.size()) return "invalid week";
    return std::nullopt;
  }
  constexpr std::array<std::string_view, 2> units{"YMD", "HMS"};
  const auto parts = split(text, 'T');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0 && parts[i].empty()) return "no time elements";
    if (i >= units.size()) return "more than one T";
    if (auto problem = check_duration_part(parts[i], units[i])) return problem;
  }
  return std::nullopt;
}

Problem check_ipv4(std::string_view text) {
  const auto groups = split(text, '.');
  if (groups.size() != 4) return "expected four decimals";
  for (const auto group : groups) {
    if (group.size() > 1 && group[0] == '0') return "leading zeros";
    const auto number = parse_go_int(group, 10);
    if (number.status != GoNumberStatus::ok) {
      return "strconv.Atoi: parsing " + go_quote(group) + ": " +
             (number.status == GoNumberStatus::range ? "value out of range" : "invalid syntax");
    }
    if (number.value < 0 || number.value > 255) return "decimal must be between 0 and 255";
  }
  return std::nullopt;
}

Problem check_ipv6(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return "missing colon";
  const auto address = parse_go_address(text);
  if (!address.ok()) return address.error().message();
  if (!address->zone.empty()) return "zone id is not a part of ipv6 address";
  return std::nullopt;
}

Problem check_hostname(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.size() > 253) return "more than 253 characters long";
  for (const auto label : split(text, '.')) {
    if (label.empty() || label.size() > 63) return "label must be 1 to 63 characters long";
    if (label.starts_with('-')) return "label starts with hyphen";
    if (label.ends_with('-')) return "label ends with hyphen";
    if (auto problem = refuse_others(label, [](char c) { return is_alphanumeric(c) || c == '-'; })) return problem;
  }
  return std::nullopt;
}

Problem check_local_part(std::string_view local, bool corrected) {
  if (local.size() > 1 && local.starts_with('"') && (local.ends_with('"') || !corrected)) {
    if (local.substr(1, local.size() - 2).find_first_of("\\\"") != std::string_view::npos) {
      return "backslash and quote are not allowed within quoted local part";
    }
    return std::nullopt;
  }
  if (local.starts_with('.')) return "starts with dot";
  if (local.ends_with('.')) return "ends with dot";
  if (local.find("..") != std::string_view::npos) return "consecutive dots";
  return refuse_others(local, [](char c) {
    return is_alphanumeric(c) || std::string_view(".!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
  });
}

Problem check_email(std::string_view text, bool corrected) {
  if (text.size() > 254) return "more than 255 characters long";
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return "missing @";
  const auto local = text.substr(0, at);
  auto domain = text.substr(at + 1);
  if (local.size() > 64) return "local part more than 64 characters long";
  if (auto problem = check_local_part(local, corrected)) return problem;
  if (!domain.starts_with('[') || !domain.ends_with(']')) {
    const auto problem = check_hostname(domain);
    return problem ? "invalid domain: " + *problem : Problem();
  }
  domain = domain.size() > 1 ? domain.substr(1, domain.size() - 2) : std::string_view();
  if (domain.starts_with("IPv6:")) {
    const auto problem = check_ipv6(domain.substr(5));
    return problem ? "invalid ipv6 address: " + *problem : Problem();
  }
  const auto problem = check_ipv4(domain);
  return problem ? "invalid ipv4 address: " + *problem : Problem();
}

Problem check_email_603(std::string_view text) { return check_email(text, true); }
/// Before: an opening quote makes a local part a quoted one.
Problem check_email_602(std::string_view text) { return check_email(text, false); }

Problem check_date(std::string_view text) {
  const auto time = parse_go_time("2006-01-02", text);
  return time.ok() ? Problem() : time.error().message();
}

/// Numbers between colons, each of two characters; `what` names them in messages.
Problem read_clock(std::string_view text, std::string_view what, std::vector<std::int64_t>& out) {
  for (const auto part : split(text, ':')) {
    const auto number = parse_go_int(part, 10);
    if (number.status != GoNumberStatus::ok) return "invalid " + std::string(what);
    if (number.value < 0) return "non-positive " + std::string(what);
    out.push_back(number.value);
  }
  return std::nullopt;
}

// RFC 3339, section 5.6
Problem check_time(std::string_view text) {
  if (text.size() < 9) return "less than 9 characters long";
  if (text[2] != ':' || text[5] != ':') return "missing colon in correct place";
  std::vector<std::int64_t> clock;
  // Three parts at most: a further colon belongs to the last.
  if (text[6] == ':' || text[7] == ':') return "invalid hour/min/sec";
  if (auto problem = read_clock(text.substr(0, 8), "hour/min/sec", clock)) return problem;
  if (clock.size() != 3) return "missing hour/min/sec";
  const auto second = clock[2];
  if (clock[0] > 23 || clock[1] > 59 || second > 60) return "hour/min/sec out of range";
  auto minutes = clock[0] * 60 + clock[1];
  text.remove_prefix(8);
  if (text.starts_with('.')) {
    const auto digits = leading_digits(text.substr(1));
    if (digits == 0) return "no digits in second fraction";
    text.remove_prefix(1 + digits);
  }
  if (text != "z" && text != "Z") {
    if (text.size() != 6) return "offset must be 6 characters long";
    if (text[0] != '+' && text[0] != '-') return "offset must begin with plus/minus";
    if (text[3] != ':') return "missing colon in offset in correct place";
    if (text[4] == ':' || text[5] == ':') return "invalid hour/min in offset";
    std::vector<std::int64_t> offset;
    if (auto problem = read_clock(text.substr(1), "hour/min in offset", offset)) return problem;
    if (offset.size() != 2) return "invalid hour/min in offset";
    if (offset[0] > 23 || offset[1] > 59) return "hour/min in offset out of range";
    const auto ahead = offset[0] * 60 + offset[1];
    minutes += text[0] == '+' ? -ahead : ahead;
    if (minutes < 0) minutes += std::int64_t{24} * 60;
  }
  constexpr std::int64_t last_minute = 23 * 60 + 59;
  if (second >= 60 && minutes != last_minute) return "invalid leap second";
  return std::nullopt;
}

Problem check_date_time(std::string_view text) {
  if (text.size() < 20) return "less than 20 characters long";
  if (text[10] != 't' && text[10] != 'T') return "11th character must be t or T";
  if (const auto problem = check_date(text.substr(0, 10))) return "invalid date element: " + *problem;
  if (const auto problem = check_time(text.substr(11))) return "invalid time element: " + *problem;
  return std::nullopt;
}

Problem check_period(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return "missing slash";
  const auto begin = text.substr(0, slash);
  const auto end = text.substr(slash + 1);
  if (begin.starts_with('P')) {
    if (const auto problem = check_duration(begin)) return "invalid start duration: " + *problem;
  } else if (const auto problem = check_date_time(begin)) {
    return "invalid start date-time: " + *problem;
  }
  if (!begin.starts_with('P') && end.starts_with('P')) {
    const auto problem = check_duration(end);
    return problem ? "invalid end duration: " + *problem : Problem();
  }
  const auto problem = check_date_time(end);
  return problem ? "invalid end date-time: " + *problem : Problem();
}

Problem parse_url(std::string_view text, GoRelease release, GoUrl& out) {
  auto url = GoUrl::parse(text, release);
  if (!url.ok()) return url.error().message();
  if (const auto host = url->hostname(); host.find(':') != std::string::npos) {
    if (url->host.find('[') == std::string::npos || url->host.find(']') == std::string::npos) {
      return "ipv6 address not enclosed in brackets";
    }
    if (const auto problem = check_ipv6(host)) return "invalid ipv6 address: " + *problem;
  }
  out = *std::move(url);
  return std::nullopt;
}

template <GoRelease release>
Problem check_uri(std::string_view text) {
  GoUrl url;
  if (auto problem = parse_url(text, release, url)) return problem;
  return url.scheme.empty() ? Problem("relative url") : Problem();
}

template <GoRelease release>
Problem check_uri_reference(std::string_view text) {
  if (text.find('\\') != std::string_view::npos) return "contains \\";
  GoUrl url;
  return parse_url(text, release, url);
}

// The library that helm uses looks at the escaped path only where it differs from its plain form; so braces are.
template <GoRelease release>
Problem check_uri_template(std::string_view text) {
  GoUrl url;
  if (auto problem = parse_url(text, release, url)) return problem;
  for (const auto part : split(url.path, '/')) {
    bool open = false;
    for (const char c : part) {
      if (c != '{' && c != '}') continue;
      if ((c == '{') == open) return "nested curly braces";
      open = !open;
    }
    if (open) return "no matching closing brace";
  }
  return std::nullopt;
}

bool is_identifier(char c) noexcept { return is_alphanumeric(c) || c == '-'; }

// semver.org
Problem check_semver(std::string_view text) {
  if (const auto plus = text.find('+'); plus != std::string_view::npos) {
    const auto build = text.substr(plus + 1);
    if (build.empty()) return "build is empty";
    for (const auto part : split(build, '.')) {
      if (part.empty()) return "build identifier is empty";
      if (auto problem = refuse_others(part, is_identifier, " in build identifier")) return problem;
    }
    text = text.substr(0, plus);
  }
  if (const auto minus = text.find('-'); minus != std::string_view::npos) {
    for (const auto part : split(text.substr(minus + 1), '.')) {
      if (part.empty()) return "pre-release identifier is empty";
      if (auto problem = refuse_others(part, is_identifier, " in pre-release identifier")) return problem;
      if (part.size() > 1 && part[0] == '0' && leading_digits(part) == part.size()) {
        return "pre-release numeric identifier starts with zero";
      }
    }
    text = text.substr(0, minus);
  }
  const auto numbers = split(text, '.');
  if (numbers.size() != 3) return "versionCore must have 3 numbers separated by dot";
  constexpr std::array<std::string_view, 3> names{"major", "minor", "patch"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string name(names[i]);
    if (numbers[i].empty()) return name + " is empty";
    if (numbers[i].size() > 1 && numbers[i][0] == '0') return name + " starts with zero";
    if (leading_digits(numbers[i]) != numbers[i].size()) return name + " contains non-digit";
  }
  return std::nullopt;
}

Problem check_regex(std::string_view text) {
  const auto regex = Regex::compile(text);
  return regex.ok() ? Problem() : regex.error().message();
}

struct Row {
  std::string_view name;
  FormatCheck check;
};

template <GoRelease release>
constexpr std::array<Row, 19> table{{
    {"date", check_date},
    {"date-time", check_date_time},
    {"duration", check_duration},
    {"email", check_email_603},
    {"hostname", check_hostname},
    {"ipv4", check_ipv4},
    {"ipv6", check_ipv6},
    {"iri", check_uri<release>},
    {"iri-reference", check_uri_reference<release>},
    {"json-pointer", check_json_pointer},
    {"period", check_period},
    {"regex", check_regex},
    {"relative-json-pointer", check_relative_json_pointer},
    {"semver", check_semver},
    {"time", check_time},
    {"uri", check_uri<release>},
    {"uri-reference", check_uri_reference<release>},
    {"uri-template", check_uri_template<release>},
    {"uuid", check_uuid},
}};

}  // namespace

FormatCheck find_format(std::string_view name, const Habits& habits) noexcept {
  if (name == "email" && !habits.corrected) return check_email_602;
  // The releases of Go before 1.26 read URLs alike.
  const auto& rows = habits.release < GoRelease::go_1_26 ? table<GoRelease::go_1_25> : table<GoRelease::go_1_27>;
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.name == name; });
  return row == rows.end() ? nullptr : row->check;
}

}  // namespace gitopsctl::render::schema
