#include <algorithm>
#include <array>
#include <string>

#include "base/text/go_format.hpp"
#include "base/text/unicode.hpp"
#include "base/text/utf8.hpp"
#include "render/template/comparison.hpp"
#include "render/template/engine.hpp"
#include "render/template/evaluator.hpp"
#include "render/template/machine.hpp"

// Go's own template functions (text/template/funcs.go). Operands come as they are: absent is Go's invalid value, null a nil
// interface.
namespace gitopsctl::render {
namespace {

using Arguments = std::span<const Value>;

Error failure(std::string message) { return {ErrorCode::invalid_input, std::move(message)}; }

/// Lists and maps of other Go types, as index, len and slice see them.
Value as_container(const Value& value) {
  if (const ValueObject* object = value.as_object(); object != nullptr) {
    if (object->go_kind() == "slice" || object->go_kind() == "map") return object->to_plain();
  }
  return value;
}

Result<std::int64_t> index_argument(const Value& index, std::size_t limit) {
  if (index.is_nothing()) return failure("cannot index slice/array with nil");
  if (!index.is_int()) return failure("cannot index slice/array with type " + std::string(go_type_name(index)));
  const std::int64_t number = index.as_int();
  if (number < 0 || number > static_cast<std::int64_t>(limit)) {
    return failure("index out of range: " + std::to_string(number));
  }
  return number;
}

Result<Value> index_once(const Value& item, const Value& index) {
  if (item.is_string() || item.is_list()) {
    GITOPSCTL_TRY(const std::int64_t at, index_argument(index, item.size()));
    const auto i = static_cast<std::size_t>(at);
    if (i == item.size()) {
      return failure(item.is_string() ? "reflect: string index out of range" : "reflect: slice index out of range");
    }
    if (item.is_string()) return Value::uint8(static_cast<std::uint8_t>(item.as_string()[i]));
    return item.as_list()[i];
  }
  if (item.is_map()) {
    if (index.is_nothing()) return failure("value is nil; should be of type string");
    if (!index.is_string()) {
      return failure("value has type " + std::string(go_type_name(index)) + "; should be string");
    }
    const Value* member = item.find(index.as_string());
    return member != nullptr ? detail::element_of(item, *member).value : detail::missing_element(item.map_type()).value;
  }
  return failure("can't index item of type " + std::string(go_type_name(item)));
}

Result<Value> index(CallContext& /*context*/, Arguments arguments) {
  Value item = arguments[0];
  if (item.is_nothing()) return failure("index of untyped nil");
  for (const auto& step : arguments.subspan(1)) {
    if (item.is_nothing()) return failure("index of nil pointer");
    GITOPSCTL_TRY(item, index_once(as_container(item), step));
  }
  return item;
}

Result<Value> slice(CallContext& /*context*/, Arguments arguments) {
  const Value item = as_container(arguments[0]);
  const Arguments indexes = arguments.subspan(1);
  if (item.is_nothing()) return failure("slice of untyped nil");
  if (indexes.size() > 3) return failure("too many slice indexes: " + std::to_string(indexes.size()));
  if (item.is_string() && indexes.size() == 3) return failure("cannot 3-index slice a string");
  if (!item.is_string() && !item.is_list()) {
    return failure("can't slice item of type " + std::string(go_type_name(item)));
  }
  std::array<std::int64_t, 3> bounds = {0, static_cast<std::int64_t>(item.size()), 0};
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    GITOPSCTL_TRY(bounds[i], index_argument(indexes[i], item.size()));
  }
  const auto invalid = [](std::int64_t a, std::int64_t b) {
    return failure("invalid slice index: " + std::to_string(a) + " > " + std::to_string(b));
  };
  if (bounds[0] > bounds[1]) return invalid(bounds[0], bounds[1]);
  if (indexes.size() == 3 && bounds[1] > bounds[2]) return invalid(bounds[1], bounds[2]);
  const auto from = static_cast<std::size_t>(bounds[0]);
  const auto count = static_cast<std::size_t>(bounds[1] - bounds[0]);
  if (item.is_string()) return Value::string(item.as_string().substr(from, count));
  if (item.is_nil_container()) return item;
  const auto first = item.as_list().begin() + static_cast<std::ptrdiff_t>(from);
  return Value::list(Value::List(first, first + static_cast<std::ptrdiff_t>(count)), item.list_type());
}

Result<Value> length(CallContext& /*context*/, Arguments arguments) {
  const Value item = as_container(arguments[0]);
  if (item.is_absent()) return failure("reflect: call of reflect.Value.Type on zero Value");
  if (item.is_null()) return failure("len of nil pointer");
  if (item.is_string() || item.is_list() || item.is_map()) return Value::go_int(static_cast<std::int64_t>(item.size()));
  return failure("len of type " + std::string(go_type_name(item)));
}

Result<Value> logical_not(CallContext& /*context*/, Arguments arguments) { return Value::boolean(!go_truth(arguments[0])); }

/// `and`, `or` and `call` never get here: the evaluator treats them itself.
Result<Value> evaluated_elsewhere(CallContext& /*context*/, Arguments /*arguments*/) {
  return Error(ErrorCode::internal, "this function is evaluated by the template engine itself");
}

Result<Value> text_value(Result<std::string> text) {
  if (!text.ok()) return text.error();
  return Value::string(*text);
}

std::size_t room(const CallContext& context) {
  return std::min<std::uint64_t>(go_format_max_bytes, context.evaluator.options().limits.max_output_bytes);
}

Result<Value> print(CallContext& context, Arguments arguments) {
  return text_value(go_sprint_checked(arguments, room(context)));
}

Result<Value> println(CallContext& context, Arguments arguments) {
  return text_value(go_sprintln_checked(arguments, room(context)));
}

Result<Value> printf(CallContext& context, Arguments arguments) {
  return text_value(go_sprintf_checked(arguments[0].as_string(), arguments.subspan(1), room(context)));
}

/// What the escaping functions escape: a string as it is, anything else printed.
Result<std::string> joined(const CallContext& context, Arguments arguments) {
  if (arguments.size() == 1 && arguments[0].is_string()) return std::string(arguments[0].as_string());
  std::vector<Value> shown(arguments.begin(), arguments.end());
  for (auto& value : shown) {
    if (value.is_nothing()) value = Value::string("<no value>");
  }
  return go_sprint_checked(shown, room(context));
}

Result<Value> html(CallContext& context, Arguments arguments) {
  GITOPSCTL_TRY(const std::string text, joined(context, arguments));
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '\0': out += "\xEF\xBF\xBD"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      default: out += c; break;
    }
  }
  return Value::string(out);
}

void append_js_escape(std::string& out, char32_t rune) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string hex;
  for (char32_t rest = rune; rest != 0; rest >>= 4U) hex.insert(hex.begin(), digits[rest & 0xFU]);
  if (hex.size() < 4) hex.insert(0, 4 - hex.size(), '0');
  out += "\\u" + hex;
}

Result<Value> js(CallContext& context, Arguments arguments) {
  GITOPSCTL_TRY(const std::string text, joined(context, arguments));
  std::string out;
  out.reserve(text.size());
  std::string_view rest = text;
  while (!rest.empty()) {
    const DecodedRune rune = decode_utf8(rest);
    const char c = rest[0];
    if (c == '\\' || c == '\'' || c == '"') {
      out += '\\';
      out += c;
    } else if (rune.value < 0x20 || c == '<' || c == '>' || c == '&' || c == '=' ||
               (rune.value >= 0x80 && !is_print(rune.value))) {
      append_js_escape(out, rune.value);
    } else {
      out += rest.substr(0, rune.length);
    }
    rest.remove_prefix(rune.length);
  }
  return Value::string(out);
}

Result<Value> urlquery(CallContext& context, Arguments arguments) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  GITOPSCTL_TRY(const std::string text, joined(context, arguments));
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                       c == '.' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += digits[byte >> 4U];
      out += digits[byte & 0xFU];
    }
  }
  return Value::string(out);
}

constexpr ParamType one_any[] = {ParamType::any};
constexpr ParamType string_any[] = {ParamType::string, ParamType::any};
constexpr ParamType one_operand[] = {ParamType::operand};
constexpr ParamType two_operands[] = {ParamType::operand, ParamType::operand};

constexpr Function table[] = {
    {"and", evaluated_elsewhere, two_operands, true, true},
    {"call", evaluated_elsewhere, two_operands, true, true},
    {"eq", detail::compare_eq, two_operands, true, true},
    {"ge", detail::compare_ge, two_operands, false, true},
    {"gt", detail::compare_gt, two_operands, false, true},
    {"html", html, one_any, true, true},
    {"index", index, two_operands, true, true},
    {"js", js, one_any, true, true},
    {"le", detail::compare_le, two_operands, false, true},
    {"len", length, one_operand, false, true},
    {"lt", detail::compare_lt, two_operands, false, true},
    {"ne", detail::compare_ne, two_operands, false, true},
    {"not", logical_not, one_operand, false, true},
    {"or", evaluated_elsewhere, two_operands, true, true},
    {"print", print, one_any, true, true},
    {"printf", printf, string_any, true, true},
    {"println", println, one_any, true, true},
    {"slice", slice, two_operands, true, true},
    {"urlquery", urlquery, one_any, true, true},
};

}  // namespace

std::span<const Function> builtin_functions() noexcept { return table; }

}  // namespace gitopsctl::render
