#include "render/manifest/secret_trace.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/text/go_format.hpp"
#include "render/manifest/contained_values.hpp"
#include "render/manifest/redact.hpp"

namespace gitopsctl::render {

namespace {

/// Of a longer text, lines of this size are looked for by themselves: templates indent them.
constexpr std::size_t min_line = 8;
/// Shorter ones are in names by chance: a host, a user, a number.
constexpr std::size_t min_in_name = 8;
/// More places in one object, and what is at its top is hidden as a whole.
constexpr std::size_t max_places = 100;
// The same texts are hidden by redact() whatever they are.
constexpr std::array<std::string_view, 2> hidden_parts = {"data", "stringData"};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// As a template prints it.
std::string text_of(const Value& value) {
  return value.is_string() ? std::string(value.as_string()) : canonical_json(value);
}

}  // namespace

struct SecretTrace::Known {
  detail::ContainedValues contained;
  detail::ContainedValues names;  ///< those that are no plain words: what stands in names and keys else by chance
  std::set<std::string, std::less<>> whole;
  std::set<std::string, std::less<>> allowed{"false", "true"};
  SecretScrubber scrubber;
  bool any = false;

  void add_part(std::string_view text) {
    contained.add(text);
    const auto escaped = canonical_json(Value::string(text));
    const auto inner = std::string_view(escaped).substr(1, escaped.size() - 2);
    if (inner != text) contained.add(inner);
  }
  void add(std::string_view text) {
    if (text.empty() || allowed.contains(text)) return;
    any = true;
    whole.emplace(text);
    whole.insert(base64_encode(text));
    add_part(text);
    if (text.size() >= detail::min_contained) contained.add(base64_encode(text));
    if (text.size() >= min_in_name && !detail::plain_word(text)) names.add(text);
    scrubber.learn_exactly(text);
    for (std::size_t begin = 0; begin < text.size();) {
      const auto end = std::min(text.find('\n', begin), text.size());
      const auto line = trimmed(text.substr(begin, end - begin));
      if (line.size() >= min_line && line.size() < text.size()) {
        add_part(line);
        scrubber.learn_exactly(line);
      }
      begin = end + 1;
    }
  }

  [[nodiscard]] bool in(std::string_view text) const {
    if (whole.contains(text) || contained.in(text)) return true;
    if (text.size() < 2 * detail::min_contained) return false;
    const auto decoded = base64_decode(text);
    return decoded.ok() && contained.in(*decoded);
  }
  [[nodiscard]] bool in(const Value& leaf) const {
    if (leaf.is_string()) return in(leaf.as_string());
    return leaf.is_number() && in(canonical_json(leaf));
  }
};

namespace {

/// Collects the places of one object.
template <class Holds, class Names>
class Places {
 public:
  /// `holds`: of values; `names`: of keys.
  Places(const Holds& holds, const Names& names) : holds_(holds), names_(names) {}

  /// False when a key at the very top would have to be hidden. Recursion is as deep as the readers allow nesting.
  bool walk(const Value& value, bool secret) {
    for (const auto& member : value.as_map()) {
      const auto key = member.key.view();
      if (secret && std::ranges::find(hidden_parts, key) != hidden_parts.end()) continue;
      if (names_(key)) {
        if (path_.empty()) return false;
        note();
        continue;
      }
      path_.emplace_back(key);
      const bool fits = walk(member.value, false);
      path_.pop_back();
      if (!fits) return false;
    }
    for (const auto& item : value.as_list()) {
      if (!walk(item, false)) return false;
    }
    const bool leaf = !value.is_map() && !value.is_list();
    if (leaf && holds_(value)) note();
    return true;
  }

  [[nodiscard]] std::set<std::vector<std::string>> take() {
    if (found_.size() <= max_places) return std::move(found_);
    std::set<std::vector<std::string>> tops;
    for (auto path : found_) {
      path.resize(std::min<std::size_t>(path.size(), path.front() == "metadata" ? 2 : 1));
      tops.insert(std::move(path));
    }
    return tops;
  }

 private:
  void note() {
    if (!path_.empty()) found_.insert(path_);
  }

  const Holds& holds_;
  const Names& names_;
  std::vector<std::string> path_;
  std::set<std::vector<std::string>> found_;
};

/// What tells one object from another, and stands in every message about it.
bool is_identity(const std::vector<std::string>& path) {
  if (path.size() == 1) return path[0] == "kind" || path[0] == "apiVersion";
  return path.size() == 2 && path[0] == "metadata" && (path[1] == "name" || path[1] == "namespace");
}

}  // namespace

SecretTrace::SecretTrace() : known_(std::make_unique<Known>()) {}
SecretTrace::~SecretTrace() = default;
SecretTrace::SecretTrace(SecretTrace&&) noexcept = default;
SecretTrace& SecretTrace::operator=(SecretTrace&&) noexcept = default;

bool SecretTrace::empty() const noexcept { return !known_->any; }

void SecretTrace::allow(std::string_view word) { known_->allowed.emplace(word); }

void SecretTrace::learn(const Value& values) {
  for (const auto& member : values.as_map()) learn(member.value);
  for (const auto& item : values.as_list()) learn(item);
  if (values.is_string()) learn_text(values.as_string());
  if (!values.is_number()) return;
  for (const auto& text : {text_of(values), go_format(values)}) {
    if (text.size() >= detail::min_contained) known_->add(text);
  }
}

void SecretTrace::learn_text(std::string_view text) { known_->add(text); }

void SecretTrace::learn_object(const Value& body) {
  if (const Value* items = body.find("items"); items != nullptr) {
    for (const auto& item : items->as_list()) learn_object(item);
  }
  if (body.string_at({"kind"}) != "Secret") return;
  for (const auto part : hidden_parts) {
    const Value* data = body.find(part);
    if (data == nullptr) continue;
    for (const auto& member : data->as_map()) {
      if (!member.value.is_string()) continue;
      learn_text(member.value.as_string());
      if (part != "data") continue;
      if (const auto decoded = base64_decode(member.value.as_string()); decoded.ok()) learn_text(*decoded);
    }
  }
}

Result<std::vector<SensitivePath>> SecretTrace::find(const std::vector<Object>& objects) const {
  std::vector<SensitivePath> out;
  if (empty()) return out;
  const auto holds = [this](const Value& leaf) { return known_->in(leaf); };
  const auto names = [this](std::string_view text) { return known_->names.in(text); };
  std::set<std::tuple<std::string, std::string, std::vector<std::string>>> seen;
  for (const auto& object : objects) {
    const auto refuse = [&](const std::string& what) {
      return Error(ErrorCode::forbidden,
                   "a value of a Secret would stand in " + what + " of an object, where everybody sees it")
          .at({.file = object.source})
          .with_hint("take it out of the template, or out of the Secret if it is none");
    };
    for (const auto* text : {&object.id.name, &object.id.namespace_, &object.id.kind, &object.api_version}) {
      if (names(*text)) return refuse("the name, namespace or kind");
    }
    Places places(holds, names);
    if (!places.walk(object.body, object.is_secret())) return refuse("a key at the top");
    for (const auto& path : places.take()) {
      if (is_identity(path)) continue;
      if (path.size() == 1 && path[0] == "metadata") return refuse("the metadata");
      if (seen.emplace(object.id.kind, object.id.name, path).second) out.push_back({object.id.kind, object.id.name, path});
    }
  }
  return out;
}

std::string SecretTrace::scrub(std::string_view text) const { return known_->scrubber.scrub(text); }

Error SecretTrace::scrub(const Error& error) const { return known_->scrubber.scrub(error); }

}  // namespace gitopsctl::render
