#include "render/helm/strvals.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/json/json.hpp"
#include "base/text/ascii.hpp"
#include "base/text/escape.hpp"
#include "base/text/go_format.hpp"
#include "render/helm/whitespace.hpp"

namespace gitopsctl::render::helm {

namespace {

// Both are Helm's limits.
constexpr std::int64_t max_index = 65536;
constexpr int max_name_levels = 30;

Error bad(std::string message) { return {ErrorCode::invalid_input, std::move(message)}; }

std::optional<std::int64_t> whole_integer(std::string_view text) {
  const bool plus = text.starts_with('+');
  if (plus) text.remove_prefix(1);
  if (plus && text.starts_with('-')) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Value typed_value(const std::string& text) {
  if (ascii_equal_fold(text, "true")) return Value::boolean(true);
  if (ascii_equal_fold(text, "false")) return Value::boolean(false);
  if (ascii_equal_fold(text, "null")) return Value::null();
  if (text == "0") return Value::int64(0);
  if (!text.empty() && text.front() != '0') {
    if (const auto number = whole_integer(text)) return Value::int64(*number);
  }
  return Value::string(text);
}

// How the reading of one part ended.
enum class End : std::uint8_t { more, end_of_text };

// The bytes of the JSON value at the start of `text` (which does not start with a blank), by its brackets and quotes
// only; the JSON reader judges the content.
std::size_t json_extent(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = false;
        if (depth == 0) return i + 1;
      }
      continue;
    }
    if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth <= 0) return i + 1;
    } else if (depth == 0 && (c == ',' || leading_space(text.substr(i)) > 0)) {
      return i;
    }
  }
  return text.size();
}

class Parser {
 public:
  Parser(std::string_view text, SetStyle style, const SetFileReader& read_file, OpenIndex open_index)
      : text_(text), style_(style), read_file_(read_file), open_index_(open_index) {}

  Result<void> parse(Value& values) {
    while (true) {
      GITOPSCTL_TRY(const auto end, key(values, 0));
      if (end == End::end_of_text) return {};
    }
  }

 private:
  struct Word {
    std::string text;
    char stop = 0;
    bool ended = false;  ///< the text ended before a stop
  };

  // Reads up to one of the stop characters and behind it.
  Word until(std::string_view stops) {
    Word word;
    while (at_ < text_.size()) {
      char c = text_[at_++];
      if (stops.find(c) != std::string_view::npos) {
        word.stop = c;
        return word;
      }
      if (c == '\\' && style_ != SetStyle::literal) {
        if (at_ == text_.size()) break;
        c = text_[at_++];
      }
      word.text += c;
    }
    word.ended = true;
    return word;
  }

  [[nodiscard]] std::string_view key_stops() const { return style_ == SetStyle::literal ? "=[." : "=[,."; }

  static void put(Value& map, const std::string& key, Value value) {
    if (!key.empty()) map.set(key, std::move(value));
  }

  Result<End> key(Value& map, int level) {
    const auto word = until(key_stops());
    if (word.ended) {
      if (word.text.empty()) return End::end_of_text;
      return bad("key " + go_quote(word.text) + " has no value");
    }
    switch (word.stop) {
      case '[': return indexed(map, word.text, level);
      case '=': {
        GITOPSCTL_TRY(auto value, assigned());
        put(map, word.text, std::move(value.first));
        return value.second;
      }
      case ',': return bad("key " + go_quote(word.text) + " has no value (cannot end with ,)");
      default: return nested(map, word.text, level + 1);
    }
  }

  static Error conversion(const Value& value, std::string_view wanted) {
    return bad("unable to parse key: interface conversion: interface {} is " +
               std::string(value.is_nothing() ? "nil" : go_type_name(value)) + ", not " + std::string(wanted));
  }

  Result<End> indexed(Value& map, const std::string& name, int level) {
    GITOPSCTL_TRY(const auto index, list_index());
    if (!index) return End::end_of_text;
    Value list = Value::list();
    if (const auto* there = map.find(name)) {
      if (!there->is_list()) return conversion(*there, "[]interface {}");
      list = *there;
    }
    const auto end = list_item(list, *index, level);
    put(map, name, list);
    return end;
  }

  Result<End> nested(Value& map, const std::string& name, int level) {
    if (level > max_name_levels) {
      return bad("value name nested level is greater than maximum supported nested level of " +
                 std::to_string(max_name_levels));
    }
    Value inner = Value::map();
    if (const auto* there = map.find(name)) {
      if (!there->is_map()) return conversion(*there, "map[string]interface {}");
      inner = *there;
    }
    GITOPSCTL_TRY(const auto end, key(inner, level));
    if (end == End::more && inner.size() == 0) return bad("key map " + go_quote(name) + " has no value");
    if (inner.size() != 0) put(map, name, inner);
    return end;
  }

  /// Nothing when the text ends in it and that is quiet.
  Result<std::optional<std::int64_t>> list_index() {
    const auto word = until("]");
    if (word.ended && open_index_ == OpenIndex::is_error) return bad("error parsing index: EOF");
    if (word.ended) return std::optional<std::int64_t>();
    const auto number = whole_integer(word.text);
    if (!number) return bad("error parsing index: strconv.Atoi: parsing " + go_quote(word.text) + ": invalid syntax");
    return number;
  }

  static Result<void> put_index(Value& list, std::int64_t index, Value value) {
    if (index > max_index) {
      return bad("index of " + std::to_string(index) + " is greater than maximum supported index of " +
                 std::to_string(max_index));
    }
    auto& items = list.mutable_list();
    const auto at = static_cast<std::size_t>(index);
    if (items.size() <= at) {
      // Go makes a new list to grow one, so another holder of the old one does not see it.
      auto grown = items;
      grown.resize(at + 1);
      grown[at] = std::move(value);
      list = Value::list(std::move(grown));
    } else {
      items[at] = std::move(value);
    }
    return {};
  }

  Result<End> list_item(Value& list, std::int64_t index, int level) {
    if (list.is_nil_container()) list = Value::list();
    if (index < 0) return bad("negative " + std::to_string(index) + " index not allowed");
    const auto word = until("[.=");
    if (!word.text.empty()) return bad("unexpected data at end of array index: " + go_quote(word.text));
    if (word.ended) return End::end_of_text;
    const auto at = static_cast<std::size_t>(index);
    const Value there = at < list.size() ? list.as_list()[at] : Value();
    if (word.stop == '=') {
      GITOPSCTL_TRY(auto value, assigned());
      GITOPSCTL_CHECK(put_index(list, index, std::move(value.first)));
      return End::more;  // an end is met again by the next key
    }
    if (word.stop == '[') {
      GITOPSCTL_TRY(const auto next, list_index());
      if (!next) return End::end_of_text;
      Value inner = Value::list();
      if (!there.is_nothing()) {
        if (!there.is_list()) return conversion(there, "[]interface {}");
        inner = there;
      }
      GITOPSCTL_TRY(const auto end, list_item(inner, *next, level));
      if (end == End::end_of_text) return end;
      GITOPSCTL_CHECK(put_index(list, index, std::move(inner)));
      return end;
    }
    Value inner = there.is_map() ? there : Value::map();
    GITOPSCTL_TRY(const auto end, key(inner, level));
    if (end == End::end_of_text) return end;
    GITOPSCTL_CHECK(put_index(list, index, std::move(inner)));
    return end;
  }

  // The value behind `=`, and whether the text ended instead of one.
  Result<std::pair<Value, End>> assigned() {
    if (style_ == SetStyle::literal) return std::pair(Value::string(rest()), End::more);
    if (style_ == SetStyle::json) return json_value();
    if (at_ == text_.size()) return std::pair(Value::string(""), End::end_of_text);
    if (text_[at_] == '{') {
      ++at_;
      GITOPSCTL_TRY(auto list, braced_list());
      return std::pair(std::move(list), End::more);
    }
    GITOPSCTL_TRY(auto value, converted(until(",").text));
    return std::pair(std::move(value), End::more);
  }

  std::string rest() {
    std::string out(text_.substr(at_));
    at_ = text_.size();
    return out;
  }

  Result<Value> converted(const std::string& text) {
    if (style_ == SetStyle::typed) return typed_value(text);
    if (style_ == SetStyle::string) return Value::string(text);
    GITOPSCTL_TRY(const auto content, read_file_(text));
    return Value::string(content);
  }

  Result<Value> braced_list() {
    Value list = Value::list();
    while (true) {
      const auto word = until(",}");
      if (word.ended) return bad("list must terminate with '}'");
      GITOPSCTL_TRY(auto value, converted(word.text));
      list.push_back(std::move(value));
      if (word.stop == '}') break;
    }
    if (at_ < text_.size() && text_[at_] == ',') ++at_;
    return list;
  }

  // Skips blanks up to a comma, which is taken as well, or the end: true. Anything else stays: false.
  bool empty_value() {
    while (at_ < text_.size()) {
      if (text_[at_] == ',') {
        ++at_;
        return true;
      }
      const auto blank = leading_space(text_.substr(at_));
      if (blank == 0) return false;
      at_ += blank;
    }
    return true;
  }

  Result<std::pair<Value, End>> json_value() {
    if (empty_value()) return std::pair(Value::null(), End::more);
    const auto length = json_extent(text_.substr(at_));
    GITOPSCTL_TRY(auto value, parse_json(text_.substr(at_, length), {}, false));
    at_ += length;
    empty_value();
    return std::pair(std::move(value), End::more);
  }

  std::string_view text_;
  SetStyle style_;
  const SetFileReader& read_file_;
  OpenIndex open_index_;
  std::size_t at_ = 0;
};

}  // namespace

Result<void> parse_set(std::string_view text, SetStyle style, Value& values, const SetFileReader& read_file,
                       OpenIndex open_index) {
  if (!valid_utf8(text)) return bad("the text is not UTF-8");
  return Parser(text, style, read_file, open_index).parse(values);
}

}  // namespace gitopsctl::render::helm
