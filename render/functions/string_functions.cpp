#include <algorithm>
#include <string>

#include "base/text/go_format.hpp"
#include "base/text/unicode.hpp"
#include "base/text/utf8.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/functions.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

Result<Value> quote(CallContext& /*context*/, Arguments arguments) {
  std::string out;
  bool first = true;
  for (const auto& argument : arguments) {
    if (argument.is_nothing()) continue;
    if (!std::exchange(first, false)) out += ' ';
    out += go_quote(to_text(argument));
  }
  return text_value("quote", out);
}

Result<Value> squote(CallContext& /*context*/, Arguments arguments) {
  std::string out;
  bool first = true;
  for (const auto& argument : arguments) {
    if (argument.is_nothing()) continue;
    if (!std::exchange(first, false)) out += ' ';
    out += "'" + go_format(argument) + "'";
  }
  return text_value("squote", out);
}

Result<Value> cat(CallContext& /*context*/, Arguments arguments) {
  std::string out;
  bool first = true;
  for (const auto& argument : arguments) {
    if (argument.is_nothing()) continue;
    if (!std::exchange(first, false)) out += ' ';
    out += go_format(argument);
  }
  return text_value("cat", out);
}

Result<Value> trim(CallContext& /*context*/, Arguments arguments) {
  return Value::string(trim_space(arguments[0].as_string()));
}

/// Is `rune` one of the characters of `set`?
bool in_set(std::string_view set, char32_t rune) {
  while (!set.empty()) {
    const auto member = decode_utf8(set);
    if (member.value == rune) return true;
    set.remove_prefix(member.length);
  }
  return false;
}

Result<Value> trim_all(CallContext& /*context*/, Arguments arguments) {
  const auto set = arguments[0].as_string();
  auto text = arguments[1].as_string();
  while (!text.empty()) {
    const auto rune = decode_utf8(text);
    if (!in_set(set, rune.value)) break;
    text.remove_prefix(rune.length);
  }
  while (!text.empty()) {
    std::size_t start = text.size() - 1;
    while (start > 0 && text.size() - start < 4 && (static_cast<unsigned char>(text[start]) & 0xC0U) == 0x80U) --start;
    auto rune = decode_utf8(text.substr(start));
    if (start + rune.length != text.size()) rune = {};
    if (!in_set(set, rune.value)) break;
    text.remove_suffix(rune.length);
  }
  return Value::string(text);
}

Result<Value> trim_prefix(CallContext& /*context*/, Arguments arguments) {
  const auto prefix = arguments[0].as_string();
  if (!arguments[1].as_string().starts_with(prefix)) return arguments[1];
  return Value::string(arguments[1].as_string().substr(prefix.size()));
}

Result<Value> trim_suffix(CallContext& /*context*/, Arguments arguments) {
  auto text = arguments[1].as_string();
  if (!text.ends_with(arguments[0].as_string())) return arguments[1];
  text.remove_suffix(arguments[0].as_string().size());
  return Value::string(text);
}

Result<Value> contains(CallContext& /*context*/, Arguments arguments) {
  return Value::boolean(arguments[1].as_string().find(arguments[0].as_string()) != std::string_view::npos);
}
Result<Value> has_prefix(CallContext& /*context*/, Arguments arguments) {
  return Value::boolean(arguments[1].as_string().starts_with(arguments[0].as_string()));
}
Result<Value> has_suffix(CallContext& /*context*/, Arguments arguments) {
  return Value::boolean(arguments[1].as_string().ends_with(arguments[0].as_string()));
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

/// Between all characters and at both ends.
Result<Value> insert_everywhere(std::string_view text, std::string_view inserted) {
  std::size_t runes = 0;
  for (auto rest = text; !rest.empty(); rest.remove_prefix(decode_utf8(rest).length)) ++runes;
  if (!inserted.empty() && runes + 1 > max_text_bytes / inserted.size()) return text_too_large("replace");
  std::string out(inserted);
  while (!text.empty()) {
    const auto length = decode_utf8(text).length;
    out += text.substr(0, length);
    out += inserted;
    text.remove_prefix(length);
  }
  return text_value("replace", out);
}

Result<Value> replace(CallContext& /*context*/, Arguments arguments) {
  const auto from = arguments[0].as_string();
  const auto to = arguments[1].as_string();
  const auto text = arguments[2].as_string();
  if (from == to) return arguments[2];
  if (from.empty()) return insert_everywhere(text, to);
  const auto count = count_of(text, from);
  if (count == 0) return arguments[2];
  if (!to.empty() && count > max_text_bytes / to.size()) return text_too_large("replace");
  std::string out;
  out.reserve(text.size() + count * to.size() - count * from.size());
  std::size_t copied = 0;
  for (auto at = text.find(from); at != std::string_view::npos; at = text.find(from, copied)) {
    out += text.substr(copied, at - copied);
    out += to;
    copied = at + from.size();
  }
  out += text.substr(copied);
  return text_value("replace", out);
}

Result<Value> trunc(CallContext& /*context*/, Arguments arguments) {
  const auto count = arguments[0].as_int();
  const auto text = arguments[1].as_string();
  const auto size = static_cast<std::int64_t>(text.size());
  if (count < 0 && size + count > 0) return Value::string(text.substr(static_cast<std::size_t>(size + count)));
  if (count >= 0 && size > count) return Value::string(text.substr(0, static_cast<std::size_t>(count)));
  return arguments[1];
}

Result<Value> substr(CallContext& /*context*/, Arguments arguments) {
  const auto start = arguments[0].as_int();
  const auto end = arguments[1].as_int();
  const auto text = arguments[2].as_string();
  const auto size = static_cast<std::int64_t>(text.size());
  const auto number = [](std::int64_t value) { return std::to_string(value); };
  const auto out_of_range = [](std::string range) {
    return failure("runtime error: slice bounds out of range " + std::move(range));
  };
  if (start < 0) {
    if (end < 0) return out_of_range("[:" + number(end) + "]");
    if (end > size) return out_of_range("[:" + number(end) + "] with length " + number(size));
    return Value::string(text.substr(0, static_cast<std::size_t>(end)));
  }
  if (end < 0 || end > size) {
    if (start > size) return out_of_range("[" + number(start) + ":" + number(size) + "]");
    return Value::string(text.substr(static_cast<std::size_t>(start)));
  }
  if (start > end) return out_of_range("[" + number(start) + ":" + number(end) + "]");
  return Value::string(text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start)));
}

Result<std::string> indented(std::string_view function, std::string_view lead, std::int64_t spaces, std::string_view text) {
  if (spaces < 0) return failure("strings: negative Repeat count");
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  const auto width = static_cast<std::size_t>(spaces);
  if (width > max_text_bytes / lines || width * lines + text.size() > max_text_bytes) return text_too_large(function);
  std::string out;
  out.reserve(lead.size() + text.size() + width * lines);
  out += lead;
  out.append(width, ' ');
  for (std::size_t start = 0;;) {
    const auto newline = text.find('\n', start);
    if (newline == std::string_view::npos) {
      out += text.substr(start);
      return out;
    }
    out += text.substr(start, newline + 1 - start);
    out.append(width, ' ');
    start = newline + 1;
  }
}

Result<Value> indent(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(auto text, indented("indent", "", arguments[0].as_int(), arguments[1].as_string()));
  return Value::string(text);
}
Result<Value> nindent(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(auto text, indented("nindent", "\n", arguments[0].as_int(), arguments[1].as_string()));
  return Value::string(text);
}

Result<Value> repeat(CallContext& /*context*/, Arguments arguments) {
  const auto count = arguments[0].as_int();
  const auto text = arguments[1].as_string();
  if (count < 0) return failure("strings: negative Repeat count");
  if (text.empty() || count == 0) return Value::string("");
  if (static_cast<std::uint64_t>(count) > max_text_bytes / text.size()) return text_too_large("repeat");
  std::string out;
  out.reserve(text.size() * static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) out += text;
  return Value::string(out);
}

Result<Value> plural(CallContext& /*context*/, Arguments arguments) { return arguments[arguments[2].as_int() == 1 ? 0 : 1]; }

Result<Value> to_string(CallContext& /*context*/, Arguments arguments) {
  if (arguments[0].is_string()) return arguments[0];
  GITOPSCTL_CHECK(check_tree("toString", arguments[0]));
  return text_value("toString", to_text(arguments[0]));
}

Result<Value> to_strings(CallContext& /*context*/, Arguments arguments) {
  if (arguments[0].is_list() && arguments[0].list_type() == ListType::string) return arguments[0];
  return strings_value(to_texts(arguments[0]));
}

Result<Value> join(CallContext& /*context*/, Arguments arguments) {
  const auto separator = arguments[0].as_string();
  const auto texts = to_texts(arguments[1]);
  std::string out;
  bool first = true;
  for (const auto& text : texts) {
    if (!std::exchange(first, false)) out += separator;
    out += text;
    if (out.size() > max_text_bytes) return text_too_large("join");
  }
  return Value::string(out);
}

Result<Value> sort_alpha(CallContext& /*context*/, Arguments arguments) {
  // Go sorts a `[]string` where it stands, so its holder sees the new order.
  if (arguments[0].is_list() && arguments[0].list_type() == ListType::string && !arguments[0].is_nil_container()) {
    Value shared = arguments[0];
    auto& items = shared.mutable_list();
    std::sort(items.begin(), items.end(), [](const Value& a, const Value& b) { return a.as_string() < b.as_string(); });
    return shared;
  }
  auto texts =
      slice_items(arguments[0]).is_list() ? to_texts(arguments[0]) : std::vector<std::string>{to_text(arguments[0])};
  std::sort(texts.begin(), texts.end());
  return strings_value(texts);
}

/// strings.SplitN: `limit` pieces at most, all when negative, none when 0.
Result<std::vector<std::string_view>> split_text(std::string_view function, std::string_view text,
                                                 std::string_view separator, std::int64_t limit) {
  std::vector<std::string_view> pieces;
  if (limit == 0) return pieces;
  const auto full = [&] { return limit > 0 && pieces.size() + 1 >= static_cast<std::size_t>(limit); };
  if (separator.empty()) {
    // Into characters; the last piece holds the rest.
    while (!text.empty() && !full()) {
      const auto length = decode_utf8(text).length;
      pieces.push_back(text.substr(0, length));
      text.remove_prefix(length);
      if (pieces.size() > max_list_items) return list_too_long(function);
    }
    if (!text.empty()) pieces.push_back(text);
    return pieces;
  }
  while (!full()) {
    const auto at = text.find(separator);
    if (at == std::string_view::npos) break;
    pieces.push_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
    if (pieces.size() > max_list_items) return list_too_long(function);
  }
  pieces.push_back(text);
  return pieces;
}

Result<Value> split_list(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const auto pieces, split_text("splitList", arguments[1].as_string(), arguments[0].as_string(), -1));
  Value::List items;
  items.reserve(pieces.size());
  for (const auto piece : pieces) items.push_back(Value::string(piece));
  return Value::list(std::move(items), ListType::string);
}

Result<Value> numbered_map(const std::vector<std::string_view>& pieces) {
  Value::Members members;
  members.reserve(pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    members.push_back({SharedString("_" + std::to_string(i)), Value::string(pieces[i])});
  }
  return Value::map(std::move(members), MapType::string);
}

Result<Value> split(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const auto pieces, split_text("split", arguments[1].as_string(), arguments[0].as_string(), -1));
  return numbered_map(pieces);
}

Result<Value> splitn(CallContext& /*context*/, Arguments arguments) {
  GITOPSCTL_TRY(const auto pieces,
                split_text("splitn", arguments[2].as_string(), arguments[0].as_string(), arguments[1].as_int()));
  return numbered_map(pieces);
}

Result<Value> hello(CallContext& /*context*/, Arguments /*arguments*/) { return Value::string("Hello!"); }

constexpr Function table[] = {
    {"quote", quote, params<any>, true},
    {"squote", squote, params<any>, true},
    {"cat", cat, params<any>, true},
    {"trim", trim, params<string>},
    {"trimAll", trim_all, params<string, string>},
    {"trimall", trim_all, params<string, string>},
    {"trimPrefix", trim_prefix, params<string, string>},
    {"trimSuffix", trim_suffix, params<string, string>},
    {"contains", contains, params<string, string>},
    {"hasPrefix", has_prefix, params<string, string>},
    {"hasSuffix", has_suffix, params<string, string>},
    {"replace", replace, params<string, string, string>},
    {"trunc", trunc, params<integer, string>},
    {"substr", substr, params<integer, integer, string>},
    {"indent", indent, params<integer, string>},
    {"nindent", nindent, params<integer, string>},
    {"repeat", repeat, params<integer, string>},
    {"plural", plural, params<string, string, integer>},
    {"toString", to_string, params<any>},
    {"toStrings", to_strings, params<any>, false, false},
    {"join", join, params<string, any>},
    {"sortAlpha", sort_alpha, params<any>, false, false},
    {"splitList", split_list, params<string, string>, false, false},
    {"split", split, params<string, string>, false, false},
    {"splitn", splitn, params<string, integer, string>, false, false},
    {"hello", hello, params<>},
};

}  // namespace

std::span<const Function> string_functions() { return table; }

}  // namespace gitopsctl::render
