#include "channels/model/policy.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "base/json/json.hpp"

namespace gitopsctl::channels {

namespace {

constexpr std::int64_t max_count = 0xFFFF'FFFF;
constexpr int minutes_per_day = 24 * 60;

Value optional_time(const std::optional<TimePoint>& at) { return at ? Value::string(format_time(*at)) : Value::null(); }

Value window_value(const FreezeWindow& window) {
  std::vector<int> days = window.days;
  std::sort(days.begin(), days.end());
  days.erase(std::unique(days.begin(), days.end()), days.end());
  Value::List list;
  for (const int day : days) list.push_back(Value::int64(day));
  return make_map({{"from", optional_time(window.from)},
                   {"to", optional_time(window.to)},
                   {"days", Value::list(std::move(list))},
                   {"fromMinute", Value::int64(window.from_minute)},
                   {"toMinute", Value::int64(window.to_minute)},
                   {"offsetMinutes", Value::int64(window.offset_minutes)},
                   {"reason", Value::string(window.reason)}});
}

/// A member of a map that must be an integer from `least` to `most`; `fine` becomes false when it is not.
std::int64_t integer_at(const Value& map, std::string_view key, std::int64_t least, std::int64_t most, bool& fine) {
  const Value* value = map.find(key);
  if (value == nullptr || !value->is_int() || value->as_int() < least || value->as_int() > most) {
    fine = false;
    return least;
  }
  return value->as_int();
}

bool boolean_at(const Value& map, std::string_view key, bool& fine) {
  const Value* value = map.find(key);
  if (value == nullptr || !value->is_bool()) fine = false;
  return value != nullptr && value->as_bool();
}

std::optional<TimePoint> time_at(const Value& map, std::string_view key, bool& fine) {
  const Value* text = map.find(key);
  if (text == nullptr || text->is_nothing()) return std::nullopt;
  const auto parsed = parse_time(text->as_string());
  if (!text->is_string() || !parsed.ok()) {
    fine = false;
    return std::nullopt;
  }
  return *parsed;
}

FreezeWindow parse_window(const Value& value, bool& fine) {
  FreezeWindow window;
  const Value* days = value.find("days");
  if (!value.is_map() || days == nullptr || !days->is_list()) {
    fine = false;
    return window;
  }
  window.from = time_at(value, "from", fine);
  window.to = time_at(value, "to", fine);
  for (const auto& day : days->as_list()) {
    fine = fine && day.is_int() && day.as_int() >= 0 && day.as_int() <= 6;
    window.days.push_back(static_cast<int>(day.as_int()));
  }
  const auto minutes = [&](std::string_view key, int least) {
    return static_cast<int>(integer_at(value, key, least, minutes_per_day, fine));
  };
  window.from_minute = minutes("fromMinute", 0);
  window.to_minute = minutes("toMinute", 0);
  window.offset_minutes = minutes("offsetMinutes", -minutes_per_day);
  window.reason = value.string_at({"reason"});
  return window;
}

std::string two_digits(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }
std::string clock_text(int minute) { return two_digits(minute / 60) + ':' + two_digits(minute % 60); }

/// `Fri, Sat 16:00 to 24:00 +01:00 (weekend)`, `2026-12-20T00:00:00Z to 2027-01-03T00:00:00Z (holidays)`.
std::string window_text(const FreezeWindow& window) {
  static constexpr std::array<std::string_view, 7> names = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  std::string out;
  if (window.days.empty()) {
    out = (window.from ? format_time(*window.from) : "ever") + " to " + (window.to ? format_time(*window.to) : "ever");
  } else {
    std::vector<int> days = window.days;
    std::sort(days.begin(), days.end());
    days.erase(std::unique(days.begin(), days.end()), days.end());
    for (const int day : days) out += (out.empty() ? "" : ", ") + std::string(names.at(static_cast<std::size_t>(day)));
    out += ' ' + clock_text(window.from_minute) + " to " + clock_text(window.to_minute);
    const int offset = window.offset_minutes;
    out += offset == 0 ? " UTC" : (offset < 0 ? " -" : " +") + clock_text(offset < 0 ? -offset : offset);
  }
  if (!window.reason.empty()) out += " (" + window.reason + ')';
  return out;
}

std::vector<std::string> sorted_once(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

std::string number_text(double number) { return canonical_json(Value::float64(number)); }
std::string switch_text(bool value) { return value ? "true" : "false"; }

/// Texts of the windows by their canonical form, in its order.
std::vector<std::pair<std::string, std::string>> window_texts(const Policy& policy) {
  std::vector<std::pair<std::string, std::string>> out;
  out.reserve(policy.freeze.size());
  for (const auto& window : policy.freeze) out.emplace_back(canonical_json(window_value(window)), window_text(window));
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Value policy_value(const Policy& policy) {
  std::vector<std::pair<std::string, Value>> windows;
  for (const auto& window : policy.freeze) {
    Value value = window_value(window);
    windows.emplace_back(canonical_json(value), value);
  }
  std::sort(windows.begin(), windows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Value::List freeze;
  for (auto& [bytes, value] : windows) freeze.push_back(std::move(value));
  return make_map({{"deletePercent", Value::float64(policy.delete_percent)},
                   {"deleteAtLeast", Value::int64(policy.delete_at_least)},
                   {"approvals", Value::int64(policy.approvals)},
                   {"freeze", Value::list(std::move(freeze))},
                   {"prune", Value::boolean(policy.prune)},
                   {"selfHeal", Value::boolean(policy.self_heal)}});
}

Result<Policy> parse_policy(const Value& value) {
  bool fine = true;
  Policy out;
  const Value* percent = value.find("deletePercent");
  const Value* freeze = value.find("freeze");
  if (percent == nullptr || !percent->is_number() || freeze == nullptr || !freeze->is_list()) {
    return Error(ErrorCode::invalid_input, "the recorded policy is damaged");
  }
  out.delete_percent = percent->as_double();
  out.delete_at_least = static_cast<std::uint32_t>(integer_at(value, "deleteAtLeast", 0, max_count, fine));
  out.approvals = static_cast<std::uint32_t>(integer_at(value, "approvals", 0, max_count, fine));
  out.prune = boolean_at(value, "prune", fine);
  out.self_heal = boolean_at(value, "selfHeal", fine);
  for (const auto& item : freeze->as_list()) out.freeze.push_back(parse_window(item, fine));
  if (!fine) return Error(ErrorCode::invalid_input, "the recorded policy is damaged");
  return out;
}

std::vector<PolicyChange> compare_policies(const Policy& before, const Policy& after) {
  std::vector<PolicyChange> out;
  const auto compare = [&out](std::string_view what, std::string from, std::string to) {
    if (from != to) out.push_back({std::string(what), std::move(from), std::move(to)});
  };
  compare("approvals", std::to_string(before.approvals), std::to_string(after.approvals));
  compare("guards.deletes.percent", number_text(before.delete_percent), number_text(after.delete_percent));
  compare("guards.deletes.atLeast", std::to_string(before.delete_at_least), std::to_string(after.delete_at_least));
  compare("prune", switch_text(before.prune), switch_text(after.prune));
  compare("selfHeal", switch_text(before.self_heal), switch_text(after.self_heal));
  const auto old_windows = window_texts(before);
  const auto new_windows = window_texts(after);
  std::vector<std::pair<std::string, std::string>> only;
  std::set_difference(old_windows.begin(), old_windows.end(), new_windows.begin(), new_windows.end(),
                      std::back_inserter(only));
  for (auto& [form, text] : only) out.push_back({"freeze", std::move(text), {}});
  only.clear();
  std::set_difference(new_windows.begin(), new_windows.end(), old_windows.begin(), old_windows.end(),
                      std::back_inserter(only));
  for (auto& [form, text] : only) out.push_back({"freeze", {}, std::move(text)});
  return out;
}

RemovalSettings removal_settings(const Channel& channel, const Release& release) {
  return {channel.prunes(release), sorted_once(release.allow_delete)};
}

RemovalSettings stricter(const RemovalSettings& one, const RemovalSettings& other) {
  RemovalSettings out{one.prune && other.prune, {}};
  const auto left = sorted_once(one.allow_delete);
  const auto right = sorted_once(other.allow_delete);
  std::set_intersection(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(out.allow_delete));
  return out;
}

std::vector<PolicyChange> compare_removal(const std::string& name, RemovalSettings before, RemovalSettings after) {
  std::vector<PolicyChange> out;
  const std::string place = "releases." + name;
  if (before.prune != after.prune) {
    out.push_back({place + ".prune", switch_text(before.prune), switch_text(after.prune), !after.prune});
  }
  before.allow_delete = sorted_once(std::move(before.allow_delete));
  after.allow_delete = sorted_once(std::move(after.allow_delete));
  const auto only_in = [](const std::vector<std::string>& one, const std::vector<std::string>& other) {
    std::vector<std::string> kinds;
    std::set_difference(one.begin(), one.end(), other.begin(), other.end(), std::back_inserter(kinds));
    return kinds;
  };
  for (auto& kind : only_in(before.allow_delete, after.allow_delete)) {
    out.push_back({place + ".allowDelete", std::move(kind), {}, true});
  }
  for (auto& kind : only_in(after.allow_delete, before.allow_delete)) {
    out.push_back({place + ".allowDelete", {}, std::move(kind)});
  }
  return out;
}

namespace {

Value force_value(const std::vector<ForcedField>& fields) {
  std::vector<std::pair<std::string, Value>> sorted;
  for (const auto& field : fields) {
    Value::List steps;
    for (const auto& step : field.steps) steps.push_back(Value::string(step));
    Value value = make_map({{"kind", Value::string(field.kind)},
                            {"name", Value::string(field.name)},
                            {"steps", Value::list(std::move(steps))}});
    sorted.emplace_back(canonical_json(value), value);
  }
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Value::List out;
  for (auto& [bytes, value] : sorted) out.push_back(std::move(value));
  return Value::list(std::move(out));
}

}  // namespace

Value release_policy_value(const Channel& channel, const Release& release) {
  const RemovalSettings removal = removal_settings(channel, release);
  Value::List kinds;
  for (const auto& kind : removal.allow_delete) kinds.push_back(Value::string(kind));
  // The Helm name tells whose marks on an object are no other tool's.
  Value out = make_map({{"prune", Value::boolean(removal.prune)},
                        {"allowDelete", Value::list(std::move(kinds))},
                        {"allowEmpty", Value::boolean(release.allow_empty)},
                        {"renamedFrom", Value::string(release.renamed_from)},
                        {"helmName", Value::string(release.helm_name)},
                        {"suspend", Value::boolean(release.suspend)}});
  // Only where there are any, so that other approvals stay good.
  if (!release.force.empty()) out.set("force", force_value(release.force));
  return out;
}

std::string policy_change_text(const PolicyChange& change) {
  return change.what + ": " + (change.before.empty() ? "none" : change.before) + " → " +
         (change.after.empty() ? "none" : change.after);
}

}  // namespace gitopsctl::channels
