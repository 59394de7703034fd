#include "base/config/reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/text/escape.hpp"
#include "base/text/go_format.hpp"
#include "base/text/json_pointer.hpp"

namespace gitopsctl {

namespace {

// Keys come from untrusted files and end in messages.
std::string shown(std::string_view text) {
  constexpr std::size_t longest = 80;
  const auto cut = truncate_utf8(text, longest);
  return "'" + terminal_safe(cut) + (cut.size() < text.size() ? "…'" : "'");
}

void wrong_type(const ConfigNode& node, std::string_view wanted, std::string hint = {}) {
  Error error(ErrorCode::invalid_input,
              node.name() + " must be " + std::string(wanted) + ", not " + std::string(type_words(node.value())));
  node.fail(hint.empty() ? error : error.with_hint(std::move(hint)));
}

void check_text(const ConfigNode& node, const ConfigShape& shape) {
  if (!node.value().is_string()) {
    const bool scalar = node.value().is_number() || node.value().is_bool();
    wrong_type(node, "a text", scalar ? "put it in quotes" : "");
  } else if (shape.filled && node.value().as_string().empty()) {
    node.fail(Error(ErrorCode::invalid_input, node.name() + " is empty"));
  }
}

void check_number(const ConfigNode& node, const ConfigShape& shape) {
  const Value& value = node.value();
  if (shape.kind == ConfigShape::Kind::integer && !value.is_int()) return wrong_type(node, "a whole number");
  if (!value.is_number()) return wrong_type(node, "a number");
  const double number = value.as_double();
  const bool low = shape.minimum && number < *shape.minimum;
  const bool high = shape.maximum && number > *shape.maximum;
  if (low || high || !std::isfinite(number)) {
    node.fail(Error(ErrorCode::invalid_input, node.name() + " must be between " +
                                                  go_format_float(shape.minimum.value_or(0)) + " and " +
                                                  go_format_float(shape.maximum.value_or(0))));
  }
}

void check_duration(const ConfigNode& node) {
  if (!node.value().is_string()) {
    return wrong_type(node, "a duration", node.value().is_number() ? "write a unit, for example 600s or 10m" : "");
  }
  if (auto span = parse_duration(node.value().as_string()); !span.ok()) {
    Error error(ErrorCode::invalid_input, node.name() + ": " + span.error().message());
    node.fail(error.with_hint("write it like 90s, 10m or 1h30m"));
  }
}

void check_choice(const ConfigNode& node, const ConfigShape& shape) {
  if (!node.value().is_string()) return wrong_type(node, "a text", suggest("", shape.choices, "values"));
  const auto text = node.value().as_string();
  if (std::find(shape.choices.begin(), shape.choices.end(), text) != shape.choices.end()) return;
  node.fail(Error(ErrorCode::invalid_input, node.name() + " cannot be " + shown(text))
                .with_hint(suggest(text, shape.choices, "values")));
}

void check_object(const ConfigNode& node, const ConfigShape& shape) {
  if (!node.value().is_map()) return wrong_type(node, "a map");
  std::vector<std::string> known;
  known.reserve(shape.fields.size());
  for (const auto& field : shape.fields) known.push_back(field.name);
  for (const auto& member : node.value().as_map()) {
    const auto key = member.key.view();
    const ConfigNode child = node.at(key);
    const auto field = std::find_if(shape.fields.begin(), shape.fields.end(), [&](const auto& f) { return f.name == key; });
    if (field == shape.fields.end()) {
      child.fail_key(Error(ErrorCode::invalid_input, "unknown key " + shown(key)).with_hint(suggest(key, known, "keys")));
    } else if (child.present()) {
      check_config(child, field->shape);
    }
    // `key:` without a value is as good as no key.
  }
  for (const auto& field : shape.fields) {
    if (field.required && !node.has(field.name)) {
      node.fail(Error(ErrorCode::invalid_input, "missing key '" + field.name + "'").with_hint(field.shape.about));
    }
  }
}

}  // namespace

void ConfigMistakes::add(std::string pointer, Error error) {
  if (mistakes_.size() < max_kept) {
    mistakes_.push_back({std::move(pointer), std::move(error)});
  } else if (mistakes_.size() == max_kept) {
    // Of the file as a whole, so that no part of it passes for good because its mistakes were not kept.
    mistakes_.push_back({"", Error(ErrorCode::invalid_input, "more than " + std::to_string(max_kept) + " mistakes")
                                 .at({error.where().file, 0, 0})});
  }
}

std::vector<Error> ConfigMistakes::take_below(std::string_view pointer) {
  const auto below = [pointer](const ConfigMistake& mistake) {
    const std::string_view at(mistake.pointer);
    return at.starts_with(pointer) && (pointer.empty() || at.size() == pointer.size() || at[pointer.size()] == '/');
  };
  const auto split = std::stable_partition(mistakes_.begin(), mistakes_.end(), [&](const auto& m) { return !below(m); });
  std::vector<Error> out;
  for (auto it = split; it != mistakes_.end(); ++it) out.push_back(it->error);
  mistakes_.erase(split, mistakes_.end());
  sort_by_place(out);
  return out;
}

std::vector<Error> ConfigMistakes::take_all() { return take_below(""); }

void sort_by_place(std::vector<Error>& errors) {
  std::stable_sort(errors.begin(), errors.end(), [](const Error& a, const Error& b) {
    return std::pair(a.where().line, a.where().column) < std::pair(b.where().line, b.where().column);
  });
}

ConfigNode::ConfigNode(const LocatedYaml& document, ConfigMistakes& mistakes)
    : ConfigNode(document.value, {}, document.marks, &mistakes) {}

ConfigNode::ConfigNode(Value value, std::string pointer, std::shared_ptr<const YamlMarks> marks, ConfigMistakes* mistakes)
    : value_(std::move(value)), pointer_(std::move(pointer)), marks_(std::move(marks)), mistakes_(mistakes) {}

std::string ConfigNode::name() const {
  std::string_view path = pointer_;
  std::string items;
  while (true) {
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos) return items + "the file";
    const auto step = path.substr(slash + 1);
    const bool is_index =
        !step.empty() && std::all_of(step.begin(), step.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!is_index) return items + shown(pointer_key(step));
    std::size_t index = 0;
    std::from_chars(step.data(), step.data() + step.size(), index);
    items += "item " + std::to_string(index + 1) + " of ";
    path = path.substr(0, slash);
  }
}

bool ConfigNode::has(std::string_view key) const noexcept {
  const Value* found = value_.find(key);
  return found != nullptr && !found->is_nothing();
}

ConfigNode ConfigNode::at(std::string_view key) const {
  const Value* found = value_.find(key);
  return {found == nullptr ? Value() : *found, pointer_ + '/' + pointer_step(key), marks_, mistakes_};
}

ConfigNode ConfigNode::item(std::size_t index) const {
  const auto& list = value_.as_list();
  return {index < list.size() ? list[index] : Value(), pointer_ + '/' + std::to_string(index), marks_, mistakes_};
}

std::vector<ConfigNode> ConfigNode::items() const {
  std::vector<ConfigNode> out;
  const std::size_t count = value_.as_list().size();
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) out.push_back(item(i));
  return out;
}

std::string ConfigNode::text(std::string_view key, std::string_view fallback) const {
  const Value* found = value_.find(key);
  return std::string(found != nullptr && found->is_string() ? found->as_string() : fallback);
}

bool ConfigNode::boolean(std::string_view key, bool fallback) const { return boolean(key).value_or(fallback); }

std::optional<bool> ConfigNode::boolean(std::string_view key) const {
  const Value* found = value_.find(key);
  if (found == nullptr || !found->is_bool()) return std::nullopt;
  return found->as_bool();
}

std::int64_t ConfigNode::integer(std::string_view key, std::int64_t fallback) const {
  const Value* found = value_.find(key);
  return found != nullptr && found->is_int() ? found->as_int() : fallback;
}

double ConfigNode::number(std::string_view key, double fallback) const {
  const Value* found = value_.find(key);
  return found != nullptr && found->is_number() ? found->as_double() : fallback;
}

std::optional<Millis> ConfigNode::duration(std::string_view key) const {
  const Value* found = value_.find(key);
  if (found == nullptr || !found->is_string()) return std::nullopt;
  auto span = parse_duration(found->as_string());
  if (!span.ok()) return std::nullopt;
  return *span;
}

std::vector<std::string> ConfigNode::texts(std::string_view key) const {
  std::vector<std::string> out;
  const Value* found = value_.find(key);
  if (found == nullptr) return out;
  for (const auto& entry : found->as_list()) {
    if (entry.is_string()) out.emplace_back(entry.as_string());
  }
  return out;
}

Location ConfigNode::where() const { return marks_ ? marks_->value(pointer_) : Location{}; }

Location ConfigNode::key_where() const { return marks_ ? marks_->key(pointer_) : Location{}; }

void ConfigNode::fail(const Error& error) const { mistakes_->add(pointer_, error.at(where())); }

void ConfigNode::fail_key(const Error& error) const { mistakes_->add(pointer_, error.at(key_where())); }

void check_config(const ConfigNode& node, const ConfigShape& shape) {
  switch (shape.kind) {
    case ConfigShape::Kind::any: return;
    case ConfigShape::Kind::text: return check_text(node, shape);
    case ConfigShape::Kind::boolean:
      if (!node.value().is_bool()) wrong_type(node, "true or false");
      return;
    case ConfigShape::Kind::integer:
    case ConfigShape::Kind::number: return check_number(node, shape);
    case ConfigShape::Kind::duration: return check_duration(node);
    case ConfigShape::Kind::choice: return check_choice(node, shape);
    case ConfigShape::Kind::list: {
      if (!node.value().is_list()) {
        return wrong_type(node, "a list", node.value().is_string() ? "write it as a list: [value]" : "");
      }
      if (shape.filled && node.value().size() == 0) {
        node.fail(Error(ErrorCode::invalid_input, node.name() + " is empty"));
      }
      for (const auto& item : node.items()) check_config(item, shape.items.front());
      return;
    }
    case ConfigShape::Kind::map: {
      if (!node.value().is_map()) return wrong_type(node, "a map");
      for (const auto& member : node.value().as_map()) check_config(node.at(member.key.view()), shape.items.front());
      return;
    }
    case ConfigShape::Kind::object: return check_object(node, shape);
    case ConfigShape::Kind::either:
      if (!node.value().is_string() && !node.value().is_map()) return wrong_type(node, "a text or a map");
      return check_config(node, shape.items[node.value().is_map() ? 1 : 0]);
  }
}

std::string_view type_words(const Value& value) noexcept {
  switch (value.kind()) {
    case Kind::absent:
    case Kind::null: return "nothing";
    case Kind::boolean: return "true or false";
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8:
    case Kind::float64: return "a number";
    case Kind::string: return "a text";
    case Kind::list: return "a list";
    case Kind::map: return "a map";
    case Kind::object: return "an object";
  }
  return "an object";
}

std::string suggest(std::string_view word, const std::vector<std::string>& known, std::string_view what) {
  // Searching through more than these for every mistake of a large file would take too long.
  constexpr std::size_t most_searched = 200;
  constexpr std::size_t most_listed = 20;
  if (!word.empty() && known.size() <= most_searched) {
    const std::vector<std::string_view> views(known.begin(), known.end());
    const auto near = did_you_mean(word, views.data(), views.size());
    if (!near.empty()) return "did you mean '" + near + "'?";
  }
  std::string out = "known " + std::string(what) + ": ";
  for (std::size_t i = 0; i < std::min(known.size(), most_listed); ++i) out += (i == 0 ? "" : ", ") + known[i];
  if (known.size() > most_listed) out += ", …";
  return known.empty() ? std::string{} : out;
}

}  // namespace gitopsctl
