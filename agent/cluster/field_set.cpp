#include "agent/cluster/field_set.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json/json.hpp"
#include "base/text/quoted.hpp"

namespace gitopsctl::agent {
namespace {

// Of the keys or the value of one step; names and ports are all that stands there.
constexpr std::size_t max_step_bytes = 1U << 16U;

Error no_field_set(const std::string& what) { return Error(ErrorCode::invalid_input, "no set of fields: " + what); }

/// A step as its one spelling: JSON in it is compact, with sorted keys.
Result<std::string> canonical_step(std::string_view step) {
  if (step.size() > max_step_bytes) return Error(ErrorCode::too_large, "a step in a set of fields is too long");
  const auto kind = step.substr(0, 2);
  const auto rest = step.substr(std::min<std::size_t>(2, step.size()));
  if (kind == "f:") return std::string(step);
  if (kind == "k:" || kind == "v:") {
    const auto value = parse_json(rest, {}, true, max_step_bytes);
    if (!value.ok()) return no_field_set("what follows '" + std::string(kind) + "' is not JSON");
    if (kind == "k:" && (!value->is_map() || value->size() == 0)) return no_field_set("the keys of an item are no map");
    return std::string(kind) + canonical_json(*value);
  }
  if (kind == "i:") {
    std::size_t index = 0;
    const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), index);
    if (read.ec != std::errc() || read.ptr != rest.data() + rest.size()) return no_field_set("a place is no number");
    return "i:" + std::to_string(index);
  }
  return no_field_set("a step begins with neither 'f:', 'k:', 'v:' nor 'i:'");
}

bool has_keys(const Value& item, const Value& keys) {
  return std::ranges::all_of(keys.as_map(), [&](const Value::Member& key) {
    const Value* value = item.find(key.key.view());
    if (value != nullptr) return json_equal(*value, key.value);
    return item.is_map() && key.key.view() == "protocol" && key.value.as_string() == "TCP";
  });
}

/// Where in `list` the item is that `step` means; nothing when there is none.
std::optional<std::size_t> item_place(const Value& list, std::string_view step) {
  const auto rest = step.substr(2);
  const auto& items = list.as_list();
  if (step[0] == 'i') {
    std::size_t index = 0;
    const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), index);
    const bool whole = read.ec == std::errc() && read.ptr == rest.data() + rest.size();
    return whole && index < items.size() ? std::optional(index) : std::nullopt;
  }
  const auto wanted = parse_json(rest, {}, true, max_step_bytes);
  if (!wanted.ok() || (step[0] == 'k' && !wanted->is_map())) return std::nullopt;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (step[0] == 'k' ? has_keys(items[i], *wanted) : json_equal(items[i], *wanted)) return i;
  }
  return std::nullopt;
}

bool is_item_step(std::string_view step) {
  return step.size() > 2 && step[1] == ':' && (step[0] == 'k' || step[0] == 'v' || step[0] == 'i');
}

/// `[name="web",port=80]`, `[="x"]`, `[0]`.
std::string item_text(std::string_view step) {
  const auto rest = step.substr(2);
  if (step[0] == 'i') return "[" + std::string(rest) + "]";
  if (step[0] == 'v') return "[=" + std::string(rest) + "]";
  std::string out;
  const auto keys = parse_json(rest, {}, true, max_step_bytes);
  if (!keys.ok()) return "[" + std::string(rest) + "]";
  for (const auto& key : keys->as_map()) {
    out += (out.empty() ? "[" : ",") + key.key.str() + "=" + canonical_json(key.value);
  }
  return out + "]";
}

/// Where the `[…]` at the start of `text` ends: behind its bracket, outside of quoted texts.
std::size_t bracket_end(std::string_view text) {
  const auto close = find_unquoted(text, ']', 1);
  return close == std::string_view::npos ? close : close + 1;
}

/// The step of `name="a",port=80`, `="x"` or `0`; nothing when it is of no such form.
std::optional<std::string> item_step(std::string_view text) {
  if (text.starts_with('=')) {
    const auto step = canonical_step("v:" + std::string(text.substr(1)));
    return step.ok() ? std::optional(*step) : std::nullopt;
  }
  if (text.find('=') == std::string_view::npos) {
    const auto step = canonical_step("i:" + std::string(text));
    return step.ok() ? std::optional(*step) : std::nullopt;
  }
  Value keys = Value::map();
  while (!text.empty()) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return std::nullopt;
    const auto end = std::min(find_unquoted(text, ',', equals + 1), text.size());
    const auto value = parse_json(text.substr(equals + 1, end - equals - 1), {}, true, max_step_bytes);
    if (!value.ok()) return std::nullopt;
    keys.set(text.substr(0, equals), *value);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return "k:" + canonical_json(keys);
}

/// Appends the steps that `text` names below `node`.
bool resolve_below(const Value& node, std::string_view text, FieldPath& path) {
  if (text.empty()) return true;
  const auto go = [&](std::string step, std::string_view rest) {
    const Value* child = step_into(node, step);
    if (child == nullptr) return false;
    path.push_back(std::move(step));
    if (resolve_below(*child, rest, path)) return true;
    path.pop_back();
    return false;
  };
  if (text.starts_with('[')) {
    const auto end = bracket_end(text);
    if (end == std::string_view::npos) return false;
    auto step = item_step(text.substr(1, end - 2));
    return step && go(*std::move(step), text.substr(end));
  }
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  // Keys may hold dots: of those that fit, the longest from which the rest can be found.
  std::vector<std::string> keys;
  for (const auto& member : node.as_map()) {
    const auto key = member.key.view();
    if (!text.starts_with(key)) continue;
    if (text.size() == key.size() || text[key.size()] == '.' || text[key.size()] == '[') keys.emplace_back(key);
  }
  std::ranges::sort(keys, [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return std::ranges::any_of(keys, [&](const std::string& key) { return go("f:" + key, text.substr(key.size())); });
}

bool needs_brackets(std::string_view name) {
  return name.empty() || name.find_first_of(".[]\"' ") != std::string_view::npos;
}

}  // namespace

// ---- reading and writing

Result<FieldSet> FieldSet::parse_below(const Value& fields, bool root, std::size_t depth, std::size_t& steps) {
  if (!fields.is_map()) return no_field_set("a step leads to something that is no map");
  if (depth > max_depth) return Error(ErrorCode::too_large, "a set of fields is nested too deeply");
  FieldSet out;
  // Without anything below, that something leads here makes it a member.
  out.member_ = !root && fields.size() == 0;
  for (const auto& entry : fields.as_map()) {
    if (++steps > max_steps) return Error(ErrorCode::too_large, "a set of fields has too many fields");
    if (entry.key.view() == ".") {
      out.member_ = !root;
      continue;
    }
    GITOPSCTL_TRY(const std::string step, canonical_step(entry.key.view()));
    GITOPSCTL_TRY(FieldSet below, parse_below(entry.value, false, depth + 1, steps));
    FieldSet& place = out.make_branch(step);
    // Two spellings of one step.
    place = place.empty() ? std::move(below) : place.united(below);
  }
  return out;
}

Result<FieldSet> FieldSet::parse(const Value& fields) {
  std::size_t steps = 0;
  return parse_below(fields, true, 0, steps);
}

Value FieldSet::print_below() const {
  Value out = Value::map();
  if (member_ && !branches_.empty()) out.set(".", Value::map());
  for (const auto& branch : branches_) out.set(branch.step, branch.below.print_below());
  return out;
}

Value FieldSet::print() const { return print_below(); }

// ---- members

const FieldSet* FieldSet::find_branch(std::string_view step) const noexcept {
  const auto place = std::ranges::lower_bound(branches_, step, {}, &Branch::step);
  return place != branches_.end() && place->step == step ? &place->below : nullptr;
}

FieldSet& FieldSet::make_branch(std::string_view step) {
  auto place = std::ranges::lower_bound(branches_, step, {}, &Branch::step);
  if (place == branches_.end() || place->step != step) place = branches_.insert(place, Branch{std::string(step), {}});
  return place->below;
}

/// Appends a branch that comes after all that are there; nothing when it is empty.
void FieldSet::keep(std::string_view step, FieldSet&& below) {
  if (!below.empty()) branches_.push_back(Branch{std::string(step), std::move(below)});
}

std::size_t FieldSet::size() const noexcept {
  std::size_t out = member_ ? 1 : 0;
  for (const auto& branch : branches_) out += branch.below.size();
  return out;
}

void FieldSet::insert(const FieldPath& path) {
  if (path.empty()) return;  // an object as a whole is nobody's field
  FieldSet* node = this;
  for (const auto& step : path) node = &node->make_branch(step);
  node->member_ = true;
}

bool FieldSet::contains(const FieldPath& path) const noexcept {
  const FieldSet* node = this;
  for (const auto& step : path) {
    node = node->find_branch(step);
    if (node == nullptr) return false;
  }
  return node->member_;
}

bool FieldSet::covers(const FieldPath& path) const noexcept {
  const FieldSet* node = this;
  for (const auto& step : path) {
    if (node->member_ && node->branches_.empty()) return true;
    node = node->find_branch(step);
    if (node == nullptr) return false;
  }
  return node->member_;
}

const FieldSet* FieldSet::below(std::string_view step) const noexcept { return find_branch(step); }

void FieldSet::collect(FieldPath& path, std::vector<FieldPath>& out) const {
  if (member_) out.push_back(path);
  for (const auto& branch : branches_) {
    path.push_back(branch.step);
    branch.below.collect(path, out);
    path.pop_back();
  }
}

std::vector<FieldPath> FieldSet::paths() const {
  std::vector<FieldPath> out;
  FieldPath path;
  collect(path, out);
  return out;
}

std::optional<FieldPath> FieldSet::find(std::string_view text) const {
  for (const auto& branch : branches_) {
    const std::string here = conflict_text({branch.step});
    if (!text.starts_with(here)) continue;
    const auto rest = text.substr(here.size());
    if (rest.empty()) {
      if (branch.below.member_) return FieldPath{branch.step};
      continue;
    }
    if (auto found = branch.below.find(rest)) {
      found->insert(found->begin(), branch.step);
      return found;
    }
  }
  return std::nullopt;
}

// ---- algebra. Both sides are in the same order, so each step walks them side by side.

FieldSet FieldSet::united(const FieldSet& other) const {
  FieldSet out;
  out.member_ = member_ || other.member_;
  auto a = branches_.begin();
  auto b = other.branches_.begin();
  while (a != branches_.end() || b != other.branches_.end()) {
    if (b == other.branches_.end() || (a != branches_.end() && a->step < b->step)) {
      out.branches_.push_back(*a++);
    } else if (a == branches_.end() || b->step < a->step) {
      out.branches_.push_back(*b++);
    } else {
      out.branches_.push_back({a->step, a->below.united(b->below)});
      ++a;
      ++b;
    }
  }
  return out;
}

FieldSet FieldSet::intersected(const FieldSet& other) const {
  FieldSet out;
  out.member_ = member_ && other.member_;
  for (const auto& branch : branches_) {
    const FieldSet* theirs = other.find_branch(branch.step);
    if (theirs != nullptr) out.keep(branch.step, branch.below.intersected(*theirs));
  }
  return out;
}

FieldSet FieldSet::without(const FieldSet& other) const {
  FieldSet out;
  out.member_ = member_ && !other.member_;
  for (const auto& branch : branches_) {
    const FieldSet* theirs = other.find_branch(branch.step);
    out.keep(branch.step, theirs == nullptr ? FieldSet(branch.below) : branch.below.without(*theirs));
  }
  return out;
}

FieldSet FieldSet::without_whole(const FieldSet& other) const {
  FieldSet out;
  if (other.member_) return out;
  out.member_ = member_;
  for (const auto& branch : branches_) {
    const FieldSet* theirs = other.find_branch(branch.step);
    out.keep(branch.step, theirs == nullptr ? FieldSet(branch.below) : branch.below.without_whole(*theirs));
  }
  return out;
}

FieldSet FieldSet::with_prefix(const FieldPath& prefix) const {
  FieldSet out = *this;
  for (auto step = prefix.rbegin(); step != prefix.rend(); ++step) {
    FieldSet above;
    above.keep(*step, std::move(out));
    out = std::move(above);
  }
  return out;
}

FieldSet FieldSet::leaves() const {
  FieldSet out;
  out.member_ = member_ && branches_.empty();
  for (const auto& branch : branches_) out.keep(branch.step, branch.below.leaves());
  return out;
}

FieldSet FieldSet::present_in(const Value& body) const {
  FieldSet out;
  out.member_ = member_;
  for (const auto& branch : branches_) {
    const Value* child = step_into(body, branch.step);
    if (child != nullptr) out.keep(branch.step, branch.below.present_in(*child));
  }
  return out;
}

bool operator==(const FieldSet& a, const FieldSet& b) {
  return a.member_ == b.member_ &&
         std::ranges::equal(a.branches_, b.branches_, [](const FieldSet::Branch& one, const FieldSet::Branch& other) {
           return one.step == other.step && one.below == other.below;
         });
}

// ---- paths

std::string conflict_text(const FieldPath& path) {
  std::string out;
  for (const std::string_view step : path) {
    out += is_item_step(step) ? item_text(step) : "." + std::string(step.substr(std::min<std::size_t>(2, step.size())));
  }
  return out;
}

std::string path_text(const FieldPath& path) {
  std::string out;
  for (const std::string_view step : path) {
    const auto name = step.substr(std::min<std::size_t>(2, step.size()));
    if (is_item_step(step)) {
      out += item_text(step);
    } else if (needs_brackets(name)) {
      out += "[" + canonical_json(Value::string(name)) + "]";
    } else {
      out += "." + std::string(name);
    }
  }
  return out;
}

std::optional<FieldPath> resolve(const Value& body, std::string_view text) {
  FieldPath path;
  if (text.empty() || !resolve_below(body, text, path)) return std::nullopt;
  return path;
}

std::string field_step(std::string_view name) { return "f:" + std::string(name); }

const Value* step_into(const Value& node, std::string_view step) {
  if (step.starts_with("f:")) return node.find(step.substr(2));
  if (!is_item_step(step)) return nullptr;
  const auto place = item_place(node, step);
  return place ? &node.as_list()[*place] : nullptr;
}

const Value* value_at(const Value& body, const FieldPath& path) {
  const Value* node = &body;
  for (const auto& step : path) {
    node = step_into(*node, step);
    if (node == nullptr) return nullptr;
  }
  return node;
}

bool erase_at(Value& body, const FieldPath& path) {
  if (path.empty()) return false;
  const Value* found = value_at(body, FieldPath(path.begin(), path.end() - 1));
  if (found == nullptr || found->is_nil_container()) return false;
  Value holder = *found;  // the same container
  const std::string_view last = path.back();
  if (last.starts_with("f:")) return holder.is_map() && holder.erase(last.substr(2));
  if (!is_item_step(last) || !holder.is_list()) return false;
  const auto place = item_place(holder, last);
  if (!place) return false;
  auto& items = holder.mutable_list();
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(*place));
  return true;
}

}  // namespace gitopsctl::agent
