#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitopsctl {

/// What a Value holds. The kinds are those that Go templates can tell apart, so that `typeOf`, `%T` and equality come
/// out as Helm's do; code that handles configuration or manifests sees null, boolean, int64, float64, string, list, map.
enum class Kind : std::uint8_t {
  absent,   ///< no value at all (a field of nothing); only inside template evaluation
  null,     ///< YAML null, Go's nil interface
  boolean,  ///< Go `bool`
  integer,  ///< Go `int`: template literals, `len`, `until`
  int64,    ///< Go `int64`: integers of manifests, `--set`, arithmetic functions
  uint8,    ///< Go `uint8`: index of a string
  float64,  ///< Go `float64`: every number of a Helm values file
  string,
  list,
  map,
  object,  ///< a ValueObject: time, semantic version, capabilities, …
};

/// The Go element type of a list.
enum class ListType : std::uint8_t { any, string, integer, uint8, list };
/// The Go type of a map: `map[string]interface {}`, the named type of `.Values` in Helm 4 (`common.Values`) and in Helm 3
/// (`chartutil.Values`), `map[string]string`, `engine.files`.
enum class MapType : std::uint8_t { any, values, helm3_values, string, files };
/// Whether it is the named type of `.Values`.
[[nodiscard]] constexpr bool is_values(MapType type) noexcept {
  return type == MapType::values || type == MapType::helm3_values;
}

class Value;

namespace detail {
struct Rep {
  std::atomic<std::uint32_t> refs{1};
};
struct StringRep : Rep {
  std::uint32_t size = 0;
  // The bytes follow this header in the same allocation.
  [[nodiscard]] const char* data() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  [[nodiscard]] char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
};
void release_string(StringRep* rep) noexcept;
struct ListRep;
struct MapRep;
}  // namespace detail

/// An immutable, reference-counted string: one pointer wide, cheap to copy, safe to share between threads.
class SharedString {
 public:
  SharedString() noexcept = default;
  explicit SharedString(std::string_view text);
  SharedString(const SharedString& other) noexcept : rep_(other.rep_) {
    if (rep_ != nullptr) rep_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  SharedString(SharedString&& other) noexcept : rep_(std::exchange(other.rep_, nullptr)) {}
  SharedString& operator=(SharedString other) noexcept {
    std::swap(rep_, other.rep_);
    return *this;
  }
  ~SharedString() {
    if (rep_ != nullptr) detail::release_string(rep_);
  }

  [[nodiscard]] std::string_view view() const noexcept {
    return rep_ == nullptr ? std::string_view{} : std::string_view{rep_->data(), rep_->size};
  }
  [[nodiscard]] std::string str() const { return std::string(view()); }
  friend bool operator==(const SharedString& a, const SharedString& b) noexcept {
    return a.rep_ == b.rep_ || a.view() == b.view();
  }

 private:
  friend class Value;
  detail::StringRep* rep_ = nullptr;
};

/// A value of a Go type that is neither scalar, list nor map (`time.Time`, `*semver.Version`, capabilities, …).
/// Subclasses are immutable; they live behind the reference count of Value.
class ValueObject : public detail::Rep {
 public:
  ValueObject() = default;
  ValueObject(const ValueObject&) = delete;
  ValueObject& operator=(const ValueObject&) = delete;
  virtual ~ValueObject() = default;

  /// Go's `%T`, for example `*semver.Version`.
  [[nodiscard]] virtual std::string_view go_type() const = 0;
  /// Go's reflect kind: `struct`, `ptr`, `int64`.
  [[nodiscard]] virtual std::string_view go_kind() const = 0;
  /// What `{{ x }}` prints.
  [[nodiscard]] virtual std::string print() const = 0;
  /// What `printf "%v"` prints; differs from print() for a struct whose String method is on the pointer.
  [[nodiscard]] virtual std::string format() const { return print(); }
  /// A field or argument-less method; returns false when the type has none of that name.
  [[nodiscard]] virtual bool field(std::string_view name, Value& out) const = 0;
  /// A method with arguments (`APIVersions.Has "v1"`). Returns false when there is none of that name; `error` is set
  /// when the call itself failed.
  [[nodiscard]] virtual bool call(std::string_view name, const std::vector<Value>& arguments, Value& out,
                                  std::string& error) const;
  /// The plain value that JSON and YAML writers see.
  [[nodiscard]] virtual Value to_plain() const = 0;
  /// Go template truth; structs are always true.
  [[nodiscard]] virtual bool truth() const { return true; }
};

/// The one tree type: YAML, JSON, template values, Kubernetes objects and configuration.
///
/// 16 bytes. Scalars and strings are values. Lists and maps have Go's reference semantics: copying a Value shares the
/// container, and a change through one holder is seen by all (templates depend on it); `deep_copy()` separates them.
/// Maps are kept in bytewise key order. Reference counts are atomic, so published values may be read by several
/// threads; changing a container that another thread reads is the caller's mistake.
class Value {
 public:
  struct Member;
  using List = std::vector<Value>;
  using Members = std::vector<Member>;

  /// null
  Value() noexcept = default;
  Value(const Value& other) noexcept : data_(other.data_), kind_(other.kind_), sub_(other.sub_) {
    if (kind_ >= Kind::string) retain();
  }
  Value(Value&& other) noexcept : data_(other.data_), kind_(other.kind_), sub_(other.sub_) {
    other.data_.integer = 0;
    other.kind_ = Kind::null;
    other.sub_ = 0;
  }
  Value& operator=(Value other) noexcept {
    std::swap(data_, other.data_);
    std::swap(kind_, other.kind_);
    std::swap(sub_, other.sub_);
    return *this;
  }
  ~Value() {
    if (kind_ >= Kind::string) release();
  }

  static Value absent() noexcept;
  static Value null() noexcept { return {}; }
  static Value boolean(bool value) noexcept;
  static Value go_int(std::int64_t value) noexcept;
  static Value int64(std::int64_t value) noexcept;
  static Value uint8(std::uint8_t value) noexcept;
  static Value float64(double value) noexcept;
  static Value string(std::string_view text);
  static Value string(SharedString text) noexcept;
  static Value list(List items = {}, ListType type = ListType::any);
  /// A `[]uint8` of the bytes of `text`. A small one becomes a list when somebody looks at its items, which most do not;
  /// until then it must not be shared between threads.
  static Value bytes(SharedString text);
  static Value map(MapType type = MapType::any);
  /// A map from members in any order; of equal keys the last wins.
  static Value map(Members members, MapType type = MapType::any);
  /// Go's nil slice and nil map: print as `[]` and `map[]`, marshal to null, are empty.
  static Value nil_list(ListType type = ListType::any) noexcept;
  static Value nil_map(MapType type = MapType::any) noexcept;
  /// Takes ownership of an object whose reference count is one.
  static Value object(ValueObject* object) noexcept;

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] bool is_absent() const noexcept { return kind_ == Kind::absent; }
  /// True for null only; see is_nothing().
  [[nodiscard]] bool is_null() const noexcept { return kind_ == Kind::null; }
  /// Absent or null.
  [[nodiscard]] bool is_nothing() const noexcept { return kind_ <= Kind::null; }
  [[nodiscard]] bool is_bool() const noexcept { return kind_ == Kind::boolean; }
  /// integer, int64 or uint8
  [[nodiscard]] bool is_int() const noexcept { return kind_ >= Kind::integer && kind_ <= Kind::uint8; }
  [[nodiscard]] bool is_float() const noexcept { return kind_ == Kind::float64; }
  [[nodiscard]] bool is_number() const noexcept { return is_int() || is_float(); }
  [[nodiscard]] bool is_string() const noexcept { return kind_ == Kind::string; }
  [[nodiscard]] bool is_list() const noexcept { return kind_ == Kind::list; }
  [[nodiscard]] bool is_map() const noexcept { return kind_ == Kind::map; }
  [[nodiscard]] bool is_object() const noexcept { return kind_ == Kind::object; }
  /// A Go nil slice or nil map.
  [[nodiscard]] bool is_nil_container() const noexcept;

  // Reading a value as a kind that it does not have gives false, 0, "" or an empty container.
  [[nodiscard]] bool as_bool() const noexcept { return kind_ == Kind::boolean && data_.boolean; }
  [[nodiscard]] std::int64_t as_int() const noexcept { return is_int() ? data_.integer : 0; }
  /// Numbers of every kind.
  [[nodiscard]] double as_double() const noexcept;
  [[nodiscard]] std::string_view as_string() const noexcept {
    if (kind_ != Kind::string || data_.string == nullptr) return {};
    return {data_.string->data(), data_.string->size};
  }
  [[nodiscard]] SharedString as_shared_string() const noexcept;
  [[nodiscard]] const List& as_list() const noexcept;
  /// The members of a map in bytewise key order.
  [[nodiscard]] const Members& as_map() const noexcept;
  [[nodiscard]] const ValueObject* as_object() const noexcept;
  [[nodiscard]] ListType list_type() const noexcept { return static_cast<ListType>(sub_); }
  [[nodiscard]] MapType map_type() const noexcept { return static_cast<MapType>(sub_); }

  /// The member of a map, or nullptr when this is no map or has no such key. Valid until the map changes.
  [[nodiscard]] const Value* find(std::string_view key) const noexcept;
  /// The member at the end of a path of keys, or nullptr.
  [[nodiscard]] const Value* find_path(std::initializer_list<std::string_view> keys) const noexcept;
  /// The string at a path of keys, or "".
  [[nodiscard]] std::string_view string_at(std::initializer_list<std::string_view> keys) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept;

  /// Sets a member of a map (shared with every holder). This must be a non-nil map.
  void set(std::string_view key, Value value);
  void set(SharedString key, Value value);
  /// Removes a member; true when it was there.
  bool erase(std::string_view key);
  /// Appends to a non-nil list (shared with every holder).
  void push_back(Value value);
  /// The items of a non-nil list, for change in place (shared with every holder).
  [[nodiscard]] List& mutable_list();
  /// The members of a non-nil map, for change in place of the *values* (never of the keys or their order).
  [[nodiscard]] Members& mutable_members();
  /// Finds or creates (as an empty map) the map member `key` of a non-nil map; replaces a member of another kind.
  Value& child_map(std::string_view key);

  /// The same container with another Go type (shared storage).
  [[nodiscard]] Value with_map_type(MapType type) const noexcept;
  [[nodiscard]] Value with_list_type(ListType type) const noexcept;
  /// A copy that shares no list or map. Nil containers and Go types are kept. Depth is bounded by the readers.
  [[nodiscard]] Value deep_copy() const;
  /// A map or list with its own top level, sharing what is below.
  [[nodiscard]] Value shallow_copy() const;
  /// True when both are the same list or map (identity, not equality).
  [[nodiscard]] bool same_container(const Value& other) const noexcept;
  /// Address of the shared container; nullptr for scalars and nil containers.
  [[nodiscard]] const void* identity() const noexcept;

 private:
  union Data {
    bool boolean;
    std::int64_t integer = 0;
    double number;
    detail::StringRep* string;
    detail::ListRep* list;
    detail::MapRep* map;
    ValueObject* object;
  };
  void retain() const noexcept;
  void release() noexcept;

  Data data_;
  Kind kind_ = Kind::null;
  std::uint8_t sub_ = 0;
};

struct Value::Member {
  SharedString key;
  Value value;
};

namespace detail {
struct ListRep : Rep {
  std::vector<Value> items;
  SharedString unread;  ///< bytes that are still to become items
};
struct MapRep : Rep {
  std::vector<Value::Member> members;
};
}  // namespace detail

/// Go's reflect.DeepEqual over template values: the same kinds and Go types, recursively; int 1 differs from float64 1,
/// a nil list from an empty one.
[[nodiscard]] bool deep_equal(const Value& a, const Value& b);

/// Equality of JSON documents: numbers compare by value, nil containers equal null, Go types do not matter.
[[nodiscard]] bool json_equal(const Value& a, const Value& b);

/// Shorthand for a map literal: `make_map({{"kind", Value::string("Secret")}})`.
[[nodiscard]] Value make_map(std::initializer_list<std::pair<std::string_view, Value>> members);

}  // namespace gitopsctl
