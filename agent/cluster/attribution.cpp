#include "agent/cluster/attribution.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "agent/cluster/field_tables.hpp"
#include "agent/cluster/normal_form.hpp"
#include "agent/cluster/path_owners.hpp"
#include "base/json/json.hpp"
#include "render/diff/diff.hpp"
#include "render/manifest/server_fields.hpp"

namespace gitopsctl::agent::detail {

namespace {

using channels::FieldCause;
using channels::FieldStep;
using channels::FieldSteps;
using channels::Origin;

constexpr std::size_t max_causes = 2000;

// Of the server, or of who deploys; no part of what a manifest says.
constexpr std::array<std::string_view, 3> other_fields{"apiVersion", "kind", "status"};
constexpr std::array<std::string_view, 2> server_annotations{render::last_applied_annotation,
                                                             "deployment.kubernetes.io/revision"};
// Below these a server keeps texts as they are written.
constexpr std::array<std::string_view, 4> plain_texts{"metadata", "data", "stringData", "binaryData"};

bool contains(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

bool is_ignored(const FieldSteps& path) {
  if (path.size() == 1) return contains(other_fields, path[0].key);
  if (path.empty() || path[0].key != "metadata") return false;
  if (path.size() == 2) return render::is_server_metadata(path[1].key);
  if (path.size() != 3) return false;
  if (path[1].key == "annotations") return contains(server_annotations, path[2].key);
  return path[1].key == "labels" && path[2].key == owner_label;
}

bool is_plain(const FieldSteps& path) { return !path.empty() && contains(plain_texts, path[0].key); }

/// What a server may leave out.
bool is_zero(const Value& value) {
  if (value.is_map() || value.is_list()) return value.size() == 0;
  if (value.is_string()) return value.as_string().empty();
  if (value.is_bool()) return !value.as_bool();
  return value.is_nothing() || (value.is_number() && value.as_double() == 0);
}

/// True when `kept` is what a server makes of `written`: other forms of values, further fields of maps.
bool covers(const Value* written, const Value* kept, bool plain) {
  if (written == nullptr || kept == nullptr) {
    const Value* one = written == nullptr ? kept : written;
    return one == nullptr || is_zero(*one);
  }
  if (written->is_map() && kept->is_map()) {
    return std::ranges::all_of(written->as_map(), [&](const Value::Member& member) {
      return covers(&member.value, kept->find(member.key.view()), plain);
    });
  }
  if (written->is_list() && kept->is_list()) {
    const auto& a = written->as_list();
    const auto& b = kept->as_list();
    return a.size() == b.size() &&
           std::ranges::equal(a, b, [&](const Value& x, const Value& y) { return covers(&x, &y, plain); });
  }
  return plain ? json_equal(*written, *kept) : same_value(*written, *kept);
}

bool equal(const Value* a, const Value* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return json_equal(*a, *b);
}

/// The field in all objects; nullptr where it is not there. `null` in a list of keys is not there either.
struct Sides {
  const Value* desired = nullptr;
  const Value* applied = nullptr;
  const Value* live = nullptr;
  const Value* predicted = nullptr;

  [[nodiscard]] std::array<const Value*, 4> all() const { return {desired, applied, live, predicted}; }
  template <class Find>
  [[nodiscard]] Sides each(const Find& find) const {
    return {find(desired), find(applied), find(live), find(predicted)};
  }
  [[nodiscard]] bool all_are(bool (Value::*is)() const noexcept) const {
    return std::ranges::all_of(all(), [&](const Value* side) { return side == nullptr || (side->*is)(); });
  }
  [[nodiscard]] bool any_filled() const {
    return std::ranges::any_of(all(), [](const Value* side) { return side != nullptr && side->size() > 0; });
  }
};

class Attributing {
 public:
  explicit Attributing(const Attribution& input)
      : in_(input),
        kind_(input.desired->string_at({"kind"})),
        live_owners_(*input.live, input.manager),
        predicted_owners_(*input.predicted, input.manager) {}

  std::vector<FieldCause> run() {
    walk({in_.desired, in_.before == Attribution::Before::known ? in_.applied : nullptr, in_.live, in_.predicted});
    return std::move(out_);
  }

 private:
  void walk(const Sides& sides) {
    if (out_.size() >= max_causes || is_ignored(path_)) return;
    if (sides.all_are(&Value::is_map) && sides.any_filled()) return walk_map(sides);
    if (sides.all_are(&Value::is_list) && sides.any_filled() && walk_list(sides)) return;
    judge(sides);
  }

  void step(FieldStep step, const Sides& sides) {
    path_.push_back(std::move(step));
    walk(sides);
    path_.pop_back();
  }

  void walk_map(const Sides& sides) {
    std::set<std::string_view> keys;
    for (const Value* side : sides.all()) {
      if (side == nullptr) continue;
      for (const auto& member : side->as_map()) keys.insert(member.key.view());
    }
    for (const auto key : keys) {
      step({FieldStep::Kind::key, std::string(key), {}, {}}, sides.each([&](const Value* side) -> const Value* {
        const Value* value = side == nullptr ? nullptr : side->find(key);
        return value == nullptr || value->is_nothing() ? nullptr : value;
      }));
    }
  }

  [[nodiscard]] ListShape shape() const {
    if (auto shape = predicted_owners_.list_shape(path_)) return *std::move(shape);
    if (auto shape = live_owners_.list_shape(path_)) return *std::move(shape);
    if (in_.schema != nullptr) {
      if (auto shape = in_.schema->list_shape(path_)) return *std::move(shape);
    }
    return built_in_list(kind_, path_).value_or(ListShape{});
  }

  /// What tells an item apart, or nothing.
  static std::optional<Value> key_of(const Value& item, const ListShape& shape) {
    if (shape.kind == ListShape::Kind::set) return item;
    Value out = Value::map();
    for (const auto& key : shape.keys) {
      const Value* value = item.find(key);
      if (value != nullptr && !value->is_nothing()) {
        out.set(key, *value);
      } else if (key == "protocol") {
        out.set(key, Value::string("TCP"));  // the default of every such key
      } else {
        return std::nullopt;
      }
    }
    return out;
  }

  /// False when the list is one value, or its items cannot be told apart.
  bool walk_list(const Sides& sides) {
    const ListShape shape = this->shape();
    if (shape.kind == ListShape::Kind::atomic) return false;
    struct Item {
      Value key;
      std::array<const Value*, 4> sides{};
    };
    std::map<std::string, Item> items;
    for (std::size_t i = 0; i < 4; ++i) {
      const Value* side = sides.all()[i];
      if (side == nullptr) continue;
      for (const auto& one : side->as_list()) {
        auto key = key_of(one, shape);
        if (!key) return false;
        Item& item = items[canonical_json(*key)];
        if (item.sides[i] != nullptr) return false;
        item.sides[i] = &one;
        item.key = *std::move(key);
      }
    }
    for (const auto& [text, item] : items) {
      const bool set = shape.kind == ListShape::Kind::set;
      step({set ? FieldStep::Kind::value : FieldStep::Kind::item, {}, item.key, shape.keys},
           {item.sides[0], item.sides[1], item.sides[2], item.sides[3]});
    }
    return true;
  }

  void add(Origin origin, const PathOwner* owner = nullptr) {
    FieldCause cause;
    cause.steps = path_;
    cause.origin = origin;
    if (owner != nullptr) {
      cause.manager = owner->manager;
      cause.operation = owner->operation;
      cause.subresource = owner->subresource;
      cause.time = owner->time;
    }
    out_.push_back(std::move(cause));
  }

  void judge(Sides sides) {
    const bool plain = is_plain(path_);
    const bool ours = live_owners_.ours(path_);
    if (in_.before == Attribution::Before::same) sides.applied = sides.desired;
    if (in_.before == Attribution::Before::unknown && ours) sides.applied = sides.live;
    const bool differs = !equal(sides.live, sides.predicted);
    if (sides.desired != nullptr && !covers(sides.desired, sides.predicted, plain)) return judge_refused(differs);
    if (!differs) return judge_still(sides, plain);
    if (sides.desired != nullptr) return judge_wanted(sides, plain, ours);
    judge_unwanted(sides, ours);
  }

  /// What is asked for is not what comes.
  void judge_refused(bool differs) {
    const PathOwner* owner = predicted_owners_.other(path_);
    if (!differs && owner != nullptr && !predicted_owners_.ours(path_)) return add(Origin::left_to_owner, owner);
    add(Origin::overridden);
  }

  /// Nothing of the field would change.
  void judge_still(const Sides& sides, bool plain) {
    if (sides.desired != nullptr) {
      if (in_.before == Attribution::Before::known && !covers(sides.applied, sides.desired, plain)) add(Origin::converged);
      return;
    }
    if (sides.applied == nullptr || sides.live == nullptr) return;
    if (const PathOwner* owner = predicted_owners_.other(path_)) add(Origin::kept, owner);
  }

  void judge_wanted(const Sides& sides, bool plain, bool ours) {
    const PathOwner* other = live_owners_.other(path_);
    const bool as_before = in_.before == Attribution::Before::known && sides.applied != nullptr &&
                           covers(sides.applied, sides.desired, plain) && covers(sides.desired, sides.applied, plain);
    switch (as_before ? Attribution::Before::same : in_.before) {
      case Attribution::Before::same:
        if (sides.live == nullptr) return add(Origin::drift);
        if (other != nullptr) return add(Origin::drift, other);
        // What we own and nobody changed was changed for us on its way.
        return add(ours ? Origin::admission : Origin::drift);
      case Attribution::Before::known: return judge_committed(sides, plain, ours, other);
      case Attribution::Before::nothing:
      case Attribution::Before::unknown: break;
    }
    add(sides.live != nullptr && other != nullptr && !ours ? Origin::commit_over_drift : Origin::commit,
        ours || sides.live == nullptr ? nullptr : other);
  }

  void judge_committed(const Sides& sides, bool plain, bool ours, const PathOwner* other) {
    // Of a value in parts, what covers it may have more in it: then the owner tells.
    const bool whole = sides.live == nullptr || !(sides.live->is_map() || sides.live->is_list());
    if (covers(sides.applied, sides.live, plain) && (whole || other == nullptr || ours)) return add(Origin::commit);
    if (sides.live == nullptr) return add(Origin::commit_over_drift);
    if (other != nullptr) return add(Origin::commit_over_drift, other);
    // New in the manifest, over a default; or ours, and changed on its way.
    if (sides.applied == nullptr || ours) return add(Origin::commit);
    add(Origin::commit_over_drift);
  }

  void judge_unwanted(const Sides& sides, bool ours) {
    if (sides.live != nullptr && (sides.applied != nullptr || ours)) return add(Origin::removal);
    if (sides.predicted == nullptr) {
      // What others own goes only when their fields become ours, as those of kubectl do.
      const PathOwner* other = sides.live == nullptr ? nullptr : live_owners_.other(path_);
      return other == nullptr ? add(Origin::admission) : add(Origin::drift, other);
    }
    if (is_built_in_default(kind_, path_, *sides.predicted)) return add(Origin::defaulted);
    if (in_.schema == nullptr) return add(Origin::filled_in);
    const auto value = in_.schema->default_of(path_);
    add(value && json_equal(*value, *sides.predicted) ? Origin::defaulted : Origin::admission);
  }

  const Attribution& in_;
  std::string kind_;
  PathOwners live_owners_;
  PathOwners predicted_owners_;
  FieldSteps path_;
  std::vector<FieldCause> out_;
};

}  // namespace

std::vector<FieldCause> attribute(const Attribution& input) { return Attributing(input).run(); }

std::vector<FieldSteps> overridden_fields(const Value& desired, const Value& result, std::string_view manager) {
  std::vector<FieldSteps> out;
  const bool kept = std::ranges::all_of(desired.as_map(), [&](const Value::Member& member) {
    const auto key = member.key.view();
    return contains(other_fields, key) || covers(&member.value, result.find(key), contains(plain_texts, key));
  });
  if (kept) return out;
  Attribution input;
  input.desired = &desired;
  input.live = &result;
  input.predicted = &result;
  input.before = Attribution::Before::same;
  input.manager = manager;
  for (auto& cause : attribute(input)) {
    if (cause.origin == Origin::overridden) out.push_back(std::move(cause.steps));
  }
  return out;
}

std::string steps_text(const FieldSteps& steps, bool fields_only) {
  std::string out;
  for (const auto& step : steps) {
    if (step.kind == FieldStep::Kind::key) {
      out = render::join_path(out, step.key);
      continue;
    }
    if (fields_only) continue;
    std::string label;
    if (step.kind == FieldStep::Kind::value) label = canonical_json(step.item);
    for (const auto& key : step.item_key) {
      const Value* value = step.item.find(key);
      if (value != nullptr) label += (label.empty() ? "" : ",") + key + '=' + render::path_value(*value);
    }
    out += '[' + label + ']';
  }
  return out;
}

}  // namespace gitopsctl::agent::detail
