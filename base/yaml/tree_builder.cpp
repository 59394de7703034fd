#include "base/yaml/tree_builder.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <numeric>
#include <system_error>
#include <utility>

#include "base/crypto/digest.hpp"
#include "base/text/go_format.hpp"
#include "base/text/utf8.hpp"
#include "base/yaml/go_syntax.hpp"

namespace gitopsctl::yaml_detail {
namespace {

constexpr std::string_view tag_prefix = "tag:yaml.org,2002:";
/// The name under which an impossible key or number stays in the tree until the document ends: a later equal key may still
/// replace the map around it, and then nobody complains.
constexpr std::string_view impossible_prefix("\0impossible ", 12);
constexpr std::size_t max_impossible = 1000;
constexpr std::string_view want_map = "map merge requires map or sequence of maps as the value";

/// How much of a document may come from aliases; the figures are those of Go's library, which refuses more.
double allowed_alias_ratio(std::uint64_t decode_count) {
  constexpr double low = 400'000;
  constexpr double high = 4'000'000;
  const auto count = static_cast<double>(decode_count);
  if (count <= low) return 0.99;
  if (count >= high) return 0.10;
  return 0.99 - 0.89 * ((count - low) / (high - low));
}

bool is_container(const Value& value) { return value.is_map() || value.is_list(); }

/// What JSON makes of bytes that are no UTF-8 (only `!!binary` can bring them in).
std::string replace_invalid_utf8(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto rune = decode_utf8(std::string_view(text).substr(at));
    append_utf8(out, rune.value);
    at += rune.length;
  }
  return out;
}

std::string_view type_word(ScalarType type) {
  switch (type) {
    case ScalarType::string: return "!!str";
    case ScalarType::null: return "!!null";
    case ScalarType::boolean: return "!!bool";
    case ScalarType::integer:
    case ScalarType::unsigned_integer: return "!!int";
    case ScalarType::floating: return "!!float";
  }
  return "!!str";
}

Location at(const std::string& file, Mark mark) { return {file, mark.line + 1, mark.column + 1}; }

}  // namespace

Error syntax_error(const SyntaxError& error, const YamlOptions& options, const std::string& file, std::string_view text) {
  if (error.stage == SyntaxError::Stage::reader) {
    // The libraries know no line for these; we count, as far as the bytes are ASCII-compatible.
    const std::string_view before = text.substr(0, std::min(error.offset, text.size()));
    const auto lines = static_cast<int>(std::count(before.begin(), before.end(), '\n'));
    return Error(ErrorCode::invalid_input, "yaml: " + error.problem).at({file, lines + 1, 0});
  }
  const bool scanner = error.stage == SyntaxError::Stage::scanner;
  const int problem = error.problem_mark.line == 0 ? 0 : error.problem_mark.line + (scanner ? 1 : 0);
  int line = problem;
  if (options.profile == YamlProfile::go_v3) {
    if (error.context_mark.line != 0) line = error.context_mark.line + (scanner ? 1 : 0);
  } else if (line == 0) {
    line = error.context_mark.line;
  }
  std::string message = "yaml: ";
  if (line != 0) message += "line " + std::to_string(line) + ": ";
  message += error.problem;
  return Error(ErrorCode::invalid_input, std::move(message)).at(at(file, error.problem_mark));
}

TreeBuilder::TreeBuilder(std::string_view text, const YamlOptions& options, const std::string& file, Scalars scalars)
    : text_(text),
      options_(options),
      file_(file),
      scalars_(scalars),
      source_(text, options.profile),
      check_duplicates_(options.unique_keys || (options.profile == YamlProfile::go_v3 && scalars == Scalars::profile)) {}

Scalar TreeBuilder::resolve(std::string_view text) const {
  return scalars_ == Scalars::python ? resolve_python(text) : resolve_plain(text, options_.profile);
}

Result<bool> TreeBuilder::next_document() {
  Event event;
  if (!source_.next(event)) return syntax_error(source_.error(), options_, file_, text_);
  document_mark_ = event.mark;
  return event.type == EventType::document_start;
}

void TreeBuilder::reset_document() {
  frames_.clear();
  members_.clear();
  items_.clear();
  member_marks_.clear();
  anchors_.clear();
  anchor_names_.clear();
  duplicates_.clear();
  root_ = Value::null();
  have_root_ = false;
  decode_count_ = 1;  // the document itself
  alias_count_ = 0;
  decode_error_.reset();
  impossible_.clear();
}

Result<Value> TreeBuilder::document(MarkTable* marks) {
  reset_document();
  marks_ = marks;
  for (bool first = true;; first = false) {
    Event event;
    if (!source_.next(event)) return syntax_error(source_.error(), options_, file_, text_);
    if (event.type == EventType::document_end || event.type == EventType::stream_end) break;
    if (first) document_mark_ = event.mark;
    GITOPSCTL_CHECK(handle(event));
    // Not kept for the end like what is wrong with the content: it is the memory until then that matters.
    if (decode_count_ > options_.max_nodes) {
      return problem("yaml: document has more than " + std::to_string(options_.max_nodes) + " nodes", event.mark,
                     ErrorCode::too_large);
    }
  }
  if (decode_error_) return *decode_error_;
  if (!duplicates_.empty()) return combine(std::move(duplicates_));
  if (!impossible_.empty()) {
    if (const Impossible* found = surviving(root_)) return found->error;
  }
  return std::move(root_);
}

Result<void> TreeBuilder::handle(const Event& event) {
  switch (event.type) {
    case EventType::scalar: scalar(event); return {};
    case EventType::alias: return alias(event);
    case EventType::list_start:
    case EventType::map_start: return start(event);
    case EventType::list_end:
    case EventType::map_end: end(); return {};
    default: return problem("unexpected event", event.mark, ErrorCode::internal);
  }
}

std::int32_t TreeBuilder::define_anchor(const Event& event) {
  const auto index = static_cast<std::int32_t>(anchors_.size());
  Anchor anchor;
  anchor.name = event.anchor;
  anchor.open = true;
  anchor.is_map = event.type == EventType::map_start;
  if (event.type == EventType::scalar) {
    anchor.is_scalar = true;
    anchor.plain = event.plain;
    anchor.text = event.value;
    anchor.tag = event.tag;
  }
  anchor_names_[anchor.name] = index;
  anchors_.push_back(std::move(anchor));
  return index;
}

std::uint32_t TreeBuilder::add_node(Mark mark) {
  if (marks_ == nullptr) return MarkTable::none;
  if (frames_.empty()) return marks_->add(MarkTable::none, {}, mark, mark);
  const Frame& top = frames_.back();
  if (top.node == MarkTable::none) return MarkTable::none;
  if (!top.is_map) return marks_->add(top.node, SharedString(std::to_string(items_.size() - top.base)), mark, mark);
  if (top.at_key || top.merging || top.key_state != KeyState::good) return MarkTable::none;
  return marks_->add(top.node, top.key, top.key_mark, mark);
}

void TreeBuilder::scalar(const Event& event) {
  std::int32_t anchor = -1;
  if (!event.anchor.empty()) anchor = define_anchor(event);
  if (!frames_.empty() && frames_.back().is_map && frames_.back().at_key) {
    const bool merge_tag = event.tag == "tag:yaml.org,2002:merge";
    if (event.value == "<<" && (event.plain || event.tag == "!" || merge_tag)) {
      frames_.back().merging = true;
      frames_.back().at_key = false;
    } else {
      count(1, 0, event.mark);
      key(event.value, event.tag, event.plain, event.mark);
    }
    if (anchor >= 0) {
      anchors_[static_cast<std::size_t>(anchor)].open = false;
      anchors_[static_cast<std::size_t>(anchor)].count = 1;
      anchors_[static_cast<std::size_t>(anchor)].value = scalar_value(event.value, event.tag, event.plain, event.mark);
    }
    return;
  }
  count(1, 0, event.mark);
  add_node(event.mark);
  Value value = scalar_value(event.value, event.tag, event.plain, event.mark);
  if (anchor >= 0) {
    anchors_[static_cast<std::size_t>(anchor)].open = false;
    anchors_[static_cast<std::size_t>(anchor)].count = 1;
    anchors_[static_cast<std::size_t>(anchor)].value = value;
  }
  attach(std::move(value), false, 0, event.mark, false);
}

Result<void> TreeBuilder::alias(const Event& event) {
  const auto found = anchor_names_.find(std::string(event.anchor));
  if (found == anchor_names_.end()) {
    return problem("yaml: unknown anchor " + quoted("'" + std::string(event.anchor) + "' ") + "referenced", event.mark);
  }
  const Anchor& anchor = anchors_[static_cast<std::size_t>(found->second)];
  const bool is_key = !frames_.empty() && frames_.back().is_map && frames_.back().at_key;
  count(1, 0, event.mark);
  const bool is_map = anchor.is_map;
  const bool merging = !frames_.empty() && !is_key && (frames_.back().merging || frames_.back().merge_list);
  if (merging && !is_map) decode_problem(std::string(want_map), event.mark);
  if (anchor.open) decode_problem("anchor " + quoted("'" + anchor.name + "' ") + "value contains itself", event.mark);
  if (!decode_error_) count(anchor.count, anchor.count, event.mark);
  if (frames_.size() + anchor.height > options_.max_depth) {
    return problem("yaml: exceeded max depth of " + std::to_string(options_.max_depth), event.mark, ErrorCode::too_large);
  }
  if (is_key) {
    if (anchor.is_scalar) {
      key(anchor.text, anchor.tag, anchor.plain, event.mark);
    } else {
      decode_problem("invalid map key" + quoted(": " + go_syntax(anchor.value)), event.mark);
      frames_.back().key_state = KeyState::bad;
      frames_.back().at_key = false;
    }
    return {};
  }
  add_node(event.mark);
  Value value;
  // What is merged is copied member by member; every other alias gets containers of its own, since values are changed in
  // place by templates and JSON knows no sharing.
  if (!decode_error_) value = is_container(anchor.value) && !merging ? anchor.value.deep_copy() : anchor.value;
  attach(std::move(value), is_map, anchor.height, event.mark, true);
  return {};
}

Result<void> TreeBuilder::start(const Event& event) {
  if (frames_.size() >= options_.max_depth) {
    return problem("yaml: line " + std::to_string(event.mark.line + 1) + ": exceeded max depth of " +
                       std::to_string(options_.max_depth),
                   event.mark, ErrorCode::too_large);
  }
  Frame frame;
  frame.is_map = event.type == EventType::map_start;
  frame.mark = event.mark;
  frame.count_before = decode_count_;
  if (!event.anchor.empty()) frame.anchor = define_anchor(event);
  frame.base = static_cast<std::uint32_t>(frame.is_map ? members_.size() : items_.size());
  if (!frames_.empty() && frames_.back().is_map) {
    const Frame& top = frames_.back();
    if (top.at_key) frame.role = Role::key;
    if (top.merging) frame.role = Role::merge;
  }
  frame.merge_list = frame.role == Role::merge && !frame.is_map;
  frame.node = add_node(event.mark);
  // The list behind `<<` is walked by the merge itself and not decoded.
  if (!frame.merge_list) count(1, 0, event.mark);
  frames_.push_back(std::move(frame));
  return {};
}

void TreeBuilder::end() {
  Frame frame = std::move(frames_.back());
  Value value;
  if (frame.is_map) {
    frames_.back() = Frame{};  // its key is in `frame` now; the slot only keeps the depth
    end_map(frame);
    Value::Members members;
    members.reserve(members_.size() - frame.base);
    const auto begin = members_.begin() + frame.base;
    // Of equal keys, which the stable sort left in input order, the last one stays.
    for (auto it = begin; it != members_.end(); ++it) {
      if (it + 1 != members_.end() && it->key == (it + 1)->key) continue;
      members.push_back(std::move(*it));
    }
    members_.erase(begin, members_.end());
    // They are in order, so Value need not look again.
    value = Value::map();
    value.mutable_members() = std::move(members);
  } else {
    Value::List items;
    const auto begin = items_.begin() + frame.base;
    items.reserve(items_.size() - frame.base);
    items.assign(std::make_move_iterator(begin), std::make_move_iterator(items_.end()));
    items_.erase(begin, items_.end());
    value = Value::list(std::move(items));
  }
  frames_.pop_back();
  if (frame.anchor >= 0) {
    Anchor& anchor = anchors_[static_cast<std::size_t>(frame.anchor)];
    anchor.open = false;
    anchor.value = value;
    anchor.count = decode_count_ - frame.count_before;
    anchor.height = frame.height + 1;
  }
  if (frame.role == Role::key) {
    Frame& top = frames_.back();
    decode_problem("invalid map key" + quoted(": " + go_syntax(value)), frame.mark);
    top.key_state = KeyState::bad;
    top.at_key = false;
    return;
  }
  attach(std::move(value), frame.is_map, frame.height + 1, frame.mark, false);
}

void TreeBuilder::end_map(Frame& frame) {
  if (check_duplicates_) {
    check_unique(frame);
    member_marks_.resize(frame.base);
  }
  sort_members(frame.base);
}

void TreeBuilder::sort_members(std::size_t base) {
  const auto begin = members_.begin() + static_cast<std::ptrdiff_t>(base);
  const auto less = [](const Value::Member& a, const Value::Member& b) { return a.key.view() < b.key.view(); };
  constexpr std::ptrdiff_t few = 16;
  if (members_.end() - begin > few) {
    std::stable_sort(begin, members_.end(), less);
    return;
  }
  for (auto it = begin; it != members_.end(); ++it) {
    auto to = it;
    while (to != begin && it->key.view() < (to - 1)->key.view()) --to;
    if (to != it) std::rotate(to, it, it + 1);
  }
}

void TreeBuilder::check_unique(const Frame& frame) {
  const std::size_t count = members_.size() - frame.base;
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  const auto key_of = [&](std::uint32_t i) { return members_[frame.base + i].key.view(); };
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return key_of(a) < key_of(b); });
  constexpr std::size_t most = 100;
  for (std::size_t i = 1; i < order.size() && duplicates_.size() < most; ++i) {
    if (key_of(order[i - 1]) != key_of(order[i])) continue;
    const Mark first = member_marks_[frame.base + order[i - 1]];
    const Mark second = member_marks_[frame.base + order[i]];
    if (first.line < 0 || second.line < 0) continue;  // merged in by `<<`, which may repeat keys
    const std::string name = quoted(go_syntax(Value::string(key_of(order[i]))) + ' ');
    if (options_.unique_keys) {
      duplicates_.push_back(
          Error(ErrorCode::invalid_input, "key " + name + "is already set at line " + std::to_string(first.line + 1))
              .at(at(file_, second))
              .with_hint("keep one of the two"));
    } else {
      duplicates_.push_back(problem("yaml: unmarshal errors:\n  line " + std::to_string(second.line + 1) + ": mapping key " +
                                        name + "already defined at line " + std::to_string(first.line + 1),
                                    second));
    }
  }
}

void TreeBuilder::attach(Value value, bool is_map, std::uint32_t height, Mark mark, bool from_alias) {
  if (frames_.empty()) {
    root_ = std::move(value);
    have_root_ = true;
    return;
  }
  Frame& top = frames_.back();
  top.height = std::max(top.height, height);
  if (!top.is_map) {
    if (top.merge_list && !is_map) decode_problem(std::string(want_map), mark);
    items_.push_back(std::move(value));
    return;
  }
  if (top.merging) {
    const bool merge_list = value.is_list() && !from_alias;
    top.merging = false;
    merge(value, is_map, merge_list, mark);
  } else {
    if (top.key_state == KeyState::null || top.key_state == KeyState::unsigned_integer) {
      top.key = impossible(impossible_key(top, value), true);
      top.key_state = KeyState::good;
    }
    if (top.key_state == KeyState::good) {
      members_.push_back({std::move(top.key), std::move(value)});
      if (check_duplicates_) member_marks_.push_back(top.key_mark);
    }
    top.key_state = KeyState::good;
  }
  top.at_key = true;
}

Error TreeBuilder::impossible_key(const Frame& map, const Value& value) const {
  std::string text = "unsupported map key of type: ";
  if (map.key_state == KeyState::null) {
    text += "%!s(<nil>), key: <nil>";
  } else {
    std::array<char, 16> hex{};
    const auto [end, error] = std::to_chars(hex.data(), hex.data() + hex.size(), map.unsigned_key, 16);
    (void)error;  // 16 digits hold every uint64
    text += "uint64" + quoted(", key: 0x" + std::string(hex.data(), end));
  }
  return problem(text + quoted(", value: " + go_syntax(value)), map.key_mark);
}

void TreeBuilder::merge(const Value& value, bool is_map, bool is_merge_list, Mark mark) {
  if (is_map) {
    merge_members(value);
  } else if (is_merge_list) {
    const auto& maps = value.as_list();
    // The first map of the list counts most. YAML v2 overwrites, so it applies the list backwards; v3 fills gaps.
    if (options_.profile == YamlProfile::go_v2_json) {
      for (auto it = maps.rbegin(); it != maps.rend(); ++it) merge_members(*it);
    } else {
      for (const auto& map : maps) merge_members(map);
    }
  } else {
    decode_problem(std::string(want_map), mark);
  }
}

void TreeBuilder::merge_members(const Value& map) {
  Value::Members copies;
  copies.reserve(map.as_map().size());
  for (const auto& member : map.as_map()) {
    copies.push_back({member.key, is_container(member.value) ? member.value.deep_copy() : member.value});
  }
  constexpr Mark merged{-1, -1};
  // v2 applies a merge where it stands, so it overrides keys written before it; in v3 it never overrides.
  const bool in_order = options_.profile == YamlProfile::go_v2_json;
  const auto position = static_cast<std::ptrdiff_t>(in_order ? members_.size() : frames_.back().base);
  if (check_duplicates_) member_marks_.insert(member_marks_.begin() + position, copies.size(), merged);
  members_.insert(members_.begin() + position, std::make_move_iterator(copies.begin()),
                  std::make_move_iterator(copies.end()));
}

void TreeBuilder::key(std::string_view text, std::string_view tag, bool plain, Mark mark) {
  Frame& top = frames_.back();
  top.at_key = false;
  top.key_mark = mark;
  if (options_.profile == YamlProfile::go_v3 || (tag.empty() && !plain)) {
    const auto* known = keys_.find(text);
    top.key = known != nullptr ? known->text
                               : keys_.add(text, resolve_plain(text, YamlProfile::go_v2_json).type == ScalarType::string);
    return;
  }
  if (tag.empty()) {
    top.key = plain_key(text, top);
    return;
  }
  std::string decoded;
  const auto scalar = tagged(text, tag, mark, decoded);
  if (!scalar) {
    top.key_state = KeyState::bad;
  } else if (scalar->type == ScalarType::string) {
    top.key = SharedString(decoded);
  } else {
    top.key = plain_key(text, top);
  }
}

SharedString TreeBuilder::plain_key(std::string_view text, Frame& frame) {
  const auto* known = keys_.find(text);
  if (known != nullptr && known->plain_is_string) return known->text;
  const Scalar scalar = resolve(text);
  switch (scalar.type) {
    case ScalarType::string: return known != nullptr ? known->text : keys_.add(text, true);
    case ScalarType::null: frame.key_state = KeyState::null; return {};
    case ScalarType::boolean: return SharedString(scalar.boolean ? "true" : "false");
    case ScalarType::integer: return SharedString(std::to_string(scalar.integer));
    case ScalarType::unsigned_integer:
      frame.key_state = KeyState::unsigned_integer;
      frame.unsigned_key = scalar.unsigned_integer;
      return {};
    case ScalarType::floating: return SharedString(float_key(scalar.floating));
  }
  return {};
}

std::optional<Scalar> TreeBuilder::tagged(std::string_view text, std::string_view tag, Mark mark, std::string& decoded) {
  decoded = text;
  if (tag.substr(0, tag_prefix.size()) != tag_prefix) return Scalar{};
  const std::string_view name = tag.substr(tag_prefix.size());
  if (name == "str") return Scalar{};
  if (name == "binary") {
    const auto bytes = base64_decode(text);
    if (!bytes.ok()) {
      decode_problem("!!binary value contains invalid base64 data", mark);
      return std::nullopt;
    }
    decoded = replace_invalid_utf8(*bytes);
    return Scalar{};
  }
  const bool timestamp = name == "timestamp";
  if (name != "bool" && name != "int" && name != "float" && name != "null" && !timestamp) return Scalar{};
  if (timestamp && is_timestamp(text)) return Scalar{};
  Scalar scalar = resolve(text);
  const std::string wanted = "!!" + std::string(name);
  if (name == "float" && scalar.type == ScalarType::integer) {
    return Scalar{.type = ScalarType::floating, .floating = static_cast<double>(scalar.integer)};
  }
  if (type_word(scalar.type) == wanted) return scalar;
  decode_problem("cannot decode " + std::string(type_word(scalar.type)) + quoted(" `" + decoded + "`") + " as a " + wanted,
                 mark);
  return std::nullopt;
}

Value TreeBuilder::scalar_value(std::string_view text, std::string_view tag, bool plain, Mark mark) {
  Scalar scalar;
  if (tag.empty()) {
    if (plain) scalar = resolve(text);
    if (scalar.type == ScalarType::string) return Value::string(text);
  } else {
    std::string decoded;
    const auto found = tagged(text, tag, mark, decoded);
    if (!found) return {};
    if (found->type == ScalarType::string) return Value::string(decoded);
    scalar = *found;
  }
  switch (scalar.type) {
    case ScalarType::null: return {};
    case ScalarType::boolean: return Value::boolean(scalar.boolean);
    default: return number(scalar, mark);
  }
}

Value TreeBuilder::number(const Scalar& scalar, Mark mark) {
  const bool floats = options_.numbers == YamlNumbers::float64;
  switch (scalar.type) {
    case ScalarType::integer:
      return floats ? Value::float64(static_cast<double>(scalar.integer)) : Value::int64(scalar.integer);
    case ScalarType::unsigned_integer: return Value::float64(static_cast<double>(scalar.unsigned_integer));
    default: break;
  }
  const double value = scalar.floating;
  if (!std::isfinite(value)) {
    // A map that stands for it until the end shows whether it stays.
    Value::Members members;
    members.push_back({impossible(problem("json: unsupported value: " + go_format_float(value), mark), false), Value()});
    return Value::map(std::move(members));
  }
  // On the way through JSON `1.0` becomes `1`, which its readers take for an integer; so they do with the shortest digits of
  // larger floats.
  const bool through_json = options_.numbers == YamlNumbers::integers;
  if (through_json && options_.profile == YamlProfile::go_v2_json && std::trunc(value) == value && std::fabs(value) < 1e19) {
    const std::string digits = json_format_float(value);
    std::int64_t integer = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), integer);
    if (error == std::errc() && end == digits.data() + digits.size()) return Value::int64(integer);
  }
  return Value::float64(value);
}

void TreeBuilder::count(std::uint64_t steps, std::uint64_t from_aliases, Mark mark) {
  decode_count_ += steps;
  alias_count_ += from_aliases;
  if (alias_count_ <= 100 || decode_error_) return;
  const bool too_many = alias_count_ > options_.max_alias_nodes;
  const double ratio = static_cast<double>(alias_count_) / static_cast<double>(decode_count_);
  if (too_many || (decode_count_ > 1000 && ratio > allowed_alias_ratio(decode_count_))) {
    decode_error_ = problem("yaml: document contains excessive aliasing", mark, ErrorCode::too_large);
  }
}

void TreeBuilder::decode_problem(std::string text, Mark mark) {
  if (!decode_error_) decode_error_ = problem("yaml: " + std::move(text), mark);
}

SharedString TreeBuilder::impossible(Error error, bool is_key) {
  if (impossible_.size() >= max_impossible && !decode_error_) decode_error_ = error;
  SharedString name(std::string(impossible_prefix) + std::to_string(impossible_.size()));
  if (impossible_.size() < max_impossible) impossible_.push_back({std::move(error), is_key});
  return name;
}

const TreeBuilder::Impossible* TreeBuilder::surviving(const Value& value) const {
  const Impossible* found = nullptr;
  // Keys are looked at before numbers are written, so an impossible key hides an impossible number.
  const auto better = [&](const Impossible* other) {
    if (other == nullptr) return;
    if (found == nullptr || (other->is_key && !found->is_key) || (other->is_key == found->is_key && other < found))
      found = other;
  };
  for (const auto& item : value.as_list()) better(surviving(item));
  for (const auto& member : value.as_map()) {
    const std::string_view key = member.key.view();
    if (key.substr(0, impossible_prefix.size()) == impossible_prefix) {
      std::size_t index = impossible_.size();
      std::from_chars(key.data() + impossible_prefix.size(), key.data() + key.size(), index);
      if (index < impossible_.size()) better(&impossible_[index]);
    }
    better(surviving(member.value));
  }
  return found;
}

std::string TreeBuilder::quoted(std::string piece) const {
  return options_.quote_content ? std::move(piece) : std::string();
}

Error TreeBuilder::problem(std::string text, Mark mark, ErrorCode code) const {
  return Error(code, std::move(text)).at(at(file_, mark));
}

}  // namespace gitopsctl::yaml_detail
