#include "base/value/value.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/budget/budget.hpp"

namespace gitopsctl {

namespace detail {

namespace {

StringRep* make_string(std::string_view text) {
  if (text.size() > 0xFFFF'FFFFU) std::abort();  // readers bound their input far below 4 GiB
  void* memory = ::operator new(sizeof(StringRep) + text.size());
  auto* rep = new (memory) StringRep;
  rep->size = static_cast<std::uint32_t>(text.size());
  if (!text.empty()) std::memcpy(rep->data(), text.data(), text.size());
  return rep;
}

void retain(Rep* rep) noexcept { rep->refs.fetch_add(1, std::memory_order_relaxed); }
bool drop(Rep* rep) noexcept { return rep->refs.fetch_sub(1, std::memory_order_acq_rel) == 1; }

void read_bytes(std::string_view text, Value::List& items) {
  items.reserve(text.size());
  for (const char c : text) items.push_back(Value::uint8(static_cast<std::uint8_t>(c)));
}

/// Nobody who looks at a list expects it to fail: what it takes beyond a budget is told by whoever allocates next.
void read_items(ListRep& list) noexcept {
  const BudgetDeferral no_throw;
  read_bytes(list.unread.view(), list.items);
  list.unread = {};
}

auto lower_bound(std::vector<Value::Member>& members, std::string_view key) {
  return std::lower_bound(members.begin(), members.end(), key,
                          [](const Value::Member& member, std::string_view wanted) { return member.key.view() < wanted; });
}

}  // namespace

void release_string(StringRep* rep) noexcept {
  if (drop(rep)) {
    const std::size_t bytes = sizeof(StringRep) + rep->size;
    rep->~StringRep();
    ::operator delete(rep, bytes);
  }
}

}  // namespace detail

SharedString::SharedString(std::string_view text) : rep_(text.empty() ? nullptr : detail::make_string(text)) {}

bool ValueObject::call(std::string_view /*name*/, const std::vector<Value>& /*arguments*/, Value& /*out*/,
                       std::string& /*error*/) const {
  return false;
}

void Value::retain() const noexcept {
  switch (kind_) {
    case Kind::string:
      if (data_.string != nullptr) detail::retain(data_.string);
      break;
    case Kind::list:
      if (data_.list != nullptr) detail::retain(data_.list);
      break;
    case Kind::map:
      if (data_.map != nullptr) detail::retain(data_.map);
      break;
    case Kind::object: detail::retain(data_.object); break;
    default: break;
  }
}

namespace {

// Destruction goes this deep by calls; what lies deeper waits in a list, so that a chart cannot overflow the stack with a
// value nested a million times.
constexpr int max_release_depth = 64;
// deep_copy and the comparisons stop here, far above what the readers let in (they end at 1000 levels): what a template
// nested deeper is shared by a copy and unequal in a comparison.
constexpr int max_nesting = 5'000;

struct Dead {
  detail::ListRep* list;
  detail::MapRep* map;
};

struct Graveyard {
  int depth = 0;
  std::vector<Dead> waiting;
};

void bury(Dead dead) noexcept {
  static thread_local Graveyard yard;
  if (yard.depth >= max_release_depth) {
    const BudgetDeferral no_throw;
    yard.waiting.push_back(dead);
    return;
  }
  ++yard.depth;
  delete dead.list;
  delete dead.map;
  if (yard.depth == 1) {
    while (!yard.waiting.empty()) {
      const Dead next = yard.waiting.back();
      yard.waiting.pop_back();
      delete next.list;
      delete next.map;
    }
    yard.waiting.shrink_to_fit();
  }
  --yard.depth;
}

}  // namespace

void Value::release() noexcept {
  switch (kind_) {
    case Kind::string:
      if (data_.string != nullptr) detail::release_string(data_.string);
      break;
    case Kind::list:
      if (data_.list != nullptr && detail::drop(data_.list)) bury({data_.list, nullptr});
      break;
    case Kind::map:
      if (data_.map != nullptr && detail::drop(data_.map)) bury({nullptr, data_.map});
      break;
    case Kind::object:
      if (detail::drop(data_.object)) delete data_.object;
      break;
    default: break;
  }
}

Value Value::absent() noexcept {
  Value value;
  value.kind_ = Kind::absent;
  return value;
}

Value Value::boolean(bool flag) noexcept {
  Value value;
  value.kind_ = Kind::boolean;
  value.data_.boolean = flag;
  return value;
}

Value Value::go_int(std::int64_t number) noexcept {
  Value value;
  value.kind_ = Kind::integer;
  value.data_.integer = number;
  return value;
}

Value Value::int64(std::int64_t number) noexcept {
  Value value;
  value.kind_ = Kind::int64;
  value.data_.integer = number;
  return value;
}

Value Value::uint8(std::uint8_t number) noexcept {
  Value value;
  value.kind_ = Kind::uint8;
  value.data_.integer = number;
  return value;
}

Value Value::float64(double number) noexcept {
  Value value;
  value.kind_ = Kind::float64;
  value.data_.number = number;
  return value;
}

Value Value::string(std::string_view text) { return string(SharedString(text)); }

Value Value::string(SharedString text) noexcept {
  Value value;
  value.kind_ = Kind::string;
  value.data_.string = std::exchange(text.rep_, nullptr);
  return value;
}

Value Value::list(List items, ListType type) {
  Value value;
  auto* rep = new detail::ListRep;
  rep->items = std::move(items);
  value.data_.list = rep;
  value.kind_ = Kind::list;
  value.sub_ = static_cast<std::uint8_t>(type);
  return value;
}

Value Value::bytes(SharedString text) {
  // Items of larger ones are made where memory that runs out can be told.
  constexpr std::size_t most_unread = 1U << 20U;
  Value value = list({}, ListType::uint8);
  if (text.view().size() <= most_unread) {
    value.data_.list->unread = std::move(text);
  } else {
    detail::read_bytes(text.view(), value.data_.list->items);
  }
  return value;
}

Value Value::map(MapType type) {
  Value value;
  value.data_.map = new detail::MapRep;
  value.kind_ = Kind::map;
  value.sub_ = static_cast<std::uint8_t>(type);
  return value;
}

Value Value::map(Members members, MapType type) {
  const auto less = [](const Member& a, const Member& b) { return a.key.view() < b.key.view(); };
  if (!std::is_sorted(members.begin(), members.end(), less)) std::stable_sort(members.begin(), members.end(), less);
  // Of equal keys, which the stable sort left in input order, the last one stays.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i + 1 < members.size() && members[i].key == members[i + 1].key) continue;
    if (kept != i) members[kept] = std::move(members[i]);
    ++kept;
  }
  members.resize(kept);
  Value value = map(type);
  value.data_.map->members = std::move(members);
  return value;
}

Value Value::nil_list(ListType type) noexcept {
  Value value;
  value.data_.list = nullptr;
  value.kind_ = Kind::list;
  value.sub_ = static_cast<std::uint8_t>(type);
  return value;
}

Value Value::nil_map(MapType type) noexcept {
  Value value;
  value.data_.map = nullptr;
  value.kind_ = Kind::map;
  value.sub_ = static_cast<std::uint8_t>(type);
  return value;
}

Value Value::object(ValueObject* object) noexcept {
  Value value;
  value.data_.object = object;
  value.kind_ = Kind::object;
  return value;
}

bool Value::is_nil_container() const noexcept {
  return (kind_ == Kind::list && data_.list == nullptr) || (kind_ == Kind::map && data_.map == nullptr);
}

double Value::as_double() const noexcept {
  if (kind_ == Kind::float64) return data_.number;
  return static_cast<double>(as_int());
}

SharedString Value::as_shared_string() const noexcept {
  SharedString text;
  if (kind_ == Kind::string && data_.string != nullptr) {
    detail::retain(data_.string);
    text.rep_ = data_.string;
  }
  return text;
}

const Value::List& Value::as_list() const noexcept {
  static const List empty;
  if (kind_ != Kind::list || data_.list == nullptr) return empty;
  if (!data_.list->unread.view().empty()) detail::read_items(*data_.list);
  return data_.list->items;
}

const Value::Members& Value::as_map() const noexcept {
  static const Members empty;
  return kind_ == Kind::map && data_.map != nullptr ? data_.map->members : empty;
}

const ValueObject* Value::as_object() const noexcept { return kind_ == Kind::object ? data_.object : nullptr; }

const Value* Value::find(std::string_view key) const noexcept {
  if (kind_ != Kind::map || data_.map == nullptr) return nullptr;
  auto& members = data_.map->members;
  // Most maps are small, and most names differ in length.
  constexpr std::size_t few = 8;
  if (members.size() <= few) {
    for (const auto& member : members) {
      if (member.key.view() == key) return &member.value;
    }
    return nullptr;
  }
  const auto it = detail::lower_bound(members, key);
  return it != members.end() && it->key.view() == key ? &it->value : nullptr;
}

const Value* Value::find_path(std::initializer_list<std::string_view> keys) const noexcept {
  const Value* at = this;
  for (const auto key : keys) {
    at = at->find(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string_view Value::string_at(std::initializer_list<std::string_view> keys) const noexcept {
  const Value* at = find_path(keys);
  return at == nullptr ? std::string_view{} : at->as_string();
}

std::size_t Value::size() const noexcept {
  switch (kind_) {
    case Kind::string: return as_string().size();
    case Kind::list:
      if (data_.list != nullptr && !data_.list->unread.view().empty()) return data_.list->unread.view().size();
      return as_list().size();
    case Kind::map: return as_map().size();
    default: return 0;
  }
}

void Value::set(std::string_view key, Value value) {
  if (kind_ != Kind::map || data_.map == nullptr) std::abort();
  auto& members = data_.map->members;
  const auto it = detail::lower_bound(members, key);
  if (it != members.end() && it->key.view() == key) {
    it->value = std::move(value);
  } else {
    members.insert(it, Member{SharedString(key), std::move(value)});
  }
}

void Value::set(SharedString key, Value value) {
  if (kind_ != Kind::map || data_.map == nullptr) std::abort();
  auto& members = data_.map->members;
  const auto it = detail::lower_bound(members, key.view());
  if (it != members.end() && it->key == key) {
    it->value = std::move(value);
  } else {
    members.insert(it, Member{std::move(key), std::move(value)});
  }
}

bool Value::erase(std::string_view key) {
  if (kind_ != Kind::map || data_.map == nullptr) return false;
  auto& members = data_.map->members;
  const auto it = detail::lower_bound(members, key);
  if (it == members.end() || it->key.view() != key) return false;
  members.erase(it);
  return true;
}

void Value::push_back(Value value) { mutable_list().push_back(std::move(value)); }

Value::List& Value::mutable_list() {
  if (kind_ != Kind::list || data_.list == nullptr) std::abort();
  if (!data_.list->unread.view().empty()) detail::read_items(*data_.list);
  return data_.list->items;
}

Value::Members& Value::mutable_members() {
  if (kind_ != Kind::map || data_.map == nullptr) std::abort();
  return data_.map->members;
}

Value& Value::child_map(std::string_view key) {
  if (kind_ != Kind::map || data_.map == nullptr) std::abort();
  auto& members = data_.map->members;
  auto it = detail::lower_bound(members, key);
  if (it == members.end() || it->key.view() != key) it = members.insert(it, Member{SharedString(key), Value::map()});
  if (it->value.kind() != Kind::map || it->value.is_nil_container()) it->value = Value::map();
  return it->value;
}

Value Value::with_map_type(MapType type) const noexcept {
  Value value = *this;
  value.sub_ = static_cast<std::uint8_t>(type);
  return value;
}

Value Value::with_list_type(ListType type) const noexcept {
  Value value = *this;
  value.sub_ = static_cast<std::uint8_t>(type);
  return value;
}

namespace {

Value deep_copy_at(const Value& value, int depth) {
  if (value.is_nil_container() || depth > max_nesting) return value;
  if (value.is_list()) {
    Value::List items;
    items.reserve(value.as_list().size());
    for (const auto& item : value.as_list()) items.push_back(deep_copy_at(item, depth + 1));
    return Value::list(std::move(items), value.list_type());
  }
  if (value.is_map()) {
    Value::Members members;
    members.reserve(value.as_map().size());
    for (const auto& member : value.as_map()) members.push_back({member.key, deep_copy_at(member.value, depth + 1)});
    return Value::map(std::move(members), value.map_type());
  }
  return value;
}

}  // namespace

Value Value::deep_copy() const { return deep_copy_at(*this, 0); }

Value Value::shallow_copy() const {
  if (is_nil_container()) return *this;
  if (kind_ == Kind::list) return list(as_list(), list_type());
  if (kind_ == Kind::map) {
    Value copy = map(map_type());
    copy.data_.map->members = as_map();
    return copy;
  }
  return *this;
}

bool Value::same_container(const Value& other) const noexcept {
  return kind_ == other.kind_ && identity() != nullptr && identity() == other.identity();
}

const void* Value::identity() const noexcept {
  if (kind_ == Kind::list) return data_.list;
  if (kind_ == Kind::map) return data_.map;
  return nullptr;
}

namespace {

/// Values that share parts are small and take for ever to compare.
void count_work(std::size_t items) { budget_work((items + 1) * sizeof(Value)); }

bool deep_equal_at(const Value& a, const Value& b, int depth) {
  if (depth > max_nesting) return false;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::absent:
    case Kind::null: return true;
    case Kind::boolean: return a.as_bool() == b.as_bool();
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8: return a.as_int() == b.as_int();
    case Kind::float64: return a.as_double() == b.as_double();
    case Kind::string: return a.as_string() == b.as_string();
    case Kind::list: {
      if (a.list_type() != b.list_type() || a.is_nil_container() != b.is_nil_container()) return false;
      if (a.same_container(b)) return true;
      const auto& x = a.as_list();
      const auto& y = b.as_list();
      count_work(x.size());
      return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                        [depth](const Value& m, const Value& n) { return deep_equal_at(m, n, depth + 1); });
    }
    case Kind::map: {
      if (a.map_type() != b.map_type() || a.is_nil_container() != b.is_nil_container()) return false;
      if (a.same_container(b)) return true;
      const auto& x = a.as_map();
      const auto& y = b.as_map();
      count_work(x.size());
      return std::equal(x.begin(), x.end(), y.begin(), y.end(), [depth](const auto& m, const auto& n) {
        return m.key == n.key && deep_equal_at(m.value, n.value, depth + 1);
      });
    }
    case Kind::object:
      return a.as_object() == b.as_object() ||
             (a.as_object()->go_type() == b.as_object()->go_type() &&
              deep_equal_at(a.as_object()->to_plain(), b.as_object()->to_plain(), depth + 1));
  }
  return false;
}

bool json_equal_at(const Value& a, const Value& b, int depth) {
  if (depth > max_nesting) return false;
  const bool a_null = a.is_nothing() || a.is_nil_container();
  const bool b_null = b.is_nothing() || b.is_nil_container();
  if (a_null || b_null) return a_null && b_null;
  if (a.is_object()) return json_equal_at(a.as_object()->to_plain(), b, depth + 1);
  if (b.is_object()) return json_equal_at(a, b.as_object()->to_plain(), depth + 1);
  if (a.is_number() && b.is_number()) {
    if (a.is_int() && b.is_int()) return a.as_int() == b.as_int();
    return a.as_double() == b.as_double();
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::boolean: return a.as_bool() == b.as_bool();
    case Kind::string: return a.as_string() == b.as_string();
    case Kind::list: {
      const auto& x = a.as_list();
      const auto& y = b.as_list();
      count_work(x.size());
      return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                        [depth](const Value& m, const Value& n) { return json_equal_at(m, n, depth + 1); });
    }
    case Kind::map: {
      const auto& x = a.as_map();
      const auto& y = b.as_map();
      count_work(x.size());
      return std::equal(x.begin(), x.end(), y.begin(), y.end(), [depth](const auto& m, const auto& n) {
        return m.key == n.key && json_equal_at(m.value, n.value, depth + 1);
      });
    }
    default: return false;
  }
}

}  // namespace

bool deep_equal(const Value& a, const Value& b) { return deep_equal_at(a, b, 0); }
bool json_equal(const Value& a, const Value& b) { return json_equal_at(a, b, 0); }

Value make_map(std::initializer_list<std::pair<std::string_view, Value>> members) {
  Value::Members out;
  out.reserve(members.size());
  for (const auto& [key, value] : members) out.push_back({SharedString(key), value});
  return Value::map(std::move(out));
}

}  // namespace gitopsctl
