#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/text/go_format.hpp"
#include "base/text/utf8.hpp"
#include "base/yaml/emitter.hpp"
#include "base/yaml/yaml.hpp"
#include "base/yaml/yaml_v3.hpp"

namespace gitopsctl {
namespace {

/// sigs.k8s.io/yaml writes a value as JSON, reads that text as YAML and emits what it read. This is the middle step: what
/// the detour changes, and what it refuses. Most values pass unchanged, so a copy is made only where something changes.
class JsonDetour {
 public:
  /// False when the value cannot be written; problem() says why.
  bool pass(const Value& in, Value& out, int depth) {
    switch (in.kind()) {
      case Kind::float64:
        if (!std::isfinite(in.as_double())) {
          return fail("error marshaling into JSON: json: unsupported value: " + go_format_float(in.as_double()));
        }
        out = in;
        return true;
      case Kind::string: return string(in, out);
      case Kind::list: return list(in, out, depth);
      case Kind::map: return map(in, out, depth);
      case Kind::object: return too_deep(depth, in) ? false : pass(in.as_object()->to_plain(), out, depth + 1);
      default: out = in; return true;
    }
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  // The JSON reader of the detour takes keys of up to 1024 characters with their quotes.
  static constexpr std::size_t max_key = 1024;
  static constexpr int max_depth = 1000;

  bool fail(std::string text) {
    problem_ = std::move(text);
    return false;
  }

  bool too_deep(int depth, const Value& value) {
    if (depth < max_depth) return false;
    problem_ = "error marshaling into JSON: json: unsupported value: encountered a cycle via ";
    problem_ += value.is_list() ? "[]interface {}" : "map[string]interface {}";
    return true;
  }

  bool list(const Value& in, Value& out, int depth) {
    if (in.is_nil_container()) {
      out = Value::null();
      return true;
    }
    if (in.list_type() == ListType::uint8) {
      std::string bytes;
      for (const auto& item : in.as_list()) bytes += static_cast<char>(static_cast<unsigned char>(item.as_int()));
      out = base64(bytes);
      return true;
    }
    if (too_deep(depth, in)) return false;
    const auto& items = in.as_list();
    Value::List copy;
    bool changed = false;
    for (std::size_t i = 0; i < items.size(); ++i) {
      Value item;
      if (!pass(items[i], item, depth + 1)) return false;
      if (!changed && !same(items[i], item)) {
        changed = true;
        copy.assign(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(i));
      }
      if (changed) copy.push_back(std::move(item));
    }
    out = changed ? Value::list(std::move(copy)) : in;
    return true;
  }

  bool map(const Value& in, Value& out, int depth) {
    if (in.is_nil_container()) {
      out = Value::null();
      return true;
    }
    if (too_deep(depth, in)) return false;
    const auto& members = in.as_map();
    Value::Members copy;
    bool changed = false;
    for (std::size_t i = 0; i < members.size(); ++i) {
      Value::Member member;
      if (!key(members[i].key, member.key)) return false;
      const Value& value = members[i].value;
      if (in.map_type() == MapType::files && value.is_string()) {
        member.value = base64(value.as_string());  // a map of byte slices in Go
      } else if (!pass(value, member.value, depth + 1)) {
        return false;
      }
      if (!changed && !(same(value, member.value) && members[i].key == member.key)) {
        changed = true;
        copy.assign(members.begin(), members.begin() + static_cast<std::ptrdiff_t>(i));
      }
      if (changed) copy.push_back(std::move(member));
    }
    out = changed ? Value::map(std::move(copy)) : in;
    return true;
  }

  static Value base64(std::string_view bytes) { return Value::string(base64_encode(bytes)); }

  static bool same(const Value& a, const Value& b) {
    if (a.kind() != b.kind()) return false;
    if (a.is_list() || a.is_map()) return a.same_container(b) || (a.is_nil_container() && b.is_nil_container());
    return !a.is_string() || a.as_string() == b.as_string();
  }

  /// What a text needs: nothing (all printable), a look at each character, or the real detour.
  enum class Need : std::uint8_t { nothing, replacement, detour, refused };

  static Need look(std::string_view text) {
    Need need = Need::nothing;
    for (std::size_t at = 0; at < text.size();) {
      const auto byte = static_cast<unsigned char>(text[at]);
      if (byte < 0x7F) {  // controls become escapes, so they pass
        ++at;
        continue;
      }
      const auto rune = decode_utf8(text.substr(at));
      at += rune.length;
      if (!rune.valid) {
        if (need == Need::nothing) need = Need::replacement;
      } else if (rune.value == 0x85) {
        need = Need::detour;  // a raw line break inside the JSON string: folded by the reader
      } else if (rune.value < 0xA0 || rune.value == 0xFFFE || rune.value == 0xFFFF) {
        return Need::refused;
      }
    }
    return need;
  }

  bool string(const Value& in, Value& out) {
    switch (look(in.as_string())) {
      case Need::nothing: out = in; return true;
      case Need::replacement: out = Value::string(replaced(in.as_string())); return true;
      case Need::refused: return fail("yaml: control characters are not allowed");
      case Need::detour: break;
    }
    const auto json = to_json(in);
    auto read = parse_yaml(*json);
    if (!read.ok()) return fail(read.error().message());
    out = std::move(read).value();
    return true;
  }

  bool key(const SharedString& in, SharedString& out) {
    const std::string_view text = in.view();
    switch (look(text)) {
      case Need::nothing: out = in; break;
      case Need::replacement: out = SharedString(replaced(text)); break;
      case Need::refused: return fail("yaml: control characters are not allowed");
      case Need::detour: return fail("yaml: line 1: did not find expected ',' or '}'");
    }
    // Only a long key, or one of many escapes, can be too long.
    if (text.size() * 6 + 2 <= max_key) return true;
    const auto json = to_json(Value::string(text));
    std::size_t length = 0;
    for (const char c : *json) length += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
    if (length > max_key) return fail("yaml: did not find expected ',' or '}'");
    return true;
  }

  static std::string replaced(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const auto rune = decode_utf8(text.substr(at));
      append_utf8(out, rune.value);
      at += rune.length;
    }
    return out;
  }

  std::string problem_;
};

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto rune = decode_utf8(text);
    if (!rune.valid) return false;
    text.remove_prefix(rune.length);
  }
  return true;
}

/// What YAML v3 makes of values that are not plain: nil containers are empty, bytes are numbers, durations text; times stay.
bool make_v3_plain(const Value& in, Value& out, int depth) {
  constexpr int max_depth = 1000;
  if (depth > max_depth) return false;
  if (in.is_list()) {
    Value::List items;
    items.reserve(in.as_list().size());
    for (const auto& item : in.as_list()) {
      if (!make_v3_plain(item, items.emplace_back(), depth + 1)) return false;
    }
    out = Value::list(std::move(items));
    return true;
  }
  if (in.is_map()) {
    Value::Members members;
    members.reserve(in.as_map().size());
    for (const auto& member : in.as_map()) {
      if (!is_utf8(member.key.view())) return false;
      members.push_back({member.key, {}});
      if (!make_v3_plain(member.value, members.back().value, depth + 1)) return false;
    }
    out = Value::map(std::move(members));
    return true;
  }
  if (in.is_string() && !is_utf8(in.as_string())) return false;
  if (!in.is_object() || in.as_object()->go_type() == "time.Time") {
    out = in;
    return true;
  }
  if (in.as_object()->go_type() == "time.Duration") {
    out = Value::string(in.as_object()->print());
    return true;
  }
  return make_v3_plain(in.as_object()->to_plain(), out, depth + 1);
}

}  // namespace

Result<std::string> to_yaml_v3(const Value& value) {
  Value plain;
  if (!make_v3_plain(value, plain, 0))
    return Error(ErrorCode::invalid_input, "the value is nested too deeply, or holds text that is no UTF-8");
  return yaml_detail::Emitter(YamlProfile::go_v3).document(plain);
}

Result<std::string> to_yaml(const Value& value) {
  JsonDetour detour;
  Value plain;
  if (!detour.pass(value, plain, 0)) return Error(ErrorCode::invalid_input, detour.problem());
  return yaml_detail::Emitter().document(plain);
}

}  // namespace gitopsctl
