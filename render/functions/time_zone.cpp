#include "render/functions/time_zone.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "render/functions/calendar.hpp"

namespace gitopsctl::render {
namespace {

constexpr std::string_view database = "/usr/share/zoneinfo/";
/// The largest file of the database is below 4 KiB.
constexpr std::size_t max_zone_bytes = 256ULL << 10U;
constexpr std::size_t max_zone_name = 100;

class FixedZone final : public TimeZone {
 public:
  FixedZone(std::string name, std::int32_t seconds) : name_(std::move(name)), seconds_(seconds) {}
  [[nodiscard]] Offset at(std::int64_t /*unix_seconds*/) const override { return {seconds_, name_}; }
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }

 private:
  std::string name_;
  std::int32_t seconds_;
};

/// One end of daylight saving time in a POSIX TZ rule.
struct RuleDate {
  enum class Form : std::uint8_t { julian, day_of_year, month_week } form = Form::julian;
  int month = 0;
  int week = 0;
  int day = 0;
  std::int64_t seconds = 7200;  ///< after midnight, local time

  /// Seconds since the start of `year`.
  [[nodiscard]] std::int64_t in_year(std::int64_t year) const {
    std::int64_t days = 0;
    switch (form) {
      case Form::julian: days = day - 1 + (is_leap_year(year) && day >= 60 ? 1 : 0); break;
      case Form::day_of_year: days = day; break;
      case Form::month_week: {
        const auto month_start = days_from_civil(year, month, 1);
        const auto first_weekday = (month_start % 7 + 11) % 7;  // day 0 was a Thursday
        auto wanted = (day - first_weekday + 7) % 7 + std::int64_t{7} * (week - 1);
        while (wanted >= days_in_month(year, month)) wanted -= 7;
        days = month_start + wanted - days_from_civil(year, 1, 1);
        break;
      }
    }
    return days * 86400 + seconds;
  }
};

/// `CET-1CEST,M3.5.0,M10.5.0/3`: what holds after the last listed change.
class PosixRule {
 public:
  static std::optional<PosixRule> parse(std::string_view text) {
    PosixRule rule;
    rule.text_ = text;
    if (!rule.read_name(rule.standard_.name) || !rule.read_offset(rule.standard_.seconds)) return std::nullopt;
    rule.standard_.seconds = -rule.standard_.seconds;
    if (rule.text_.empty()) return rule;
    rule.has_saving_ = true;
    if (!rule.read_name(rule.saving_.name)) return std::nullopt;
    rule.saving_.seconds = rule.standard_.seconds + 3600;
    if (!rule.text_.empty() && rule.text_[0] != ',') {
      if (!rule.read_offset(rule.saving_.seconds)) return std::nullopt;
      rule.saving_.seconds = -rule.saving_.seconds;
    }
    if (!rule.read_date(rule.start_) || !rule.read_date(rule.end_) || !rule.text_.empty()) return std::nullopt;
    return rule;
  }

  [[nodiscard]] TimeZone::Offset at(std::int64_t unix_seconds) const {
    // Beyond a billion years nobody changes clocks, and the arithmetic below would not fit.
    constexpr std::int64_t horizon = 40'000'000'000'000'000;
    if (!has_saving_ || unix_seconds > horizon || unix_seconds < -horizon) return standard_;
    const auto year = civil_from_days(floor_divide(unix_seconds, 86400)).year;
    const auto in_year = unix_seconds - days_from_civil(year, 1, 1) * 86400;
    const auto start = start_.in_year(year) - standard_.seconds;
    const auto end = end_.in_year(year) - saving_.seconds;
    const bool saving = start < end ? in_year >= start && in_year < end : in_year < end || in_year >= start;
    return saving ? saving_ : standard_;
  }

 private:
  bool read_name(std::string& name) {
    std::size_t length = 0;
    if (!text_.empty() && text_[0] == '<') {
      length = text_.find('>');
      if (length == std::string_view::npos) return false;
      name = text_.substr(1, length - 1);
      text_.remove_prefix(length + 1);
      return true;
    }
    while (length < text_.size() && std::string_view("0123456789,-+").find(text_[length]) == std::string_view::npos)
      ++length;
    name = text_.substr(0, length);
    text_.remove_prefix(length);
    return length >= 3;
  }

  bool read_number(std::int64_t& number) {
    std::size_t length = 0;
    number = 0;
    while (length < text_.size() && length < 6 && text_[length] >= '0' && text_[length] <= '9') {
      number = number * 10 + (text_[length++] - '0');
    }
    text_.remove_prefix(length);
    return length > 0;
  }

  bool take(char wanted) {
    if (text_.empty() || text_[0] != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool read_clock(std::int64_t& seconds) {
    const bool negative = take('-');
    if (!negative) take('+');
    std::int64_t part = 0;
    if (!read_number(part)) return false;
    seconds = part * 3600;
    for (const std::int64_t unit : {60, 1}) {
      if (!take(':')) break;
      if (!read_number(part)) return false;
      seconds += part * unit;
    }
    if (negative) seconds = -seconds;
    return true;
  }

  bool read_offset(std::int32_t& seconds) {
    std::int64_t wide = 0;
    if (!read_clock(wide)) return false;
    seconds = static_cast<std::int32_t>(wide);
    return true;
  }

  bool read_date(RuleDate& date) {
    if (!take(',')) return false;
    std::int64_t number = 0;
    if (take('M')) {
      date.form = RuleDate::Form::month_week;
      if (!read_number(number) || number < 1 || number > 12) return false;
      date.month = static_cast<int>(number);
      if (!take('.') || !read_number(number) || number < 1 || number > 5) return false;
      date.week = static_cast<int>(number);
      if (!take('.') || !read_number(number) || number > 6) return false;
    } else {
      date.form = take('J') ? RuleDate::Form::julian : RuleDate::Form::day_of_year;
      if (!read_number(number) || number > 366) return false;
    }
    date.day = static_cast<int>(number);
    return !take('/') || read_clock(date.seconds);
  }

  std::string_view text_;
  TimeZone::Offset standard_;
  TimeZone::Offset saving_;
  bool has_saving_ = false;
  RuleDate start_;
  RuleDate end_;
};

/// A zone file (RFC 8536).
class DatabaseZone final : public TimeZone {
 public:
  static std::shared_ptr<const DatabaseZone> parse(std::string name, std::string_view bytes);

  [[nodiscard]] Offset at(std::int64_t unix_seconds) const override {
    const auto after = std::upper_bound(changes_.begin(), changes_.end(), unix_seconds,
                                        [](std::int64_t wanted, const Change& change) { return wanted < change.from; });
    if (after == changes_.end() && rule_) return rule_->at(unix_seconds);
    return after == changes_.begin() ? first_ : offsets_[(after - 1)->offset];
  }
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }

 private:
  struct Change {
    std::int64_t from = 0;
    std::size_t offset = 0;
  };
  std::string name_;
  std::vector<Change> changes_;
  std::vector<Offset> offsets_;
  Offset first_;
  std::string rule_text_;
  std::optional<PosixRule> rule_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  std::string_view take(std::size_t count) {
    if (count > bytes_.size()) {
      failed_ = true;
      return {};
    }
    const auto taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (const char c : take(bytes)) value = value << 8U | static_cast<unsigned char>(c);
    return value;
  }
  [[nodiscard]] std::string_view rest() const noexcept { return bytes_; }

 private:
  std::string_view bytes_;
  bool failed_ = false;
};

struct ZoneHeader {
  std::uint64_t utc_flags = 0;
  std::uint64_t standard_flags = 0;
  std::uint64_t leaps = 0;
  std::uint64_t changes = 0;
  std::uint64_t types = 0;
  std::uint64_t characters = 0;

  [[nodiscard]] std::size_t body_bytes(std::size_t time_bytes) const noexcept {
    return static_cast<std::size_t>(changes * (time_bytes + 1) + types * 6 + characters + leaps * (time_bytes + 4) +
                                    standard_flags + utc_flags);
  }
};

std::optional<ZoneHeader> read_header(ByteReader& in) {
  if (in.take(4) != "TZif") return std::nullopt;
  if (in.number(1) < '2') return std::nullopt;
  in.take(15);
  ZoneHeader header;
  header.utc_flags = in.number(4);
  header.standard_flags = in.number(4);
  header.leaps = in.number(4);
  header.changes = in.number(4);
  header.types = in.number(4);
  header.characters = in.number(4);
  if (in.failed() || header.types == 0 || header.body_bytes(8) > max_zone_bytes) return std::nullopt;
  return header;
}

std::shared_ptr<const DatabaseZone> DatabaseZone::parse(std::string name, std::string_view bytes) {
  ByteReader in(bytes);
  // The first block has 32-bit times for old readers.
  const auto old = read_header(in);
  if (!old) return nullptr;
  in.take(old->body_bytes(4));
  const auto header = read_header(in);
  if (!header) return nullptr;

  auto zone = std::make_shared<DatabaseZone>();
  zone->name_ = std::move(name);
  for (std::uint64_t i = 0; i < header->changes; ++i) {
    zone->changes_.push_back({static_cast<std::int64_t>(in.number(8)), 0});
  }
  for (auto& change : zone->changes_) {
    change.offset = static_cast<std::size_t>(in.number(1));
    if (change.offset >= header->types) return nullptr;
  }
  std::vector<std::pair<std::int32_t, std::size_t>> types;
  std::optional<std::size_t> first_standard;
  for (std::uint64_t i = 0; i < header->types; ++i) {
    const auto seconds = static_cast<std::int32_t>(in.number(4));
    if (in.number(1) == 0 && !first_standard) first_standard = types.size();
    types.emplace_back(seconds, static_cast<std::size_t>(in.number(1)));
  }
  const auto characters = in.take(static_cast<std::size_t>(header->characters));
  in.take(static_cast<std::size_t>(header->leaps * 12 + header->standard_flags + header->utc_flags));
  if (in.failed()) return nullptr;
  for (const auto& [seconds, start] : types) {
    if (start > characters.size()) return nullptr;
    const auto rest = characters.substr(start);
    zone->offsets_.push_back({seconds, std::string(rest.substr(0, rest.find('\0')))});
  }
  zone->first_ = zone->offsets_[first_standard.value_or(0)];

  auto footer = in.rest();
  if (footer.size() > 2 && footer.front() == '\n') {
    footer.remove_prefix(1);
    zone->rule_text_ = footer.substr(0, footer.find('\n'));
    if (!zone->rule_text_.empty()) zone->rule_ = PosixRule::parse(zone->rule_text_);
  }
  return zone;
}

/// Go refuses names that could leave the database.
bool safe_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= max_zone_name && name.find("..") == std::string_view::npos && name[0] != '/' &&
         name[0] != '\\' && name.find('\0') == std::string_view::npos;
}

std::function<std::string(std::string_view)>& zone_reader() {
  static std::function<std::string(std::string_view)> reader;
  return reader;
}

}  // namespace

TimeZonePtr utc_zone() {
  static const TimeZonePtr zone = std::make_shared<FixedZone>("UTC", 0);
  return zone;
}

TimeZonePtr fixed_zone(std::string name, std::int32_t seconds_east) {
  return std::make_shared<FixedZone>(std::move(name), seconds_east);
}

std::string read_zone_file(std::string_view name) {
  if (!safe_name(name)) return {};
  std::ifstream file(std::string(database) + std::string(name), std::ios::binary);
  std::string bytes(max_zone_bytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return bytes.size() > max_zone_bytes ? std::string() : bytes;
}

void set_zone_reader(std::function<std::string(std::string_view name)> read) { zone_reader() = std::move(read); }

TimeZonePtr load_zone(std::string_view name) {
  if (name.empty() || name == "UTC" || name == "Local") return utc_zone();
  if (!safe_name(name)) return nullptr;
  static std::mutex mutex;
  static std::map<std::string, TimeZonePtr, std::less<>> zones;
  const std::lock_guard lock(mutex);
  if (const auto found = zones.find(name); found != zones.end()) return found->second;

  const auto& reader = zone_reader();
  const std::string bytes = reader ? reader(name) : read_zone_file(name);
  TimeZonePtr zone = bytes.size() > max_zone_bytes ? nullptr : DatabaseZone::parse(std::string(name), bytes);
  // Unknown names are not kept: they are the chart's, and without bound.
  if (zone != nullptr) zones.emplace(name, zone);
  return zone;
}

}  // namespace gitopsctl::render
