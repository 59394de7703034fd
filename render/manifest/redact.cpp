#include "render/manifest/redact.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "render/manifest/contained_values.hpp"
#include "render/manifest/server_fields.hpp"

namespace gitopsctl::render {

namespace {

using detail::ContainedValues;
using detail::plain_word;

constexpr std::string_view changed_before = "(redacted, before)";
constexpr std::string_view changed_after = "(redacted, after)";
// Annotations in which other tools keep a copy of the whole object.
constexpr std::array<std::string_view, 4> copies_of_object = {
    last_applied_annotation, "kapp.k14s.io/original", "kapp.k14s.io/original-diff", "kapp.k14s.io/original-diff-md5"};
// What a Secret has besides its values. Everything else in one is hidden: a misspelt `stringdata` holds values too.
constexpr std::array<std::string_view, 5> open_secret_fields = {"apiVersion", "immutable", "kind", "metadata", "type"};

/// The value being hidden on each side; nullptr where a side does not have it. One side only for redact().
struct Pair {
  Value* before = nullptr;
  Value* after = nullptr;

  [[nodiscard]] bool any() const { return before != nullptr || after != nullptr; }
};

Value* member_of(Value* map, std::string_view key) {
  if (map == nullptr || !map->is_map() || map->is_nil_container()) return nullptr;
  auto& members = map->mutable_members();  // sorted by key
  const auto at = std::lower_bound(members.begin(), members.end(), key,
                                   [](const Value::Member& member, std::string_view k) { return member.key.view() < k; });
  return at != members.end() && at->key.view() == key ? &at->value : nullptr;
}

Pair member_of(const Pair& pair, std::string_view key) { return {member_of(pair.before, key), member_of(pair.after, key)}; }

std::set<std::string> keys_of(const Pair& pair) {
  std::set<std::string> keys;
  for (const Value* side : {pair.before, pair.after}) {
    if (side == nullptr) continue;
    for (const auto& member : side->as_map()) keys.insert(member.key.str());
  }
  return keys;
}

std::string plain_text(const Value& value) {
  return value.is_string() ? std::string(value.as_string()) : canonical_json(value);
}

/// The name by which list items are told apart, or nothing.
std::string_view item_name(const Value& item) {
  const auto name = item.string_at({"name"});
  return name.empty() ? item.string_at({"metadata", "name"}) : name;
}

/// The items of two lists, matched by name where every item has its own, else by position.
std::vector<Pair> items_of(const Pair& lists) {
  std::vector<Pair> out;
  const auto items = [](Value* list) -> Value::List* {
    return list != nullptr && list->is_list() && !list->is_nil_container() ? &list->mutable_list() : nullptr;
  };
  Value::List* before = items(lists.before);
  Value::List* after = items(lists.after);
  std::map<std::string_view, Value*> named;
  bool by_name = before != nullptr && after != nullptr;
  if (by_name) {
    for (auto& item : *after) by_name = by_name && !item_name(item).empty() && named.emplace(item_name(item), &item).second;
    std::set<std::string_view> seen;
    for (const auto& item : *before) by_name = by_name && !item_name(item).empty() && seen.insert(item_name(item)).second;
  }
  if (by_name) {
    for (auto& item : *before) {
      const auto it = named.find(item_name(item));
      out.push_back({&item, it == named.end() ? nullptr : it->second});
      if (it != named.end()) named.erase(it);
    }
    for (auto& [name, item] : named) out.push_back({nullptr, item});
    return out;
  }
  const auto count = std::max(before == nullptr ? 0 : before->size(), after == nullptr ? 0 : after->size());
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back({before != nullptr && i < before->size() ? &(*before)[i] : nullptr,
                   after != nullptr && i < after->size() ? &(*after)[i] : nullptr});
  }
  return out;
}

bool matches(const SensitivePath& path, const Value& body) {
  if (path.keys.empty()) return false;
  if (!path.kind.empty() && body.string_at({"kind"}) != path.kind) return false;
  return path.name.empty() || body.string_at({"metadata", "name"}) == path.name;
}

bool is_list_kind(const Value& body) {
  const Value* items = body.find("items");
  return items != nullptr && items->is_list() && body.string_at({"kind"}).ends_with("List");
}

/// Both spellings of a value that a Secret's `data` holds: as it stands there, and decoded.
std::optional<std::string> decoded(const Value& value) {
  if (!value.is_string()) return std::nullopt;
  auto bytes = base64_decode(value.as_string());
  if (!bytes) return std::nullopt;
  return std::move(bytes).value();
}

/// Hides the secret values of one object, or of both sides of a comparison, in place. The values given must share no
/// container with anything else.
class Masker {
 public:
  Masker(std::string_view key, const std::vector<SensitivePath>& sensitive) : key_(key), sensitive_(sensitive) {}

  /// True when something was hidden. Recursion is as deep as the readers allow nesting.
  bool object(const Pair& pair, bool secret) {
    const auto is_secret = [](const Value* body) { return body != nullptr && body->string_at({"kind"}) == "Secret"; };
    secret = secret || is_secret(pair.before) || is_secret(pair.after);
    bool found = list_items(pair);
    if (secret) {
      found = true;
      for (const auto& key : keys_of(pair)) {
        const bool open = std::find(open_secret_fields.begin(), open_secret_fields.end(), key) != open_secret_fields.end();
        if (!open) payload(member_of(pair, key), key == "data");
      }
    }
    for (const auto& path : sensitive_) {
      // A kind or name that only one side has still names both.
      const bool named =
          (pair.before != nullptr && matches(path, *pair.before)) || (pair.after != nullptr && matches(path, *pair.after));
      if (named) found = follow(pair, path.keys, 0) || found;
    }
    if (found) metadata(member_of(pair, "metadata"));
    return found;
  }

  /// The values that were hidden, decoded and as they stood.
  [[nodiscard]] const std::set<std::string>& hidden() const { return hidden_; }

 private:
  bool list_items(const Pair& pair) {
    Pair lists;
    bool secrets = false;
    const auto look = [&](Value* body, Value*& list) {
      if (body == nullptr || !is_list_kind(*body)) return;
      list = member_of(body, "items");
      secrets = secrets || body->string_at({"kind"}) == "SecretList";
    };
    look(pair.before, lists.before);
    look(pair.after, lists.after);
    bool found = false;
    for (const auto& item : items_of(lists)) found = object(item, secrets) || found;
    return found;
  }

  /// `data`, `stringData`: every value whatever its type; something that is no map is hidden as a whole.
  void payload(const Pair& pair, bool base64) {
    if (!pair.any()) return;
    const auto is_map = [](const Value* value) { return value == nullptr || value->is_map(); };
    if (!is_map(pair.before) || !is_map(pair.after)) {
      mask(pair, "", base64);
      return;
    }
    for (const auto& key : keys_of(pair)) mask(member_of(pair, key), key, base64);
  }

  /// Walks a sensitive path. True when something was hidden.
  bool follow(const Pair& at, const std::vector<std::string>& keys, std::size_t next) {
    if (!at.any()) return false;
    if (next == keys.size()) {
      mask(at, keys.back(), false);
      return true;
    }
    bool found = false;
    const auto only = [&](bool (Value::*is)() const noexcept) {
      return Pair{at.before != nullptr && (at.before->*is)() ? at.before : nullptr,
                  at.after != nullptr && (at.after->*is)() ? at.after : nullptr};
    };
    const Pair lists = only(&Value::is_list);
    const Pair maps = only(&Value::is_map);
    const Pair texts = only(&Value::is_string);
    if (lists.any()) {
      for (const auto& item : items_of(lists)) found = follow(item, keys, next) || found;
    }
    if (maps.any()) {
      if (keys[next] == "*") {
        for (const auto& key : keys_of(maps)) found = follow(member_of(maps, key), keys, next + 1) || found;
      } else {
        found = follow(member_of(maps, keys[next]), keys, next + 1) || found;
      }
    }
    if (texts.any() && next > 0) {  // the path goes on inside a text: hide the whole of it
      mask(texts, keys.back(), false);
      found = true;
    }
    return found;
  }

  void mask(const Pair& pair, std::string_view name, bool base64) {
    const auto present = [](const Value* value) { return value != nullptr && !value->is_nothing(); };
    const bool differ = present(pair.before) && present(pair.after) && !json_equal(*pair.before, *pair.after);
    const auto hide = [&](Value* value, std::string_view changed) {
      if (!present(value)) return;
      note(*value, base64);
      *value = Value::string(marker(*value, name, base64, differ ? changed : redacted_marker));
    };
    hide(pair.before, changed_before);
    hide(pair.after, changed_after);
  }

  std::string marker(const Value& value, std::string_view name, bool base64, std::string_view plain) const {
    if (key_.empty()) return std::string(plain);
    // The key's name is hashed too, so that two keys with one value do not show it. `data` and `stringData` of one value
    // give one marker.
    std::string message = std::to_string(name.size()) + ':' + std::string(name);
    const auto bytes = base64 ? decoded(value) : std::nullopt;
    message += bytes ? *bytes : plain_text(value);
    return "(redacted, hmac " + hmac_sha256_hex(key_, message).substr(0, 16) + ')';
  }

  void note(const Value& value, bool base64) {
    if (value.is_map() || value.is_list()) {
      for (const auto& member : value.as_map()) note(member.value, base64);
      for (const auto& item : value.as_list()) note(item, base64);
      return;
    }
    auto text = plain_text(value);
    auto bytes = base64 ? decoded(value) : std::nullopt;
    hide(bytes ? *std::move(bytes) : base64_encode(text));
    hide(std::move(text));
  }
  void hide(std::string value) {
    contained_.add(value);
    hidden_.insert(std::move(value));
  }

  [[nodiscard]] bool holds_hidden(const Value& value) const { return contained_.in(value.as_string()); }

  void metadata(const Pair& pair) {
    for (Value* side : {pair.before, pair.after}) {
      if (side != nullptr && !side->is_nil_container()) side->erase("managedFields");
    }
    const Pair annotations = member_of(pair, "annotations");
    for (const auto& key : keys_of(annotations)) {
      const Pair value = member_of(annotations, key);
      if (std::find(copies_of_object.begin(), copies_of_object.end(), key) != copies_of_object.end()) {
        for (Value* side : {value.before, value.after}) {
          if (side != nullptr) *side = Value::string(redacted_marker);
        }
      } else if ((value.before != nullptr && holds_hidden(*value.before)) ||
                 (value.after != nullptr && holds_hidden(*value.after))) {
        mask(value, key, false);
      }
    }
  }

  std::string_view key_;
  const std::vector<SensitivePath>& sensitive_;
  std::set<std::string> hidden_;
  ContainedValues contained_;  ///< those of hidden_
};

}  // namespace

bool holds_secrets(const Value& body, const std::vector<SensitivePath>& sensitive) {
  if (body.string_at({"kind"}) == "Secret") return true;
  if (std::any_of(sensitive.begin(), sensitive.end(), [&](const SensitivePath& path) { return matches(path, body); })) {
    return true;
  }
  if (!is_list_kind(body)) return false;
  if (body.string_at({"kind"}) == "SecretList") return true;
  const auto& items = body.find("items")->as_list();
  return std::any_of(items.begin(), items.end(), [&](const Value& item) { return holds_secrets(item, sensitive); });
}

Value redact(const Value& body, std::string_view key, const std::vector<SensitivePath>& sensitive) {
  if (!holds_secrets(body, sensitive)) return body;
  Value copy = body.deep_copy();
  Masker(key, sensitive).object({nullptr, &copy}, false);
  return copy;
}

std::pair<Value, Value> redact_pair(const Value& before, const Value& after, const std::vector<SensitivePath>& sensitive,
                                    bool secret) {
  if (!secret && !holds_secrets(before, sensitive) && !holds_secrets(after, sensitive)) return {before, after};
  std::pair<Value, Value> copies{before.deep_copy(), after.deep_copy()};
  Masker({}, sensitive)
      .object({before.is_nothing() ? nullptr : &copies.first, after.is_nothing() ? nullptr : &copies.second}, secret);
  return copies;
}

void SecretScrubber::learn(const Value& body, const std::vector<SensitivePath>& sensitive) {
  if (!holds_secrets(body, sensitive)) return;
  Value copy = body.deep_copy();
  Masker masker({}, sensitive);
  masker.object({nullptr, &copy}, false);
  for (const auto& value : masker.hidden()) {
    add(value);
    add_lines(value);
  }
}

void SecretScrubber::learn_texts(const Value& value) {
  std::vector<const Value*> left{&value};
  std::set<const void*> seen;  // templates can make containers that hold themselves, or others many times
  while (!left.empty()) {
    const Value& one = *left.back();
    left.pop_back();
    if ((one.is_map() || one.is_list()) && !seen.insert(one.identity()).second) continue;
    for (const auto& item : one.as_list()) left.push_back(&item);
    for (const auto& member : one.as_map()) left.push_back(&member.value);
    if (one.is_list() || one.is_map() || one.is_nothing() || one.is_bool()) continue;
    const auto text = plain_text(one);
    add(text);
    add_lines(text);
    add(base64_encode(text));
  }
}

void SecretScrubber::learn_exactly(std::string_view value) {
  if (value.size() < detail::min_contained) return;
  note(value);
  note(base64_encode(value));
  add_lines(value);
}

void SecretScrubber::add(std::string_view value) {
  constexpr std::size_t min_size = 6;
  if (value.size() < min_size || plain_word(value)) return;
  note(value);
}

void SecretScrubber::note(std::string_view value) {
  needles_.emplace(value);
  const auto escaped = canonical_json(Value::string(value));
  auto inner = escaped.substr(1, escaped.size() - 2);
  if (inner != value) needles_.insert(std::move(inner));
}

/// Messages quote single lines of keys and certificates.
void SecretScrubber::add_lines(std::string_view value) {
  constexpr std::size_t min_line = 16;
  if (value.find('\n') == std::string_view::npos) return;
  for (std::size_t begin = 0; begin < value.size();) {
    const auto end = std::min(value.find('\n', begin), value.size());
    if (end - begin >= min_line) add(value.substr(begin, end - begin));
    begin = end + 1;
  }
}

std::string SecretScrubber::scrub(std::string_view text) const {
  std::string out(text);
  // Those that are longer than the text cannot be in it, and most texts are short.
  for (auto it = needles_.lower_bound(text.size()); it != needles_.end(); ++it) {
    const auto& needle = *it;
    for (auto at = out.find(needle); at != std::string::npos; at = out.find(needle, at + redacted_marker.size())) {
      out.replace(at, needle.size(), redacted_marker);
    }
  }
  return out;
}

Error SecretScrubber::scrub(const Error& error) const {
  if (needles_.empty()) return error;
  Error out(error.code(), scrub(error.message()));
  const auto& trail = error.trail();
  for (auto it = trail.rbegin(); it != trail.rend(); ++it) out = out.in(scrub(*it));
  out = out.at({scrub(error.where().file), error.where().line, error.where().column});
  if (!error.hint().empty()) out = out.with_hint(scrub(error.hint()));
  std::vector<Error> others;
  for (const auto& other : error.others()) others.push_back(scrub(other));
  return others.empty() ? out : out.also(std::move(others));
}

}  // namespace gitopsctl::render
