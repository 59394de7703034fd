#include "agent/environment/merge.hpp"

#include <utility>

namespace gitopsctl::agent {

namespace {

/// `desired` without nulls inside maps.
Value without_nulls(const Value& desired) {
  if (!desired.is_map()) return desired;
  Value::Members members;
  members.reserve(desired.size());
  for (const auto& member : desired.as_map()) {
    if (!member.value.is_nothing()) members.push_back({member.key, without_nulls(member.value)});
  }
  return Value::map(std::move(members));
}

/// `live` without the leaves of `wished`; maps that become empty by it go too. True when nothing is left.
bool take_away(Value& live, const Value& wished) {
  if (!live.is_map() || !wished.is_map()) return true;
  Value out = live.shallow_copy();
  if (out.is_nil_container()) return true;
  for (const auto& member : wished.as_map()) {
    const Value* child = out.find(member.key.view());
    if (child == nullptr) continue;
    Value rest = *child;
    if (take_away(rest, member.value)) {
      out.erase(member.key.view());
    } else {
      out.set(member.key, std::move(rest));
    }
  }
  live = std::move(out);
  return live.size() == 0;
}

}  // namespace

Value merge_three_way(const Value& live, const Value& previous, const Value& desired) {
  if (!desired.is_map()) return desired;
  if (!live.is_map() || live.is_nil_container()) return without_nulls(desired);
  Value out = live.shallow_copy();
  for (const auto& member : previous.as_map()) {
    const Value* wish = desired.find(member.key.view());
    const Value* child = out.find(member.key.view());
    if (child == nullptr || (wish != nullptr && !wish->is_nothing())) continue;
    Value rest = *child;
    if (take_away(rest, member.value)) {
      out.erase(member.key.view());
    } else {
      out.set(member.key, std::move(rest));
    }
  }
  for (const auto& member : desired.as_map()) {
    if (member.value.is_nothing()) continue;
    const Value* child = out.find(member.key.view());
    const Value* before = previous.find(member.key.view());
    out.set(member.key,
            merge_three_way(child == nullptr ? Value() : *child, before == nullptr ? Value() : *before, member.value));
  }
  return out;
}

}  // namespace gitopsctl::agent
